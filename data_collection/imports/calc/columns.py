"""What one column of a file holds, decided from its texts."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from data_collection.imports.calc import kinds
from data_collection.imports.calc.kinds import Number

LONGEST = 200  # characters of a text that is kept
ENOUGH = 0.9  # share of the values that makes a column of a kind; the others are named
ENOUGH_DATES = 0.6  # nothing else looks like a date
DAY_ORDERS = frozenset(["dmy", "mdy"])
RANK = ("iso", "ymd", "dmy", "mdy")
NUMBERS = frozenset(["integer", "number", "percent"])


@dataclass(slots=True)
class Column:
    """Texts of a column, then its kind and what they say of formats."""

    header: str
    filled: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    kind: str = "empty"
    misfits: tuple[str, ...] = ()  # texts that are not of the kind
    orders: tuple[str, ...] = ()  # of dates, best first
    day_orders: set[str] = field(default_factory=set)  # decided by a value: day first, month first
    marks: set[str] = field(default_factory=set)  # decimal marks decided by a value
    unclear: bool = False  # holds a number as `1,234`
    currency: str = ""
    without_offset: bool = False  # times of day without an offset
    us_signs: bool = False  # AM or PM, or a dollar sign

    def add(self, text: str) -> None:
        if text:
            self.filled += 1
            self.texts[text[:LONGEST]] += 1

    def judge(self) -> None:
        """Decide the kind."""
        if not self.filled:
            return
        self.kind = "text"
        for decide in (_boolean, _email, _url, _date, _phone, _id, _number):
            if decide(self):
                return

    @property
    def misfit_count(self) -> int:
        return sum(self.texts[text] for text in self.misfits)

    @property
    def ambiguous(self) -> bool:
        """Its dates may be day first or month first."""
        return set(self.orders) >= DAY_ORDERS and not self.day_orders

    @property
    def mixed(self) -> bool:
        """No one order, or no one decimal mark, reads all its values."""
        return self.day_orders >= DAY_ORDERS or len(self.marks) > 1

    @property
    def is_open(self) -> bool:
        return self.ambiguous or (self.unclear and not self.marks)

    def take(self, kind: str, fitting: Iterable[str], enough: float = ENOUGH) -> bool:
        """Be of this kind when enough of the values are."""
        known = set(fitting)
        if sum(self.texts[text] for text in known) < enough * self.filled or not known:
            return False
        self.kind, self.misfits = kind, tuple(text for text in self.texts if text not in known)
        return True

    def decide(self, text: str) -> None:
        """A value from further down, while something is open."""
        if self.ambiguous:
            self._vote(kinds.date_orders(text))
        elif (number := kinds.number_seen(text)) and len(number.marks) == 1:
            self.marks |= number.marks

    def _vote(self, orders: frozenset[str]) -> None:
        if len(orders & DAY_ORDERS) == 1:
            self.day_orders |= orders & DAY_ORDERS
            self.orders = tuple(sorted(self.orders, key=lambda order: order in DAY_ORDERS - self.day_orders))

    def read_dates(self, found: dict[str, frozenset[str]]) -> None:
        self.orders = best_orders(list(found.values()))
        for orders in found.values():
            self._vote(orders)
        if len(self.day_orders) == 1:
            self.orders = tuple(order for order in self.orders if order not in DAY_ORDERS - self.day_orders)

    def read_times(self, timed: Sequence[str]) -> None:
        self.kind = "datetime" if timed else "date"
        self.without_offset = any(not kinds.has_offset(text) for text in timed)
        self.us_signs = any(text[-1] in "Mm" for text in timed)

    def read_numbers(self, found: dict[str, Number]) -> None:
        self.marks = {mark for number in found.values() if len(number.marks) == 1 for mark in number.marks}
        self.unclear = any(len(number.marks) == 2 and not number.plain for number in found.values())
        signs = {number.currency for number in found.values() if number.currency}
        self.currency = signs.pop() if len(signs) == 1 else ""
        self.us_signs = self.currency in {"$", "USD"}
        if any(number.percent for number in found.values()):
            self.kind = "percent"
        elif all(kinds.PLAIN_INTEGER.match(text) for text in found):
            self.kind = "integer"


def best_orders(found: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """Orders to read dates by: one that fits all values, else few that do together; both day orders while open."""
    common = frozenset.intersection(*found)
    if "iso" in common:
        return ("iso",)
    if common:
        return tuple(order for order in RANK if order in common)
    chosen, left = [], list(found)
    for order in RANK[:2]:
        if any(order in orders for orders in left):
            chosen.append(order)
            left = [orders for orders in left if order not in orders]
    return (*chosen, *(order for order in RANK[2:] if any(order in orders for orders in left)))


# --- kinds, in the order they are tried ----------------------------------------------------------
def _boolean(column: Column) -> bool:
    if set(column.texts) <= {"0", "1"}:
        return kinds.says(column.header, "truth") and column.take("boolean", column.texts)
    return column.take("boolean", _those(column, kinds.is_truth), 1)


def _email(column: Column) -> bool:
    return column.take("email", _those(column, lambda text: bool(kinds.EMAIL.match(text))))


def _url(column: Column) -> bool:
    named = kinds.says(column.header, "url")
    fits = _those(column, lambda text: bool(kinds.URL.match(text) or (named and kinds.DOMAIN.match(text))))
    return column.take("url", fits)


def _date(column: Column) -> bool:
    found = {text: orders for text in column.texts if (orders := kinds.date_orders(text))}
    if column.take("date", found, ENOUGH_DATES):
        column.read_dates(found)
        column.read_times([text for text in found if kinds.has_time(text)])
        return True
    if not kinds.says(column.header, "date") or kinds.says(column.header, "count"):
        return False
    serials = _those(column, kinds.is_serial)
    if column.take("date", serials, 1):
        column.orders = ("excel",)
        column.read_times([text for text in serials if "." in text])
        return True
    return False


def _phone(column: Column) -> bool:
    named = kinds.says(column.header, "phone")
    return column.take("phone", _those(column, lambda text: kinds.is_phone(text, named=named)))


def _id(column: Column) -> bool:
    texts = list(column.texts)
    if any(" " in text or len(text) > 64 for text in texts):
        return False
    if all(kinds.UUID.match(text) for text in texts) or all(kinds.is_record(text) for text in texts):
        return column.take("id", texts)
    if all(kinds.PLAIN_INTEGER.match(text) for text in texts):
        if any(len(text) > 15 for text in texts) or kinds.names_id(column.header):
            return column.take("id", texts)
        leading = any(len(text) > 1 and text[0] == "0" for text in texts)
        return (leading or kinds.says(column.header, "postal")) and column.take("text", texts)
    if not kinds.names_id(column.header) or not any(sign.isdigit() for text in texts for sign in text):
        return False
    whole = all(kinds.WHOLE.match(text) or kinds.PLAIN_INTEGER.match(text) for text in texts)
    return (whole or not all(kinds.number_seen(text) for text in texts)) and column.take("id", texts)


def _number(column: Column) -> bool:
    found = {text: number for text in column.texts if (number := kinds.number_seen(text))}
    if not column.take("number", found):
        return False
    column.read_numbers(found)
    return True


def _those(column: Column, fits: Callable[[str], bool]) -> list[str]:
    return [text for text in column.texts if fits(text)]
