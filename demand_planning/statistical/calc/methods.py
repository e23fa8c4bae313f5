"""The forecast methods. Each is one function (y, m, h) -> Predicted and one line of a registry.

statsforecast is imported on first use (2 s, 220 MB), so that a web process never pays for it.
"""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.seasonality import adjust, naive2
from demand_planning.statistical.calc.shape import Kind

LEVEL = 90  # level asked of the models to read their spread from
LEVEL_Z = 1.6448536269514722  # normal quantile belonging to it


@dataclass(frozen=True, slots=True)
class Predicted:
    mean: Array  # shape (h,)
    sigma: Array | None = None  # the model's own standard deviation per step, shape (h,); None = it has none


Method = Callable[[Array, int, int], Predicted]


@cache
def _library() -> ModuleType:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # workers are the parallelism; threads inside them only compete
    from statsforecast import models

    return models


def _with_spread(result: Mapping[str, Array]) -> Predicted:
    low, high = result[f"lo-{LEVEL}"], result[f"hi-{LEVEL}"]
    return Predicted(np.asarray(result["mean"], dtype=np.float64), np.asarray(high - low) / (2 * LEVEL_Z))


def dynamic_theta(y: Array, m: int, h: int) -> Predicted:
    """Dynamic optimised Theta: Fiorucci et al., IJF 32 (2016)."""
    season = m if len(y) >= 2 * m else 1
    model = _library().DynamicOptimizedTheta(season_length=season)
    return _with_spread(model.forecast(y=y, h=h, level=[LEVEL]))


def adjusted_ets(y: Array, m: int, h: int) -> Predicted:
    """Exponential smoothing, form chosen by AICc, on the seasonally adjusted series."""
    adjusted = adjust(y, m)
    plain = _with_spread(
        _library().AutoETS(season_length=1, model="ZZN").forecast(y=adjusted.values, h=h, level=[LEVEL])
    )
    assert plain.sigma is not None
    sigma = plain.sigma * np.abs(adjusted.future(h)) if adjusted.multiplicative else plain.sigma
    return Predicted(adjusted.restore(plain.mean), sigma)


def mstl(y: Array, m: int, h: int) -> Predicted:
    """Season by STL, trend by exponential smoothing; needs two whole seasons."""
    models = _library()
    model = models.MSTL(season_length=m, trend_forecaster=models.AutoETS(season_length=1, model="ZZN"))
    return _with_spread(model.forecast(y=y, h=h, level=[LEVEL]))


def seasonal_naive(y: Array, m: int, h: int) -> Predicted:
    """The same period a season ago; the last value while there is no whole season."""
    if len(y) < m:
        return Predicted(np.full(h, y[-1]))
    return Predicted(np.asarray([y[len(y) - m + k % m] for k in range(h)]))


def seasonal_naive2(y: Array, m: int, h: int) -> Predicted:
    return Predicted(naive2(y, m, h))


def recent_mean(y: Array, m: int, h: int) -> Predicted:
    """Mean of the last season (of the last 12 periods where there is none)."""
    return Predicted(np.full(h, y[-max(m, 12) :].mean()))


def imapa(y: Array, m: int, h: int) -> Predicted:
    """Intermittent multiple aggregation: Petropoulos & Kourentzes, JORS 66 (2015)."""
    return Predicted(np.asarray(_library().IMAPA().forecast(y=y, h=h)["mean"], dtype=np.float64))


def adida(y: Array, m: int, h: int) -> Predicted:
    """Aggregate-disaggregate: Nikolopoulos et al., JORS 62 (2011)."""
    return Predicted(np.asarray(_library().ADIDA().forecast(y=y, h=h)["mean"], dtype=np.float64))


def tsb(y: Array, m: int, h: int) -> Predicted:
    """Teunter, Syntetos & Babai, EJOR 214 (2011): the chance of a sale decays while there is none."""
    return Predicted(np.asarray(_library().TSB(0.2, 0.2).forecast(y=y, h=h)["mean"], dtype=np.float64))


METHODS: dict[str, Method] = {
    "theta": dynamic_theta,
    "adjusted_ets": adjusted_ets,
    "mstl": mstl,
    "seasonal_naive": seasonal_naive,
    "recent_mean": recent_mean,
    "imapa": imapa,
    "adida": adida,
    "tsb": tsb,
}
MEDIAN, ZERO, MEAN = "median", "zero", "mean"
#: Models whose median is the forecast, by kind of series. One name = that model itself.
ROUTES: Mapping[Kind, tuple[str, ...]] = {
    Kind.REGULAR: ("theta", "adjusted_ets", "mstl", "seasonal_naive"),
    Kind.SHORT: ("theta", "adjusted_ets", "seasonal_naive"),
    Kind.INTERMITTENT: ("imapa",),
    Kind.FADING: ("tsb",),
}
#: Models only shown beside them in the backtest.
BESIDE: Mapping[Kind, tuple[str, ...]] = {Kind.INTERMITTENT: ("adida",), Kind.FADING: ("imapa",)}
#: The plain rule a forecast must beat.
PLAIN: Mapping[Kind, str] = {
    Kind.REGULAR: "seasonal_naive",
    Kind.SHORT: "seasonal_naive",
    Kind.INTERMITTENT: "recent_mean",
    Kind.FADING: "recent_mean",
}


def predict(name: str, y: Array, m: int, h: int) -> Predicted:
    """One method's forecast, always finite: where a model refuses or yields NaN, the seasonal naive stands in.

    Raises:
        KeyError: no method of this name.
    """
    if name == "mstl" and len(y) < 2 * m:
        name = "theta"  # a backtest origin may leave less than two seasons
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "too few residuals", 0/0 of a constant series: what comes out is checked
        try:
            found = METHODS[name](y, m, h)
        except (NotImplementedError, ValueError, ArithmeticError):  # the library refuses "tiny datasets" and the like
            return seasonal_naive(y, m, h)
    if np.all(np.isfinite(found.mean)):
        return found
    return seasonal_naive(y, m, h)
