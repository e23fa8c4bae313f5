"""Rows as the bytes COPY reads, each with its number and what is wrong with its shape."""

import csv
import io
import json
from collections.abc import Callable, Iterator

from data_collection.imports.calc.reading.refusals import BROKEN, NO_LIMITS, FileRefused, Limits

BLANK_SIGNS = " \t\u00a0\u2007\u202f\u3000\u200b\ufeff"  # taken off the ends of a cell, and line ends with them
_BLANKS = frozenset(BLANK_SIGNS + "\r\n")
END = "\0"  # a line after the last, a sign no file holds; seen inside a row, a quote was never closed


class BrokenRow(list[str]):
    """A row that could not be taken apart: its text as it is, and why."""

    def __init__(self, text: str, reason: str, fix: str) -> None:
        super().__init__([text])
        self.reason, self.fix = reason, fix


class RowFeed:
    """Rows as the bytes COPY reads: row number, what is wrong with its shape, cells. A file-like object.

    Row 1 is the header, so the number is the one a spreadsheet shows. Empty rows are passed over. What is wrong is
    JSON: the cells as they are, or an object with `cells` and either `swallowed` (lines after a quote left open) or
    `reason` and `fix`.

    The driver of the database turns whatever is raised while COPY reads into an error of its own, so what ended
    the reading stays here as `failure`.
    """

    def __init__(
        self,
        rows: Iterator[list[str]],
        width: int,
        *,
        on_rows: Callable[[int], None] | None = None,
        header_row: int = 1,
        limits: Limits = NO_LIMITS,
        separator: str = ",",
    ) -> None:
        self.count = 0
        self.padded = False  # a cell begins or ends with a blank
        self.separator = separator  # between the cells that come out
        self.failure: BaseException | None = None
        self._rows, self._width, self._on_rows = rows, width, on_rows
        self._number, self._limits = header_row, limits
        self._buffer = io.StringIO()
        # Only signs of the line end are quoted, so both.
        self._writer = csv.writer(self._buffer, lineterminator="\r\n", delimiter=separator)
        self._ready, self._at = b"", 0

    def read(self, size: int = -1) -> bytes:
        while self._at >= len(self._ready):
            try:
                if not self._fill():
                    return b""
            except BaseException as failure:  # told by the caller once the driver has given up
                self.failure = failure
                raise
        end = len(self._ready) if size < 0 else self._at + size
        piece, self._at = self._ready[self._at : end], end
        return piece

    def _fill(self, rows: int = 2000) -> bool:
        self._buffer.seek(0)
        self._buffer.truncate()
        before = self.count
        try:
            self._write(before + rows)
        except csv.Error:
            raise FileRefused(
                f"Row {self._number + 1} holds a cell of more than {self._limits.cell:,} characters; "
                "is a quote not closed?"
            ) from None
        except BROKEN as broken:
            raise FileRefused(f"The file can't be read after row {self._number}: {broken}.") from None
        self._check()
        if self._on_rows is not None and self.count > before:
            self._on_rows(self.count)
        self._ready, self._at = self._buffer.getvalue().encode(), 0
        return self.count > before

    def _check(self) -> None:
        most = self._limits.rows
        if most is not None and self.count > most:
            raise FileRefused(f"The file has more than {most:,} rows. Split it into several files.")
        most = self._limits.cells
        if most is not None and self.count * self._width > most:
            raise FileRefused(
                f"The file has more than {most:,} cells ({self._width:,} columns, {self.count:,} rows so far). "
                "Split it, or leave out columns nobody needs."
            )

    def _write(self, until: int) -> None:
        write, width = self._writer.writerow, self._width
        for row in self._rows:
            if not any(row):
                self._number += 1
                continue
            wrong: object = None
            if row[-1][-1:] == END:
                if row == [END]:
                    return
                row, swallowed = _opened(row, width)
                wrong = {"cells": row, "swallowed": swallowed}
            elif type(row) is not list:
                wrong = {"cells": row, "reason": row.reason, "fix": row.fix}  # type: ignore[attr-defined]  # BrokenRow
            elif len(row) != width and (len(row) < width or any(row[width:])):
                wrong = self._ragged(row)
            self._number += 1
            self.padded = self.padded or any(cell and (cell[0] in _BLANKS or cell[-1] in _BLANKS) for cell in row)
            if wrong is None:
                write([self._number, None, *row[:width]])
            else:
                cells = (row + [""] * width)[:width]
                write([self._number, json.dumps(wrong, ensure_ascii=False), *cells])
            self.count += 1
            if self.count >= until:
                return

    def _ragged(self, row: list[str]) -> list[str]:
        most = self._limits.columns
        if len(row) > most:
            raise FileRefused(
                f"Row {self._number + 1:,} has {len(row):,} cells, the header {self._width:,}; at most {most:,} "
                "can be read. Check how the file was exported."
            )
        return row


def _opened(row: list[str], width: int) -> tuple[list[str], int]:
    """The row of a quote left open, what it swallowed as a cell too many; and how many lines those are."""
    own, _, rest = row[-1].removesuffix(END).partition("\n")
    rest = rest.strip("\r\n")
    cells = [*row[:-1], own.rstrip("\r")]
    if rest:
        cells += [""] * (width - len(cells)) + [rest]
    return cells, len(rest.splitlines())
