import math

import numpy as np
import pytest

from demand_planning.statistical.calc.backtest import Cut
from demand_planning.statistical.calc.ranges import Pool, band, count_quantile, demand_band, pool_scores


def cut(errors: list[float], *, sigma: float = 1.0, scale: float = 1.0) -> Cut:
    n = len(errors)
    return Cut(24, np.array(errors), {"median": np.zeros(n)}, np.full(n, sigma), scale)


def test_factor_is_the_conformal_quantile_of_the_scores() -> None:
    """99 series with errors 1..99: rank ceil(100 x 0.8) = 80."""
    pool = pool_scores([[cut([float(k)])] for k in range(1, 100)], 1, [80, 95])
    assert (pool.n, pool.series) == (99, 99)
    assert pool.factors[80].tolist() == [80.0] and pool.factors[95].tolist() == [95.0]


def test_scores_are_free_of_the_unit() -> None:
    small = pool_scores([[cut([1.0, 2.0])]] * 50, 2, [80])
    large = pool_scores([[cut([100.0, 200.0], sigma=100, scale=100)]] * 50, 2, [80])
    assert small.factors[80] == pytest.approx(large.factors[80])


def test_factors_do_not_shrink_with_the_step() -> None:
    pool = pool_scores([[cut([5.0, 1.0, 1.0, 1.0])]] * 50, 4, [80])
    assert np.all(np.diff(pool.factors[80]) >= 0)


def test_without_scores_the_models_own_spread_counts() -> None:
    found = band(np.full(3, 100.0), 10.0, np.full(3, 5.0), Pool({}, 0, 0), 95, floor=True)
    assert found.high == pytest.approx(np.full(3, 100 + 1.959964 * 5), rel=1e-6)


def test_few_scores_are_mixed_with_the_models_own_spread() -> None:
    """50 of 100 scores: half of 2 x sqrt(4 x 1), half of 1.2816 x 1."""
    pool = Pool({80: np.array([2.0])}, 50, 5)
    found = band(np.array([10.0]), 4.0, np.array([1.0]), pool, 80, floor=False)
    assert found.high[0] - 10 == pytest.approx(0.5 * 4 + 0.5 * 1.2815516)


def test_coverage_of_new_series_is_nominal() -> None:
    random = np.random.default_rng(3)
    pool = pool_scores([[cut(list(random.standard_t(4, 12)))] for _ in range(400)], 12, [80, 95])
    fresh = random.standard_t(4, (2000, 12))
    for level in (80, 95):
        found = band(np.zeros(12), 1.0, np.ones(12), pool, level, floor=False)
        assert np.mean((fresh >= found.low) & (fresh <= found.high)) == pytest.approx(level / 100, abs=0.02)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.975])
def test_count_quantiles_by_summing_the_probabilities(share: float) -> None:
    """Negative binomial with mean 3 and variance 9: r = 1.5, p = 1/3. Poisson with mean 3."""
    r, p = 1.5, 1 / 3

    def binomial(k: int) -> float:
        return math.gamma(k + r) / (math.gamma(r) * math.factorial(k)) * p**r * (1 - p) ** k

    def poisson(k: int) -> float:
        return math.exp(-3) * 3**k / math.factorial(k)

    for variance, mass in ((9.0, binomial), (3.0, poisson)):
        total, k = mass(0), 0
        while total < share:
            k += 1
            total += mass(k)
        assert count_quantile(3.0, variance, share) == k


def test_range_of_intermittent_demand_holds_zero() -> None:
    found = demand_band(np.array([0.0, 0, 4, 0, 0, 5, 0, 0, 3] * 4), np.full(2, 1.3), 80)
    assert found.low.tolist() == [0, 0] and 3 <= found.high[0] <= 6
    money = demand_band(np.array([0.0, 0, 400.5, 0, 0, 500.5] * 6), np.full(1, 150.0), 80)
    assert money.low[0] == 0 and money.high[0] == pytest.approx(500.5)
    large = demand_band(np.array([0.0, 0, 9e9, 0, 0, 8e9] * 6), np.full(1, 3e9), 80)  # whole, but no count
    assert large.low[0] == 0 and large.high[0] == 9e9
