"""The queries. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from data_collection.connectors.sources.salesforce.fields import MODIFIED, Kind

LONGEST = 12_000  # characters; the address of a request holds 16,384 at most, a space takes three of them


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: after the record with this time and id, or with the history of this deal."""

    at: str = ""
    id: str = ""
    deal: str = ""


def query(kind: Kind, fields: Sequence[str], *, since: datetime | None, place: Place | None = None) -> str:
    """The query for an object, from `place` on where it is given."""
    place = place or Place()
    asked = ", ".join(fields)
    if kind.by_deal:
        where = _where(kind.where, _deals(since), _from_deal(place))
        return f"SELECT {asked} FROM {kind.name}{where} ORDER BY OpportunityId, CreatedDate, Id"
    changed = f"{MODIFIED} >= {moment_literal(since)}" if since and not kind.small else ""
    order = f" ORDER BY {MODIFIED}, Id" if MODIFIED in fields else ""
    return f"SELECT {asked} FROM {kind.name}{_where(kind.where, changed, _after(place))}{order}"


def _where(*conditions: str) -> str:
    given = [condition for condition in conditions if condition]
    return f" WHERE {' AND '.join(given)}" if given else ""


def _deals(since: datetime | None) -> str:
    """The history of a deal is read whole when the deal changed: an end of a stay belongs to the stay before."""
    if since is None:
        return ""
    return f"OpportunityId IN (SELECT Id FROM Opportunity WHERE {MODIFIED} >= {moment_literal(since)})"


def _from_deal(place: Place) -> str:
    return f"OpportunityId >= '{place.deal}'" if place.deal else ""


def _after(place: Place) -> str:
    if not place.at:
        return ""
    return f"({MODIFIED} > {place.at} OR ({MODIFIED} = {place.at} AND Id > '{place.id}'))"


def moment_literal(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fitting(kind: Kind, fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """The fields a query has room for, and those it has not."""
    kept, left, length = [], [], 0
    for name in fields:
        length += len(name) + 4
        (kept if length <= LONGEST or name in kind.fields else left).append(name)
    return kept, left
