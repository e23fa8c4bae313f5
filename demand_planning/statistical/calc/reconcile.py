"""Make every level add up: structural weighted least squares over products x territories.

The forecasts of all nodes are changed as little as possible, in squares weighted by the number of cells under a node,
so that each node is the sum of its cells. The totals keep most of their own forecast (which is the better one at the
top), the cells take the difference.

Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 11.3 (WLS_struct).
"""

from collections.abc import Sequence

import numpy as np

from demand_planning.statistical.calc.accuracy import Array

ROUNDS = 20  # repetitions against negative cells


def reconcile(own: Array, members: Sequence[Sequence[int]], free: Sequence[bool], *, floor: bool = True) -> Array:
    """Cells whose sums come nearest to what every node forecast for itself.

    Args:
        own: forecast of each node, the cells first, shape (nodes, horizon).
        members: the cells of each node; of a cell: itself.
        free: whether a cell may change; an ended product stays at its forecast of 0, shape (cells,).
        floor: no cell below 0.

    Returns:
        Cells, shape (cells, horizon); a node is the sum of its members.
    """
    cells = len(free)
    summing = np.zeros((len(members), cells))
    for node, of_node in enumerate(members):
        summing[node, list(of_node)] = 1.0
    movable = np.flatnonzero(free)
    result = np.array(own[:cells], dtype=np.float64)
    fixed = summing @ np.where(np.asarray(free)[:, None], 0.0, result)
    held = np.zeros(len(movable), dtype=bool)  # cells that ran into 0
    for _ in range(ROUNDS):
        open_cells = movable[~held]
        if not len(open_cells):
            break
        part = summing[:, open_cells]
        counts = part.sum(axis=1)
        rows = counts > 0
        weighted = part[rows].T / counts[rows]
        result[open_cells] = np.linalg.solve(weighted @ part[rows], weighted @ (own - fixed)[rows])
        negative = (result[movable] < -1e-9).any(axis=1) & ~held
        if not floor or not negative.any():
            break
        held |= negative
        result[movable[negative]] = np.maximum(own[movable[negative]], 0.0)
        fixed = summing @ np.where(np.isin(np.arange(cells), movable[~held])[:, None], 0.0, result)
    return np.maximum(result, 0.0) if floor else result
