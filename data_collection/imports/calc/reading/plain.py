"""The fast way through CSV text: lines without a quote are passed on as they are, in runs.

Taking a million rows apart and putting them together again costs Python several seconds, and most lines hold no
quote at all. Such a line with the right number of separators is one row whatever else it holds; every other line
goes the usual way through `csv`. Both ways give the same bytes.
"""

import io
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TextIO

from data_collection.imports.calc.reading.delimited import read_rows
from data_collection.imports.calc.reading.encodings import open_text
from data_collection.imports.calc.reading.feed import BLANK_SIGNS, END, RowFeed
from data_collection.imports.calc.reading.refusals import Limits

__all__ = ["PlainFeed", "open_text"]
CHUNK = 1 << 18  # characters read at once


class Lines:
    """The lines of a text with their ends; those that wait can be looked at before they are taken."""

    def __init__(self, text: TextIO, longest: int) -> None:
        self.waiting: list[str] = []  # the next ones, last first
        self._text, self._longest = text, longest
        self._rest, self._ended = "", False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self.waiting:
            if self._ended:
                raise StopIteration
            self.put(self.block())
        return self.waiting.pop()

    def block(self) -> str:
        """The next text up to a line end; a line longer than any row may be comes in pieces. "" at the end."""
        while not self._ended:
            chunk = self._text.read(CHUNK)
            self._ended = not chunk
            text = self._rest + chunk
            cut = len(text) if self._ended or len(text) > self._longest else text.rfind("\n") + 1
            self._rest = text[cut:]
            if cut:
                return text[:cut]
        return ""

    def put(self, text: str) -> None:
        """Let the lines of this text wait."""
        self.waiting = list(io.StringIO(text, newline=""))[::-1]


class PlainFeed(RowFeed):
    """A RowFeed over CSV text with one separator."""

    def __init__(
        self,
        text: TextIO,
        width: int,
        *,
        separator: str,
        skip: int,
        limits: Limits,
        header_row: int = 1,
        on_rows: Callable[[int], None] | None = None,
    ) -> None:
        self._lines = Lines(text, limits.row)
        rows = read_rows(chain(self._lines, [END]), separator, limits)
        for _ in range(skip):
            next(rows, None)
        super().__init__(rows, width, on_rows=on_rows, header_row=header_row, limits=limits, separator=separator)
        self._blank = separator * (width - 1)

    def _write(self, until: int) -> None:
        while self.count < until:
            waiting = self._lines.waiting
            if not waiting:
                text = self._lines.block()
                if self._write_block(text):
                    continue
                self._lines.put(text)
                waiting = self._lines.waiting
            run = self._plain_run(waiting)
            if run:
                self._write_plain(run)
                continue
            before = self.count, self._number
            super()._write(self.count + 1)
            if (self.count, self._number) == before:
                return  # the end

    def _write_block(self, text: str) -> bool:
        """Write a block whose lines are all plain; False when one of them is not."""
        if not text or '"' in text:
            return False
        if "\r" in text:
            text = text.replace("\r\n", "\n")
            if "\r" in text:
                return False
        lines = text.split("\n")
        if lines.pop() != "" or not self._are_plain(lines):
            return False
        self._write_plain(lines)
        return True

    def _are_plain(self, lines: list[str]) -> bool:
        mark, marks = self.separator, self._width - 1
        counts = {line.count(mark) for line in lines}
        return counts == {marks} and self._blank not in lines and len(max(lines, key=len)) <= self._limits.cell

    def _plain_run(self, waiting: list[str]) -> list[str]:
        """Take the plain lines at the front of those that wait."""
        run: list[str] = []
        mark, marks, blank, longest = self.separator, self._width - 1, self._blank, self._limits.cell
        while waiting:
            line = waiting[-1]
            if '"' in line or line.count(mark) != marks or line[-1:] != "\n" or len(line) > longest:
                break
            line = line[:-2] if line[-2:] == "\r\n" else line[:-1]
            if line == blank:
                break
            run.append(line)
            waiting.pop()
        return run

    def _write_plain(self, lines: list[str]) -> None:
        first, mark = self._number + 1, self.separator
        self._note_padding(lines)
        self._buffer.write("".join(f"{n}{mark}{mark}{line}\r\n" for n, line in enumerate(lines, start=first)))
        self._number += len(lines)
        self.count += len(lines)

    def _note_padding(self, lines: list[str]) -> None:
        """Whether a cell begins or ends with a blank; seen from outside the lines, since most hold none."""
        if self.padded:
            return
        mark, text = self.separator, "\n".join(["", *lines, ""])
        for sign in BLANK_SIGNS:
            if sign in text and sign != mark:
                edges = (f"{mark}{sign}", f"{sign}{mark}", f"\n{sign}", f"{sign}\n")
                self.padded = self.padded or any(edge in text for edge in edges)
