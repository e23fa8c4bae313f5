"""Funnel arithmetic: who entered which step, when, and where they were lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054  # standard normal quantile of 97.5 %
ENOUGH = 30  # decided cases a step needs before it is called the worst


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    entered: int  # entered this step or a later one
    moved_on: int  # of these, entered the next step or a later one
    open_here: int  # got no further, and still open: undecided
    lost_here: int  # got no further, and closed
    conversion: float  # moved_on / entered; NaN at the last step or when nobody entered
    low: float  # 95 % Wilson interval of the conversion
    high: float
    median_days: float  # from entering this step to entering the next, of those who did; NaN if none
    p90_days: float

    @property
    def decided(self) -> int:
        return self.entered - self.open_here

    @property
    def decided_conversion(self) -> float:
        """Moved on / (entered - still open here): what the conversion becomes if the open ones go like the others."""
        return self.moved_on / self.decided if self.decided else float("nan")


@dataclass(frozen=True, slots=True)
class Leak:
    """The step and group that lose the most against all other groups at the same step."""

    step: str
    key: object
    conversion: float  # decided, of this group
    others: float  # decided, of all other groups together
    decided: int  # of this group
    lost: float  # cases this group would have moved on at the others' conversion


def wilson(successes: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Score interval of a proportion, as shares; (NaN, NaN) for n = 0.

    Source: Wilson, E. B. (1927), JASA 22, 209-212. Check: 81 of 263 gives 0.2553 to 0.3662
    (Newcombe 1998, Statistics in Medicine 17, 857-872, table I).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n; got {successes} of {n}.")
    if n == 0:
        return float("nan"), float("nan")
    p, zz = successes / n, z * z
    middle = p + zz / (2 * n)
    half = z * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    low, high = (middle - half) / (1 + zz / n), (middle + half) / (1 + zz / n)
    return (low if successes else 0.0), (high if successes < n else 1.0)  # exact at the ends


def fill_skipped(entry: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entry days where a skipped step counts as entered on the day of the next step entered.

    Args:
        entry: day numbers, shape (cases, steps); NaN = not entered.
    """
    filled = np.where(np.isnan(entry), np.inf, entry)
    filled = np.minimum.accumulate(filled[:, ::-1], axis=1)[:, ::-1]
    return np.where(np.isinf(filled), np.nan, filled)


def funnel(names: Sequence[str], entry: NDArray[np.float64], is_open: NDArray[np.bool_]) -> tuple[Step, ...]:
    """Steps of one cohort.

    Args:
        names: of the steps, in order.
        entry: day each case entered each step, shape (cases, steps); NaN = never. Skipped steps are filled here.
        is_open: still undecided, shape (cases,).
    """
    if entry.ndim != 2 or entry.shape != (len(is_open), len(names)):
        raise ValueError(f"entry has shape {entry.shape}, expected ({len(is_open)}, {len(names)}).")
    filled = fill_skipped(entry)
    reached = ~np.isnan(filled)
    steps = []
    for i, name in enumerate(names):
        here = reached[:, i]
        beyond = reached[:, i + 1] if i + 1 < len(names) else np.zeros(len(here), dtype=bool)
        last = i + 1 == len(names)
        entered, moved = int(here.sum()), int(beyond.sum())
        open_here = 0 if last else int((here & ~beyond & is_open).sum())
        low, high = (float("nan"),) * 2 if last else wilson(moved, entered)
        days = filled[beyond, i + 1] - filled[beyond, i] if moved else np.array([np.nan])
        steps.append(
            Step(
                name, entered, moved, open_here, 0 if last else entered - moved - open_here,
                moved / entered if entered and not last else float("nan"), low, high,
                float(np.median(days)), float(np.quantile(days, 0.9)),
            )
        )  # fmt: skip
    return tuple(steps)


def worst_step(steps: Sequence[Step]) -> Step | None:
    """The step with the lowest decided conversion; None when no step has enough decided cases."""
    judged = [step for step in steps[:-1] if step.decided >= ENOUGH]
    return min(judged, key=lambda step: step.decided_conversion, default=None)


def worst_leak(groups: dict[object, Sequence[Step]]) -> Leak | None:
    """The group and step that lose most cases against the other groups at the same step.

    None when no group with enough decided cases lies under the others.
    """
    leaks = []
    for key, steps in groups.items():
        for i, step in enumerate(steps[:-1]):
            rest = [other[i] for name, other in groups.items() if name != key]
            decided, moved = sum(s.decided for s in rest), sum(s.moved_on for s in rest)
            if step.decided < ENOUGH or decided < ENOUGH:
                continue
            gap = moved / decided - step.decided_conversion
            if gap > 0:
                leaks.append(
                    Leak(step.name, key, step.decided_conversion, moved / decided, step.decided, gap * step.decided)
                )
    return max(leaks, key=lambda leak: leak.lost, default=None)
