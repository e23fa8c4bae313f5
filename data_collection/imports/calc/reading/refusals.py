"""What ends the reading of a file: limits, content that does not fit the name, all told in words for a person."""

import zlib
from dataclasses import dataclass
from pathlib import Path

BROKEN = (OSError, EOFError, UnicodeError, zlib.error)  # what reading bytes or text may end in
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
#: First bytes -> what such a file is.
MAGIC = {
    ZIP: "an Excel or ZIP file",
    b"PK\x05\x06": "an empty ZIP file",
    b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or sound",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
    b"SQLite format 3": "a database",
    b"Rar!": "a RAR file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip file",
    b"BZh": "a bzip2 file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"PAR1": "a Parquet file",
    GZIP: "a gzip file without the ending .gz",
}
ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv", ".xlsx", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
#: Endings people try, and what to do instead.
INSTEAD = {
    ".xls": "Open it and save it as .xlsx or .csv.",
    ".xlsm": "It may hold macros; save it as .xlsx without them.",
    ".xlsb": "Save it as .xlsx or .csv.",
    ".xltx": "Save it as .xlsx or .csv.",
    ".ods": "Save it as .xlsx or .csv.",
    ".numbers": "Export it as .xlsx or .csv.",
    ".json": "Write one object a line and name it .jsonl.",
    ".zip": "Unpack it and choose the files inside.",
}


class FileRefused(ValueError):
    """The file cannot be read as the mapping expects; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused; None: as much as there is."""

    size: int | None = None  # bytes on disk
    unpacked: int | None = None  # bytes of its content
    rows: int | None = None
    cells: int | None = None  # rows x columns
    columns: int = 1000
    cell: int = 1 << 20  # characters; more is a quote that was never closed
    ratio: int = 200  # unpacked size over packed size
    parts: int = 1000  # files inside an XLSX file
    texts: int = 64 << 20  # bytes of the texts an XLSX file keeps apart from its cells

    @property
    def row(self) -> int:
        """Characters of a row over all its cells and line breaks."""
        return 4 * self.cell


NO_LIMITS = Limits()
RATIO_FLOOR = 16 << 20  # bytes; a smaller content does no harm however well it is packed


def megabytes(size: float) -> str:
    return (
        f"{size / 2**20:,.0f} MB" if size >= 2**20 else f"{size / 2**10:,.0f} kB" if size >= 1000 else f"{size} bytes"
    )


def ending_of(name: str) -> str:
    """The ending a file is read by, "" when there is none: `.csv.gz` before `.gz`."""
    low = name.lower()
    return max((ending for ending in ENDINGS if low.endswith(ending)), key=len, default="")


def format_of(name: str) -> str:
    """csv, xlsx or jsonl, by the ending; anything unknown is read as CSV."""
    ending = ending_of(name).removesuffix(".gz")
    return {".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(ending, "csv")


def name_problem(name: str) -> str:
    """Why a file of this name is not read, "" when it is."""
    if ending_of(name):
        return ""
    ending = Path(name).suffix.lower()
    advice = INSTEAD.get(ending, "Save it as .csv, .xlsx or .jsonl.")
    return f"Files ending in {ending or 'nothing'} can't be read. {advice}"


def first_bytes_problem(name: str, first: bytes) -> str:
    """Why the first bytes are not those of a file of this name, "" when they fit."""
    low = name.lower()
    if low.endswith(".gz"):
        return "" if first.startswith(GZIP) else "The name ends in .gz, but the content is not packed. Rename it."
    what = next((what for magic, what in MAGIC.items() if first.startswith(magic)), None)
    if format_of(low) != "xlsx":
        kind = "JSON lines" if format_of(low) == "jsonl" else "CSV"
        also = " Rename it to .xlsx if it is an Excel file." if first.startswith(ZIP) else ""
        return f"This is {what}, not a {kind} file.{also}" if what else ""
    if first.startswith(ZIP):
        return ""
    if first.startswith(b"\xd0\xcf\x11\xe0"):
        return (
            "This is an old Excel file (.xls) or one protected by a password. "
            "Save it as .xlsx without a password, or as .csv."
        )
    return f"The name ends in .xlsx, but the content is {what or 'no Excel file'}. Save it as .xlsx, or rename it."


def check_size(size: int, limits: Limits) -> None:
    """Raises FileRefused when the file is larger than the limit, before a byte is read."""
    if limits.size is not None and size > limits.size:
        raise FileRefused(
            f"The file has {megabytes(size)}; at most {megabytes(limits.size)} are read. "
            "Split it, or ask for a higher IMPORT_MAX_MB."
        )


class Meter:
    """Counts what a packed file unpacks to, and refuses it when that is too much."""

    def __init__(self, size: int, limits: Limits) -> None:
        self.size, self.limits, self.seen = max(size, 1), limits, 0

    def add(self, count: int) -> None:
        self.seen += count
        most, ratio = self.limits.unpacked, self.limits.ratio
        if most is not None and self.seen > most:
            raise FileRefused(f"The content is larger than {megabytes(most)}. Split the file.")
        if self.seen > RATIO_FLOOR and self.seen > ratio * self.size:
            raise FileRefused(
                f"The content is more than {ratio} times as large as the packed file ({megabytes(self.size)}); "
                "no file of rows is. Give it unpacked."
            )


LONGEST_NAME = 300  # characters of a column's name


def check_names(headers: list[str]) -> None:
    """A very long name is text of a row, or a quote that was never closed."""
    for place, name in enumerate(headers, start=1):
        if len(name) > LONGEST_NAME:
            raise FileRefused(
                f"The name of column {place} has {len(name):,} characters; at most {LONGEST_NAME} can be one. "
                "Is the first line the header?"
            )


def check_columns(count: int, limits: Limits) -> None:
    if count > limits.columns:
        raise FileRefused(
            f"The file has {count:,} columns; at most {limits.columns:,} can be read. Leave out those nobody needs."
        )
