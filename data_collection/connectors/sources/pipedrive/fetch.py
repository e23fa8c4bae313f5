"""Reads a Pipedrive company, one page at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import requests
from pipedrive.client import Client

from data_collection.connectors.calc.source import (
    Page,
    RecordProblem,
    Settings,
    Source,
    SourceBroken,
    TokenStore,
    Whole,
    World,
)
from data_collection.connectors.sources.pipedrive import parse
from data_collection.connectors.sources.pipedrive.calls import Calls, NotThere
from data_collection.connectors.sources.pipedrive.fields import CustomFields, custom_fields, plain
from data_collection.connectors.sources.pipedrive.history import (
    Row,
    changes_of,
    moment,
    owners_by_day,
    stays,
    value_changes,
)

LIMIT = 200  # records of a page
DEALS = 25  # deals of a page; each asks for its history
FLOW = 500
OBJECTS = ("owners", "products", "stages", "accounts", "contacts", "leads", "deals", "activities", "deletions")
TABLES = {"organization": "account", "person": "contact", "deal": "opportunity", "activity": "activity"}
COMPLETE = ("account", "contact", "lead", "opportunity", "activity")


def connect(settings: Settings, *, tokens: TokenStore, world: World) -> Source:
    """The source; makes no request yet."""
    return Pipedrive(settings, tokens=tokens, world=world)


class Pipedrive:
    """See `calc.source.Source`. Cursors are Pipedrive's own, deals' with the list they belong to in front."""

    objects = OBJECTS
    complete = frozenset(COMPLETE)

    def __init__(self, settings: Settings, *, tokens: TokenStore, world: World) -> None:
        self._calls, self._world = Calls(settings, tokens, world), world
        self._with_history = settings.get("history", "yes") != "no"
        self._custom: dict[str, CustomFields] = {}
        self._known: parse.Stages | None = None  # stages
        self._stage_rows: list[Row] = []

    def test(self) -> str:
        me = self._calls.v1(lambda c: c.users._client._get(c.BASE_URL + "users/me")).get("data") or {}
        return f"Connected to {plain(me.get('company_name')) or 'Pipedrive'} as {plain(me.get('name'))}."

    def page(self, object: str, *, since: datetime | None, cursor: str | None) -> Page:
        read: Callable[[datetime | None, str | None], Page] = getattr(self, f"_{object}")
        return read(since, cursor)

    # --- lists of one call ------------------------------------------------------------------
    def _owners(self, since: datetime | None, cursor: str | None) -> Page:
        found = self._calls.v1(lambda c: c.users.get_all_users())
        rows, problems = parse.read_all("owners", _data(found), parse.owner_row)
        return _page({"owners": rows}, problems, records=len(rows) + len(problems))

    def _stages(self, since: datetime | None, cursor: str | None) -> Page:
        self._stages_known()
        return _page({"stages": self._stage_rows}, [], records=len(self._stage_rows))

    def _products(self, since: datetime | None, cursor: str | None) -> Page:
        custom = self._fields("product")
        return self._listed(
            "products",
            lambda c, p: c.products.get_all_products(params=p),
            lambda record: parse.product_row(record, custom),
            {"limit": LIMIT} | _at(cursor),
        )

    def _accounts(self, since: datetime | None, cursor: str | None) -> Page:
        custom = self._fields("organization")
        return self._listed(
            "accounts",
            lambda c, p: c.organizations.get_all_organizations(params=p),
            lambda record: parse.account_row(record, custom),
            _changed(since) | _at(cursor),
            table="account",
        )

    def _contacts(self, since: datetime | None, cursor: str | None) -> Page:
        custom = self._fields("person")
        return self._listed(
            "contacts",
            lambda c, p: c.persons.get_all_persons(params=p),
            lambda record: parse.contact_row(record, custom),
            _changed(since) | _at(cursor),
            table="contact",
        )

    def _activities(self, since: datetime | None, cursor: str | None) -> Page:
        """Done ones only: what is planned has not happened."""
        return self._listed(
            "activities",
            lambda c, p: c.activities.get_all_activities(params=p),
            parse.activity_row,
            _changed(since) | _at(cursor),
            table="activity",
            gone=lambda record: parse.is_gone(record) or record.get("done") is not True,
        )

    def _listed(
        self,
        object: str,
        ask: Callable[[Client, dict[str, Any]], requests.Response],
        read: Callable[[parse.Record], Row],
        params: dict[str, Any],
        *,
        table: str = "",
        gone: Callable[[parse.Record], bool] = parse.is_gone,
    ) -> Page:
        """One page of a list of the newer API."""
        found = self._calls.v2(lambda c: ask(c, params))
        records = _data(found)
        lost, kept = _apart(records, gone)
        rows, problems = parse.read_all(object, kept, read)
        return _page(
            {object: rows},
            problems,
            cursor=_next(found),
            newest=parse.newest(records),
            deleted=tuple((table, key) for key in lost if table),
            records=len(records),
        )

    # --- leads ------------------------------------------------------------------------------
    def _leads(self, since: datetime | None, cursor: str | None) -> Page:
        """The older API lists them, last changed first, archived ones in a list of their own."""
        archived, start = (cursor or "0:0").split(":")
        params = {"limit": LIMIT, "start": int(start), "sort": "update_time DESC"}
        place = "leads/archived" if archived == "1" else "leads"
        found = self._calls.v1(lambda c: c._get(c.BASE_URL + place, params=params))
        records = _data(found)
        custom = self._fields("deal")  # leads share the fields of deals
        fresh = [r for r in records if since is None or _time(r) is None or _time(r) >= since]
        lost, kept = _apart(fresh, parse.is_gone)
        rows, problems = parse.read_all("leads", kept, lambda record: parse.lead_row(record, custom))
        more = (found.get("additional_data") or {}).get("pagination") or {}
        following = None
        if more.get("more_items_in_collection") and len(fresh) == len(records):
            following = f"{archived}:{int(more['next_start'])}"
        elif archived == "0":
            following = "1:0"
        gone = tuple(("lead", key) for key in lost)
        return _page(
            {"leads": rows}, problems, cursor=following, newest=parse.newest(fresh), deleted=gone, records=len(records)
        )

    # --- deals with lines and history -------------------------------------------------------
    def _deals(self, since: datetime | None, cursor: str | None) -> Page:
        """Living deals, then archived ones; with each its lines and, unless left out, its history."""
        kind, place = (cursor or "deals|").split("|", 1)
        params = _changed(since, DEALS) | _at(place or None)
        params["status"] = "open,won,lost" + (",deleted" if since else "")
        address = "deals/archived" if kind == "archived" else "deals"
        found = self._calls.v2(lambda c: c._get(c.BASE_URL + address, params=params))
        records = _data(found)
        lost, kept = _apart(records, parse.is_gone)
        stages, custom = self._stages_known(), self._fields("deal")
        rows, problems = parse.read_all("deals", kept, lambda record: parse.deal_row(record, custom, stages))
        good = {row["id"] for row in rows}
        kept = [record for record in kept if isinstance(record, dict) and plain(record.get("id")) in good]
        files: dict[str, list[Row]] = {"deals": rows}
        whole = self._lines(kept, files, problems)
        if self._with_history:
            for deal in kept:
                self._history(deal, stages, files, problems)
        self._missing_stages(rows, kept, stages, files)
        after = _next(found)
        following = f"{kind}|{after}" if after else "archived|" if kind == "deals" else None
        return _page(
            files,
            problems,
            cursor=following,
            newest=parse.newest(records),
            deleted=tuple(("opportunity", key) for key in lost),
            whole=whole,
            records=len(records),
        )

    def _lines(
        self, deals: list[dict[str, Any]], files: dict[str, list[Row]], problems: list[RecordProblem]
    ) -> tuple[Whole, ...]:
        """The products of these deals: all there are, so a line that is missing was removed."""
        if not deals:
            return ()
        ids = [plain(deal["id"]) for deal in deals]
        params: dict[str, Any] = {"deal_ids": ",".join(ids), "limit": 500}
        rows: list[Row] = []
        odd: set[str] = set()
        for record in self._walked(lambda c, p: c._get(c.BASE_URL + "deals/products", params=p), params):
            good, bad = parse.read_all("deals", [record], parse.line_row)
            rows, problems[:] = rows + good, problems + bad
            odd |= {plain(record.get("deal_id"))} if bad and isinstance(record, dict) else set()
        files["lines"] = rows
        files["line_products"] = [
            {"id": row["product_id"], "name": row.get("name") or row["product_id"], "currency": row.get("currency", "")}
            for row in rows
        ]
        return tuple(
            Whole("opportunity_line", "opportunity", key, tuple(row["id"] for row in rows if row["deal_id"] == key))
            for key in ids
            if key not in odd
        )

    def _history(
        self, deal: dict[str, Any], stages: parse.Stages, files: dict[str, list[Row]], problems: list[RecordProblem]
    ) -> None:
        key = plain(deal["id"])
        try:
            changes = changes_of(self._flow(key))
            visits = [
                {
                    "id": stay.id,
                    "deal_id": key,
                    "stage": stages.label(*stages.of_stay(stay, deal)),
                    "entered_at": stay.entered,
                    "left_at": stay.left,
                }
                for stay in stays(deal, changes)
            ]
            owners = owners_by_day(deal, changes, self._world.zone)
            values = value_changes(deal, changes)
        except NotThere:
            return  # deleted a moment ago
        except parse.ODD as why:
            problems.append(parse.problem("deals", key, why, {"flow of": key}))
            return
        for file, rows in (("stage_visits", visits), ("deal_owners", owners), ("deal_changes", values)):
            files.setdefault(file, []).extend(rows)
        for stay in stays(deal, changes):
            if stay.status == "open" and stay.stage not in stages.names:
                pipeline, name = stages.of_stay(stay, deal)
                files.setdefault("old_stages", []).append(parse.stage_row(pipeline, name, rank=800))

    def _flow(self, deal: str) -> Iterator[dict[str, Any]]:
        start = 0
        while True:
            params = {"items": "dealChange", "limit": FLOW, "start": start}
            found = self._calls.v1(lambda c, p=params: c.deals.get_deal_updates(deal, params=p))  # type: ignore[misc]
            yield from _data(found)
            more = (found.get("additional_data") or {}).get("pagination") or {}
            if not more.get("more_items_in_collection") or int(more.get("next_start") or 0) <= start:
                return
            start = int(more["next_start"])

    @staticmethod
    def _missing_stages(
        rows: list[Row], deals: list[dict[str, Any]], stages: parse.Stages, files: dict[str, list[Row]]
    ) -> None:
        """A deal may stand in a stage or pipeline the lists no longer name."""
        for row, deal in zip(rows, deals, strict=True):
            key, pipeline = plain(deal.get("stage_id")), stages.pipeline_of(deal)
            known = key in stages.names or plain(deal.get("status")) != "open"
            name = row["stage"].removeprefix(f"{pipeline}/")
            if not known:
                files.setdefault("old_stages", []).append(parse.stage_row(pipeline, name, rank=800))
            elif plain(deal.get("pipeline_id")) not in stages.pipelines and name in parse.ENDS.values():
                old = parse.stage_row(pipeline, name, rank=900, kind=name.lower(), share=100 * (name == "Won"))
                files.setdefault("old_stages", []).append(old)

    # --- what was deleted or merged ---------------------------------------------------------
    def _deletions(self, since: datetime | None, cursor: str | None) -> Page:
        """The list of recent changes tells what is no longer there; a reading of everything needs it not."""
        if since is None:
            return _page({}, [], newest=_iso(self._world.now()))
        items = "organization,person,deal,activity"
        start = int(cursor or 0)
        params = {"since_timestamp": f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}", "items": items}
        params |= {"limit": LIMIT, "start": start}
        found = self._calls.v1(lambda c: c.recents.get_recent_changes(params=params))
        deleted, merged, times = [], [], []
        for entry in _data(found):
            table = TABLES.get(str(entry.get("item"))) if isinstance(entry, dict) else None
            data = entry.get("data") if table else None
            key = plain(entry.get("id")) if table else ""
            if not table or not key:
                continue
            record = data if isinstance(data, dict) else {"is_deleted": True}
            times += [moment(record["update_time"])] if record.get("update_time") else []
            other = plain(record.get("merge_what_id"))
            is_gone = parse.is_gone(record) or record.get("active_flag") is False
            if other and other != "0":
                merged.append((table, key, other) if is_gone else (table, other, key))
            elif is_gone:
                deleted.append((table, key))
        more = (found.get("additional_data") or {}).get("pagination") or {}
        return Page(
            cursor=str(int(more["next_start"])) if more.get("more_items_in_collection") else None,
            newest=max(times, default=_iso(since)),
            deleted=tuple(deleted),
            merged=tuple(merged),
            records=len(deleted) + len(merged),
        )

    # --- names, read once -------------------------------------------------------------------
    def _stages_known(self) -> parse.Stages:
        if self._known is None:
            pipelines = list(self._walked(lambda c, p: c.pipelines.get_all_pipelines(params=p), {"limit": 500}))
            stages = list(self._walked(lambda c, p: c._get(c.BASE_URL + "stages", params=p), {"limit": 500}))
            try:
                self._known, self._stage_rows = parse.stages_read(pipelines, stages)
            except parse.ODD as why:
                raise SourceBroken(f"The pipelines of Pipedrive could not be read: {why}.") from None
        return self._known

    def _fields(self, object: str) -> CustomFields:
        """Names of the custom fields. One Pipedrive does not tell keeps its key as name."""
        if object not in self._custom:
            found: list[Any] = []
            start = 0
            while True:
                params = {"start": start, "limit": 500}
                answer = self._calls.v1(lambda c, p=params: c._get(f"{c.BASE_URL}{object}Fields", params=p))  # type: ignore[misc]
                found += [record for record in _data(answer) if isinstance(record, dict)]
                more = (answer.get("additional_data") or {}).get("pagination") or {}
                if not more.get("more_items_in_collection") or int(more.get("next_start") or 0) <= start:
                    break
                start = int(more["next_start"])
            taken = {str(record.get("key")) for record in found} | {"id", "stage", "closes", "email", "phone", "state"}
            self._custom[object] = custom_fields(found, taken=taken)
        return self._custom[object]

    def _walked(
        self, ask: Callable[[Client, dict[str, Any]], requests.Response], params: dict[str, Any]
    ) -> Iterator[Any]:
        """Every record of a short list of the newer API."""
        cursor: str | None = None
        while True:
            found = self._calls.v2(lambda c, at=cursor: ask(c, params | _at(at)))  # type: ignore[misc]
            yield from _data(found)
            cursor, before = _next(found), cursor
            if cursor is None or cursor == before:
                return


def _data(found: dict[str, Any]) -> list[Any]:
    data = found.get("data")
    if data is None:
        return []
    if not isinstance(data, list):
        raise SourceBroken(f"Pipedrive answered with another shape than promised: {json.dumps(data)[:100]}")
    return data


def _next(found: dict[str, Any]) -> str | None:
    more = found.get("additional_data") or {}
    return str(more["next_cursor"]) if more.get("next_cursor") else None


def _at(cursor: str | None) -> dict[str, Any]:
    return {"cursor": cursor} if cursor else {}


def _changed(since: datetime | None, limit: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"limit": limit or LIMIT, "sort_by": "id", "sort_direction": "asc"}
    return found | ({"updated_since": _iso(since)} if since else {})


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _time(record: Any) -> datetime | None:
    text = moment(record.get("update_time")) if isinstance(record, dict) else ""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _apart(records: Iterable[Any], gone: Callable[[parse.Record], bool]) -> tuple[list[str], list[Any]]:
    """Ids of those that are gone, and the others."""
    lost, kept = [], []
    for record in records:
        if isinstance(record, dict) and record.get("id") is not None and gone(record):
            lost.append(plain(record["id"]))
        else:
            kept.append(record)
    return lost, kept


def _page(
    files: dict[str, list[Row]],
    problems: Iterable[RecordProblem],
    *,
    cursor: str | None = None,
    newest: str | None = None,
    deleted: tuple[tuple[str, str], ...] = (),
    whole: tuple[Whole, ...] = (),
    records: int = 0,
) -> Page:
    rows = {file: found for file, found in files.items() if found}
    return Page(rows, cursor, newest, deleted=deleted, whole=whole, problems=tuple(problems), records=records)
