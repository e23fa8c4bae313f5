"""The tables of docs/algorithms/forecast.md."""

import numpy as np
import pytest

from demand_planning.statistical.calc.engine import Calendar, fit
from demand_planning.statistical.calc.methods import predict
from demand_planning.statistical.calc.ranges import unit

SEASON = (80, 85, 95, 100, 105, 110, 105, 100, 110, 115, 120, 140)
SMOOTH = [round(value * (1 + 0.1 * year)) for year in range(4) for value in SEASON]
HISTORY = np.array([value + (-1) ** i * (i % 5) for i, value in enumerate(SMOOTH)], dtype=float)


def test_worked_example() -> None:
    assert HISTORY[-12:].tolist() == [105, 108, 127, 126, 136, 142, 138, 127, 147, 150, 157, 180]
    found = fit(HISTORY, Calendar(12, 12, 6))
    table = {
        "theta": [115.9, 118.1, 137.7, 138.6, 149.2, 151.4],
        "adjusted_ets": [115.8, 118.0, 137.6, 138.5, 149.0, 151.2],
        "mstl": [119.8, 122.3, 138.2, 138.9, 148.7, 150.7],
        "seasonal_naive": [105, 108, 127, 126, 136, 142],
    }
    for name, values in table.items():
        assert predict(name, HISTORY, 12, 6).mean == pytest.approx(values, abs=0.06)
    assert found.expected == pytest.approx(np.median(list(table.values()), axis=0), abs=0.1)
    assert found.cuts[0].by_model["median"] == pytest.approx([136.9, 126.2, 143.1, 144.5, 155.3, 175.5], abs=0.06)
    median, naive = found.scores["median"], found.scores["seasonal_naive"]
    assert (median.mase, median.wape, median.bias) == pytest.approx((0.283, 0.0195, -0.0195), abs=0.001)
    assert (naive.mase, naive.wape) == pytest.approx((1.113, 0.0768), abs=0.001)  # 69 of 899
    assert not found.is_guarded
    assert unit(found.scale, found.sigma)[0] == pytest.approx(4.49, abs=0.02)
