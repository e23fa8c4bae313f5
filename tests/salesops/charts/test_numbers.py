"""Numbers as people read them; expected texts are written by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops.charts import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (98_450, "98,450"),
        (99_999.6, "100K"),
        (124_000, "124K"),
        (999_999, "1.00M"),
        (1_238_400, "1.24M"),
        (Decimal("12384000"), "12.4M"),
        (999_999_999, "1.00B"),
        (-1_500_000, "−1.50M"),
        (2.5e12, "2.50T"),
    ],
)
def test_compact_keeps_three_digits_from_100k(value: float, text: str) -> None:
    assert numbers.compact(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.6315, "percent", "63.2 %"),
        (-0.021, "points", "−2.1 pts"),
        (47.99, "days", "48.0 days"),
        (2.9, "ratio", "2.9 ×"),
        (Decimal("2297200.86"), "money", "2,297,201"),
        (4238, "count", "4,238"),
    ],
)
def test_quantity_names_its_unit(value: float, unit: str, text: str) -> None:
    assert numbers.quantity(value, unit).replace(numbers.NBSP, " ") == text


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("NaN"), ""])
def test_undefined_is_a_dash_in_every_form(value: object) -> None:
    assert {numbers.compact(value), numbers.exact(value), numbers.percent(value), numbers.signed(value, "days")} == {
        "–"
    }


def test_sign_is_shown_except_at_zero() -> None:
    assert numbers.signed(0.084, "percent").replace(numbers.NBSP, " ") == "+8.4 %"
    assert numbers.signed(-0.084, "percent").startswith("−")
    assert numbers.signed(0.0001, "percent").replace(numbers.NBSP, " ") == "0.0 %"
    assert numbers.exact(-0.4) == "0"


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_compact_is_within_half_a_percent(value: int) -> None:
    text = numbers.compact(value).replace("−", "-").replace(",", "")
    scale = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1], 1)
    assert float(text.rstrip("KMBT")) * scale == pytest.approx(value, rel=0.005, abs=0.5)
