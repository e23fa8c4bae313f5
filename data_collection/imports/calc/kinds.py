"""What kind of thing a text of a cell is: number, date, boolean, id, e-mail, phone, address.

Stricter than reading a cell whose kind is known: `1 2 3` can be read as 123, yet nobody writes a number so.
"""

import re
from dataclasses import dataclass
from datetime import date

from data_collection.imports.calc.formats import (
    CURRENCY_SIGNS,
    DATES,
    FALSE,
    GREENWICH,
    MIDNIGHT,
    SIGNS,
    TIME,
    TRUE,
    ZULU_TIME,
)

SPACES = "\u00a0\u2007\u202f "
#: Currencies whose code in front of or behind a number is taken as one (ISO 4217, those in wide use).
CODES = frozenset(
    "AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW KWD LKR MAD "
    "MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR".split()
)
_CURRENCY = rf"([{CURRENCY_SIGNS}]|[A-Z]{{3}})?"
_TRIM = re.compile(
    rf"^(\()?([+-]?)[{SPACES}]*{_CURRENCY}[{SPACES}]*([+-]?\d.*?)[{SPACES}]*{_CURRENCY}(%)?(\))?$", re.ASCII
)

#: Grouping sign -> pattern of the whole part. A group never begins with a zero: 0,123 is no thousand.
_WHOLE = r"(?:\d{{1,30}}|[1-9]\d{{0,2}}(?:{0}\d{{3}})+)"
_BY_MARK = {
    ".": re.compile(
        rf"^[+-]?(?:{_WHOLE.format(',')}|{_WHOLE.format('[' + SPACES + ']')}|{_WHOLE.format(chr(39))}"
        rf"|{_WHOLE.format('’')})(?:\.\d*)?$|^[+-]?\.\d+$|^[+-]?\d{{1,30}}(?:\.\d{{1,30}})?[eE][+-]?\d{{1,2}}$",
        re.ASCII,
    ),
    ",": re.compile(
        rf"^[+-]?(?:{_WHOLE.format('[.]')}|{_WHOLE.format('[' + SPACES + ']')}|{_WHOLE.format(chr(39))}"
        rf"|{_WHOLE.format('’')})(?:,\d*)?$|^[+-]?,\d+$",
        re.ASCII,
    ),
}
_DAY = {
    order: re.compile(pattern + f"({TIME}|{ZULU_TIME})?$", re.ASCII) for order, (pattern, _into, _how) in DATES.items()
}
_INTO = {order: into for order, (_pattern, into, _how) in DATES.items()}
OFFSET = re.compile(r":\d{2}.*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
WHOLE_DAY = re.compile(f"{MIDNIGHT}({GREENWICH})?$", re.ASCII)
EMAIL = re.compile(r"^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]{2,}$")
URL = re.compile(r"^(https?://|www\.)\S+$", re.IGNORECASE)
DOMAIN = re.compile(r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(/\S*)?$", re.IGNORECASE)
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
RECORD = re.compile(r"^[a-zA-Z0-9]{15}([A-Z0-5]{3})?$")
PLAIN_INTEGER = re.compile(r"^[+-]?\d+$", re.ASCII)
PHONE = re.compile(r"^(\+|00)?[\d() ./\u00a0-]{6,24}( ?(x|ext\.?|#) ?\d{1,6})?$", re.ASCII | re.IGNORECASE)
PHONE_GROUPS = re.compile(r"^\(?\d{2,4}\)?[ -]\d{3,4}[ -]\d{3,4}", re.ASCII)
WHOLE = re.compile(r"^\d+\.0+$", re.ASCII)  # an id that went through a column of decimals
SERIAL = re.compile(r"^\d{5}(\.\d+)?$", re.ASCII)
FIRST_SERIAL, LAST_SERIAL = 20_000, 60_000  # 1954-10-03 to 2064-04-08
_TRUTH = frozenset(word for word in TRUE + FALSE if word not in {"1", "0"})


@dataclass(frozen=True, slots=True)
class Number:
    """How a number is written."""

    marks: frozenset[str]  # decimal marks it may have been written with: `1,234` both, `1,5` only the comma
    plain: bool  # neither mark occurs, so that nothing is to be decided
    currency: str  # sign or code, "" for none
    percent: bool


def number_seen(text: str) -> Number | None:
    """How a number is written, None when the text is none."""
    found = _TRIM.match(text)
    if not found:
        return None
    opened, sign, before, bare, after, percent, closed = found.groups()
    currency = before or after or ""
    if bool(opened) != bool(closed) or (before and after) or (sign and bare[0] in "+-"):
        return None
    if len(currency) == 3 and currency not in CODES:
        return None
    marks = frozenset(mark for mark, shape in _BY_MARK.items() if shape.match(bare))
    plain = "," not in bare and "." not in bare
    return Number(marks, plain, currency, bool(percent)) if marks else None


def date_orders(text: str) -> frozenset[str]:
    """Orders in which the text is a real date, with or without a time: iso, ymd, dmy, mdy."""
    return frozenset(order for order, shape in _DAY.items() if (found := shape.match(text)) and _is_day(order, found))


def _is_day(order: str, found: re.Match[str]) -> bool:
    if re.sub(r"\d", "", found.string)[:2] not in SIGNS:
        return False
    try:
        year, month, day = (int(part) for part in found.expand(_INTO[order]).split("-"))
        date(year, month, day)
    except ValueError:
        return False
    clock = re.search(r"(\d{1,2}):(\d{2})", found.string[found.end(3) :])
    return not clock or (int(clock[1]) < 25 and int(clock[2]) < 60)


def has_time(text: str) -> bool:
    """A time of day other than midnight, which stands for a whole day."""
    return ":" in text and not WHOLE_DAY.search(text)


def has_offset(text: str) -> bool:
    return bool(OFFSET.search(text))


def is_truth(text: str) -> bool:
    return text.lower() in _TRUTH


def is_phone(text: str, *, named: bool) -> bool:
    """`named`: the header says phone, so that plain digits are one."""
    digits = sum(sign.isdigit() for sign in text)
    if not PHONE.match(text) or not 7 <= digits <= 19:
        return False
    return named or text.startswith("+") or bool(PHONE_GROUPS.match(text) and not number_seen(text))


def is_record(text: str) -> bool:
    """15 or 18 letters and digits, as Salesforce writes its records; both occur."""
    return bool(RECORD.match(text)) and any(s.isdigit() for s in text) and any(s.isalpha() for s in text)


def is_serial(text: str) -> bool:
    """A day number of Excel in the years of business."""
    return bool(SERIAL.match(text)) and FIRST_SERIAL <= float(text) <= LAST_SERIAL


# --- words of headers ------------------------------------------------------------------------
_WORDS = {
    "date": "date day datum fecha created closed modified updated due birthday birthdate วันที่",
    "id": "id ids key code uuid guid number no nr num reference ref sku",
    "phone": "phone mobile fax tel telephone cell telefon โทร",
    "url": "url website web site link domain homepage",
    "postal": "postal postcode zip plz",
    "truth": "is has flag active deleted opt",
    "count": "days count hours by age amount value price number id total revenue",
}
WORDS = {kind: frozenset(words.split()) for kind, words in _WORDS.items()}
NO_ID = frozenset("year quarter month week day postal post zip country currency area dial language".split())
#: Ends of words written together, as in CLOSEDATE and OWNERID; and words that only look so.
ENDS = ("date", "id", "ids", "phone", "number")
NO_ENDS = frozenset(
    "update candidate mandate paid unpaid prepaid valid invalid void avoid bid grid mid hybrid aid".split()
)


def header_words(header: str) -> list[str]:
    """Words of a header: `CloseDate__c` is close and date; `CLOSEDATE` is closedate and date."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"__(c|C|pc)$", "", header))
    words = [word.lower() for word in re.split(r"[\W_]+", split) if word]
    last = words[-1] if words else ""
    more = [end for end in ENDS if last.endswith(end) and last != end and last not in NO_ENDS]
    return words + more


def says(header: str, kind: str) -> bool:
    """The header has a word of this kind."""
    return bool(WORDS[kind] & set(header_words(header)))


def names_id(header: str) -> bool:
    """Its last word says id: an order number, but neither a number of orders nor a month number or postal code."""
    words = header_words(header)
    return bool(words) and words[-1] in WORDS["id"] and not NO_ID & set(words[:-1])
