"""How a file is written, seen in its rows: kinds of its columns, order of dates, decimal mark, time zone.

A format is *sure* only when a value decides it: 31/12 is day first, 1,5 has a decimal comma. Whatever may be read in
two ways is named, for a person to say.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from data_collection.imports.calc.columns import DAY_ORDERS, LONGEST, NUMBERS, Column
from data_collection.imports.calc.formats import Formats
from data_collection.imports.calc.reading import FileRefused, Survey
from data_collection.imports.calc.reading.refusals import BROKEN

SAMPLE, SAMPLES = 10, 5
FURTHER = 25  # times as many rows are looked at for a value that decides what the first leave open
MOST_CELLS = 200_000  # kept in memory at once, so that a wide file is seen in fewer rows
ORDER_WORDS = {"dmy": "day first", "mdy": "month first"}


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """What one column holds, in the rows looked at."""

    header: str
    kind: str  # text, integer, number, percent, date, datetime, boolean, id, email, phone, url, empty
    filled: int
    distinct: int
    samples: tuple[str, ...]  # up to 5 different non-empty texts, as in the file
    date: tuple[str, ...] = ()  # orders, best first: each fits every value, or together where the column mixes them
    decimal: str = ""  # "." or "," where it is certain
    currency: str = ""  # sign or code seen in the cells


@dataclass(frozen=True, slots=True)
class Detection:
    """How a file is written."""

    format: str  # csv, xlsx, jsonl
    encoding: str
    separator: str  # "" for xlsx and jsonl
    headers: tuple[str, ...]
    rows_seen: int
    rows_total: int | None
    columns: tuple[ColumnSeen, ...]
    formats: Formats  # for the whole file, safe to use as they are: never both day first and month first
    sure: dict[str, bool]  # date, decimal, time_zone: whether the file itself decided, or there is nothing to decide
    sample: tuple[tuple[str, ...], ...]  # first 10 rows
    notes: tuple[str, ...]


def detect(survey: Survey, *, zone: str = "UTC", rows: int = 2000) -> Detection:
    """Look at the first rows of a file.

    Args:
        zone: of times that carry no offset; the file does not say.
        rows: how many are looked at for kinds (fewer of a very wide file). For an order of dates or a decimal mark
            they leave open, the following are read too, up to 25 times as many.

    Raises:
        FileRefused: the rows cannot be read.
    """
    columns = [Column(header) for header in survey.headers]
    most = min(rows, max(100, MOST_CELLS // len(columns)))
    sample: list[tuple[str, ...]] = []
    stream, seen = _cells(survey), 0
    for row in islice(stream, most):
        seen += 1
        if len(sample) < SAMPLE:
            sample.append(tuple(text[:LONGEST] for text in row))
        for column, text in zip(columns, row, strict=True):
            column.add(text)
    for column in columns:
        column.judge()
    _look_further(stream, columns, most * FURTHER)
    return _verdict(columns, survey, zone, tuple(sample), seen, seen if seen < most else survey.rows)


def _cells(survey: Survey) -> Iterator[list[str]]:
    """Rows that hold something, as wide as the header."""
    width = len(survey.headers)
    try:
        for row in survey.open_rows():
            if any(row) and type(row) is list:
                cells = [text.strip().strip("\ufeff\u200b") for text in row[:width]]
                yield cells + [""] * (width - len(cells))
    except (csv.Error, *BROKEN) as broken:
        raise FileRefused(f"The rows can't be read: {broken}.") from None


def _look_further(stream: Iterator[list[str]], columns: Sequence[Column], most: int) -> None:
    """Read on while an order of dates or a decimal mark is open."""
    open_places = [place for place, column in enumerate(columns) if column.is_open]
    for row in islice(stream, most if open_places else 0):
        for place in open_places:
            columns[place].decide(row[place])
        open_places = [place for place in open_places if columns[place].is_open]
        if not open_places:
            return


# --- the whole file --------------------------------------------------------------------------
def _verdict(
    columns: Sequence[Column],
    survey: Survey,
    zone: str,
    sample: tuple[tuple[str, ...], ...],
    seen: int,
    total: int | None,
) -> Detection:
    notes = list(survey.notes)
    day_order, day_sure = _day_order(columns, notes)
    mark, mark_sure = _decimal(columns, survey, notes)
    no_offset = [column.header for column in columns if column.without_offset]
    if no_offset:
        notes.append(f"Times in {_named(no_offset)} carry no offset; they are read as times of {zone}.")
    notes += [
        _misfits(column) for column in columns if column.misfits and column.kind in NUMBERS | {"date", "datetime"}
    ]
    return Detection(
        format=survey.format,
        encoding=survey.encoding,
        separator=survey.separator,
        headers=survey.headers,
        rows_seen=seen,
        rows_total=total,
        columns=tuple(_seen(column, day_order) for column in columns),
        formats=Formats(_orders(columns, day_order), mark, zone),
        sure={"date": day_sure, "decimal": mark_sure, "time_zone": not no_offset},
        sample=sample,
        notes=tuple(notes),
    )


def _day_order(columns: Sequence[Column], notes: list[str]) -> tuple[str, bool]:
    """Day first or month first, for all columns ("" when none needs it), and whether the file decides it."""
    dated = [column for column in columns if set(column.orders) & DAY_ORDERS]
    votes = Counter(order for column in dated for order in column.day_orders)
    mixed = [column.header for column in dated if column.day_orders >= DAY_ORDERS]
    ambiguous = [column.header for column in dated if column.ambiguous]
    if mixed:
        notes.append(f"Dates in {_named(mixed)} are partly day first and partly month first; no order reads them all.")
    elif len(votes) > 1:
        words = [
            f"{ORDER_WORDS[order]} in {_named([c.header for c in dated if order in c.day_orders])}"
            for order in sorted(votes)
        ]
        notes.append(f"Dates are {' and '.join(words)}; say so for each column.")
    elif ambiguous and not votes:
        notes.append(f"Dates in {_named(ambiguous)} may be day first or month first; no value decides it.")
    if votes:
        return votes.most_common(1)[0][0], len(votes) == 1
    if ambiguous:
        return "mdy" if any(column.us_signs for column in columns) else "dmy", False
    return "", True


def _decimal(columns: Sequence[Column], survey: Survey, notes: list[str]) -> tuple[str, bool]:
    """The decimal mark, and whether the file decides it or there is nothing to decide."""
    numeric = [column for column in columns if column.kind in NUMBERS]
    votes = Counter(mark for column in numeric for mark in column.marks)
    typed = survey.format != "csv"  # numbers of workbooks and JSON are written with a point
    unclear = [column.header for column in numeric if column.unclear and not column.marks]
    if len(votes) > 1:
        with_comma = [column.header for column in numeric if "," in column.marks]
        notes.append(f"Numbers in {_named(with_comma)} have a decimal comma, others a point; say so for each column.")
        return votes.most_common(1)[0][0], False
    if votes:
        return next(iter(votes)), not (typed and unclear and "," in votes)
    if unclear and not typed:
        notes.append(f"Numbers in {_named(unclear)} may have a decimal comma or a grouping one; no value decides it.")
        return "," if survey.separator == ";" else ".", False
    return ".", True


def _orders(columns: Sequence[Column], day_order: str) -> tuple[str, ...]:
    """Orders any column needs, of day first and month first only the one of the file."""
    needed = dict.fromkeys(order for column in columns for order in column.orders if order not in DAY_ORDERS)
    return (*needed, *([day_order] if day_order else [])) or ("iso",)


def _seen(column: Column, day_order: str) -> ColumnSeen:
    orders = column.orders
    if column.ambiguous:
        orders = tuple(sorted(orders, key=lambda order: order in DAY_ORDERS and order != day_order))
    mark = next(iter(column.marks)) if len(column.marks) == 1 and column.kind in NUMBERS else ""
    return ColumnSeen(
        header=column.header,
        kind=column.kind,
        filled=column.filled,
        distinct=len(column.texts),
        samples=tuple(islice(column.texts, SAMPLES)),
        date=orders,
        decimal=mark,
        currency=column.currency,
    )


def _misfits(column: Column) -> str:
    what = "date" if column.orders else "number"
    example = column.misfits[0]
    is_are = "is" if column.misfit_count == 1 else "are"
    return f"{column.misfit_count:,} of {column.filled:,} values in “{column.header}” {is_are} no {what}: “{example}”."


def _named(headers: Sequence[str]) -> str:
    shown = ", ".join(f"“{header}”" for header in headers[:5])
    return shown + (f" and {len(headers) - 5} more" if len(headers) > 5 else "")
