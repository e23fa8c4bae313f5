"""A CSV file as text rows: size, encoding and separator found, then a stream of checked rows.

Everything is read as text: leading zeros, `n/a` and quoted empties stay what they are until a field reads them.
"""

import codecs
import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
LONGEST_CELL = 1 << 20  # characters; more is a quote that was never closed
MOST_COLUMNS = 1000
END = "\0"  # a line after the last, a sign no file holds; seen inside a row, a quote was never closed
BROKEN = (OSError, EOFError, UnicodeError, zlib.error)  # what reading bytes or text may end in
SEPARATORS = (",", ";", "\t", "|")
MAGIC = {
    b"PK\x03\x04": "an Excel or ZIP file",
    b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
    b"\x1f\x8b": "a gzip file without the ending .gz",
}


class FileRefused(ValueError):
    """The file cannot be read as the mapping expects; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a file before its rows are read."""

    path: Path
    size: int  # bytes on disk
    sha256: str
    encoding: str  # Python's name
    separator: str
    headers: tuple[str, ...]
    skip: int  # lines before the header

    def open_rows(self, *, marked: bool = False) -> Iterator[list[str]]:
        """All rows after the header. `marked`: the line END comes last, so that RowFeed sees a quote left open."""
        text = _text(self.path, self.encoding)
        rows = csv.reader(chain(text, [END]) if marked else text, delimiter=self.separator)
        for _ in range(self.skip + 1):
            next(rows, None)
        return rows


def survey(
    path: Path, *, encoding: str | None = None, separator: str | None = None, most_bytes: int | None = None
) -> Survey:
    """Look through a file once: what it is, how it is encoded, what its columns are.

    Args:
        most_bytes: refuse a file whose content, unpacked, is larger.

    Raises:
        FileRefused: it is no CSV text, too large, empty, or has an unusable header.
    """
    try:
        return _survey(path, encoding, separator, most_bytes)
    except BROKEN as broken:
        raise FileRefused(f"The file can't be read: {broken}.") from None


def _survey(path: Path, encoding: str | None, separator: str | None, most_bytes: int | None) -> Survey:
    size = path.stat().st_size
    found = _find_encoding(path, encoding, most_bytes)
    sample = _sample(path, found)
    if not sample.strip():
        raise FileRefused("The file is empty.")
    skip = 0
    first = sample.split("\n", 1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        separator, skip = separator or first[4], 1
    mark = separator or _find_separator(sample.split("\n", skip)[-1])
    headers = _headers(path, found, mark, skip)
    with path.open("rb") as raw:
        digest = hashlib.file_digest(raw, "sha256").hexdigest()
    return Survey(path, size, digest, found, mark, headers, skip)


def _open(path: Path) -> BinaryIO:
    packed = path.name.lower().endswith(".gz")
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # GzipFile reads bytes


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(_open(path), encoding=encoding, newline="")


def _find_encoding(path: Path, wanted: str | None, most_bytes: int | None) -> str:
    """The encoding that fits the whole file: a byte-order mark, else UTF-8, else Windows-1252."""
    decoder, seen, broken, lines = codecs.getincrementaldecoder("utf-8")(), 0, None, 1
    name = wanted
    with _open(path) as raw:
        while chunk := raw.read(CHUNK):
            if seen == 0:
                name = name or _by_first_bytes(chunk)
            seen += len(chunk)
            if most_bytes is not None and seen > most_bytes:
                raise FileRefused(f"The content is larger than {most_bytes // 2**20} MB.")
            if name is None and broken is None:
                broken = _utf8_line(decoder, chunk, lines)
            if not _is_wide(name) and b"\0" in chunk:
                raise FileRefused("The file holds zero bytes: it is no text file.")
            lines += chunk.count(b"\n")
    if name is None and broken is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            broken = lines
    found = name or ("utf-8" if broken is None else "cp1252")
    if name is not None or broken is not None:
        _must_decode(path, found, broken)
    return found


def _is_wide(encoding: str | None) -> bool:
    """Two or four bytes a character, so that zero bytes are usual."""
    try:
        return encoding is not None and codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    except LookupError:
        return False


def _by_first_bytes(chunk: bytes) -> str | None:
    for magic, what in MAGIC.items():
        if chunk.startswith(magic):
            raise FileRefused(f"This is {what}, not a CSV file.")
    if chunk.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = chunk[:4096]
    if len(head) >= 4 and head[1::2].count(0) > len(head) * 0.4 and head[0::2].count(0) == 0:
        return "utf-16-le"
    if len(head) >= 4 and head[0::2].count(0) > len(head) * 0.4 and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _utf8_line(decoder: codecs.IncrementalDecoder, chunk: bytes, lines: int) -> int | None:
    """Line of the first byte that is not UTF-8, None when all are."""
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as wrong:
        return lines + chunk.count(b"\n", 0, max(0, wrong.start))
    return None


def _must_decode(path: Path, encoding: str, broken: int | None) -> None:
    seen = 1
    try:
        with _text(path, encoding) as text:
            while chunk := text.read(CHUNK):
                if "\0" in chunk:
                    line = seen + chunk.count("\n", 0, chunk.index("\0"))
                    raise FileRefused(f"Line {line} holds the zero character (U+0000), which is no text. Remove it.")
                seen += chunk.count("\n")
    except UnicodeError:
        also = f" (line {broken} is not UTF-8 either)" if broken else ""
        raise FileRefused(f"The text is not {encoding}, seen near line {seen}{also}. Save it as UTF-8.") from None
    except LookupError:
        raise FileRefused(f"“{encoding}” is no encoding.") from None


def _sample(path: Path, encoding: str) -> str:
    with _text(path, encoding) as text:
        return text.read(1 << 16)


def _find_separator(sample: str) -> str:
    """The sign that cuts the first rows into the same, largest number of cells."""

    def score(separator: str) -> tuple[bool, int]:
        try:
            rows = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=separator) if row][:20]
        except csv.Error:
            return False, 0
        rows = rows[:-1] if len(rows) > 2 else rows  # the sample may cut the last one
        return rows.count(rows[0]) * 2 > len(rows) and rows[0] > 1, rows[0] if rows else 0

    best = max(SEPARATORS, key=lambda s: (*score(s), -SEPARATORS.index(s)))
    return best if score(best)[1] > 1 else ","


def _headers(path: Path, encoding: str, separator: str, skip: int) -> tuple[str, ...]:
    csv.field_size_limit(LONGEST_CELL)
    with _text(path, encoding) as text:
        rows = csv.reader(chain(text, [END]), delimiter=separator)
        for _ in range(skip):
            next(rows, None)
        try:
            headers = [name.strip().strip("\ufeff") for name in next(rows, [])]
        except csv.Error:
            raise FileRefused("The first line is longer than a header can be.") from None
    if headers and headers[-1].endswith(END) and headers != [END]:
        raise FileRefused("A quote opened in the first line is never closed; the rows were read as part of it.")
    if not any(headers) or headers == [END]:
        raise FileRefused("The first line holds no column names.")
    while headers and not headers[-1]:
        headers.pop()  # separators after the last column
    if len(headers) > MOST_COLUMNS:
        raise FileRefused(f"The file has {len(headers):,} columns; at most {MOST_COLUMNS} can be read.")
    return tuple(_unique(headers))


def _unique(headers: list[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for i, header in enumerate(headers):
        name = header or f"column {i + 1}"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


class RowFeed:
    """Rows as the bytes COPY reads: row number, what is wrong with its shape, cells. A file-like object.

    Row 1 is the header, so the number is the one a spreadsheet shows. Empty rows are passed over. What is wrong is
    JSON: the cells as they are, or an object `{"cells": [...], "swallowed": lines}` where a quote was left open.

    The driver of the database turns whatever is raised while COPY reads into an error of its own, so what ended
    the reading stays here as `failure`.
    """

    def __init__(
        self,
        rows: Iterator[list[str]],
        width: int,
        *,
        on_rows: Callable[[int], None] | None = None,
        most_rows: int | None = None,
    ) -> None:
        self.count = 0
        self.failure: BaseException | None = None
        self._rows, self._width, self._on_rows, self._most = rows, width, on_rows, most_rows
        self._number = 1
        self._buffer = io.StringIO()
        self._writer = csv.writer(self._buffer, lineterminator="\r\n")  # only signs of this are quoted, so both
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
                f"Row {self._number + 1} holds a cell of more than {LONGEST_CELL:,} characters; is a quote not closed?"
            ) from None
        except BROKEN as broken:
            raise FileRefused(f"The file can't be read after row {self._number}: {broken}.") from None
        if self._most is not None and self.count > self._most:
            raise FileRefused(f"The file has more than {self._most:,} rows.")
        if self._on_rows is not None and self.count > before:
            self._on_rows(self.count)
        self._ready, self._at = self._buffer.getvalue().encode(), 0
        return self.count > before

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
            elif len(row) != width and (len(row) < width or any(row[width:])):
                wrong = row
            self._number += 1
            if wrong is None:
                write([self._number, None, *row[:width]])
            else:
                cells = (row + [""] * width)[:width]
                write([self._number, json.dumps(wrong, ensure_ascii=False), *cells])
            self.count += 1
            if self.count >= until:
                return


def _opened(row: list[str], width: int) -> tuple[list[str], int]:
    """The row of a quote left open, what it swallowed as a cell too many; and how many lines those are."""
    own, _, rest = row[-1].removesuffix(END).partition("\n")
    rest = rest.strip("\r\n")
    cells = [*row[:-1], own.rstrip("\r")]
    if rest:
        cells += [""] * (width - len(cells)) + [rest]
    return cells, len(rest.splitlines())
