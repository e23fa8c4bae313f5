"""Monthly sums by item and place as histories of every level: all, each item, each place, each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from demand_planning.statistical.calc.accuracy import Array

ALL = ""  # code of "everything" on an axis


@dataclass(frozen=True, slots=True)
class History:
    item: str  # ALL, or the code
    place: str
    first_month: date  # the first month with a value other than 0
    values: Array  # one a month, shape (n,), zeros included
    cells: tuple[int, ...]  # positions of the cells it is the sum of (of a cell: itself)


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def month_start(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def closed_until(*, as_of: date, data_to: date) -> date:
    """First day of the first month that is not history yet.

    The current month is open. When data end more than 45 days ago, history ends with them: after the last month they
    reach into the last week of, so that old data are forecast from their own end and not filled up with zeros.
    """
    if (as_of - data_to).days <= 45:
        return as_of.replace(day=1)
    following = month_start(month_number(data_to) + 1)
    return following if (following - data_to).days <= 7 else data_to.replace(day=1)


def histories(rows: pd.DataFrame, *, until: date) -> list[History]:
    """Histories of every level; cells first, so that their positions are their indices.

    Args:
        rows: columns item (str), place (str), month (date, a first), value (float); missing months count as 0.
        until: first month not part of the history.

    Returns:
        Cells, items, places, and the total, each from its first month with a value. What never had one is left out.
    """
    rows = rows[(rows["month"] < until) & (rows["value"] != 0)]
    if rows.empty:
        return []
    months = np.array([month_number(day) for day in rows["month"]])
    first, end = int(months.min()), month_number(until)
    pairs = sorted(set(zip(rows["item"], rows["place"], strict=True)))
    position = {pair: index for index, pair in enumerate(pairs)}
    table = np.zeros((len(pairs), end - first))
    where = np.array([position[pair] for pair in zip(rows["item"], rows["place"], strict=True)])
    np.add.at(table, (where, months - first), rows["value"].to_numpy(dtype=np.float64))
    found = [_history(table, first, item, place, [index]) for index, (item, place) in enumerate(pairs)]
    for item in sorted({item for item, _ in pairs}):
        found.append(_history(table, first, item, ALL, [i for i, pair in enumerate(pairs) if pair[0] == item]))
    for place in sorted({place for _, place in pairs}):
        found.append(_history(table, first, ALL, place, [i for i, pair in enumerate(pairs) if pair[1] == place]))
    found.append(_history(table, first, ALL, ALL, range(len(pairs))))
    return found


def _history(table: Array, first: int, item: str, place: str, cells: Sequence[int]) -> History:
    values = table[list(cells)].sum(axis=0)
    start = int(np.flatnonzero(values)[0]) if values.any() else 0
    return History(item, place, month_start(first + start), values[start:], tuple(cells))
