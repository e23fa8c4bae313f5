"""A deal's changes, as Pipedrive lists them, made into stays in stages, owners by day and changes of values. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from data_collection.connectors.sources.pipedrive.fields import plain

Row = dict[str, str]
VALUES = {"value": "amount", "expected_close_date": "close_date"}


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field of a deal."""

    id: str
    at: str  # ISO, UTC
    field: str
    old: str
    new: str
    shown: str  # the new value in words, where Pipedrive gives them


def changes_of(flow: Iterable[Mapping[str, Any]]) -> list[Change]:
    """The changes among what happened to a deal, oldest first."""
    found = []
    for entry in flow:
        data = entry.get("data")
        if entry.get("object") != "dealChange" or not isinstance(data, Mapping) or data.get("id") is None:
            continue
        more = data.get("additional_data") or {}
        found.append(
            Change(
                id=str(data["id"]),
                at=moment(data.get("log_time") or entry.get("timestamp")),
                field=str(data.get("field_key") or ""),
                old=plain(data.get("old_value")),
                new=plain(data.get("new_value")),
                shown=plain(more.get("new_value_formatted")) if isinstance(more, Mapping) else "",
            )
        )
    return sorted({change.id: change for change in found if change.at}.values(), key=lambda c: (c.at, int(c.id or 0)))


def moment(text: Any) -> str:
    """An ISO time with Z; Pipedrive's older answers write `2026-01-05 10:00:00` and mean UTC."""
    words = plain(text).strip()
    if len(words) == 19 and words[10] == " ":
        return f"{words[:10]}T{words[11:]}Z"
    return words


@dataclass(frozen=True, slots=True)
class Stay:
    """A deal in a stage, or in one of its two ends."""

    id: str
    stage: str  # stage id, "" at an end
    status: str  # open, won, lost
    shown: str  # name of the stage, where the change tells it
    entered: str
    left: str  # "" while it lasts


def stays(deal: Mapping[str, Any], changes: list[Change]) -> list[Stay]:
    """The stays of a deal in order; each end (won, lost) is one without an end of its own until it is reopened."""
    key = str(deal["id"])
    moves = [c for c in changes if c.field in ("stage_id", "status") and c.old != c.new]
    stage = next((c.old for c in moves if c.field == "stage_id" and c.old), plain(deal.get("stage_id")))
    status = next((c.old for c in moves if c.field == "status" and c.old), "")
    if not status:
        status = "open" if moves or closing_time(deal) else plain(deal.get("status")) or "open"
    found = [(f"{key}-0", stage, status, "", moment(deal.get("add_time")))]
    for change in moves:
        if change.field == "stage_id":
            stage, shown = change.new, change.shown
        else:
            status, shown = change.new, ""
        if status in ("open", "won", "lost"):
            found.append((f"{key}-{change.id}", stage, status, shown, change.at))
    now = plain(deal.get("status"))
    if now in ("won", "lost") and found[-1][2] != now:  # the list of changes does not reach that far
        found.append((f"{key}-{now}", stage, now, "", closing_time(deal) or found[-1][4]))
    return list(_closed(found))


def _closed(found: list[tuple[str, str, str, str, str]]) -> Iterator[Stay]:
    """Each stay ends where one in another place begins; moves that change nothing to be seen are left out."""
    kept = found[:1]
    for entry in found[1:]:
        if _place(entry) != _place(kept[-1]):
            kept.append(entry)
    for entry, after in zip(kept, [*kept[1:], None], strict=True):
        key, stage, status, shown, entered = entry
        yield Stay(key, stage if status == "open" else "", status, shown, entered, after[4] if after else "")


def _place(entry: tuple[str, str, str, str, str]) -> str:
    return entry[1] if entry[2] == "open" else entry[2]


def closing_time(deal: Mapping[str, Any]) -> str:
    name = {"won": "won_time", "lost": "lost_time"}.get(plain(deal.get("status")), "close_time")
    return moment(deal.get(name) or deal.get("close_time"))


def owners_by_day(deal: Mapping[str, Any], changes: list[Change], zone: tzinfo) -> list[Row]:
    """Who owned the deal on which days, the last owner of a day for the whole day; nothing where it never changed."""
    moves = [c for c in changes if c.field in ("user_id", "owner_id") and c.old != c.new]
    if not moves:
        return []
    key = str(deal["id"])
    begun = day_of(moment(deal.get("add_time")), zone) or day_of(moves[0].at, zone)
    by_day = {begun: moves[0].old}
    for change in moves:
        by_day[max(day_of(change.at, zone), begun)] = change.new
    days = sorted(by_day)
    ends = [*days[1:], ""]
    return [
        {"id": f"{key}-{day}", "deal_id": key, "owner_id": by_day[day], "valid_from": day, "valid_to": end}
        for day, end in zip(days, ends, strict=True)
        if by_day[day]
    ]


def value_changes(deal: Mapping[str, Any], changes: list[Change]) -> list[Row]:
    """Changes of amount and expected close date."""
    key = str(deal["id"])
    found = []
    for change in changes:
        field = VALUES.get(change.field)
        if field is None or change.old == change.new:
            continue
        kind = "amount" if field == "amount" else "date"
        row = {"id": f"{key}-{change.id}", "deal_id": key, "field": field, "changed_at": change.at}
        found.append(row | {f"old_{kind}": change.old, f"new_{kind}": change.new})
    return found


def day_of(text: str, zone: tzinfo) -> str:
    """The local day of an ISO time; "" where there is none."""
    if not text:
        return ""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone).date().isoformat()
