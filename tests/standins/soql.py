"""As much of Salesforce's query language as a source of changes uses: conditions, one semi-join, an order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Record = dict[str, Any]
TOKEN = re.compile(r"\s*(>=|<=|!=|[=<>(),]|'(?:[^'\\]|\\.)*'|[\w.:+-]+)")
SELECT = re.compile(r"SELECT (?P<fields>.+?) FROM (?P<object>\w+)(?P<rest>.*)", re.DOTALL)


@dataclass
class Query:
    fields: list[str]
    object: str
    holds: Callable[[Record], bool]
    order: list[str]
    limit: int | None


def parsed(text: str, ids: Callable[[str], set[str]]) -> Query:
    """The query; `ids` runs an inner one."""
    match = SELECT.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    rest = match["rest"]
    rest, _, limit = rest.partition(" LIMIT ")
    rest, _, order = rest.partition(" ORDER BY ")
    where = rest.strip().removeprefix("WHERE ").strip()
    conditions = _Conditions(where, ids)
    return Query(
        [name.strip() for name in match["fields"].split(",")],
        match["object"],
        conditions.all() if where else lambda record: True,
        [name.strip() for name in order.split(",") if name.strip()],
        int(limit) if limit else None,
    )


def value_of(record: Record, path: str) -> Any:
    for part in path.split("."):
        record = (record or {}).get(part)  # type: ignore[assignment]
    return record


class _Conditions:
    """Comparisons joined by AND and OR, with brackets."""

    def __init__(self, text: str, ids: Callable[[str], set[str]]) -> None:
        self.text, self.at, self.ids = text, 0, ids

    def all(self) -> Callable[[Record], bool]:
        found = self._either()
        if self._peek():
            raise ValueError(self.text[self.at :])
        return found

    def _peek(self) -> str:
        match = TOKEN.match(self.text, self.at)
        return match[1] if match else ""

    def _take(self) -> str:
        match = TOKEN.match(self.text, self.at)
        if match is None:
            raise ValueError(self.text[self.at :])
        self.at = match.end()
        return match[1]

    def _either(self) -> Callable[[Record], bool]:
        parts = [self._both()]
        while self._peek() == "OR":
            self._take()
            parts.append(self._both())
        return lambda record: any(part(record) for part in parts)

    def _both(self) -> Callable[[Record], bool]:
        parts = [self._one()]
        while self._peek() == "AND":
            self._take()
            parts.append(self._one())
        return lambda record: all(part(record) for part in parts)

    def _one(self) -> Callable[[Record], bool]:
        if self._peek() == "(":
            self._take()
            inner = self._either()
            self._take()
            return inner
        field, sign = self._take(), self._take()
        if sign == "IN":
            end = self.text.index(")", self.at)
            start = self.text.index("(", self.at) + 1
            known = self.ids(self.text[start:end])
            self.at = end + 1
            return lambda record: value_of(record, field) in known
        value = _literal(self._take())
        return lambda record: _compared(value_of(record, field), sign, value)


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1]
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    return datetime.fromisoformat(text)


def _compared(own: Any, sign: str, value: Any) -> bool:
    if sign == "=":
        return bool(own == value)
    if sign == "!=":
        return bool(own != value)
    if own is None:
        return False
    return bool(own >= value) if sign == ">=" else bool(own > value)
