"""What kind of series this is, which decides the route it takes."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from demand_planning.statistical.calc.accuracy import Array

INTERMITTENT_ADI = 1.32  # Syntetos, Boylan & Croston, JORS 56 (2005)
FEWEST = 4  # values a model needs
FADING_GAPS = 4  # silence this many times longer than the usual gap is a long zero tail
FADING_PERIODS = 6


class Kind(StrEnum):
    EMPTY = "empty"  # no value, or never anything but 0
    ENDED = "ended"  # nothing for a whole year
    NEW = "new"  # fewer than four values
    SHORT = "short"  # fewer than two seasons
    REGULAR = "regular"
    INTERMITTENT = "intermittent"  # zeros between the sales
    FADING = "fading"  # intermittent and silent for long


@dataclass(frozen=True, slots=True)
class Shape:
    kind: Kind
    n: int  # periods of history
    zeros: int  # of them 0
    tail: int  # zeros at the end
    adi: float  # periods per period with demand; NaN without demand


def shape_of(y: Array, *, season: int, year: int) -> Shape:
    """Kind of the series.

    Args:
        y: history, no NaN, shape (n,).
        season: periods in a season.
        year: periods in a year; silence that long means ended.
    """
    demand = np.flatnonzero(y)
    n = len(y)
    tail = n - 1 - int(demand[-1]) if len(demand) else n
    adi = n / len(demand) if len(demand) else float("nan")
    return Shape(_kind(n, len(demand), tail, adi, season, year), n, n - len(demand), tail, adi)


def _kind(n: int, filled: int, tail: int, adi: float, season: int, year: int) -> Kind:
    if not filled:
        return Kind.EMPTY
    if tail >= year:
        return Kind.ENDED
    if n < FEWEST:
        return Kind.NEW
    if adi >= INTERMITTENT_ADI:
        return Kind.FADING if tail >= max(FADING_PERIODS, FADING_GAPS * (n - tail) / filled) else Kind.INTERMITTENT
    return Kind.SHORT if n < 2 * season else Kind.REGULAR
