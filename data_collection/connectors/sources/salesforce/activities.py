"""Tasks and events as activities. Pure. Their descriptions are not read."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from data_collection.connectors.calc.values import Row, first, fitted
from data_collection.connectors.sources.salesforce.records import id18

LIMITS = {"Subject": 200, "outcome": 60}
LEAD, CONTACT, ACCOUNT, DEAL = "00Q", "003", "001", "006"  # how their ids begin
SUBTYPES = {"call": "call", "email": "email", "listemail": "email"}
#: Words of the picklist Type, whatever else the org put into it.
WORDS = (("demo", "demo"), ("proposal", "proposal"), ("meeting", "meeting"), ("call", "call"), ("mail", "email"))


def is_work(record: Mapping[str, Any]) -> bool:
    """A task counts when it is done; of an event the one of its organiser, each time it takes place."""
    if record.get("IsClosed") is False:
        return False
    return record.get("IsChild") is not True and record.get("IsRecurrence") is not True


def task_row(row: Row) -> Row:
    done = row.pop("CompletedDateTime", "")
    row |= {
        "kind": _kind(row.get("Type", ""), SUBTYPES.get(row.pop("TaskSubtype", "").lower(), "other")),
        "day": first(done, row.pop("ActivityDate", ""), row["created_at"]),
        "at": done,
        "outcome": first(row.pop("CallDisposition", ""), row.get("Status", "")),
        "duration_minutes": _minutes(row.pop("CallDurationInSeconds", ""), 60),
    }
    row.pop("IsClosed", None)
    return _linked(row)


def event_row(row: Row) -> Row:
    starts = row.pop("ActivityDateTime", "")
    whole_day = row.pop("IsAllDayEvent", "") == "true"
    day = row.pop("ActivityDate", "")
    row |= {
        "kind": _kind(row.get("Type", ""), "meeting"),
        "day": first(day, starts, row["created_at"]) if whole_day else first(starts, day, row["created_at"]),
        "at": "" if whole_day else starts,
        "outcome": "",
        "duration_minutes": "" if whole_day else _minutes(row.get("DurationInMinutes", ""), 1),
    }
    for spent in ("DurationInMinutes", "IsChild", "IsRecurrence"):
        row.pop(spent, None)
    return _linked(row)


def _kind(own: str, usual: str) -> str:
    return next((kind for word, kind in WORDS if word in own.lower()), usual)


def _linked(row: Row) -> Row:
    """The two mixed references told apart by how an id begins."""
    who, what = id18(row.pop("WhoId", "")), id18(row.pop("WhatId", ""))
    row["lead_id"] = who if who.startswith(LEAD) else ""
    row["contact_id"] = who if who.startswith(CONTACT) else ""
    row["opportunity_id"] = what if what.startswith(DEAL) else ""
    row["account_id"] = first(id18(row.pop("AccountId", "")), what if what.startswith(ACCOUNT) else "")
    return fitted(row, LIMITS)


def _minutes(text: str, per_minute: int) -> str:
    try:
        length = Decimal(text) / per_minute
    except InvalidOperation:
        return ""
    return format(round(length, 1), "f") if length >= 0 else ""
