"""Numbers as people read them: one place for thousands, units, signs and the dash of the undefined.

Compact on cards and axes (1.24M), exact in tables. Undefined (None, NaN) is a dash, never 0. A no-break space stands
between number and unit, the typographic minus before negatives.
"""

import math
from datetime import date, datetime
from decimal import Decimal

DASH = "–"
MINUS = "\u2212"
NBSP = "\u00a0"

Number = int | float | Decimal | None

SUFFIXES = ((1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))
COMPACT_FROM = 100_000


def is_missing(value: object) -> bool:
    """True for None, empty text and NaN: the value is undefined."""
    if value is None or value == "":
        return True
    return isinstance(value, float | Decimal) and math.isnan(value)


def exact(value: Number, places: int = 0) -> str:
    """Thousands separated: 1234567.8 -> "1,234,568"."""
    if value is None or is_missing(value):
        return DASH
    text = f"{abs(value):,.{places}f}"
    negative = value < 0 and any(c in "123456789" for c in text)
    return (MINUS if negative else "") + text


def compact(value: Number, places: int = 0) -> str:
    """Three significant digits from 100k up: 98450 -> "98,450", 1238400 -> "1.24M"."""
    if value is None or is_missing(value):
        return DASH
    size = abs(float(value))
    if round(size) < COMPACT_FROM:
        return exact(value, places)
    sign = MINUS if value < 0 else ""
    for index, (unit, suffix) in enumerate(SUFFIXES):
        if size >= unit:
            digits = 2 if size < 10 * unit else 1 if size < 100 * unit else 0
            shown = round(size / unit, digits)
            if shown >= 1000 and index:
                unit, suffix = SUFFIXES[index - 1]
                return f"{sign}{size / unit:.2f}{suffix}"
            return f"{sign}{shown:.{2 if shown < 10 else 1 if shown < 100 else 0}f}{suffix}"
    return exact(value, places)


def percent(share: Number, places: int = 1) -> str:
    """A share as per cent: 0.6315 -> "63.2 %"."""
    return DASH if share is None or is_missing(share) else f"{exact(Decimal(str(share)) * 100, places)}{NBSP}%"


def quantity(value: Number, unit: str, *, short: bool = False, places: int | None = None) -> str:
    """A value in its unit.

    Args:
        unit: money, percent (of a share, 0.63), points (a share's difference), days, hours, minutes, ratio, count,
            number.
        short: compact form, for cards and axes.
        places: decimals; None = the unit's own.
    """
    if value is None or is_missing(value):
        return DASH
    if unit == "percent":
        return percent(value, 1 if places is None else places)
    if unit == "points":
        return f"{exact(Decimal(str(value)) * 100, 1 if places is None else places)}{NBSP}pts"
    if unit in ("days", "hours", "minutes"):
        return f"{exact(value, 1 if places is None else places)}{NBSP}{unit}"
    if unit == "ratio":
        return f"{exact(value, 1 if places is None else places)}{NBSP}×"
    places = places if places is not None else _places(value, unit)
    return compact(value, places) if short else exact(value, places)


def signed(value: Number, unit: str, *, short: bool = True) -> str:
    """With its sign: 0.084 percent -> "+8.4 %"."""
    if value is None or is_missing(value):
        return DASH
    text = quantity(value, unit, short=short)
    rounds_to_zero = not any(c in "123456789" for c in text)
    return text if rounds_to_zero or text.startswith(MINUS) else f"+{text}"


def day(value: date | datetime | None) -> str:
    """A date as 2026-11-23 reads badly in text: "23 Nov 2026"."""
    return DASH if value is None else f"{value.day} {value:%b %Y}"


def _places(value: Number, unit: str) -> int:
    if unit in ("money", "count"):
        return 0
    whole = value is not None and float(value) == int(value)
    return 0 if whole or abs(float(value or 0)) >= 1000 else 1
