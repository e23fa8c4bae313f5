"""Calls, meetings, e-mails, notes and tasks as activities. Pure. Their texts are not read."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from data_collection.connectors.calc.values import Row, Unreadable, cell, first, fitted, instant, minutes, moment

LIMITS = {"subject": 200, "outcome": 60}
#: Outcomes of a call HubSpot comes with; an account may add own ones.
DISPOSITIONS = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}
INCOMING = "INCOMING_EMAIL"


def activity_rows(name: str, row: Row, record: Mapping[str, Any], *, leads: bool) -> dict[str, list[Row]]:
    """One activity, under the file of its object. A task counts when it is done, at the time it was done.

    Args:
        leads: contacts are leads too, so the contact of an activity may be one.
    """
    if name == "tasks" and row.get("hs_task_status", "").upper() != "COMPLETED":
        return {}
    made = _READERS[name](row)
    at = instant(first(made.pop("at", ""), row.pop("hs_timestamp", ""), row["created_at"]))
    if not at:
        raise Unreadable("it has no time")
    associated = record.get("associations") or {}
    contact = first(*associated.get("contacts", []))
    row |= {"duration_minutes": "", "outcome": "", **made, "at": at}
    row |= {
        "contact_id": contact,
        "lead_id": contact if leads else "",
        "company_id": first(*associated.get("companies", [])),
        "deal_id": first(*associated.get("deals", [])),
    }
    row.pop("hs_timestamp", None)
    return {name: [fitted(row, LIMITS)]}


def _calls(row: Row) -> Row:
    outcome = row.pop("hs_call_disposition", "")
    return {
        "kind": _typed(row, "call"),
        "subject": row.pop("hs_call_title", ""),
        "outcome": first(DISPOSITIONS.get(outcome, outcome), row.pop("hs_call_status", "")),
        "duration_minutes": _from_milliseconds(row.pop("hs_call_duration", "")),
    }


def _meetings(row: Row) -> Row:
    start, end = row.pop("hs_meeting_start_time", ""), row.pop("hs_meeting_end_time", "")
    return {
        "kind": _typed(row, "meeting"),
        "subject": row.pop("hs_meeting_title", ""),
        "outcome": row.pop("hs_meeting_outcome", ""),
        "at": start,
        "duration_minutes": minutes(moment(start), moment(end)),
    }


def _emails(row: Row) -> Row:
    """An e-mail that came in is no work of the rep: it is kept as “other”."""
    incoming = row.get("hs_email_direction", "") == INCOMING
    return {
        "kind": "other" if incoming else "email",
        "subject": row.pop("hs_email_subject", ""),
        "outcome": "Incoming" if incoming else row.pop("hs_email_status", ""),
    }


def _notes(row: Row) -> Row:
    return {"kind": "other", "subject": "Note"}


def _tasks(row: Row) -> Row:
    """A call or e-mail done as a task is logged as one beside it, so a task is always “other”."""
    return {
        "kind": "other",
        "subject": row.pop("hs_task_subject", ""),
        "outcome": row.pop("hs_task_status", ""),
        "at": row.pop("hs_task_completion_date", ""),
    }


_READERS = {"calls": _calls, "meetings": _meetings, "emails": _emails, "notes": _notes, "tasks": _tasks}


def _typed(row: Row, usual: str) -> str:
    """A call or meeting whose own type speaks of a demo or a proposal is one."""
    own = cell(row.get("hs_activity_type")).lower()
    return "demo" if "demo" in own else "proposal" if "proposal" in own or "offer" in own else usual


def _from_milliseconds(text: str) -> str:
    try:
        length = Decimal(text) / 60000
    except InvalidOperation:
        return ""
    return format(round(length, 1), "f") if length >= 0 else ""
