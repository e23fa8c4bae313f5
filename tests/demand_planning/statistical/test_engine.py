import csv
import gzip

import numpy as np
import pytest

from demand_planning.statistical.calc import accuracy, methods, ranges
from demand_planning.statistical.calc.backtest import origins
from demand_planning.statistical.calc.engine import Calendar, Fitted, fit
from demand_planning.statistical.calc.methods import predict
from demand_planning.statistical.calc.records import from_record, to_record
from demand_planning.statistical.calc.seasonality import naive2
from demand_planning.statistical.calc.shape import Kind, shape_of
from tests.shared_data import data_set

YEAR = Calendar(season=12, year=12, horizon=12)
RANDOM = np.random.default_rng(7)
ROUGH = [max(0.0, float(value)) for value in RANDOM.normal(100, 20, 40)]


# --- which kind ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], Kind.EMPTY),
        ([0] * 30, Kind.EMPTY),
        ([5], Kind.NEW),
        ([1, 2, 3], Kind.NEW),
        ([1, 2, 3, 4], Kind.SHORT),
        ([5] * 23, Kind.SHORT),
        ([5] * 24, Kind.REGULAR),
        ([5] * 20 + [0] * 11, Kind.FADING),
        ([5] * 20 + [0] * 12, Kind.ENDED),
        ([5, 0, 0] * 10, Kind.INTERMITTENT),
        ([5, 5, 5, 0] * 10, Kind.INTERMITTENT),  # ADI 1.333
        ([5, 5, 5, 5, 0] * 8, Kind.REGULAR),  # ADI 1.25
        ([10] * 20 + [0] * 12 + [10] * 10, Kind.INTERMITTENT),  # a gap of a year
    ],
)
def test_kind(values: list[float], kind: Kind) -> None:
    assert shape_of(np.array(values, dtype=float), season=12, year=12).kind == kind


def test_adi_is_periods_per_sale() -> None:
    assert shape_of(np.array([5.0, 0, 0] * 10), season=12, year=12).adi == 3


# --- forecasts ----------------------------------------------------------------------------
def test_ended_and_never_sold_are_zero() -> None:
    for values in ([], [0.0] * 30, [9.0] * 20 + [0.0] * 12):
        found = fit(values, YEAR)
        assert found.method == "zero" and not found.expected.any()
        (bands,) = ranges.ranges([np.array(values)], [found], [80])
        assert not bands[80].high.any()


def test_three_points_give_their_mean() -> None:
    found = fit([1.0, 2.0, 6.0], YEAR)
    assert found.method == "mean" and found.expected.tolist() == [3.0] * 12 and not found.cuts


def test_season_without_noise_is_repeated() -> None:
    season = np.array([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120.0])
    found = fit(np.tile(season, 4), YEAR)
    assert found.expected == pytest.approx(season, rel=0.02)


def test_forecast_is_the_median_of_its_models() -> None:
    found = fit(ROUGH, YEAR)
    assert found.models == ("theta", "adjusted_ets", "mstl", "seasonal_naive")
    parts = [predict(name, np.array(ROUGH), 12, 12).mean for name in found.models]
    assert found.expected == pytest.approx(np.median(parts, axis=0))
    short = fit(ROUGH[:20], YEAR)
    assert short.models == ("theta", "adjusted_ets", "seasonal_naive")


def test_scaling_the_unit_scales_the_forecast() -> None:
    one, thousand = fit(ROUGH, YEAR), fit([1000 * value for value in ROUGH], YEAR)
    assert thousand.expected == pytest.approx(1000 * one.expected, rel=0.02)
    assert thousand.scores["median"].mase == pytest.approx(one.scores["median"].mase, rel=0.05)


def test_never_negative_and_always_finite() -> None:
    falling = [max(0.0, 100.0 - 3 * k) for k in range(33)] + [1.0]
    noise = [float(value) for value in RANDOM.poisson(0.5, 40)]
    for values in (falling, noise, [5.0] * 40, [1.0, 2, 3, 4], ROUGH, [0.0, 0, 0, 0, 7], [1e12] * 13 + [1.0]):
        found = fit(values, YEAR, origin_count=3)
        (bands,) = ranges.ranges([np.array(values)], [found], [80, 95])
        assert np.all(np.isfinite(found.expected)) and np.all(found.expected >= 0)
        low95, low80, high80, high95 = bands[95].low, bands[80].low, bands[80].high, bands[95].high
        assert np.all((low95 >= 0) & (low95 <= low80) & (low80 <= found.expected + 1e-9))
        assert np.all((found.expected <= high80 + 1e-9) & (high80 <= high95) & np.isfinite(high95))


def test_missing_value_is_refused() -> None:
    with pytest.raises(ValueError, match="value 2 of the history"):
        fit([1.0, float("nan"), 3.0], YEAR)
    with pytest.raises(ValueError, match="not a calendar"):
        Calendar(season=12, year=12, horizon=0)


def fail(monkeypatch: pytest.MonkeyPatch, *, from_length: int, to_length: int) -> None:
    """Let three of the four models be far off for histories of these lengths."""

    def far_off(y: np.ndarray, m: int, h: int) -> methods.Predicted:
        good = methods.seasonal_naive(y, m, h).mean
        return methods.Predicted(good + (5_000 if from_length <= len(y) <= to_length else 0), np.ones(h))

    for name in ("theta", "adjusted_ets", "mstl"):
        monkeypatch.setitem(methods.METHODS, name, far_off)


def test_guard_rail_takes_over_when_every_origin_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, from_length=0, to_length=99)
    found = fit(ROUGH, YEAR)
    assert found.is_guarded and found.method == "seasonal_naive"
    assert found.expected.tolist() == ROUGH[-12:]
    assert found.scores["median"].n > 12  # asked from further origins before it was set aside


def test_one_bad_window_does_not_trip_the_guard_rail(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, from_length=28, to_length=28)
    found = fit(ROUGH, YEAR)
    assert found.cuts[0].train == 28 and not found.is_guarded and found.method == "median"


# --- backtest -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("n", "h", "count", "expected"),
    [
        (60, 12, 1, (48,)),
        (60, 12, 3, (48, 44, 40)),  # earlier while three seasons remain
        (36, 12, 3, (24, 28, 32)),  # else later, with shorter horizons
        (36, 18, 1, (24,)),  # two seasons are kept for the models
        (20, 12, 1, (10,)),  # half the history
        (4, 12, 3, ()),
        (5, 12, 1, (4,)),
    ],
)
def test_origins(n: int, h: int, count: int, expected: tuple[int, ...]) -> None:
    assert origins(n, h, 12, count) == expected


def test_backtest_sees_only_what_was_known() -> None:
    """Another last year must not change what was forecast before it."""
    changed = ROUGH[:28] + [9_999.0] * 12
    before, after = fit(ROUGH, YEAR), fit(changed, YEAR)
    assert before.cuts[0].train == after.cuts[0].train == 28
    assert before.cuts[0].by_model["median"] == pytest.approx(after.cuts[0].by_model["median"])


def test_record_keeps_everything_the_ranges_need() -> None:
    found = fit(ROUGH, YEAR, origin_count=2)
    again = from_record(to_record(found))
    (before,), (after,) = (ranges.ranges([np.array(ROUGH)], [one], [95]) for one in (found, again))
    assert after[95].low == pytest.approx(before[95].low) and again.scores == found.scores
    undefined = from_record(to_record(fit([5.0] * 30, YEAR)))
    assert np.isnan(undefined.scale) and np.isnan(undefined.scores["median"].mase)


# --- public data --------------------------------------------------------------------------
def m3_sample(step: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    with gzip.open(data_set("forecast") / "m3_monthly_dev300.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))[::step]
    return ([np.array(row[key].split(), dtype=float) for row in rows] for key in ("train", "test"))


def scores(forecasts: list[np.ndarray], truth: list[np.ndarray], known: list[np.ndarray]) -> tuple[float, float]:
    smapes = [accuracy.smape(t, f) for t, f in zip(truth, forecasts, strict=True)]
    mases = [accuracy.mase(t, f, y, 12) for t, f, y in zip(truth, forecasts, known, strict=True)]
    return float(np.mean(smapes)), float(np.mean(mases))


def check_m3(step: int) -> tuple[float, float, float]:
    """OWA of the median, coverage of the 80 % and the 95 % range."""
    known, truth = m3_sample(step)
    fitted: list[Fitted] = [fit(y, Calendar(12, 12, 18), origin_count=1) for y in known]
    bands = ranges.ranges(known, fitted, [80, 95])
    ours = scores([one.expected for one in fitted], truth, known)
    plain = scores([naive2(y, 12, 18) for y in known], truth, known)
    cover = [
        float(np.mean([accuracy.coverage(t, b[level].low, b[level].high) for t, b in zip(truth, bands, strict=True)]))
        for level in (80, 95)
    ]
    return accuracy.owa(*ours, *plain), *cover


def test_naive2_has_its_published_scores_on_the_m3_sample() -> None:
    """sMAPE 16.12 and MASE 1.060, seasonal naive 17.10 and 1.176: the README of the sample."""
    known, truth = m3_sample(1)
    assert scores([naive2(y, 12, 18) for y in known], truth, known) == pytest.approx((16.12, 1.060), abs=0.005)
    repeated = [predict("seasonal_naive", y, 12, 18).mean for y in known]
    assert scores(repeated, truth, known) == pytest.approx((17.10, 1.176), abs=0.005)


@pytest.mark.slow
def test_m3_twenty_series_beat_naive2() -> None:
    owa, cover80, cover95 = check_m3(15)
    assert owa < 0.95 and cover80 > 0.65 and cover95 > 0.85


@pytest.mark.slow
def test_m3_sample_whole() -> None:
    """Measured before: OWA 0.835, coverage 0.81 and 0.95."""
    owa, cover80, cover95 = check_m3(1)
    assert owa == pytest.approx(0.835, abs=0.02)
    assert 0.77 <= cover80 <= 0.84 and 0.92 <= cover95 <= 0.98
