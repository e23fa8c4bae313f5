import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand_planning.statistical.calc.reconcile import reconcile

TREE = [[0], [1], [0, 1]]  # two cells and their total


def test_two_cells_and_a_total_by_hand() -> None:
    """Cells 10 and 20, total 36: minimise (a-10)^2 + (b-20)^2 + (a+b-36)^2 / 2, so each takes 6 / (2 + 2)."""
    cells = reconcile(np.array([[10.0], [20.0], [36.0]]), TREE, [True, True])
    assert cells[:, 0] == pytest.approx([11.5, 21.5])


def test_what_adds_up_already_stays() -> None:
    own = np.array([[10.0, 1], [20.0, 2], [30.0, 3]])
    assert reconcile(own, TREE, [True, True]) == pytest.approx(own[:2])


def test_an_ended_cell_stays_zero() -> None:
    cells = reconcile(np.array([[0.0], [20.0], [32.0]]), TREE, [False, True])
    assert cells[0, 0] == 0 and cells[1, 0] == pytest.approx((20 + 32 + 0) / 2, rel=0.5)
    assert reconcile(np.array([[0.0], [0.0], [5.0]]), TREE, [False, False]).tolist() == [[0], [0]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10_000))
def test_crossed_levels_never_go_negative(items: int, places: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = items * places
    members = [[i] for i in range(cells)]
    members += [[i * places + p for p in range(places)] for i in range(items)]
    members += [[i * places + p for i in range(items)] for p in range(places)]
    members.append(list(range(cells)))
    own = random.gamma(0.5, 100, (len(members), 3))
    found = reconcile(own, members, [True] * cells)
    assert found.shape == (cells, 3) and np.all(found >= 0) and np.all(np.isfinite(found))
