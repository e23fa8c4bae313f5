"""Fitted results as plain JSON records and back, so that one worker can fit and another pool the ranges."""

import math
from typing import Any

import numpy as np

from demand_planning.statistical.calc.accuracy import Array
from demand_planning.statistical.calc.backtest import Cut, Score
from demand_planning.statistical.calc.engine import Fitted
from demand_planning.statistical.calc.methods import MEDIAN
from demand_planning.statistical.calc.shape import Kind, Shape

Record = dict[str, Any]


def to_record(fitted: Fitted) -> Record:
    """JSON without NaN (undefined is null). Of the cuts only what the ranges need is kept."""
    shape, cuts = fitted.shape, fitted.cuts
    return {
        "shape": [shape.kind.value, shape.n, shape.zeros, shape.tail, number(shape.adi)],
        "method": fitted.method,
        "models": list(fitted.models),
        "expected": fitted.expected.tolist(),
        "sigma": fitted.sigma.tolist(),
        "scale": number(fitted.scale),
        "is_guarded": fitted.is_guarded,
        "scores": {name: _score(score) for name, score in fitted.scores.items()},
        "cuts": [
            {
                "train": cut.train,
                "actual": cut.actual.tolist(),
                "median": cut.by_model[MEDIAN].tolist(),
                "sigma": cut.sigma.tolist(),
                "scale": number(cut.scale),
            }
            for cut in cuts
        ],
    }


def from_record(record: Record) -> Fitted:
    kind, n, zeros, tail, adi = record["shape"]
    return Fitted(
        shape=Shape(Kind(kind), n, zeros, tail, undefined(adi)),
        method=record["method"],
        models=tuple(record["models"]),
        expected=_array(record["expected"]),
        sigma=_array(record["sigma"]),
        scale=undefined(record["scale"]),
        cuts=tuple(
            Cut(
                cut["train"],
                _array(cut["actual"]),
                {MEDIAN: _array(cut["median"])},
                _array(cut["sigma"]),
                undefined(cut["scale"]),
            )
            for cut in record["cuts"]
        ),
        scores={
            name: Score(
                mase=undefined(score["mase"]),
                rmsse=undefined(score["rmsse"]),
                wape=undefined(score["wape"]),
                bias=undefined(score["bias"]),
                n=score["n"],
            )
            for name, score in record["scores"].items()
        },
        is_guarded=record["is_guarded"],
    )


def _score(score: Score) -> Record:
    return {
        "mase": number(score.mase),
        "rmsse": number(score.rmsse),
        "wape": number(score.wape),
        "bias": number(score.bias),
        "n": score.n,
    }


def number(value: float) -> float | None:
    """NaN and infinity as None."""
    return float(value) if math.isfinite(value) else None


def undefined(value: float | None) -> float:
    return float("nan") if value is None else value


def _array(values: list[float]) -> Array:
    return np.asarray(values, dtype=np.float64)
