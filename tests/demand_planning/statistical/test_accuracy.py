"""Numbers by hand, and FORMULAS' worked figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demand_planning.statistical.calc import accuracy
from demand_planning.statistical.calc.seasonality import adjust, is_seasonal, naive2

ACTUAL, FORECAST = [100, 80, 120], [110, 80, 90]


def test_wape_and_bias_by_hand() -> None:
    assert accuracy.wape(ACTUAL, FORECAST) == pytest.approx(40 / 300)
    assert accuracy.bias(ACTUAL, FORECAST) == pytest.approx(-20 / 300)  # too low


def test_accuracy_of_the_formulas() -> None:
    assert accuracy.accuracy([40_000], [50_000]) == 0.75
    assert accuracy.accuracy([10], [50]) == 0


def test_mape_and_smape_by_hand() -> None:
    assert accuracy.mape(ACTUAL, FORECAST) == pytest.approx((0.1 + 0 + 0.25) / 3)
    assert accuracy.smape([100], [50]) == pytest.approx(200 * 50 / 150)
    assert accuracy.smape([0, 0], [0, 5]) == pytest.approx(100)  # both 0 counts 0, one of them 200
    assert math.isnan(accuracy.mape([0, 1], [1, 1]))


def test_mase_is_one_for_the_error_of_the_naive() -> None:
    """History 1, 3, 2, 4 steps by 2, 1, 2: in-sample naive error 5/3."""
    assert accuracy.mase([6], [6 + 5 / 3], [1, 3, 2, 4], 1) == pytest.approx(1)
    assert accuracy.naive_scale([1, 3, 2, 4], 2) == pytest.approx(1)  # |2-1|, |4-3|
    assert accuracy.rmsse([6], [9], [1, 3, 2, 4]) == pytest.approx(3 / math.sqrt(9 / 3))


def test_tracking_signal_grows_when_all_errors_lean_one_way() -> None:
    assert accuracy.tracking_signal([10, 10, 10, 10, 10], [12, 12, 12, 12, 12]) == pytest.approx([1, 2, 3, 4, 5])
    assert accuracy.tracking_signal([10, 10], [12, 8])[-1] == 0


def test_owa_of_naive2_is_one() -> None:
    assert accuracy.owa(16.12, 1.06, 16.12, 1.06) == 1
    assert accuracy.owa(8.06, 1.06, 16.12, 1.06) == 0.75


def test_msis_by_hand() -> None:
    """Width 2; one of two actuals lies 1 above: 2/0.05 x 1 = 40 more; scale 1."""
    assert accuracy.msis([10, 12], [9, 9], [11, 11], [1, 2, 3], 1, 95) == pytest.approx((2 + 2 + 40) / 2)


def test_missing_actual_is_left_out_and_undefined_is_nan() -> None:
    assert accuracy.wape([100, np.nan], [90, 5]) == pytest.approx(0.1)
    assert accuracy.coverage([1, np.nan, 5], [0, 0, 0], [2, 2, 2]) == 0.5
    for undefined in (
        accuracy.wape([0, 0], [1, 1]),
        accuracy.bias([], []),
        accuracy.mase([1], [2], [5, 5, 5], 1),
        accuracy.smape([np.nan], [1]),
    ):
        assert math.isnan(undefined)
    with pytest.raises(ValueError, match="2 actuals against 1"):
        accuracy.wape([1, 2], [1])


@given(
    st.lists(st.tuples(st.floats(0.1, 1e6), st.floats(0, 1e6)), min_size=1, max_size=20),
    st.floats(0.01, 1000),
)
def test_shares_do_not_change_with_the_unit(pairs: list[tuple[float, float]], unit: float) -> None:
    actual, forecast = np.array(pairs).T
    for measure in (accuracy.wape, accuracy.bias, accuracy.smape):
        assert measure(actual * unit, forecast * unit) == pytest.approx(measure(actual, forecast), rel=1e-9, abs=1e-12)
    assert abs(accuracy.bias(actual, forecast)) <= accuracy.wape(actual, forecast) + 1e-12


def test_season_is_taken_out_and_put_back() -> None:
    season = np.array([0.5, 1, 1.5, 1])
    y = 100 * np.tile(season, 6)
    assert is_seasonal(y, 4) and not is_seasonal(np.full(24, 5.0), 4) and not is_seasonal(y[:11], 4)
    adjusted = adjust(y, 4)
    assert adjusted.values == pytest.approx(np.full(24, 100))
    assert adjusted.pattern == pytest.approx(season)
    assert naive2(y, 4, 6) == pytest.approx([50, 100, 150, 100, 50, 100])


def test_season_around_zero_is_additive() -> None:
    y = np.tile([0.0, 10, 20, 10], 6)
    adjusted = adjust(y, 4)
    assert not adjusted.multiplicative
    assert adjusted.restore(np.full(4, 10.0)) == pytest.approx([0, 10, 20, 10])
