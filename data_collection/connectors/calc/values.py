"""A vendor's JSON values as the text an import reads."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from data_collection.connectors.calc.history import as_text

Row = dict[str, str]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_MILLISECONDS = re.compile(r"^-?\d{11,14}$")
OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")


class Unreadable(ValueError):
    """A record that cannot become a row; the text says why, as “it is in no stage”."""


def why_not(error: Exception) -> str:
    """Why a record could not be read, in words."""
    return str(error) if isinstance(error, Unreadable) else "it has another form than the vendor documents"


def cell(value: Any) -> str:
    """Any JSON value as one cell: null is empty, a list is joined by “;”, a nested record is left out."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, list):
        return ";".join(cell(part) for part in value)
    text = str(value).replace("\0", "").strip()
    return text.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair


def moment(text: str) -> datetime | None:
    """An instant from ISO text with an offset (`Z`, `+0000`, `+07:00`) or from epoch milliseconds; else None.

    A day is its start, UTC.
    """
    text = text.strip()
    try:
        if EPOCH_MILLISECONDS.match(text):
            return EPOCH + timedelta(milliseconds=int(text))
        found = datetime.fromisoformat(OFFSET_WITHOUT_COLON.sub(r"\1:\2", text) if "T" in text else text)
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def instant(text: str) -> str:
    """Any time as an import reads it; a text that is none stays, so that the import names it."""
    found = moment(text) if text else None
    return text if found is None else as_text(found)


def day(text: str) -> str:
    """A date property as a day: HubSpot and others write it as midnight, UTC. A text that is none stays."""
    if EPOCH_MILLISECONDS.match(text):
        found = moment(text)
        return text if found is None else found.date().isoformat()
    try:
        return date.fromisoformat(text[:10]).isoformat() if text else ""
    except ValueError:
        return text


def share(text: str) -> str:
    """A probability from 0 to 1, empty where it is none."""
    try:
        return text if text and 0 <= Decimal(text) <= 1 else ""
    except InvalidOperation:
        return ""


def minutes(start: datetime | None, end: datetime | None) -> str:
    """Length of [start, end) in minutes, empty where an end is not known or lies before the start."""
    if start is None or end is None or end < start:
        return ""
    return format(round(Decimal((end - start).total_seconds()) / 60, 1), "f")


def fitted(row: Row, limits: Mapping[str, int]) -> Row:
    """Texts longer than their field are cut; the whole text stays beside them, as `<column>_full`."""
    for column, limit in limits.items():
        text = row.get(column, "")
        if len(text) > limit:
            row[column], row[f"{column}_full"] = text[: limit - 1] + "…", text
    return row


def first(*texts: str) -> str:
    """The first that is not empty."""
    return next((text for text in texts if text), "")


def newest(texts: Iterable[str]) -> str | None:
    """The latest of several times, as text."""
    found = [at for at in map(moment, texts) if at is not None]
    return as_text(max(found)) if found else None
