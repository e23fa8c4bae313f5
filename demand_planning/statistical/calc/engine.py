"""One series in, its forecast and what it is worth out; ranges come later, pooled over all series (`ranges`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demand_planning.statistical.calc import accuracy
from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.backtest import (
    GUARD_ORIGINS,
    Cut,
    Score,
    combine,
    cut_at,
    floored,
    is_worse,
    origins,
    score,
)
from demand_planning.statistical.calc.methods import MEAN, MEDIAN, PLAIN, ROUTES, ZERO, predict
from demand_planning.statistical.calc.shape import Kind, Shape, shape_of

VERSION = 1  # raise it when the same history would give another forecast


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the engine must know of the time buckets."""

    season: int  # periods in a season; 1 = none
    year: int  # periods in a year
    horizon: int  # periods to forecast

    def __post_init__(self) -> None:
        if self.season < 1 or self.horizon < 1 or self.year < self.season:
            raise ValueError(f"season {self.season}, year {self.year}, horizon {self.horizon}: not a calendar")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A forecast without its ranges yet."""

    shape: Shape
    method: str  # "median", the one model, the plain rule, "mean" or "zero"
    models: tuple[str, ...]  # what the median is taken of
    expected: Array  # shape (horizon,)
    sigma: Array  # the models' own standard deviation, shape (horizon,)
    scale: float  # in-sample error of the seasonal naive; NaN for a series that never changed
    cuts: tuple[Cut, ...]
    scores: Mapping[str, Score]  # by model, "median" and the plain rule among them
    is_guarded: bool  # the plain rule took over


def fit(y: Sequence[float] | Array, calendar: Calendar, *, origin_count: int = 1) -> Fitted:
    """Forecast one series.

    Args:
        y: history, oldest first, one value a period, no NaN.
        origin_count: backtest origins; one is enough where hundreds of series are pooled.

    Raises:
        ValueError: a value is missing or infinite.
    """
    values = np.ascontiguousarray(y, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError(f"value {int(np.flatnonzero(~np.isfinite(values))[0]) + 1} of the history is not a number")
    shape = shape_of(values, season=calendar.season, year=calendar.year)
    if shape.kind in ROUTES:
        return _modelled(values, shape, calendar, origin_count)
    return _plain(values, shape, calendar)


def _plain(y: Array, shape: Shape, calendar: Calendar) -> Fitted:
    """Nothing to model: zero for what ended or never sold, the mean for what has just begun."""
    h = calendar.horizon
    if shape.kind == Kind.NEW:
        spread = float(np.std(y)) if len(y) > 1 else abs(float(y.mean()))
        scale = accuracy.naive_scale(y, calendar.season)
        return Fitted(shape, MEAN, (), np.full(h, y.mean()), np.full(h, spread), scale, (), {}, False)
    return Fitted(shape, ZERO, (), np.zeros(h), np.zeros(h), float("nan"), (), {}, False)


def _modelled(y: Array, shape: Shape, calendar: Calendar, origin_count: int) -> Fitted:
    season, h = calendar.season, calendar.horizon
    models, plain = ROUTES[shape.kind], PLAIN[shape.kind]
    whole = combine([predict(name, y, season, h) for name in models], y, h)
    assert whole.sigma is not None
    cuts = [cut_at(y, train, h, season, shape) for train in origins(len(y), h, season, origin_count)]
    asked, guarded = _guard(cuts, y, shape, calendar)
    scores = {name: score(asked, y, season, name) for name in (asked[0].by_model if asked else ())}
    expected = floored(predict(plain, y, season, h).mean, y) if guarded else whole.mean
    method = plain if guarded else MEDIAN if len(models) > 1 else models[0]
    scale = accuracy.naive_scale(y, season)
    return Fitted(shape, method, models, expected, whole.sigma, scale, tuple(cuts), scores, guarded)


def _guard(cuts: list[Cut], y: Array, shape: Shape, calendar: Calendar) -> tuple[list[Cut], bool]:
    """Whether the plain rule takes over, and the cuts that decided it.

    One bad window says little (set aside after one window only, the median loses 2 % on the M3 sample), so a series
    that fails from all the origins asked is asked from more, and must fail from each.
    """
    season, plain = calendar.season, PLAIN[shape.kind]
    intermittent = shape.kind in (Kind.INTERMITTENT, Kind.FADING)
    if not cuts or not all(is_worse(cut, y, season, plain, intermittent=intermittent) for cut in cuts):
        return cuts, False
    known = {cut.train for cut in cuts}
    wanted = [n for n in origins(len(y), calendar.horizon, season, GUARD_ORIGINS) if n not in known]
    more = [cut_at(y, train, calendar.horizon, season, shape) for train in wanted[: GUARD_ORIGINS - len(cuts)]]
    failed = all(is_worse(cut, y, season, plain, intermittent=intermittent) for cut in more)
    return cuts + more, failed and len(cuts) + len(more) > 1
