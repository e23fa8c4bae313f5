"""Rules the company writes itself: the parsed condition as a query."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Case, DecimalField, F, Q, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IExact,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
    Regex,
)

from data_collection.quality.calc.conditions import (
    ATTRIBUTE,
    DATE,
    LINK,
    NUMBER,
    YES_NO,
    ConditionError,
    Group,
    Test,
    fields_read,
    parse_condition,
)
from data_collection.quality.models import CustomRule
from data_collection.quality.rules.base import Basis, Rule, every

CUSTOM = "custom"
PREFIX = "custom-"
EMPTY = Value("", TextField())
_NUMBER = DecimalField(max_digits=40, decimal_places=10)
_LOOKS_LIKE_A_NUMBER = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
_COMPARE = {
    "equals": Exact,
    "more": GreaterThan,
    "least": GreaterThanOrEqual,
    "less": LessThan,
    "most": LessThanOrEqual,
}


def custom_rule(row: CustomRule) -> Rule | None:
    """The rule of a row; None when its condition no longer fits the table."""
    try:
        group = parse_condition(row.condition, row.table)
    except ConditionError:
        return None
    return Rule(
        f"{PREFIX}{row.code}",
        row.table,
        CUSTOM,
        row.title,
        row.severity,
        row.why,
        row.fix,
        lambda basis: condition_query(group, basis),
        every,
        fields_read(group),
        short=row.title,
        is_custom=True,
    )


def condition_query(group: Group, basis: Basis) -> Q:
    """Rows that meet the condition."""
    parts = [condition_query(p, basis) if isinstance(p, Group) else _test_query(p, basis) for p in group.parts]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if group.match == "all" else found | part
    return found


def _test_query(test: Test, basis: Basis) -> Q:
    path = test.field.replace(".", "__")
    if test.kind == LINK:
        return Q(**{f"{path}__isnull": test.op == "empty"})
    if test.kind == YES_NO:
        return Q(**{path: test.op == "yes"})
    if test.kind == DATE:
        return _date_query(path, test, basis)
    if test.kind == NUMBER:
        return _number_query(F(path), test, empty=Q(**{f"{path}__isnull": True}))
    value = KeyTextTransform(test.attribute, "attributes") if test.kind == ATTRIBUTE else F(path)
    text = Coalesce(Cast(value, TextField()), EMPTY)
    if test.op in _COMPARE:
        return _number_query(_as_number(text), test, empty=Q(pk__in=[]))
    return _text_query(text, test)


def _date_query(path: str, test: Test, basis: Basis) -> Q:
    if test.op in ("empty", "filled"):
        return Q(**{f"{path}__isnull": test.op == "empty"})
    if test.op == "days_ago":
        return Q(**{f"{path}__lt": basis.today - timedelta(days=int(str(test.value)))})
    if test.op == "days_ahead":
        return Q(**{f"{path}__gt": basis.today + timedelta(days=int(str(test.value)))})
    return Q(**{path + {"on": "", "before": "__lt", "after": "__gt"}[test.op]: test.value})


def _number_query(value: Expression, test: Test, *, empty: Q) -> Q:
    if test.op in ("empty", "filled"):
        return empty if test.op == "empty" else ~empty
    assert isinstance(test.value, Decimal)
    number = Value(test.value, _NUMBER)
    if test.op == "differs":
        return ~Q(Exact(value, number))
    return Q(_COMPARE[test.op](value, number))


def _as_number(text: Expression) -> Expression:
    """The text as a number, NULL where it is none."""
    return Case(When(Q(Regex(text, Value(_LOOKS_LIKE_A_NUMBER))), then=Cast(text, _NUMBER)), output_field=_NUMBER)


def _text_query(text: Expression, test: Test) -> Q:
    """Case is ignored; what is missing counts as empty."""
    if test.op in ("empty", "filled"):
        empty = Q(Exact(text, EMPTY))
        return empty if test.op == "empty" else ~empty
    if test.op == "one_of":
        found = Q(pk__in=[])
        for word in test.value if isinstance(test.value, tuple) else ():
            found |= Q(IExact(text, word))
        return found
    lookup = {"is": IExact, "is_not": IExact, "contains": IContains, "lacks": IContains, "starts": IStartsWith}
    found = Q(lookup[test.op](text, str(test.value)))
    return ~found if test.op in ("is_not", "lacks") else found
