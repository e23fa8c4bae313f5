"""HubSpot as a source: everything by lists, then what changed by searches, and what was archived by the archived lists.

A search goes through the changed records by their id, each page asking for ids after the last one: a record that
changes meanwhile keeps its place, so none is skipped, and no search comes near the 10,000 results where HubSpot stops.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from data_collection.connectors.calc.history import as_text
from data_collection.connectors.calc.source import (
    Page,
    RecordProblem,
    Settings,
    Source,
    SourceRefused,
    TokenStore,
    World,
)
from data_collection.connectors.calc.values import cell
from data_collection.connectors.sources.hubspot.associations import batched, listed
from data_collection.connectors.sources.hubspot.calls import Calls, next_after
from data_collection.connectors.sources.hubspot.errors import NotAllowed
from data_collection.connectors.sources.hubspot.fields import KINDS, OWNERS, OWNERS_SCOPE, PIPELINES, Kind
from data_collection.connectors.sources.hubspot.parse import Account, archived_page, owners_page, records_page
from data_collection.connectors.sources.hubspot.stages import known_stages, stages_page

LONGEST_QUERY = 6000  # characters of property names in an address; longer ones are read by a batch instead
ORDER = (OWNERS, PIPELINES, *KINDS)


class HubSpotSource:
    """One connected HubSpot account."""

    complete = frozenset({"account", "contact", "opportunity"})

    def __init__(self, settings: Settings, *, tokens: TokenStore, world: World) -> None:
        self.settings, self.world = settings, world
        self.calls = Calls(settings, tokens=tokens, world=world)
        self._properties: dict[str, dict[str, str]] = {}

    @property
    def objects(self) -> tuple[str, ...]:
        by_contacts = self.settings.get("leads", "contacts") != "leads"
        return tuple(name for name in ORDER if not (name == "leads" and by_contacts))

    def test(self) -> str:
        told = self.calls.account()
        lacking = [self._reached(name) for name in self.objects if name != PIPELINES]
        number, currency = cell(told.get("portalId")), cell(told.get("companyCurrency"))
        words = [f"HubSpot account {number}, currency {self.settings.get('currency') or currency or 'not known'}."]
        missing = [line for line in lacking if line]
        return " ".join([*words, *missing, "Everything else can be read." if missing else "Everything can be read."])

    def _reached(self, name: str) -> str:
        """Asks for one record; words about an object that may be missing and is."""
        try:
            if name == OWNERS:
                self.calls.owners(after=None, archived=False)
            else:
                self.calls.list(name, limit=1)
        except NotAllowed as why:
            scope = OWNERS_SCOPE if name == OWNERS else KINDS[name].scope
            if name == OWNERS or KINDS[name].required:
                raise SourceRefused(str(why) if why.scopes else f"{why} The app needs the scope {scope}.") from why
            return f"Left out: {name} (scope {' or '.join(why.scopes or (scope,))})."
        return ""

    def page(self, object: str, *, since: datetime | None, cursor: str | None) -> Page:
        step, after = json.loads(cursor) if cursor else ("live", None)
        if object == OWNERS:
            return self._owners(step, after)
        if object == PIPELINES:
            return stages_page(self.account.stages)
        kind = KINDS[object]
        try:
            return self._archived(kind, since, after) if step == "archived" else self._live(kind, since, after)
        except NotAllowed as why:
            if kind.required:
                raise
            return Page(problems=(RecordProblem(object, "", str(why)),))

    def _owners(self, step: str, after: str | None) -> Page:
        told = self.calls.owners(after=after, archived=step == "archived")
        page = owners_page(_readable(told["results"]))
        return replace(page, cursor=_next(step, next_after(told)))

    def _live(self, kind: Kind, since: datetime | None, after: str | None) -> Page:
        if since is None:
            records, following = self._listed(kind, after)
        else:
            records, following = self._changed(kind, since, after)
        return records_page(kind, records, self.account, cursor=_next("live", following))

    def _archived(self, kind: Kind, since: datetime | None, after: str | None) -> Page:
        told = self.calls.list(kind.name, limit=100, after=after, archived=True)
        page = archived_page(kind, told["results"], since=None if since is None else as_text(since))
        return replace(page, cursor=_next("archived", next_after(told)))

    def _listed(self, kind: Kind, after: str | None) -> tuple[list[Any], str | None]:
        """A page of all living records, with their links."""
        properties = list(self.properties(kind))
        fits = len(",".join(properties)) <= LONGEST_QUERY
        told = self.calls.list(
            kind.name,
            limit=kind.page_size,
            after=after,
            properties=properties if fits else None,
            properties_with_history=list(kind.history) if fits else None,
            associations=list(kind.associations),
        )
        records = [{**record, "associations": listed(record)} for record in _readable(told["results"])]
        return (records if fits else self._read(kind, records)), next_after(told)

    def _changed(self, kind: Kind, since: datetime, after: str | None) -> tuple[list[Any], str | None]:
        """A page of the records that changed, by id; links and history are not in a search."""
        told = self.calls.search(kind.name, _search(kind, since, after, [] if kind.history else self.properties(kind)))
        found = _readable(told.get("results"))
        records = self._read(kind, found) if kind.history else found
        links = {to: batched(self._links(kind, to, records)) for to in kind.associations}
        joined = [
            {**record, "associations": {to: known.get(cell(record.get("id")), []) for to, known in links.items()}}
            for record in records
        ]
        more = next_after(told) is not None and found
        return joined, cell(found[-1].get("id")) if more else None

    def _read(self, kind: Kind, records: Sequence[Any]) -> list[Any]:
        """The records by id with their properties and history; one archived just now is left to the archived list."""
        if not records:
            return []
        body = {
            "inputs": [{"id": cell(record["id"])} for record in records],
            "properties": list(self.properties(kind)),
            "propertiesWithHistory": list(kind.history),
        }
        links = {cell(record["id"]): record.get("associations") for record in records}
        return [
            {**record, "associations": links.get(cell(record.get("id")))}
            for record in _readable(self.calls.read(kind.name, body).get("results"))
        ]

    def _links(self, kind: Kind, to: str, records: Sequence[Any]) -> Iterable[Any]:
        if not records:
            return []
        told = self.calls.associations(kind.name, to, [cell(record["id"]) for record in records])
        return told.get("results") or []

    def properties(self, kind: Kind) -> dict[str, str]:
        """Properties to read with their types: those the mapping knows, the account's own, and those asked for."""
        if kind.name not in self._properties:
            self._properties[kind.name] = self._wanted(kind)
        return self._properties[kind.name]

    def _wanted(self, kind: Kind) -> dict[str, str]:
        try:
            known = {cell(p["name"]): p for p in self.calls.properties(kind.name)["results"] if not p.get("archived")}
        except NotAllowed:  # the records may still be read
            return dict.fromkeys(kind.properties, "")
        more = [part.strip() for part in self.settings.get("properties", "").replace(";", ",").split(",")]
        asked_for = {part.partition(".")[2] for part in more if part.partition(".")[0] == kind.name}
        names = [name for name in kind.properties if name in known or name.startswith("hs_")]
        names += [name for name, p in known.items() if p.get("hubspotDefined") is not True or name in asked_for]
        return {name: cell(known.get(name, {}).get("type")) for name in dict.fromkeys(names)}

    @cached_property
    def _currency(self) -> str:
        own = self.settings.get("currency", "").strip().upper()
        try:
            return own or cell(self.calls.account().get("companyCurrency"))
        except NotAllowed:
            return ""

    @cached_property
    def _stages(self) -> Any:
        return known_stages(self.calls.pipelines("deals")["results"])

    @property
    def account(self) -> Account:
        types = [item for known in self._properties.values() for item in known.items()]
        return Account(
            currency=self._currency,
            zone=self.world.zone,
            stages=self._stages,
            days=frozenset(name for name, kind in types if kind == "date"),
            times=frozenset(name for name, kind in types if kind == "datetime"),
            leads=self.settings.get("leads") or "contacts",
        )


def _readable(records: Any) -> list[Any]:
    """Records with an id; what has none cannot even be named."""
    given = records if isinstance(records, list) else []
    return [record for record in given if isinstance(record, dict) and cell(record.get("id"))]


def _next(step: str, after: str | None) -> str | None:
    """Cursor of the next page: the living records first, then the archived ones."""
    if after is not None:
        return json.dumps([step, after])
    return json.dumps(["archived", None]) if step == "live" else None


def _search(kind: Kind, since: datetime, after: str | None, properties: Iterable[str]) -> dict[str, Any]:
    filters = [{"propertyName": kind.modified, "operator": "GTE", "value": str(int(since.timestamp() * 1000))}]
    if after:
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": after})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": kind.page_size,
    }


def connect(settings: Settings, *, tokens: TokenStore, world: World) -> Source:
    return HubSpotSource(settings, tokens=tokens, world=world)
