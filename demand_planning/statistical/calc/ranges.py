"""Ranges by split-conformal prediction, pooled over series.

At the backtest origins each error is divided by the series' own unit, sqrt(seasonal-naive scale x the models' own
sigma at that step). The quantile of these scores over all series, at the step and its two neighbours, made
non-decreasing with the step, times the unit of today is the half-width. Two scales together correct each other: the
models' own spread is too narrow, the in-sample scale knows nothing of the step.

Source: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World" (2005), for split-conformal prediction.
Intermittent series have no such symmetric error; theirs come from the distribution of one period's demand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.backtest import Cut
from demand_planning.statistical.calc.engine import Fitted
from demand_planning.statistical.calc.methods import MEDIAN
from demand_planning.statistical.calc.shape import Kind

ENOUGH_PER_STEP = 40  # scores at a step, below which all steps are pooled
ENOUGH = 100  # scores below which the models' own spread is mixed in
POOL_OF_ITS_OWN = 200  # series a class needs to be pooled apart from the rest
RECENT = 36  # periods an intermittent series' range is read from
FOLDS = 5
MOST_COUNT = 10_000  # larger whole numbers are amounts, not counts
CONFORMAL_KINDS = frozenset({Kind.REGULAR, Kind.SHORT})


@dataclass(frozen=True, slots=True)
class Pool:
    """Quantiles of the scores."""

    factors: Mapping[int, Array]  # by level, shape (horizon,); no level when there is no score
    n: int  # scores
    series: int

    @property
    def weight(self) -> float:
        """Share given to the pool; the rest goes to the models' own spread."""
        return min(1.0, self.n / ENOUGH)


@dataclass(frozen=True, slots=True)
class Band:
    low: Array  # shape (h,)
    high: Array


def unit(scale: float, sigma: Array) -> Array:
    """The series' own measure of surprise per step; sigma alone where the history never changed."""
    return np.sqrt(scale * sigma) if np.isfinite(scale) else sigma


def pool_scores(cuts: Sequence[Sequence[Cut]], horizon: int, levels: Sequence[int]) -> Pool:
    """Factors per level and step from the backtest cuts of each series."""
    by_step: list[list[float]] = [[] for _ in range(horizon)]
    counted = 0
    for of_one in cuts:
        before = sum(map(len, by_step))
        for cut in of_one:
            width = unit(cut.scale, cut.sigma)
            errors = np.abs(cut.actual - cut.by_model[MEDIAN])
            for step in np.flatnonzero(width > 0):
                by_step[step].append(float(errors[step] / width[step]))
        counted += sum(map(len, by_step)) > before
    n = sum(map(len, by_step))
    if not n:
        return Pool({}, 0, 0)
    return Pool({level: _factors(by_step, level / 100) for level in levels}, n, counted)


def _factors(by_step: list[list[float]], share: float) -> Array:
    everything = [score for step in by_step for score in step]
    near = [[score for step in by_step[max(0, k - 1) : k + 2] for score in step] for k in range(len(by_step))]
    return np.maximum.accumulate(
        [_quantile(scores if len(scores) >= ENOUGH_PER_STEP else everything, share) for scores in near]
    )


def _quantile(scores: list[float], share: float) -> float:
    """The conformal quantile: rank ceil((n + 1) x share), the largest score where n is too small for it."""
    ranked = np.sort(np.asarray(scores, dtype=np.float64))
    rank = int(np.ceil((len(ranked) + 1) * share))
    return float(ranked[min(rank, len(ranked)) - 1])


def band(center: Array, scale: float, sigma: Array, pool: Pool, level: int, *, floor: bool) -> Band:
    """Range around a forecast. With few scores in the pool the models' own spread counts in part."""
    steps = len(center)
    native = NormalDist().inv_cdf(0.5 + level / 200) * sigma
    half = native
    if level in pool.factors:
        half = pool.weight * pool.factors[level][:steps] * unit(scale, sigma) + (1 - pool.weight) * native
    low, high = center - half, center + half
    return Band(np.maximum(low, 0.0), np.maximum(high, 0.0)) if floor else Band(low, high)


def demand_band(y: Array, mean: Array, level: int) -> Band:
    """Range of one period's demand of an intermittent series, the same for every step.

    Counts: quantiles of a negative binomial with the forecast's mean and the history's variance (Poisson where
    the variance is no larger). Other amounts: quantiles of the last 36 periods.
    """
    recent = y[-RECENT:]
    shares = (0.5 - level / 200, 0.5 + level / 200)
    if np.all(recent == np.round(recent)) and np.max(recent) <= MOST_COUNT:
        low, high = (count_quantile(float(mean[0]), float(np.var(recent)), share) for share in shares)
    else:
        low, high = (float(np.quantile(recent, share)) for share in shares)
    return Band(np.minimum(low, mean), np.maximum(high, mean))


def count_quantile(mean: float, variance: float, share: float) -> float:
    """Smallest k with P(X <= k) >= share, X negative binomial (Poisson for variance <= mean)."""
    if mean <= 0:
        return 0.0
    k = np.arange(1, int(mean + 12 * np.sqrt(max(variance, mean)) + 20))
    if variance > mean * 1.000001:
        r, p = mean**2 / (variance - mean), mean / variance
        logs = np.r_[r * np.log(p), np.log((k - 1 + r) / k) + np.log1p(-p)]
    else:
        logs = np.r_[-mean, np.log(mean / k)]
    reached = np.flatnonzero(np.cumsum(np.exp(np.cumsum(logs))) >= share - 1e-12)
    return float(reached[0]) if len(reached) else float(len(k))


def ranges(
    histories: Sequence[Array], fitted: Sequence[Fitted], levels: Sequence[int], labels: Sequence[str] | None = None
) -> list[dict[int, Band]]:
    """Bands of every series, by level.

    Args:
        labels: class of each series (a level of a hierarchy); classes of 200 series or more are pooled by themselves.
    """
    names = list(labels) if labels is not None else [""] * len(fitted)
    pools = pools_of(fitted, levels, names)
    return [
        {level: _band_of(y, one, pools[name], level) for level in levels}
        for y, one, name in zip(histories, fitted, names, strict=True)
    ]


def pools_of(fitted: Sequence[Fitted], levels: Sequence[int], labels: Sequence[str]) -> dict[str, Pool]:
    """The pool each label uses."""
    usable = [(one, name) for one, name in zip(fitted, labels, strict=True) if one.shape.kind in CONFORMAL_KINDS]
    horizon = max((len(one.expected) for one in fitted), default=1)
    everything = pool_scores([one.cuts for one, _ in usable], horizon, levels)
    found = dict.fromkeys(labels, everything)
    for name in found:
        mine = [one.cuts for one, label in usable if label == name]
        if POOL_OF_ITS_OWN <= len(mine) < len(usable):
            found[name] = pool_scores(mine, horizon, levels)
    return found


def _band_of(y: Array, one: Fitted, pool: Pool, level: int) -> Band:
    if one.shape.kind in (Kind.INTERMITTENT, Kind.FADING) and np.min(y) >= 0:
        return demand_band(y, one.expected, level)
    own = Pool({}, 0, 0) if one.shape.kind == Kind.NEW else pool
    return band(one.expected, one.scale, one.sigma, own, level, floor=not len(y) or bool(np.min(y) >= 0))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the truth lay inside the range, measured on periods the range did not know."""

    share: Mapping[int, float]  # by level; empty when it can't be measured
    n: int  # forecast periods
    series: int


def measured_coverage(histories: Sequence[Array], fitted: Sequence[Fitted], levels: Sequence[int]) -> Coverage:
    """Coverage on the backtest, each fifth of the series judged by the pool of the other four."""
    inside: dict[int, list[bool]] = {level: [] for level in levels}
    judged = [i for i, one in enumerate(fitted) if one.cuts]
    for fold in range(FOLDS):
        rest = [fitted[i] for place, i in enumerate(judged) if place % FOLDS != fold]
        pool = pools_of(rest, levels, [""] * len(rest)).get("", Pool({}, 0, 0))
        for i in judged[fold::FOLDS]:
            for cut in fitted[i].cuts:
                known = replace(fitted[i], expected=cut.by_model[MEDIAN], sigma=cut.sigma, scale=cut.scale)
                for level in levels:
                    band = _band_of(histories[i][: cut.train], known, pool, level)
                    inside[level] += list((cut.actual >= band.low) & (cut.actual <= band.high))
    n = len(next(iter(inside.values()), []))
    return Coverage({level: float(np.mean(hits)) for level, hits in inside.items() if hits}, n, len(judged))
