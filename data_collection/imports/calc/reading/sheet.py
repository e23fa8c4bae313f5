"""A sheet of a workbook as rows of text, read piece by piece: a row is at hand as soon as its tag closes.

Dates become ISO text, numbers keep the fifteen digits a spreadsheet shows, percents their sign, booleans true and
false; of a formula the value it last had; an error is empty.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from data_collection.imports.calc.reading.archive import Archive, pieces
from data_collection.imports.calc.reading.refusals import FileRefused, Limits, check_columns

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet, by its format
LAST_DAY = 2_958_465  # 9999-12-31
PLAIN = re.compile(r"-?\d+", re.ASCII)
SHORT = re.compile(r"(-?\d{1,9}\.\d{0,5}[1-9])0*", re.ASCII)
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
DAY_MS = 86_400_000


class Texts:
    """The shared texts of a workbook as one block of bytes, a third of what Python texts take."""

    def __init__(self, most: int) -> None:
        self._bytes, self._ends, self._most = bytearray(), array("Q", [0]), most
        self._parts: list[str] = []
        self._depth = 0  # inside <rPh>, the reading aid of a text
        self._inside = False
        self._known: dict[int, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rPh":
            self._depth += 1
        self._inside = name == "t" and not self._depth

    def text(self, text: str) -> None:
        if self._inside:
            self._parts.append(text)

    def end(self, name: str) -> None:
        self._inside = False
        if name == "rPh":
            self._depth -= 1
        elif name == "si":
            self._bytes += unescaped("".join(self._parts)).encode("utf-8", "replace")
            self._ends.append(len(self._bytes))
            self._parts.clear()

    def __getitem__(self, place: int) -> str:
        known = self._known.get(place)
        if known is None:
            if not 0 <= place < len(self._ends) - 1:
                return ""
            known = self._bytes[self._ends[place] : self._ends[place + 1]].decode()
            if len(self._known) > 20_000:
                self._known.clear()
            self._known[place] = known
        return known


def unescaped(text: str) -> str:
    """`_x000D_` is how a workbook writes signs XML cannot hold."""
    return ESCAPED.sub(_sign, text) if "_x" in text else text


def _sign(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


@dataclass(slots=True)
class Tally:
    """What was met in the cells of a sheet."""

    formulas: int = 0
    unknown: int = 0  # formulas without a stored value
    errors: Counter[str] = field(default_factory=Counter)
    merged: int = 0


class SheetReader:
    """Takes the elements of a sheet and leaves (row number, cells) in `ready`."""

    def __init__(self, texts: Texts, styles: list[str], *, epoch_1904: bool, limits: Limits) -> None:
        self.ready: list[tuple[int, list[str]]] = []
        self.tally = Tally()
        self._texts, self._styles, self._limits = texts, styles, limits
        self._epoch_1904 = epoch_1904
        self._letters: dict[str, int] = {}
        self._row, self._column, self._count = 0, -1, 0
        self._cells: list[str] = []
        self._type = self._style = ""
        self._formula = self._collect = False
        self._phonetic = 0
        self._parts: list[str] = []
        self._size = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._open_cell(attributes)
        elif name == "v" or (name == "t" and not self._phonetic):
            self._collect = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._open_row(attributes.get("r", ""))
        elif name == "rPh":
            self._phonetic += 1
        elif name == "mergeCell":
            self.tally.merged += 1

    def text(self, text: str) -> None:
        if self._collect:
            self._size += len(text)
            if self._size > self._limits.cell:
                raise FileRefused(f"Row {self._row:,} holds a cell of more than {self._limits.cell:,} characters.")
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "c":
            self._close_cell()
        elif name in ("v", "t"):
            self._collect = False
        elif name == "row":
            self.ready.append((self._row, self._cells))
            self._cells = []
        elif name == "rPh":
            self._phonetic -= 1

    def _open_row(self, number: str) -> None:
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
        self._row = place if place > self._row else self._row + 1
        if self._row > MOST_ROWS:
            raise FileRefused(f"The sheet has more than {MOST_ROWS:,} rows, the most a workbook holds. It is not read.")
        self._column, self._cells, self._count = -1, [], 0

    def _open_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        self._column = self._column + 1 if place is None else self._place(place)
        self._count += 1
        if self._column >= MOST_COLUMNS or self._count > MOST_COLUMNS:
            raise FileRefused(f"Row {self._row:,} has more than {MOST_COLUMNS:,} cells, the most a workbook holds.")
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._formula, self._size = False, 0
        self._parts.clear()

    def _place(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        place = self._letters.get(letters)
        if place is None:
            place = 0
            for letter in letters[:4].upper():
                place = place * 26 + ord(letter) - 64
            place = self._letters[letters] = max(place - 1, 0)
            if len(self._letters) > 2 * MOST_COLUMNS:
                self._letters.clear()
        return place

    def _close_cell(self) -> None:
        raw = "".join(self._parts)
        self.tally.formulas += self._formula
        if not raw:
            self.tally.unknown += self._formula and self._type != "str"
            return
        text = self._value(raw)
        if not text:
            return
        missing = self._column - len(self._cells)
        if missing >= 0:
            check_columns(self._column + 1, self._limits)
            self._cells += [""] * missing
            self._cells.append(text)
        else:
            self._cells[self._column] = text

    def _value(self, raw: str) -> str:
        kind = self._type
        if kind == "s":
            return self._texts[int(raw)] if raw.isascii() and raw.isdigit() and len(raw) < 12 else ""
        if kind in ("str", "inlineStr"):
            return unescaped(raw)
        if kind == "b":
            return "true" if raw.strip() == "1" else "false"
        if kind == "e":
            self.tally.errors[raw[:20]] += 1
            return ""
        if kind == "d":
            return raw.strip()
        place = int(self._style) if self._style.isascii() and self._style.isdigit() and len(self._style) < 9 else 0
        style = self._styles[place] if place < len(self._styles) else ""
        return styled(raw.strip(), style, epoch_1904=self._epoch_1904)


def sheet_rows(archive: Archive, part: str, reader: SheetReader) -> Iterator[tuple[int, list[str]]]:
    """Rows of a sheet with their numbers; rows that hold nothing may be left out."""
    with archive.open(part, None) as stream:
        for _ in pieces(stream, reader):
            yield from reader.ready
            reader.ready.clear()


# --- values ----------------------------------------------------------------------------------
def styled(raw: str, style: str, *, epoch_1904: bool = False) -> str:
    """The text of a number, by what its cell shows: a number, percent, date, datetime, time or duration."""
    if not style:
        return number_text(raw)
    try:
        value = Decimal(raw)
        if not value.is_finite():
            return ""
    except ArithmeticError:
        return raw
    if style == "percent":
        return number_text(str(value * 100)) + "%"
    return moment(float(value), style, epoch_1904=epoch_1904) or number_text(raw)


def number_text(raw: str) -> str:
    """A number with at most fifteen digits, as a spreadsheet shows it: no noise of binary fractions, no exponent."""
    if PLAIN.fullmatch(raw):
        return raw
    if short := SHORT.fullmatch(raw):
        return short[1]
    try:
        value = Decimal(raw)
        if not value.is_finite():
            return ""
        if len(value.as_tuple().digits) > 15:
            value = Decimal(format(float(value), ".15g"))
    except (ArithmeticError, ValueError):
        return raw
    if abs(value.adjusted()) > 40:
        return str(value)
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def moment(value: float, style: str, *, epoch_1904: bool = False) -> str:
    """A day number as ISO text, to the millisecond; "" where it is no day of the calendar."""
    if not 0 <= value <= LAST_DAY:
        return ""
    days, ms = divmod(round(value * DAY_MS), DAY_MS)
    if style == "duration":
        return _clock(days * DAY_MS + ms)
    if days == 0 and not epoch_1904:
        return _clock(ms) if style != "date" or ms else ""
    if style == "time" and days == 0:
        return _clock(ms)
    day = _day(days, epoch_1904)
    return f"{day:%Y-%m-%d}" if style == "date" and ms == 0 else f"{day:%Y-%m-%d}T{_clock(ms)}"


def _day(days: int, epoch_1904: bool) -> date:
    if epoch_1904:
        return date(1904, 1, 1) + timedelta(min(days, LAST_DAY - 1462))
    return (datetime(1899, 12, 31 if days < 60 else 30) + timedelta(days)).date()  # 1900 was no leap year


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{ms:03}" if ms else text
