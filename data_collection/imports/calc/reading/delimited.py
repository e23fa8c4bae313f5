"""CSV: the separator found, the header read, then a stream of rows. Everything stays text."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from data_collection.imports.calc.reading.encodings import look, open_text
from data_collection.imports.calc.reading.footer import find_footer
from data_collection.imports.calc.reading.refusals import FileRefused, Limits, check_columns, check_names
from data_collection.imports.calc.reading.surveys import END, Survey, digest, unique

SEPARATORS = (",", ";", "\t", "|")
MOST_BLANK = 20  # empty lines that may stand above the header


def survey_delimited(path: Path, encoding: str | None, separator: str | None, limits: Limits) -> Survey:
    seen = look(path, encoding, limits)
    sample = _sample(path, seen.encoding)
    if not sample.strip():
        raise FileRefused("The file is empty.")
    skip, notes = 0, seen.notes
    first = sample.split("\n", 1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        separator, skip = separator or first[4], 1
    body = sample.split("\n", skip)[-1]
    mark = separator or find_separator(body)
    footer, length = find_footer(seen.tail, seen.encoding)
    if footer:
        notes = (*notes, f"A footer of {footer} lines at the end was left out.")
    end = seen.size - length if footer else None
    blank, headers = _headers(path, seen.encoding, mark, skip, limits)
    if separator is None and (also := second_separator(body, mark)):
        notes = (*notes, _two_separators(mark, also))
    return Survey(
        path=path,
        size=path.stat().st_size,
        sha256=digest(path),
        encoding=seen.encoding,
        separator=mark,
        headers=headers,
        skip=skip + blank,
        notes=notes,
        header_row=1 + blank,
        end=end,
        limits=limits,
    )


def rows_delimited(survey: Survey, *, marked: bool) -> Iterator[list[str]]:
    """All rows after the header."""
    text = open_text(survey.path, survey.encoding, survey.end)
    rows = read_rows(chain(text, [END]) if marked else text, survey.separator, survey.limits)
    for _ in range(survey.skip + 1):
        next(rows, None)
    return rows


def read_rows(lines: Iterable[str], separator: str, limits: Limits) -> Iterator[list[str]]:
    """Rows of CSV text; one over all limits ends in FileRefused before it fills the memory.

    `separator` may hold several signs: each of them ends a cell.
    """
    csv.field_size_limit(limits.cell)
    fed = 0

    def counted() -> Iterator[str]:
        nonlocal fed
        for line in lines:
            fed += len(line)
            if fed > limits.row:
                raise FileRefused(
                    f"A row is longer than {limits.row:,} characters; is a quote not closed? Check how it was exported."
                )
            yield line

    text = counted() if len(separator) == 1 else _one_separator(counted(), separator)
    for row in csv.reader(text, delimiter=separator[0]):
        fed = 0
        yield row


def _one_separator(lines: Iterable[str], separators: str) -> Iterator[str]:
    """Lines in which the other separators outside quotes are replaced by the first."""
    table = str.maketrans(dict.fromkeys(separators[1:], separators[0]))
    inside = False
    for line in lines:
        parts = line.split('"')
        for place, part in enumerate(parts):
            if not inside:
                parts[place] = part.translate(table)
            inside ^= place < len(parts) - 1
        yield '"'.join(parts)


def _sample(path: Path, encoding: str) -> str:
    with open_text(path, encoding) as text:
        return text.read(1 << 16)


def find_separator(sample: str) -> str:
    """The sign that cuts the first rows into the same, largest number of cells."""

    def score(separator: str) -> tuple[bool, int]:
        try:
            rows = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if row][:20]
        except csv.Error:
            return False, 0
        rows = rows[:-1] if len(rows) > 2 else rows  # the sample may cut the last one
        return bool(rows) and rows.count(rows[0]) * 2 > len(rows) and rows[0] > 1, rows[0] if rows else 0

    best = max(SEPARATORS, key=lambda s: (*score(s), -SEPARATORS.index(s)))
    return best if score(best)[1] > 1 else ","


def second_separator(sample: str, separator: str) -> str:
    """Another sign that stands as often in every one of the first rows, header included, or ""."""
    try:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if row][:20]
    except csv.Error:
        return ""
    rows = rows[:-1] if len(rows) > 3 else rows
    if len(rows) < 2:
        return ""
    for sign in (*SEPARATORS, "!", "^", "~", "¦"):
        places = [[cell.count(sign) for cell in row] for row in rows]
        if sign != separator and any(places[0]) and places.count(places[0]) == len(places):
            return sign
    return ""


def _two_separators(mark: str, also: str) -> str:
    name = "a tab" if also == "\t" else f"“{also}”"
    return (
        f"Beside “{mark}”, {name} stands at the same place of every row and was read as text. "
        f"If it separates columns too, write separator: '{mark}{also}' in the mapping."
    )


def _headers(path: Path, encoding: str, separator: str, skip: int, limits: Limits) -> tuple[int, tuple[str, ...]]:
    """Empty lines before the header, and its names."""
    blank = 0
    with open_text(path, encoding) as text:
        rows = read_rows(chain(text, [END]), separator, limits)
        try:
            for _ in range(skip):
                next(rows, None)
            first = next(rows, [])
            while not first and blank < MOST_BLANK:
                blank, first = blank + 1, next(rows, [])
            headers = [name.strip().strip("\ufeff") for name in first]
        except csv.Error:
            raise FileRefused("The first line is longer than a header can be.") from None
    if headers and headers[-1].endswith(END) and headers != [END]:
        raise FileRefused("A quote opened in the first line is never closed; the rows were read as part of it.")
    if not any(headers) or headers == [END]:
        raise FileRefused("The first line holds no column names.")
    while headers and not headers[-1]:
        headers.pop()  # separators after the last column
    check_columns(len(headers), limits)
    check_names(headers)
    return blank, tuple(unique(headers))
