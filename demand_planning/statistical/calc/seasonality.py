"""Is there a season, and what does the series look like without it (the rule of the M4 competition)."""

from dataclasses import dataclass

import numpy as np

from demand_planning.statistical.calc.accuracy import Array

SIGNIFICANT_90 = 1.645  # normal quantile of a two-sided 90 % test


@dataclass(frozen=True, slots=True)
class Adjusted:
    values: Array  # the series without season, shape (n,)
    pattern: Array  # one factor (or addend) per place in the season, shape (m,)
    multiplicative: bool

    def future(self, h: int) -> Array:
        """Pattern of the next h periods, shape (h,)."""
        m = len(self.pattern)
        return np.asarray([self.pattern[(len(self.values) + k) % m] for k in range(h)])

    def restore(self, plain: Array) -> Array:
        """A forecast of the adjusted series with its season put back."""
        future = self.future(len(plain))
        return plain * future if self.multiplicative else plain + future


def is_seasonal(y: Array, m: int) -> bool:
    """True when the autocorrelation at lag m is significant at 90 %; needs three whole seasons.

    Source: the M4 competition's `SeasonalityTest` (limits after Bartlett).
    """
    if m < 2 or len(y) < 3 * m:
        return False
    centred = y - y.mean()
    variance = float(centred @ centred)
    if variance <= 0:
        return False
    acf = np.asarray([float(centred[k:] @ centred[: len(y) - k]) / variance for k in range(1, m + 1)])
    limit = SIGNIFICANT_90 * np.sqrt((1 + 2 * float(np.sum(acf[:-1] ** 2))) / len(y))
    return bool(abs(acf[-1]) > limit)


def adjust(y: Array, m: int) -> Adjusted:
    """Classical decomposition: multiplicative where all values are positive, else additive; none without season."""
    multiplicative = bool(np.all(y > 0))
    if not is_seasonal(y, m):
        return Adjusted(y, np.ones(1) if multiplicative else np.zeros(1), multiplicative)
    trend = _centred_mean(y, m)
    detrended = y / trend if multiplicative else y - trend
    pattern = np.asarray([np.nanmean(detrended[place::m]) for place in range(m)])
    pattern = pattern / pattern.mean() if multiplicative else pattern - pattern.mean()
    if multiplicative and pattern.min() < 0.01:  # division would blow a quiet month up
        return adjust_additive(y, m, trend)
    spread = np.resize(pattern, len(y))
    return Adjusted(y / spread if multiplicative else y - spread, pattern, multiplicative)


def adjust_additive(y: Array, m: int, trend: Array) -> Adjusted:
    pattern = np.asarray([np.nanmean((y - trend)[place::m]) for place in range(m)])
    pattern = pattern - pattern.mean()
    return Adjusted(y - np.resize(pattern, len(y)), pattern, False)


def _centred_mean(y: Array, m: int) -> Array:
    """Moving mean over one season, centred (2 x m for an even m); NaN at both ends."""
    weights = np.r_[0.5, np.ones(m - 1), 0.5] / m if m % 2 == 0 else np.ones(m) / m
    half = len(weights) // 2
    middle = np.convolve(y, weights, mode="valid")
    return np.concatenate([np.full(half, np.nan), middle, np.full(half, np.nan)])


def naive2(y: Array, m: int, h: int) -> Array:
    """Last value of the seasonally adjusted series, season put back: the benchmark of M3 and M4."""
    adjusted = adjust(y, m)
    return adjusted.restore(np.full(h, adjusted.values[-1]))
