"""Conditions are parsed, never evaluated; the score's worked table."""

import contextlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_collection.quality.calc.conditions import ConditionError, fields_read, parse_condition
from data_collection.quality.calc.countries import COUNTRIES
from data_collection.quality.calc.currencies import CURRENCIES
from data_collection.quality.calc.score import score


def group(*parts: dict[str, Any], match: str = "all") -> dict[str, Any]:
    return {"match": match, "parts": list(parts)}


def line(field: str, op: str, value: str = "") -> dict[str, str]:
    return {"field": field, "op": op, "value": value}


def test_values_are_read_by_the_kind_of_field() -> None:
    document = group(
        line("amount", "more", "1 500.50"),
        line("close_date", "before", "2026-03-31"),
        line("created_on", "days_ago", "30"),
        group(line("stage.name", "one_of", "Demo, Proposal"), line("attributes.Tier", "is", "gold"), match="any"),
        line("owner", "empty", "ignored"),
    )
    parsed = parse_condition(document, "opportunity")
    assert [test.value for test in parsed.tests()] == [
        Decimal("1500.50"),
        date(2026, 3, 31),
        30,
        ("Demo", "Proposal"),
        "gold",
        None,
    ]
    assert fields_read(parsed) == ("amount", "attributes", "close_date", "created_on", "owner", "stage")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("amount > 5", "needs a list of lines"),
        (group(), "at least one line"),
        (group(line("password", "is", "x")), "no field “password”"),
        (group(line("owner__user__password", "is", "x")), "no field"),
        (group(line("amount", "contains", "1")), "cannot be tested"),
        (group(line("amount", "more", "a lot")), "no number"),
        (group(line("amount", "more", "1e999")), "no number"),
        (group(line("amount", "more", "NaN")), "no number"),
        (group(line("close_date", "on", "31.12.2026")), "no day"),
        (group(line("created_on", "days_ago", "-3")), "no number of days"),
        (group(line("name", "is", "")), "needs a value"),
        (group(line("name", "is", "a\0b")), "signs no text has"),
        (group(group(group(group(line("name", "empty"))))), "3 deep"),
        (group(*[line("name", "empty")] * 41), "more than 40 lines"),
        ({"match": "some", "parts": [line("name", "empty")]}, "all or any"),
        (group(line("attributes.", "empty")), "no field"),
    ],
)
def test_what_cannot_be_read_is_said(document: object, words: str) -> None:
    with pytest.raises(ConditionError, match=words):
        parse_condition(document, "opportunity")


def test_no_such_table() -> None:
    with pytest.raises(ConditionError, match="no table"):
        parse_condition(group(line("name", "empty")), "user")


_scalars = st.none() | st.text(max_size=5) | st.integers() | st.lists(st.text(max_size=3), max_size=2)


@given(
    st.recursive(
        _scalars | st.fixed_dictionaries({"field": _scalars, "op": _scalars, "value": _scalars}),
        lambda parts: st.fixed_dictionaries({"match": _scalars, "parts": st.lists(parts, max_size=3) | _scalars}),
        max_leaves=8,
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    with contextlib.suppress(ConditionError):  # any other error fails the test
        assert parse_condition(document, "lead").match in ("all", "any")


def test_the_worked_table_of_the_score() -> None:
    """docs/algorithms/quality.md: ten rows, of which one is worst high, two medium, one low: 10 + 10 + 1."""
    assert score(rows=10, weight=21) == pytest.approx(0.79)
    assert score(rows=10, weight=0) == 1.0 and score(rows=4, weight=40) == 0.0
    assert score(rows=0, weight=0) is None


def test_lists_hold_what_people_write() -> None:
    assert {"germany", "de", "deu", "usa", "u.s.a.", "south korea", "ไทย", "türkiye"} <= set(COUNTRIES)
    assert "" not in COUNTRIES and "europe" not in COUNTRIES
    assert {"USD", "EUR", "THB", "CHF"} <= set(CURRENCIES) and all(len(code) == 3 for code in CURRENCIES)
