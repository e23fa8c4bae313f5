"""Forecast errors, each defined once. Error e = forecast - actual, so a positive bias means forecast too high.

Undefined is NaN: no actual at all, a sum of actuals of 0, a history that never changed. A missing actual (NaN) is left
out, never read as 0.

Sources: Hyndman & Koehler, "Another look at measures of forecast accuracy", IJF 22 (2006), for MASE and RMSSE;
Makridakis, Spiliotis & Assimakopoulos, "The M4 Competition", IJF 36 (2020), for sMAPE, OWA and MSIS.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def pairs(actual: ArrayLike, forecast: ArrayLike) -> tuple[Array, Array]:
    """Both as float arrays, cut to the periods that have an actual.

    Raises:
        ValueError: the two differ in length.
    """
    a, f = np.asarray(actual, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if a.shape != f.shape:
        raise ValueError(f"{a.shape[0]} actuals against {f.shape[0]} forecasts")
    known = ~np.isnan(a)
    return a[known], f[known]


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """sum|e| / sum of actuals, as a share. NaN when the actuals sum to 0."""
    a, f = pairs(actual, forecast)
    total = float(np.sum(np.abs(a)))
    return float(np.sum(np.abs(f - a))) / total if total > 0 else float("nan")


def bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """sum(F - A) / sum A, signed share. NaN when the actuals sum to 0."""
    a, f = pairs(actual, forecast)
    total = float(np.sum(a))
    return float(np.sum(f - a)) / total if total != 0 else float("nan")


def accuracy(actual: ArrayLike, forecast: ArrayLike) -> float:
    """max(0, 1 - |A - F| / A) of the totals: 40,000 forecast as 50,000 is 0.75."""
    a, f = pairs(actual, forecast)
    total = float(np.sum(a))
    return max(0.0, 1.0 - abs(float(np.sum(f)) - total) / total) if total > 0 else float("nan")


def mape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """mean |e| / |A|, as a share. NaN as soon as one actual is 0."""
    a, f = pairs(actual, forecast)
    return float(np.mean(np.abs((f - a) / a))) if len(a) and np.all(a != 0) else float("nan")


def smape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """mean of 2|e| / (|A| + |F|) in percent, 0 to 200; a period where both are 0 counts 0."""
    a, f = pairs(actual, forecast)
    if not len(a):
        return float("nan")
    size = np.abs(a) + np.abs(f)
    return float(np.mean(np.divide(200.0 * np.abs(f - a), size, out=np.zeros_like(size), where=size > 0)))


def naive_scale(history: ArrayLike, season: int) -> float:
    """In-sample mean |y_t - y_(t-m)|: the error of the seasonal naive, in units of the series.

    Series no longer than a season are scaled by the plain naive (m = 1). NaN when nothing ever changed.
    """
    return _scale(np.asarray(history, dtype=np.float64), season, power=1)


def _scale(y: Array, season: int, *, power: int) -> float:
    lag = season if len(y) > season else 1
    if len(y) <= lag:
        return float("nan")
    size = float(np.nanmean(np.abs(y[lag:] - y[:-lag]) ** power))
    return size if size > 0 else float("nan")


def mase(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int) -> float:
    """mean|e| over the test / in-sample error of the seasonal naive."""
    a, f = pairs(actual, forecast)
    return float(np.mean(np.abs(f - a))) / naive_scale(history, season) if len(a) else float("nan")


def rmsse(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1) -> float:
    """Root of mean e^2 over the test / in-sample mean square of the naive. For intermittent demand use season 1."""
    a, f = pairs(actual, forecast)
    if not len(a):
        return float("nan")
    scale = _scale(np.asarray(history, dtype=np.float64), season, power=2)
    return float(np.sqrt(np.mean((f - a) ** 2) / scale))


def owa(smape_: float, mase_: float, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of M4: the mean of the two ratios to Naive2, each a mean over all series."""
    return (smape_ / naive2_smape + mase_ / naive2_mase) / 2


def tracking_signal(actual: ArrayLike, forecast: ArrayLike) -> Array:
    """Cumulative e / mean |e| to date, per period; beyond +-4 the forecast leans to one side. NaN while MAD is 0."""
    a, f = pairs(actual, forecast)
    e = f - a
    mad = np.cumsum(np.abs(e)) / np.arange(1, len(e) + 1)
    return np.divide(np.cumsum(e), mad, out=np.full_like(mad, np.nan), where=mad > 0)


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of actuals inside [low, high]."""
    a = np.asarray(actual, dtype=np.float64)
    inside = (a >= np.asarray(low)) & (a <= np.asarray(high))
    known = ~np.isnan(a)
    return float(np.mean(inside[known])) if known.any() else float("nan")


def msis(actual: ArrayLike, low: ArrayLike, high: ArrayLike, history: ArrayLike, season: int, level: int) -> float:
    """Mean scaled interval score: width, plus 2/alpha times what falls outside, over the seasonal-naive scale."""
    a, lo, hi = (np.asarray(part, dtype=np.float64) for part in (actual, low, high))
    alpha = 1 - level / 100
    score = (hi - lo) + 2 / alpha * np.maximum(0, lo - a) + 2 / alpha * np.maximum(0, a - hi)
    return float(np.nanmean(score)) / naive_scale(history, season)
