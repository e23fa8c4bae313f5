"""The file door of the forecast: a CSV of series in, a CSV of forecasts out. No database."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TextIO

import numpy as np

from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.buckets import DateStyle, Frequency, later, position, read_date
from demand_planning.statistical.calc.engine import Calendar, Fitted, fit
from demand_planning.statistical.calc.ranges import ranges

REQUIRED = ("series", "date", "value")
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none"})
FEW_SERIES = 200  # below, three backtest origins make the pool of errors larger


@dataclass(frozen=True, slots=True)
class BadRow:
    row: int  # line of the file, the header is 1
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


@dataclass(slots=True)
class Observed:
    """The rows of one series as they stood in the file."""

    name: str
    texts: list[str] = field(default_factory=list)
    by_day: dict[date, tuple[float, int]] = field(default_factory=dict)  # value and row


@dataclass(frozen=True, slots=True)
class Regular:
    """One series in equal steps."""

    name: str
    values: Array  # shape (n,)
    last: date
    style: DateStyle
    filled: tuple[str, ...]  # periods that were missing


def read_series(lines: Iterable[str]) -> tuple[list[Observed], list[BadRow]]:
    """Rows by series, in the order the series first appear, and every bad row with its reason.

    Raises:
        ValueError: a required column is missing, or there is no row.
    """
    reader = csv.DictReader(line.removeprefix("\ufeff") if i == 0 else line for i, line in enumerate(lines))
    header = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise ValueError(
            f"The first line must name the columns series, date and value; missing: {', '.join(missing)}. "
            f"Found: {', '.join(header) or 'nothing'}."
        )
    reader.fieldnames = header
    found: dict[str, Observed] = {}
    bad: list[BadRow] = []
    for row in reader:
        try:
            _add(found, row, reader.line_num)
        except ValueError as refused:
            bad.append(BadRow(reader.line_num, str(refused)))
    if not found and not bad:
        raise ValueError("The file has a header and no rows.")
    return list(found.values()), bad


def _add(found: dict[str, Observed], row: dict[str, str | None], number: int) -> None:
    name, text, value = ((row[key] or "").strip() for key in REQUIRED)
    if not name:
        raise ValueError("the series has no name")
    try:
        day = read_date(text)
    except ValueError:
        raise ValueError(f"date “{text}” is none; write YYYY-MM-DD or YYYY-MM") from None
    series = found.setdefault(name, Observed(name))
    if value.lower() in MISSING_WORDS:
        return  # missing is missing, not 0: filled or refused like a period without a row
    try:
        amount = float(value)
    except ValueError:
        raise ValueError(f"value “{value}” is no number; write it like 1234.5") from None
    if not math.isfinite(amount):
        raise ValueError(f"value “{value}” is no finite number")
    if day in series.by_day:
        raise ValueError(f"{name} has {text} twice, first in row {series.by_day[day][1]}")
    series.by_day[day] = (amount, number)
    series.texts.append(text)


def regular(series: Observed, frequency: Frequency, *, zeros: bool) -> tuple[Regular | None, list[BadRow]]:
    """Equal steps from the first to the last date; missing periods become 0, or lie on a line between neighbours."""
    if not series.by_day:
        return None, []
    days = sorted(series.by_day)
    bad: list[BadRow] = []
    values: dict[int, tuple[float, int, date]] = {}
    for day in days:
        amount, row = series.by_day[day]
        try:
            place = position(day, frequency, days[0])
        except ValueError as refused:
            bad.append(BadRow(row, f"{series.name}: {refused}"))
            continue
        if place in values:
            reason = (
                f"{series.name} has two values in the {frequency.name} of {day}, the other in row {values[place][1]}"
            )
            bad.append(BadRow(row, reason))
            continue
        values[place] = (amount, row, day)
    n = max(values) + 1
    known = np.array(sorted(values))
    heights = np.array([values[place][0] for place in sorted(values)])
    filled = np.zeros(n) if zeros else np.interp(np.arange(n), known, heights)
    filled[known] = heights
    style = DateStyle.of(series.texts, frequency)
    gaps = tuple(style.write(later(days[0], frequency, place)) for place in range(n) if place not in values)
    return Regular(series.name, filled, values[n - 1][2], style, gaps), bad


def forecast_all(series: Sequence[Regular], frequency: Frequency, horizon: int) -> list[Fitted]:
    count = 3 if len(series) < FEW_SERIES else 1
    return [
        fit(
            one.values,
            Calendar(season=frequency.season_for(len(one.values)), year=frequency.year, horizon=horizon),
            origin_count=count,
        )
        for one in series
    ]


def output_lines(
    series: Sequence[Regular], fitted: Sequence[Fitted], frequency: Frequency, levels: Sequence[int]
) -> Iterator[list[str]]:
    """The answer: header, then one line per series and period."""
    yield ["series", "date", "forecast", *(f"{side}_{level}" for level in levels for side in ("lo", "hi"))]
    bands = ranges([one.values for one in series], fitted, levels)
    for one, result, band in zip(series, fitted, bands, strict=True):
        for k, expected in enumerate(result.expected):
            day = one.style.write(later(one.last, frequency, k + 1))
            edges = [edge[k] for level in levels for edge in (band[level].low, band[level].high)]
            yield [one.name, day, *(f"{value:.10g}" for value in (expected, *edges))]


def write_lines(target: TextIO, lines: Iterable[list[str]]) -> int:
    """Write CSV; returns the number of lines after the header."""
    writer = csv.writer(target, lineterminator="\n")
    count = 0
    for line in lines:
        writer.writerow(line)
        count += 1
    return count - 1
