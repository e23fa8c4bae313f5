"""What is known of a file before its rows are read."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data_collection.imports.calc.reading.feed import END, RowFeed
from data_collection.imports.calc.reading.refusals import NO_LIMITS, Limits

__all__ = ["END", "PREVIEW", "Survey", "digest", "unique"]
PREVIEW = 5000  # rows looked through where the whole file is not


@dataclass(frozen=True, slots=True)
class Survey:
    """A file looked through: what it is, how it is written, what its columns are."""

    path: Path
    size: int  # bytes on disk
    sha256: str
    encoding: str  # Python's name; "" for a workbook
    separator: str  # "" for a workbook and JSON lines
    headers: tuple[str, ...]
    skip: int = 0  # lines before the header
    format: str = "csv"  # csv, xlsx, jsonl
    rows: int | None = None  # after the header, where looking through has counted them
    notes: tuple[str, ...] = ()  # what a person should know of how it is read
    header_row: int = 1  # as a spreadsheet counts; 0: the rows carry their own names
    end: int | None = None  # bytes of the content after which no rows come
    sheet: str = ""  # of a workbook
    limits: Limits = NO_LIMITS

    def open_rows(self, *, marked: bool = False) -> Iterator[list[str]]:
        """All rows after the header. `marked`: the line END comes last, so that RowFeed sees a quote left open."""
        from data_collection.imports.calc.reading import readers  # which read by surveys

        return readers.open_rows(self, marked=marked)

    def feed(self, *, on_rows: Callable[[int], None] | None = None) -> RowFeed:
        """The rows as the bytes COPY reads, under the limits."""
        if self.format == "csv" and len(self.separator) == 1 and self.separator.isascii():  # COPY wants one byte
            from data_collection.imports.calc.reading import plain  # which reads by surveys

            text = plain.open_text(self.path, self.encoding, self.end)
            return plain.PlainFeed(
                text,
                len(self.headers),
                separator=self.separator,
                skip=self.skip + 1,
                limits=self.limits,
                header_row=self.header_row,
                on_rows=on_rows,
            )
        return RowFeed(
            self.open_rows(marked=True),
            len(self.headers),
            on_rows=on_rows,
            header_row=self.header_row,
            limits=self.limits,
        )


def digest(path: Path) -> str:
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def unique(headers: list[str]) -> Iterator[str]:
    """Names for columns: empty ones get their place, repeated ones a number."""
    seen: dict[str, int] = {}
    for i, header in enumerate(headers):
        name = header or f"column {i + 1}"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
