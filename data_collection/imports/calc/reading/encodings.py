"""Bytes to text: which encoding fits the whole file, and a stream of its text."""

import codecs
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data_collection.imports.calc.reading.refusals import FileRefused, Limits, Meter, first_bytes_problem

CHUNK = 1 << 20
TAIL = 1 << 13  # bytes of the end that are kept to look for a footer


@dataclass(frozen=True, slots=True)
class Look:
    """What reading the bytes once has shown."""

    encoding: str  # Python's name
    size: int  # bytes of the content, unpacked
    tail: bytes  # the last of them
    notes: tuple[str, ...] = ()


def is_packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def open_bytes(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")  # type: ignore[return-value]  # GzipFile reads bytes


class _Until(io.RawIOBase):
    """The first bytes of a stream, as if it ended there."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        self._raw, self._left = raw, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        piece = self._raw.read(min(len(buffer), self._left))
        self._left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._raw.close()
        super().close()


def open_text(path: Path, encoding: str, end: int | None = None) -> io.TextIOWrapper:
    """The text of a file, line ends as they are. `end`: bytes after which nothing is read."""
    raw = open_bytes(path)
    if end is not None:
        raw = io.BufferedReader(_Until(raw, end), 1 << 16)  # type: ignore[type-var]  # a raw stream it is
    return io.TextIOWrapper(raw, encoding=encoding, newline="")


def look(path: Path, wanted: str | None, limits: Limits) -> Look:
    """Read all bytes once: a byte-order mark, else UTF-8, else Windows-1252.

    Raises:
        FileRefused: it is no text, or larger than the limits.
    """
    scan = _Scan(path, wanted, limits)
    with open_bytes(path) as raw:
        while chunk := raw.read(CHUNK):
            scan.add(chunk)
    encoding, broken = scan.finish()
    if scan.name is not None or broken is not None:
        _must_decode(path, encoding, broken)
    notes = ("The file is not UTF-8; it was read as Windows-1252.",) if encoding == "cp1252" and not wanted else ()
    return Look(encoding, scan.meter.seen, scan.tail, notes)


class _Scan:
    def __init__(self, path: Path, wanted: str | None, limits: Limits) -> None:
        self.path, self.name, self.limits = path, wanted, limits
        self.meter = Meter(path.stat().st_size if is_packed(path) else 1 << 62, limits)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.broken: int | None = None  # line of the first byte that is not UTF-8
        self.lines, self.unbroken, self.tail = 1, 0, b""

    def add(self, chunk: bytes) -> None:
        if self.meter.seen == 0:
            found = _by_first_bytes(self.path, chunk)
            self.name = self.name or found
        self.meter.add(len(chunk))
        if self.name is None and self.broken is None:
            self.broken = _utf8_line(self.decoder, chunk, self.lines)
        if not is_wide(self.name) and b"\0" in chunk:
            raise FileRefused("The file holds zero bytes: it is no text file. Save it as CSV in UTF-8.")
        self.lines += chunk.count(b"\n")
        self._line(chunk)
        self.tail = (self.tail + chunk)[-TAIL:]

    def _line(self, chunk: bytes) -> None:
        """A line of many megabytes would be read into memory as a whole: it is refused before."""
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self.unbroken = self.unbroken + len(chunk) if last < 0 else len(chunk) - last - 1
        if self.unbroken > 4 * self.limits.row:  # a character takes up to four bytes
            raise FileRefused(
                f"Line {self.lines:,} is longer than {self.limits.row:,} characters: this is no file of rows. "
                "Check how it was exported."
            )

    def finish(self) -> tuple[str, int | None]:
        if self.name is None and self.broken is None:
            try:
                self.decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.broken = self.lines
        return self.name or ("utf-8" if self.broken is None else "cp1252"), self.broken


def is_wide(encoding: str | None) -> bool:
    """Two or four bytes a character, so that zero bytes are usual."""
    try:
        return encoding is not None and codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    except LookupError:
        return False


def _by_first_bytes(path: Path, chunk: bytes) -> str | None:
    problem = first_bytes_problem(path.name.lower().removesuffix(".gz"), chunk[:16])
    if problem:
        raise FileRefused(problem)
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
        with open_text(path, encoding) as text:
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
