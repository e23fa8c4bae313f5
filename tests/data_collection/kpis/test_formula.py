from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_collection.kpis.formula import FormulaError, Undefined, parse

SUMS = {"a": Decimal(12), "b": Decimal(28), "zero": Decimal(0), "unknown": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [("a", 12), ("a / (a + b)", Decimal("0.3")), ("a - b", -16), ("-a + 2 * b", 44), ("a / 60", Decimal("0.2"))],
)
def test_values(text, value):
    assert parse(text).value(SUMS) == value


@pytest.mark.parametrize("text", ["a / zero", "a / (b - 28)", "unknown + 1", "a * unknown"])
def test_undefined(text):
    with pytest.raises(Undefined):
        parse(text).value(SUMS)


@pytest.mark.parametrize(
    "text",
    ["", "1 + 1", "a +", "__import__('os')", "a.b", "a[0]", "a ** 9", "lambda: a", "a if b else a", "'a'", "a < b",
     "a and b", "True + a", "f(a)", "a; b", "(" * 5000 + "a", "a" * 501, "1j * a"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(FormulaError):
        parse(text)


def test_unknown_measures_are_named():
    with pytest.raises(FormulaError, match="moon"):
        parse("a / moon", known={"a"})


@given(st.decimals(-1000, 1000, places=2), st.decimals(1, 1000, places=2), st.integers(1, 9))
def test_a_ratio_does_not_depend_on_the_unit(a, b, scale):
    formula = parse("(a - b) / b")
    assert formula.value({"a": a, "b": b}) == pytest.approx(formula.value({"a": a * scale, "b": b * scale}))
