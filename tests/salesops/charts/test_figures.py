"""Every figure is one Plotly accepts, and keeps the conventions of a chart."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import orjson
import plotly.graph_objects as go
import pytest

from salesops.charts import figures, palette
from salesops.frame import gallery

STATIC = Path(__file__).resolve().parents[3] / "static" / "salesops"
MONTHS = ["Jan", "Feb", "Mar"]
ALL: dict[str, Callable[[], figures.Figure]] = {
    "line": lambda: figures.line(MONTHS, [1, 2, 3], name="a"),
    "line with all": lambda: figures.line(
        MONTHS, [1, None, 3], name="a", unit="percent", previous=[1, 1, 1], plan=[2, 2, 2], open_last=True
    ),
    "lines": lambda: figures.lines(MONTHS, {str(i): [i, i, i] for i in range(9)}, unit="days"),
    "bar": lambda: figures.bar(MONTHS, [1, 2, 3], name="a", previous=[1, 1, 1], links=["/a", "/b", "/c"]),
    "stacked": lambda: figures.stacked_bar(MONTHS, {str(i): [i, i, i] for i in range(8)}, unit="money"),
    "horizontal": lambda: figures.horizontal_bar(MONTHS, [1, 2, 3], name="a", unit="ratio", target=[2, 2, 2]),
    "forecast": lambda: figures.forecast(
        MONTHS, [1, 2, 3], ["Apr"], [4], inner=([3], [5]), outer=([2], [6]), previous=[3]
    ),
    "funnel": lambda: figures.funnel(MONTHS, [9, 5, 2], links=["/a", "/b", "/c"]),
    "waterfall": lambda: figures.waterfall(["Start", "New", "End"], [10, 2, 12]),
}


@pytest.mark.parametrize("name", ALL)
def test_plotly_accepts_the_figure(name: str) -> None:
    figure = ALL[name]()
    go.Figure(figure)
    assert json.loads(orjson.dumps(figure)) == figure


@pytest.mark.parametrize("name", ALL)
def test_every_colour_has_a_dark_one(name: str) -> None:
    text = orjson.dumps(ALL[name]()).decode()
    known = {light for light, _ in palette.TOKENS.values()} | {palette.CLEAR}
    assert set(re.findall(r'"(#[0-9a-f]{6}|rgba\([^)]*\))"', text)) <= known


def test_a_year_of_months_stays_small() -> None:
    chart = next(c for c in gallery.charts() if c.id == "bookings")
    assert len(orjson.dumps(chart.figure)) < 4096


def test_past_six_series_the_rest_is_other_and_nothing_is_lost() -> None:
    series = {str(i): [float(i), 2.0 * i] for i in range(9)}
    kept = figures.most_of(series)
    assert list(kept) == ["4", "5", "6", "7", "8", "Other"]
    assert kept["Other"] == [0 + 1 + 2 + 3, 2 * (0 + 1 + 2 + 3)]
    assert [sum(column) for column in zip(*kept.values(), strict=True)] == [36, 72]


def test_undefined_values_are_gaps_not_zero() -> None:
    trace = figures.line(MONTHS, [1, math.nan, 3], name="a")["data"][0]
    assert trace["y"] == [1, None, 3]


def test_open_period_is_drawn_apart_and_dashed() -> None:
    solid, tail = figures.line(MONTHS, [1, 2, 3], name="a", open_last=True)["data"]
    assert solid["y"] == [1, 2, None]
    assert (tail["y"], tail["line"]["dash"]) == ([None, 2, 3], "dot")


def test_bands_of_a_forecast_start_at_the_last_actual() -> None:
    data = ALL["forecast"]()["data"]
    outer_low, outer_high, inner_low, inner_high = data[:4]
    assert [t["y"] for t in (outer_low, inner_low, inner_high, outer_high)] == [[3, 2], [3, 3], [3, 5], [3, 6]]
    assert outer_high["fill"] == inner_high["fill"] == "tonexty"


def test_forecast_refuses_a_label_that_stands_twice() -> None:
    with pytest.raises(ValueError, match="must differ"):
        figures.forecast(MONTHS, [1, 2, 3], ["Jan"], [4], inner=([3], [5]))


def test_value_axes_start_at_zero() -> None:
    for name in ("line", "bar", "stacked", "forecast", "waterfall"):
        assert ALL[name]()["layout"]["yaxis"]["rangemode"] == "tozero"


def test_palette_stylesheet_and_script_agree() -> None:
    css = (STATIC / "app.css").read_text()
    light, dark = css.split('[data-bs-theme="dark"] {', 1)
    script = (STATIC / "charts.js").read_text()
    for name, (bright, dim) in palette.TOKENS.items():
        assert f"--{name}: {bright};" in light
        assert f"--{name}: {dim};" in dark.split("}", 1)[0]
        assert f'"{bright}": "--{name}"' in script
