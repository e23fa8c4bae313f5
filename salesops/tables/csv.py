"""A table as CSV: the same rows and columns as on the page, exact values, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from salesops.charts.numbers import is_missing
from salesops.frame.components import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, line: str) -> str:
        return line


def neutral(value: object) -> object:
    """A cell that no spreadsheet runs: text that starts like a formula gets a leading apostrophe."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_cell(value: object) -> object:
    """Undefined is empty; numbers stay plain; dates are ISO."""
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return value
    return neutral(str(value))


def csv_lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Lines of the file, with a byte-order mark so that spreadsheets read UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([neutral(str(label)) for label in header])
    for row in rows:
        yield writer.writerow([csv_cell(value) for value in row])


def csv_response(name: str, header: Iterable[object], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """A download named `name`.csv, streamed."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def table_csv(table: Table, name: str) -> StreamingHttpResponse:
    """The rows of a table component, every column, unformatted."""
    return csv_response(
        name, [c.label for c in table.columns], ([_get(row, c.key) for c in table.columns] for row in table.rows)
    )


def _get(row: object, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
        if callable(row):
            row = row()
    return row
