"""How dates, numbers and truth are written in files, and whether a text written in a mapping can be read so."""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from data_collection.imports.calc.tables import Field

DATE_ORDERS = ("iso", "dmy", "mdy", "ymd", "excel")
AUTO = "auto"  # the file itself decides: what detection finds in it
TRUE, FALSE = ("true", "t", "yes", "y", "1", "on"), ("false", "f", "no", "n", "0", "off")
#: Days of business; a date outside is a slip of the pen or a filler such as 9999-12-31.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)

CURRENCY_SIGNS = "€$£¥฿₹₩₫₪₱₦₴₺₽₸₡₲₵₭₮"
#: What a number may carry besides digits and marks: blanks, apostrophes, currency signs, a currency code at an end.
BARE = f"[\\s\u00a0\u2007\u202f'’{CURRENCY_SIGNS}]|^[A-Z]{{3}}|[A-Z]{{3}}$"
NEGATIVE, MINUS = r"^\((.*)\)$", r"-\1"
POWER = r"^[+-]?\d{1,30}(\.\d{1,30})?[eE][+-]?\d{1,2}$"

#: Order -> (pattern, replacement into ISO order, how a person writes it). A time may follow.
DATES = {
    "iso": (r"^(\d{4})-(\d{1,2})-(\d{1,2})", r"\1-\2-\3", "YYYY-MM-DD"),
    "ymd": (r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", r"\1-\2-\3", "YYYY/MM/DD"),
    "dmy": (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", r"\3-\2-\1", "DD.MM.YYYY"),
    "mdy": (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", r"\3-\1-\2", "MM/DD/YYYY"),
}
TIME = r"([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)? ?([AaPp][Mm])? ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)"
#: A literal Z before the offset, as the Data Loader writes it: the offset holds.
ZULU_TIME = r"([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)? ?Z[+-]\d{2}:?\d{2})"
#: The first two signs that are no digits: the same between all parts of a date, or it is none.
SIGNS = ("--", "//", "..")
#: Midnight of Greenwich in a field of days is how a day without time is sent; it means that day everywhere.
MIDNIGHT, GREENWICH = r"[T ]+0?0:00(:00(\.0+)?)?", r" ?(Z|UTC|GMT|[+-]00:?00)"
EXCEL = r"^\d{1,6}(\.\d+)?$"


@dataclass(frozen=True, slots=True)
class Formats:
    date: tuple[str, ...] = ("iso",)  # tried in this order
    decimal: str = "."  # decimal mark, "." or ","
    time_zone: str = "UTC"  # of times without an offset
    currency: str = ""  # of amounts that name none; empty = the field's own default

    @property
    def is_auto(self) -> bool:
        return AUTO in (*self.date, self.decimal, self.time_zone, self.currency)

    def settled(self, found: "Formats") -> "Formats":
        """With what was found in the file in the places of “auto”; ISO dates are always understood as well."""
        if not self.is_auto:
            return self
        dates = [order for own in self.date for order in (found.date if own == AUTO else (own,))]
        return Formats(
            tuple(dict.fromkeys([*dates, "iso"])),
            found.decimal if self.decimal == AUTO else self.decimal,
            found.time_zone if self.time_zone == AUTO else self.time_zone,
            found.currency if self.currency == AUTO else self.currency,
        )


PLAIN = Formats()


def number_shape(mark: str) -> str:
    """Pattern of a number without its trimmings, in groups of three or not."""
    group, point = (",", r"\.") if mark == "." else (r"\.", ",")
    return rf"^[+-]?(\d{{1,30}}|\d{{1,3}}({group}\d{{3}})+)?({point}\d*)?$"


def misread(field: Field, text: str, formats: Formats, *, percent: bool = False) -> str | None:
    """Why a text of the mapping is no value of the field, None when it is one. The same rules as for cells."""
    text = text.strip()
    if field.kind in {"decimal", "integer", "float"}:
        number = _number(text.rstrip("%").rstrip() if percent else text, formats.decimal)
        if number is None:
            return "is not a number"
        return "is not a whole number" if field.kind == "integer" and number != int(number) else None
    if field.kind in {"date", "datetime"}:
        day = _day(text, formats)
        if day is None:
            return "is no date"
        return None if FIRST_DAY <= day <= LAST_DAY else f"is not between {FIRST_DAY} and {LAST_DAY}"
    if field.kind == "boolean":
        return None if text.lower() in TRUE + FALSE else "is neither true nor false"
    if field.kind == "json":
        return None if _is_json(text) else "is not valid JSON"
    if field.choices:
        known = {choice.lower() for choice in field.choices}
        return None if text.lower() in known else f"is none of: {', '.join(field.choices)}"
    if field.upper:
        return None if re.fullmatch("[A-Z]{3}", text.upper()) else "is not a currency code"
    long = field.kind == "text" and field.max_length is not None and len(text) > field.max_length
    return f"is longer than {field.max_length} characters" if long else None


def _number(text: str, mark: str) -> Decimal | None:
    if re.search(POWER, text, re.ASCII):
        return Decimal(text)
    bare = re.sub(NEGATIVE, MINUS, re.sub(BARE, "", text))
    if not re.search(number_shape(mark), bare, re.ASCII) or not re.search("[0-9]", bare):
        return None
    return Decimal(bare.replace(",", "") if mark == "." else bare.replace(".", "").replace(",", "."))


def _day(text: str, formats: Formats) -> date | None:
    for order in formats.date:
        if order not in DATES:
            if re.search(EXCEL, text, re.ASCII):
                return date.fromordinal(date(1899, 12, 30).toordinal() + int(float(text)))
            continue
        found = re.search(DATES[order][0] + f"({TIME}|{ZULU_TIME})?$", text, re.ASCII)
        if found and re.sub(r"\d", "", text, flags=re.ASCII)[:2] in SIGNS:
            try:
                return date(*(int(part) for part in found.expand(DATES[order][1]).split("-")))
            except ValueError:
                continue
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# --- words of a mapping ----------------------------------------------------------------------
def factor(text: str) -> str | None:
    """A positive number written in ASCII, without exponent; None when it is none."""
    if not re.fullmatch(r"(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?", text, re.ASCII):
        return None
    number = Decimal(text)
    return format(number, "f") if number > 0 else None
