"""Rolling origin: forecast from days past, with only what was known then, and measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demand_planning.statistical.calc import accuracy
from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.methods import BESIDE, MEDIAN, PLAIN, ROUTES, Predicted, predict
from demand_planning.statistical.calc.shape import FEWEST, Shape

GUARD_RATIO = 1.5  # worse than this many times the plain rule's error, from every origin: the plain rule is used
GUARD_ORIGINS = 3  # origins asked before the models are set aside


@dataclass(frozen=True, slots=True)
class Cut:
    """What was forecast from one origin, beside what came."""

    train: int  # periods known at the origin
    actual: Array  # shape (k,), k <= horizon
    by_model: Mapping[str, Array]  # each model, the median among them, shape (k,)
    sigma: Array  # mean of the models' own standard deviations, shape (k,)
    scale: float  # seasonal-naive error inside the history known then


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one model over all origins of a series. NaN where undefined."""

    mase: float
    rmsse: float
    wape: float  # share
    bias: float  # signed share
    n: int  # forecast periods compared


def origins(n: int, h: int, season: int, count: int) -> tuple[int, ...]:
    """Lengths of history to forecast from, `count` at most, none later than one period before the end.

    The first leaves the whole horizon to compare, but keeps two seasons where a third of the horizon still remains
    then, else half the history. Further ones lie earlier while three seasons remain before them, else between the
    first and the end (shorter horizons).
    """
    least = 2 * season if n - 2 * season >= max(1, h // 3) else (n + 1) // 2
    first = max(n - h, least, FEWEST)
    if first >= n or count < 1:
        return ()
    step = max(1, h // count)
    earlier = [first - i * step for i in range(1, count) if first - i * step >= 3 * season]
    later = [first + i * step for i in range(1, count) if first + i * step < n]
    return (first, *(earlier + later)[: count - 1])


def combine(parts: Sequence[Predicted], y: Array, h: int) -> Predicted:
    """Median of the means, mean of the spreads; the spread of the history where no model has one."""
    mean = np.median([part.mean for part in parts], axis=0)
    spreads = [p.sigma for p in parts if p.sigma is not None and np.all(np.isfinite(p.sigma))]
    sigma = np.mean(spreads, axis=0) if spreads else np.full(h, float(np.std(y)))
    return Predicted(floored(mean, y), np.asarray(sigma))


def floored(values: Array, history: Array) -> Array:
    """Never below 0 where the history never was."""
    return np.maximum(values, 0.0) if np.min(history) >= 0 else values


def cut_at(y: Array, train: int, h: int, season: int, shape: Shape) -> Cut:
    """Forecast from the origin `train` with the models the whole series is forecast with."""
    known, actual = y[:train], y[train : train + h]
    k = len(actual)
    parts = {name: predict(name, known, season, k) for name in ROUTES[shape.kind]}
    whole = combine(list(parts.values()), known, k)
    shown = {name: floored(part.mean, known) for name, part in parts.items()}
    for name in {PLAIN[shape.kind], *BESIDE.get(shape.kind, ())} - set(shown):
        shown[name] = floored(predict(name, known, season, k).mean, known)
    assert whole.sigma is not None
    return Cut(train, actual, shown | {MEDIAN: whole.mean}, whole.sigma, accuracy.naive_scale(known, season))


def score(cuts: Sequence[Cut], y: Array, season: int, model: str) -> Score:
    """The model's errors over all cuts together; each error is scaled by the history known at its origin."""
    if not cuts:
        return Score(float("nan"), float("nan"), float("nan"), float("nan"), 0)
    actual = np.concatenate([cut.actual for cut in cuts])
    forecast = np.concatenate([cut.by_model[model] for cut in cuts])
    weights = [len(cut.actual) for cut in cuts]
    mases = [accuracy.mase(c.actual, c.by_model[model], y[: c.train], season) for c in cuts]
    squares = [accuracy.rmsse(c.actual, c.by_model[model], y[: c.train]) ** 2 for c in cuts]
    return Score(
        mase=float(np.average(mases, weights=weights)),
        rmsse=float(np.sqrt(np.average(squares, weights=weights))),
        wape=accuracy.wape(actual, forecast),
        bias=accuracy.bias(actual, forecast),
        n=len(actual),
    )


def is_worse(cut: Cut, y: Array, season: int, plain: str, *, intermittent: bool) -> bool:
    """True when the models were more than 1.5 times as wrong as the plain rule from this origin.

    Intermittent series are judged by RMSSE: by absolute error, forecasting nothing at all would look best.
    """
    ours, theirs = score([cut], y, season, MEDIAN), score([cut], y, season, plain)
    if intermittent:
        return bool(ours.rmsse > GUARD_RATIO * theirs.rmsse)
    return bool(ours.mase > GUARD_RATIO * theirs.mase)  # False where either is NaN
