"""Random numbers: one stream per table, and evenly spread sequences.

Independent draws would give a rep three wins in one quarter and none in the next; a real territory is steadier.
So outcomes and amounts come from an additive recurrence with low discrepancy (R2 sequence of M. Roberts, a
generalisation of the golden-ratio sequence): any run of neighbours covers [0, 1) almost evenly.
"""

import zlib
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[Any]  # object arrays of str

_PLASTIC = 1.32471795724474602596  # real root of x**3 = x + 1
_GRID = np.linspace(0.0005, 0.9995, 2_000)
_QUANTILES = np.array([NormalDist().inv_cdf(float(p)) for p in _GRID])


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Generator of its own for a table or a block, so that one table's draws do not move another's."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def even_pair(count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Two evenly spread sequences in [0, 1), each of shape (count,), nearly independent of each other."""
    steps = np.arange(1, count + 1)
    first, second = rng.random(2)
    return (first + steps / _PLASTIC) % 1.0, (second + steps / _PLASTIC**2) % 1.0


def normal_of(uniform: Floats) -> Floats:
    """Standard normal quantiles, cut at +-3.29."""
    return np.asarray(np.interp(uniform, _GRID, _QUANTILES))


def choose(rng: np.random.Generator, weights: Floats | list[float], count: int) -> Ints:
    """`count` indexes drawn with these weights, shape (count,)."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.asarray(np.searchsorted(edges / edges[-1], rng.random(count), side="right").clip(0, len(edges) - 1))


def choose_rows(rng: np.random.Generator, weights: Floats) -> Ints:
    """One column index per row of `weights`, shape (rows, choices) -> (rows,)."""
    edges = np.cumsum(weights, axis=1)
    point = rng.random(len(weights)) * edges[:, -1]
    return np.asarray((edges < point[:, None]).sum(axis=1).clip(0, weights.shape[1] - 1))


def spread(total_weights: Floats, count: int, rng: np.random.Generator) -> Ints:
    """`count` cells drawn in proportion to their weights and evenly along them, ascending, shape (count,)."""
    edges = np.cumsum(total_weights)
    points = (np.arange(count) + rng.random(count)) / count * edges[-1]
    return np.asarray(np.searchsorted(edges, points, side="right").clip(0, len(edges) - 1))


def codes(prefix: str, numbers: Ints, digits: int) -> Texts:
    """Ids like OPP-0000042."""
    return np.array([f"{prefix}-{n:0{digits}d}" for n in numbers.tolist()], dtype=object)


def text_array(values: list[str] | tuple[str, ...]) -> Texts:
    return np.array(list(values), dtype=object)
