"""Salesforce as a source: each object by one query in the order of its changes, deleted records among it.

Pages follow the address Salesforce gives. It forgets such an address after a while, or when other queries of the same
user crowd it out; then the query is asked again from the record read last, so nothing is read twice or left out.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from data_collection.connectors.calc.source import (
    Page,
    RecordProblem,
    Settings,
    Source,
    SourceBroken,
    SourceRefused,
    TokenStore,
    World,
)
from data_collection.connectors.calc.values import cell
from data_collection.connectors.sources.salesforce.calls import Calls, next_address
from data_collection.connectors.sources.salesforce.deals import stage_rows
from data_collection.connectors.sources.salesforce.errors import LocatorGone, NoField, NotThere
from data_collection.connectors.sources.salesforce.fields import KINDS, MODIFIED, UNREADABLE, Kind
from data_collection.connectors.sources.salesforce.parse import Org, history_page, records_page, stages_page
from data_collection.connectors.sources.salesforce.records import id18
from data_collection.connectors.sources.salesforce.soql import Place, fitting, query

NAMED = 20  # of the fields there was no room for
MOST_FORBIDDEN = 20  # fields found unknown or forbidden one by one, before the object is given up


class SalesforceSource:
    """One connected org."""

    complete = frozenset({"account", "contact", "opportunity"})
    objects = tuple(KINDS)

    def __init__(self, settings: Settings, *, tokens: TokenStore, world: World) -> None:
        self.settings, self.world = settings, world
        self.calls = Calls(settings, tokens=tokens, world=world)
        self._fields: dict[str, list[str]] = {}
        self._no_room: dict[str, list[str]] = {}

    def test(self) -> str:
        told = self.calls.query("Organization", "SELECT Id, Name, IsSandbox FROM Organization LIMIT 1")
        org = (told["records"] or [{}])[0]
        words = [f"Salesforce org {cell(org.get('Name'))}{' (a sandbox)' if org.get('IsSandbox') is True else ''}."]
        missing = [name for name in self.objects if not self._reached(KINDS[name])]
        if self.calls.usage:
            words.append(f"Calls of the last 24 hours: {self.calls.usage}.")
        if missing:
            words.append(f"Left out, since this user may not see them: {', '.join(missing)}.")
        return " ".join(words)

    def _reached(self, kind: Kind) -> bool:
        try:
            self.calls.describe(kind.name)
        except NotThere:
            if kind.required:
                raise
            return False
        return True

    def page(self, object: str, *, since: datetime | None, cursor: str | None) -> Page:
        kind = KINDS[object]
        try:
            if object == "OpportunityStage":
                return stages_page(self._stage_records)
            told, kept = self._records(kind, since, json.loads(cursor) if cursor else {})
        except NotThere as why:
            if kind.required:
                raise
            return Page(problems=(RecordProblem(object, "", str(why)),))
        page = self._history(kind, told, kept) if kind.by_deal else self._plain(kind, told)
        left = self._no_room.pop(object, []) if cursor is None else []
        if not left:
            return page
        named = ", ".join(left[:NAMED]) + (" and so on" if len(left) > NAMED else "")
        reason = f"A query has no room for all fields of {object}; {len(left):,} were left out: {named}."
        return replace(page, problems=(*page.problems, RecordProblem(object, "", reason)))

    def _records(self, kind: Kind, since: datetime | None, at: dict[str, Any]) -> tuple[Any, list[Any]]:
        """One answer, and the records kept from the one before."""
        kept = at.get("kept") or []
        if at.get("next"):
            try:
                return self.calls.more(kind.name, at["next"]), kept
            except LocatorGone:
                kept = []  # the history of the last deal is read again from its start
        place = Place(at.get("at", ""), at.get("id", ""), at.get("deal", ""))
        return self._asked(kind, since, place), kept

    def _asked(self, kind: Kind, since: datetime | None, place: Place) -> Any:
        """A query with the fields there are; one that turns out to be forbidden is left out."""
        for _attempt in range(MOST_FORBIDDEN):
            fields = self.fields(kind)
            try:
                return self.calls.query(kind.name, query(kind, fields, since=since, place=place))
            except NoField as why:
                named = str(why)
                rest = [name for name in fields if name != named]
                if not rest or rest == fields or named in ("Id", MODIFIED):
                    raise SourceRefused(f"Salesforce refuses a field of {kind.name} (“{named}”).") from why
                self._fields[kind.name] = rest
        raise SourceBroken(f"Salesforce refuses more than {MOST_FORBIDDEN} fields of {kind.name}.")

    def _plain(self, kind: Kind, told: Any) -> Page:
        records, following = told["records"], next_address(told)
        cursor = None
        if following:
            last = next((record for record in reversed(records) if isinstance(record, dict)), {})
            place = {"at": _stamp(last.get(MODIFIED)), "id": cell(last.get("Id"))}
            cursor = json.dumps({"next": following, **place})
        return records_page(kind, records, self.org, cursor=cursor)

    def _history(self, kind: Kind, told: Any, kept: Sequence[Any]) -> Page:
        """Whole histories: that of the last deal may go on on the next page and is kept for it."""
        given = [record for record in told["records"] if isinstance(record, dict)]
        records, following = [*kept, *given], next_address(told)
        if not following:
            return history_page(kind, records, self.org, cursor=None, read=len(told["records"]))
        last = id18(cell(records[-1].get("OpportunityId"))) if records else ""
        here = [record for record in records if id18(cell(record.get("OpportunityId"))) != last]
        later = [_bare(record) for record in records[len(here) :]]
        cursor = json.dumps({"next": following, "deal": last, "kept": later})
        return history_page(kind, here, self.org, cursor=cursor, read=len(told["records"]))

    def fields(self, kind: Kind) -> list[str]:
        """Fields to ask for: those the mapping knows and the org has, and the org's own."""
        if kind.name not in self._fields:
            described = {cell(field.get("name")): field for field in self.calls.describe(kind.name)["fields"]}
            names = [name for name in kind.fields if name.partition(".")[0] in described or "." in name]
            if kind.custom:
                names += [name for name, field in described.items() if _own(field) and name not in names]
            self._fields[kind.name], self._no_room[kind.name] = fitting(kind, names)
        return self._fields[kind.name]

    @cached_property
    def _stage_records(self) -> list[Any]:
        kind = KINDS["OpportunityStage"]
        return [record for record in self._asked(kind, None, Place())["records"] if isinstance(record, dict)]

    @cached_property
    def org(self) -> Org:
        try:
            stages = frozenset(row["name"] for row in stage_rows(self._stage_records))
        except NotThere:  # every stage a deal names is made then
            stages = frozenset()
        return Org(self.settings.get("currency", "").strip().upper(), self.world.zone, stages)


def _own(field: dict[str, Any]) -> bool:
    return field.get("custom") is True and cell(field.get("type")) not in UNREADABLE


def _stamp(value: Any) -> str:
    """A time as a query writes it."""
    text = cell(value)
    return f"{text[:23]}Z" if text else ""


def _bare(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "attributes"}


def connect(settings: Settings, *, tokens: TokenStore, world: World) -> Source:
    return SalesforceSource(settings, tokens=tokens, world=world)
