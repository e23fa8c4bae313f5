"""The gate before an XLSX file: its ZIP directory and the XML of its parts, checked before and while they are read.

No reader of workbooks guards its memory: a file of one megabyte may unpack to gigabytes, declare entities that
multiply, or hold a tag that never ends. So sizes are checked in the directory, which unpacking cannot exceed, and the
XML is read in small pieces with limits on depth, names and the length of a tag.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol
from xml.parsers import expat

from data_collection.imports.calc.reading.refusals import RATIO_FLOOR, FileRefused, Limits, megabytes

DIRECTORY_END, DIRECTORY_END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
LARGEST_PART = 32 << 20  # bytes of a part other than sheets and shared texts
MOST_NAMES, DEEPEST, LONGEST_TAG, PIECE = 2000, 60, 1 << 20, 1 << 16
UNUSABLE = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, ValueError, LookupError)
DAMAGED = "The workbook is damaged ({}). Open it in a spreadsheet, save it again as .xlsx, and choose that file."
MACROS = "The workbook holds macros, which are never run and never taken. Save it as .xlsx without macros."


class Handler(Protocol):
    """Takes the elements of a part, by their names without prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, text: str) -> None: ...


class Archive:
    """The parts of a workbook by their names, after the checks."""

    def __init__(self, path: Path, limits: Limits) -> None:
        _check_directory(path, limits)
        try:
            self._zip = zipfile.ZipFile(path)
        except UNUSABLE as wrong:
            raise FileRefused(DAMAGED.format(wrong)) from None
        self.limits = limits
        self._parts = _checked(self._zip.infolist(), limits)

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        return list(self._parts)

    def has(self, name: str) -> bool:
        return name.lower() in self._parts

    def open(self, name: str, most: int | None = LARGEST_PART) -> BinaryIO:
        """A part unpacked, never more than its declared size. `most`: a larger one is refused."""
        part = self._parts.get(name.lower())
        if part is None:
            raise FileRefused(DAMAGED.format(f"the part {name} is missing"))
        if most is not None and part.file_size > most:
            raise FileRefused(
                f"The part {name} of the workbook has {megabytes(part.file_size)} unpacked; at most "
                f"{megabytes(most)} are read. Save the sheet as .csv."
            )
        try:
            return self._zip.open(part)  # type: ignore[return-value]  # ZipExtFile reads bytes
        except UNUSABLE as wrong:
            raise FileRefused(DAMAGED.format(wrong)) from None

    def read(self, name: str, handler: Handler, most: int | None = LARGEST_PART) -> None:
        """The whole part through a handler."""
        with self.open(name, most) as stream:
            for _ in pieces(stream, handler):
                pass


def _check_directory(path: Path, limits: Limits) -> None:
    """Refuse too long a directory before it is read into memory."""
    with path.open("rb") as raw:
        size = raw.seek(0, 2)
        start = max(0, size - 65_600)
        raw.seek(start)
        tail = raw.read()
        at = tail.rfind(DIRECTORY_END)
        if at < 0 or len(tail) < at + 22:
            raise FileRefused(DAMAGED.format("its directory is missing"))
        count, length = struct.unpack("<10xHL", tail[at : at + 16])
        if at >= 20 and tail[at - 20 : at - 16] == LOCATOR_64:
            (place,) = struct.unpack("<8xQ", tail[at - 20 : at - 4])
            raw.seek(min(place, size))
            record = raw.read(56)
            if record[:4] != DIRECTORY_END_64 or len(record) < 56:
                raise FileRefused(DAMAGED.format("its directory is broken"))
            count, length = struct.unpack("<32xQQ", record[:48])
    if count > limits.parts or length > limits.parts * 1000:
        raise FileRefused(
            f"The workbook has {count:,} parts inside; at most {limits.parts:,} are read. Save the sheet as .csv."
        )


def _checked(found: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(found) > limits.parts:
        raise FileRefused(f"The workbook has {len(found):,} parts inside; at most {limits.parts:,} are read.")
    parts: dict[str, zipfile.ZipInfo] = {}
    for part in found:
        name = part.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name:
            raise FileRefused(f"The workbook holds a part named “{name[:80]}”, which leads out of it. It is not read.")
        if part.flag_bits & 1:
            raise FileRefused("The workbook is protected by a password. Save it without one.")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileRefused(DAMAGED.format(f"{name[:80]} is packed in an unusual way"))
        if name.lower() in parts:
            raise FileRefused(DAMAGED.format(f"the part {name[:80]} occurs twice"))
        if name.lower().endswith("vbaproject.bin"):
            raise FileRefused(MACROS)
        _check_ratio(part, name, limits)
        parts[name.lower()] = part
    total = sum(part.file_size for part in found)
    if limits.unpacked is not None and total > limits.unpacked:
        raise FileRefused(
            f"The workbook has {megabytes(total)} unpacked; at most {megabytes(limits.unpacked)} are read. Split it."
        )
    return parts


def _check_ratio(part: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if part.file_size > RATIO_FLOOR and part.file_size > limits.ratio * max(part.compress_size, 1):
        raise FileRefused(
            f"The part {name[:80]} of the workbook unpacks to {megabytes(part.file_size)}, more than {limits.ratio} "
            "times its packed size; no sheet of rows does. Save the sheet as .csv."
        )


def pieces(stream: BinaryIO, handler: Handler) -> Iterator[None]:
    """Feed a part to a handler piece by piece; whoever iterates takes what the handler has meanwhile.

    Raises:
        FileRefused: it is no XML, declares entities, or is made to fill the memory.
    """
    parser, guard = _parser(handler), 0
    try:
        while piece := stream.read(PIECE):
            parser.Parse(piece, False)
            guard += len(piece)
            if guard - parser.CurrentByteIndex > LONGEST_TAG:
                raise FileRefused(DAMAGED.format(f"a tag is longer than {megabytes(LONGEST_TAG)}"))
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, zlib.error, EOFError, *UNUSABLE) as wrong:
        if isinstance(wrong, FileRefused):
            raise
        raise FileRefused(DAMAGED.format(wrong)) from None
    yield


def _parser(handler: Handler) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0
    names: dict[str, str] = {}  # as written -> without prefix
    keys: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise FileRefused(DAMAGED.format("its XML is nested too deeply"))
        local = names.get(name)
        if local is None:
            local = names[name] = name.rpartition(":")[2]
        if not attributes.keys() <= keys:
            keys.update(attributes)
            if len(keys) > MOST_NAMES:
                raise FileRefused(DAMAGED.format("its XML has too many names"))
        if len(names) > MOST_NAMES:
            raise FileRefused(DAMAGED.format("its XML has too many names"))
        handler.start(local, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(names[name])

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_entities
    return parser


def _refuse_entities(*_declared: object) -> None:
    raise FileRefused("The workbook declares XML entities, as no spreadsheet does. It is not read.")


class Elements:
    """A handler for small parts: calls back with the name and attributes of every element that opens."""

    def __init__(self, opened: Callable[[str, dict[str, str]], None]) -> None:
        self.start = opened

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass
