"""What happened to a deal, from the values one of its fields held: stays in stages, changes, owners.

A history is a list of moments in any order; of two moments at the same instant the one given last counts, and a value
that repeats the one before is no change. Rows are named by the deal and the instant (owners: the day), so that the same
history read again gives the same rows, and a longer one only adds some.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import pairwise

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Moment:
    """From `at` on the field held `value`."""

    at: datetime  # aware
    value: str  # "" for empty


def in_order(moments: Iterable[Moment], same: Callable[[str], object] = str) -> list[Moment]:
    """Oldest first, without repetitions. `same`: what two equal values have in common, e.g. the number."""
    latest = {moment.at: moment for moment in moments}
    kept: list[Moment] = []
    for _at, moment in sorted(latest.items()):
        if not kept or same(moment.value) != same(kept[-1].value):
            kept.append(moment)
    return kept


def stage_visits(deal: str, moments: Iterable[Moment], stage: Callable[[str], str]) -> list[Row]:
    """One row a stay; the present one has no end. A stage that was gone back to is visited twice.

    Args:
        stage: what the mapping knows the stage by.
    """
    stays = [moment for moment in in_order(moments) if moment.value]
    ends = [*(moment.at for moment in stays), None][1:] if stays else []
    return [
        {
            "id": f"{deal}:{_instant(stay.at)}",
            "opportunity_id": deal,
            "stage": stage(stay.value),
            "entered_at": as_text(stay.at),
            "left_at": "" if end is None else as_text(end),
        }
        for stay, end in zip(stays, ends, strict=True)
    ]


def amount_changes(deal: str, moments: Iterable[Moment]) -> list[Row]:
    """Changes of the amount; the first value it ever had is none."""
    return _changes(deal, "amount", in_order(moments, _number), ("old_amount", "new_amount"))


def date_changes(deal: str, moments: Iterable[Moment]) -> list[Row]:
    """Changes of the close date, by day."""
    return _changes(deal, "close_date", in_order(moments, lambda text: text[:10]), ("old_date", "new_date"))


def category_changes(deal: str, moments: Iterable[Moment]) -> list[Row]:
    """Changes of the forecast category."""
    return _changes(deal, "category", in_order(moments), ("old_value", "new_value"))


def _changes(deal: str, field: str, moments: Sequence[Moment], columns: tuple[str, str]) -> list[Row]:
    old, new = columns
    return [
        {
            "id": f"{deal}:{field}:{_instant(after.at)}",
            "opportunity_id": deal,
            "field": field,
            "changed_at": as_text(after.at),
            old: before.value,
            new: after.value,
        }
        for before, after in pairwise(moments)
    ]


def owner_spans(deal: str, moments: Iterable[Moment], zone: tzinfo) -> list[Row]:
    """Who owned the deal on which days, half-open; nothing for a deal that never changed hands.

    A day with a change starts a span and belongs to its last owner. Two spans of the same owner may follow each
    other: a span that was given once is never taken back by a change later on the same day.

    Args:
        zone: of the company; it decides which day an instant belongs to.
    """
    days: dict[str, str] = {}
    for moment in in_order(moments):
        days[moment.at.astimezone(zone).date().isoformat()] = moment.value
    if len(days) < 2:
        return []
    ends = [*list(days)[1:], ""]
    spans = [(start, end, owner) for (start, owner), end in zip(days.items(), ends, strict=True)]
    return [
        {"id": f"{deal}:{start}", "opportunity_id": deal, "owner_id": owner, "valid_from": start, "valid_to": end}
        for start, end, owner in spans
        if owner
    ]


def as_text(at: datetime) -> str:
    """An instant as an import reads it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _number(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
