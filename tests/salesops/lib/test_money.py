from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops.lib.money import allocate, convert, round_money


def test_ties_round_away_from_zero() -> None:
    assert round_money(Decimal("0.125"), "USD") == Decimal("0.13")
    assert round_money(Decimal("-0.125"), "USD") == Decimal("-0.13")
    assert round_money(Decimal("2.5"), "JPY") == Decimal("3")
    assert round_money(Decimal("0.0005"), "KWD") == Decimal("0.001")


def test_conversion_rounds_once() -> None:
    assert convert(Decimal("100.00"), Decimal("0.0273456789"), "USD") == Decimal("2.73")


def test_largest_remainder_by_hand() -> None:
    """10.00 over 1:1:1 is 3.34, 3.33, 3.33; 0.05 over 3:3:1 is 0.02, 0.02, 0.01 (2.142.., 2.142.., 0.714..)."""
    assert allocate(Decimal(10), [Decimal(1)] * 3, "USD") == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
    assert allocate(Decimal("0.05"), [Decimal(3), Decimal(3), Decimal(1)], "USD") == [
        Decimal("0.02"),
        Decimal("0.02"),
        Decimal("0.01"),
    ]


@given(
    st.decimals("-1000000", "1000000", places=2),
    st.lists(st.decimals("0", "1000", places=3), min_size=1, max_size=20).filter(lambda w: sum(w) > 0),
)
def test_parts_sum_to_the_whole_and_keep_its_sign(total: Decimal, weights: list[Decimal]) -> None:
    parts = allocate(total, weights, "USD")
    assert sum(parts) == total
    assert all(part * total >= 0 for part in parts)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_weights_must_make_sense() -> None:
    with pytest.raises(ValueError, match="positive"):
        allocate(Decimal(1), [Decimal(0)], "USD")
    with pytest.raises(ValueError, match="-1"):
        allocate(Decimal(1), [Decimal(2), Decimal(-1)], "USD")
