"""Conditions a person builds over the fields of a table: parsed into tests and groups, never evaluated as code.

A document is a group `{"match": "all" | "any", "parts": [...]}` whose parts are tests
`{"field": "amount", "op": "more", "value": "1000"}` or groups again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

TEXT, NUMBER, DATE, YES_NO, LINK, ATTRIBUTE = "text", "number", "date", "yes_no", "link", "attribute"
ATTRIBUTE_PREFIX = "attributes."
MOST_TESTS, DEEPEST = 40, 3
LONGEST_VALUE = 200

#: Operations by kind of field; the value each takes: text, list, number, date, days, or nothing.
OPERATIONS: dict[str, dict[str, str]] = {
    TEXT: {"is": "text", "is_not": "text", "contains": "text", "lacks": "text", "starts": "text", "one_of": "list",
           "empty": "", "filled": ""},
    NUMBER: {"equals": "number", "differs": "number", "more": "number", "least": "number", "less": "number",
             "most": "number", "empty": "", "filled": ""},
    DATE: {"on": "date", "before": "date", "after": "date", "days_ago": "days", "days_ahead": "days", "empty": "",
           "filled": ""},
    YES_NO: {"yes": "", "no": ""},
    LINK: {"empty": "", "filled": ""},
    ATTRIBUTE: {"is": "text", "is_not": "text", "contains": "text", "lacks": "text", "starts": "text",
                "one_of": "list", "more": "number", "less": "number", "empty": "", "filled": ""},
}  # fmt: skip

#: Fields by table: name in a document, its kind. The name is the path in the mirror, with dots.
FIELDS: dict[str, dict[str, str]] = {
    "opportunity": {
        "name": TEXT, "kind": TEXT, "status": TEXT, "stage.name": TEXT, "lead_source": TEXT, "currency": TEXT,
        "forecast_category": TEXT, "next_step": TEXT, "lost_reason": TEXT, "system": TEXT, "amount": NUMBER,
        "discount": NUMBER, "probability": NUMBER, "stage.rank": NUMBER, "created_on": DATE, "close_date": DATE,
        "owner": LINK, "owner.name": TEXT, "account": LINK, "account.country": TEXT, "account.industry": TEXT,
        "account.segment.name": TEXT, "contact": LINK, "lead": LINK, "product": LINK, "product.name": TEXT,
    },
    "lead": {
        "name": TEXT, "company": TEXT, "email": TEXT, "phone": TEXT, "title": TEXT, "industry": TEXT, "country": TEXT,
        "lead_source": TEXT, "campaign": TEXT, "status": TEXT, "disqualified_reason": TEXT, "system": TEXT,
        "employees": NUMBER, "score": NUMBER, "score_band": TEXT, "created_on": DATE, "mql_on": DATE, "sql_on": DATE,
        "converted_on": DATE, "disqualified_on": DATE, "owner": LINK, "owner.name": TEXT, "account": LINK,
        "segment": LINK,
    },
    "account": {
        "name": TEXT, "industry": TEXT, "website": TEXT, "country": TEXT, "region": TEXT, "state": TEXT, "city": TEXT,
        "postal_code": TEXT, "currency": TEXT, "system": TEXT, "employees": NUMBER, "annual_revenue": NUMBER,
        "founded_year": NUMBER, "customer_since": DATE, "created_on": DATE, "owner": LINK, "owner.name": TEXT,
        "parent": LINK, "segment": LINK, "segment.name": TEXT,
    },
    "contact": {
        "first_name": TEXT, "last_name": TEXT, "email": TEXT, "phone": TEXT, "title": TEXT, "country": TEXT,
        "system": TEXT, "account": LINK, "account.name": TEXT, "account.owner": LINK,
    },
    "order_line": {
        "order_id": TEXT, "currency": TEXT, "country": TEXT, "state": TEXT, "city": TEXT, "postal_code": TEXT,
        "system": TEXT, "quantity": NUMBER, "amount": NUMBER, "profit": NUMBER, "discount": NUMBER,
        "ordered_on": DATE, "shipped_on": DATE, "is_returned": YES_NO, "owner": LINK, "account": LINK,
        "product": LINK, "product.name": TEXT, "segment": LINK, "opportunity": LINK,
    },
}  # fmt: skip

Value = str | tuple[str, ...] | Decimal | date | int | None


class ConditionError(ValueError):
    """The condition cannot be read; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Test:
    """One field against one value."""

    field: str
    kind: str
    op: str
    value: Value

    @property
    def attribute(self) -> str:
        """Name of the attribute; empty for a field."""
        return self.field.removeprefix(ATTRIBUTE_PREFIX) if self.kind == ATTRIBUTE else ""


@dataclass(frozen=True, slots=True)
class Group:
    """Tests and groups that must hold all, or any of them."""

    match: str  # all, any
    parts: tuple["Test | Group", ...]

    def tests(self) -> Iterator[Test]:
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.tests()
            else:
                yield part


def parse_condition(document: object, table: str) -> Group:
    """The condition of a document.

    Raises:
        ConditionError: what is wrong with it, first thing first.
    """
    if table not in FIELDS:
        raise ConditionError(f"There is no table “{table}”.")
    group = _group(document, table, depth=1)
    if sum(1 for _ in group.tests()) > MOST_TESTS:
        raise ConditionError(f"The condition has more than {MOST_TESTS} lines.")
    return group


def _group(document: object, table: str, *, depth: int) -> Group:
    if not isinstance(document, Mapping) or not isinstance(document.get("parts"), list):
        raise ConditionError("A group needs a list of lines.")
    if depth > DEEPEST:
        raise ConditionError(f"Groups may be {DEEPEST} deep.")
    if document.get("match") not in ("all", "any"):
        raise ConditionError("A group matches all or any of its lines.")
    if not document["parts"]:
        raise ConditionError("Add at least one line; an empty condition would find every row.")
    parts = [
        _group(part, table, depth=depth + 1) if isinstance(part, Mapping) and "parts" in part else _test(part, table)
        for part in document["parts"]
    ]
    return Group(document["match"], tuple(parts))


def _test(document: object, table: str) -> Test:
    if not isinstance(document, Mapping):
        raise ConditionError("A line needs a field and an operation.")
    name, op, raw = (str(document.get(key) or "") for key in ("field", "op", "value"))
    kind = kind_of(name, table)
    if op not in OPERATIONS[kind]:
        raise ConditionError(f"“{name}” cannot be tested with “{op}”.")
    return Test(name, kind, op, _value(raw.strip(), OPERATIONS[kind][op], name))


def kind_of(name: str, table: str) -> str:
    """Kind of a field of the table.

    Raises:
        ConditionError: the table has no such field.
    """
    if name.startswith(ATTRIBUTE_PREFIX) and 0 < len(name) - len(ATTRIBUTE_PREFIX) <= LONGEST_VALUE:
        return ATTRIBUTE
    if name not in FIELDS[table]:
        raise ConditionError(f"There is no field “{name}” in this table.")
    return FIELDS[table][name]


def _value(raw: str, takes: str, name: str) -> Value:
    if not takes:
        return None
    if not raw:
        raise ConditionError(f"“{name}” needs a value to compare with.")
    if len(raw) > LONGEST_VALUE or "\0" in raw:
        raise ConditionError(f"The value of “{name}” is too long or holds signs no text has.")
    if takes == "list":
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return READERS[takes](raw, name)


def _text(raw: str, name: str) -> str:
    return raw


def _number(raw: str, name: str) -> Decimal:
    try:
        number = Decimal(raw.replace(" ", "").replace("_", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 20:
        raise ConditionError(f"“{raw}” is no number for “{name}”; write for example 1500.50.")
    return number


def _days(raw: str, name: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 5):
        raise ConditionError(f"“{raw}” is no number of days for “{name}”; write for example 30.")
    return int(raw)


def _date(raw: str, name: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ConditionError(f"“{raw}” is no day for “{name}”; write for example 2026-03-31.") from None


READERS: dict[str, Callable[[str, str], Value]] = {"text": _text, "number": _number, "days": _days, "date": _date}


def fields_read(group: Group) -> tuple[str, ...]:
    """Fields of the table's own row the condition reads, as paths without attributes' names."""
    names = {test.field if test.kind != ATTRIBUTE else "attributes" for test in group.tests()}
    return tuple(sorted(name.split(".")[0] for name in names))


def document_of(match: str, groups: list[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """A document from groups of lines as a form gives them; groups without lines are left out."""
    return {"match": match, "parts": [{"match": m, "parts": parts} for m, parts in groups if parts]}
