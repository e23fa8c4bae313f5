"""Plotly figures as plain dicts (building a `go.Figure` costs 500 times as much; tests validate each by one).

A dict holds what differs from chart to chart; fonts, grid, margins and the dark theme are merged in the browser by
static/salesops/charts.js, so a figure stays near 1 KB. Conventions: bars start at 0, at most six series and the rest
"Other", the previous period thin, grey and dashed, the plan stepped, forecasts with their ranges, one value axis.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from salesops.charts import palette
from salesops.charts.numbers import is_missing

Figure = dict[str, Any]
Values = Sequence[float | int | None]
Labels = Sequence[str]

TICKS = {"percent": ".0%", "days": ",.0f", "hours": ",.0f", "ratio": ".1f"}  # else Plotly's own, K M B
HOVER = {
    "money": ",.0f",
    "number": ",~f",
    "count": ",.0f",
    "percent": ".1%",
    "days": ".1f",
    "hours": ".1f",
    "ratio": ".2f",
}
SUFFIX = {"days": " days", "hours": " hours", "ratio": " ×"}


def line(
    x: Labels,
    values: Values,
    *,
    name: str,
    unit: str = "number",
    previous: Values | None = None,
    previous_name: str = "Previous period",
    plan: Values | None = None,
    plan_name: str = "Plan",
    open_last: bool = False,
) -> Figure:
    """One measure over time, with the period before and the plan where given.

    Args:
        open_last: the last period is not over; its segment is drawn dashed.
    """
    traces: list[dict[str, Any]] = []
    if previous is not None:
        traces.append(_line(x, previous, previous_name, unit, colour=palette.PREVIOUS, width=1.5, dash="dash"))
    if plan is not None:
        traces.append(_line(x, plan, plan_name, unit, colour=palette.PLAN, width=1.5, shape="hvh"))
    closed = _but_last(values) if open_last and len(values) > 1 else list(values)
    traces.append(_line(x, closed, name, unit, colour=palette.SERIES[0], markers=len(x) <= 24))
    if open_last and len(values) > 1:
        tail = [None] * (len(values) - 2) + list(values[-2:])
        traces.append(
            _line(x, tail, f"{name} (period still open)", unit, colour=palette.SERIES[0], dash="dot", markers=True)
        )
    return {"data": traces, "layout": _layout(unit, legend=len(traces) > 1)}


def lines(x: Labels, series: Mapping[str, Values], *, unit: str = "number") -> Figure:
    """Several measures over time; past six the smallest are summed into "Other"."""
    kept = most_of(series)
    traces = [
        _line(x, values, name, unit, colour=palette.SERIES[i], dash=palette.DASHES[i])
        for i, (name, values) in enumerate(kept.items())
    ]
    return {"data": traces, "layout": _layout(unit, legend=len(traces) > 1)}


def bar(
    x: Labels,
    values: Values,
    *,
    name: str,
    unit: str = "number",
    previous: Values | None = None,
    previous_name: str = "Previous period",
    links: Sequence[str] | None = None,
) -> Figure:
    """Vertical bars from 0; a click follows `links` to the rows."""
    traces: list[dict[str, Any]] = []
    if previous is not None:
        traces.append(_bar(x, previous, previous_name, unit, colour=palette.PREVIOUS))
    traces.append(_bar(x, values, name, unit, colour=palette.SERIES[0], links=links))
    return {"data": traces, "layout": _layout(unit, legend=len(traces) > 1, barmode="group")}


def stacked_bar(x: Labels, series: Mapping[str, Values], *, unit: str = "number") -> Figure:
    """Parts of a whole over time or groups; past six parts the smallest are "Other"."""
    traces = [
        _bar(x, values, name, unit, colour=palette.SERIES[i])
        for i, (name, values) in enumerate(most_of(series).items())
    ]
    return {"data": traces, "layout": _layout(unit, legend=len(traces) > 1, barmode="stack")}


def horizontal_bar(
    labels: Labels,
    values: Values,
    *,
    name: str,
    unit: str = "number",
    target: Values | None = None,
    links: Sequence[str] | None = None,
) -> Figure:
    """Bars side by side for names that need room, first on top; a tick marks the target of each."""
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": list(labels),
        "x": _clean(values),
        "width": 0.72 if len(labels) > 2 else 0.36,  # one bar alone is no wall
        "marker": {"color": palette.SERIES[0]},
        "hovertemplate": f"%{{y}}: %{{x:{HOVER.get(unit, ',~f')}}}{SUFFIX.get(unit, '')}<extra></extra>",
    }
    if links is not None:
        trace["customdata"] = list(links)
    traces = [trace]
    if target is not None:
        mark = {"symbol": "line-ns", "size": 18, "color": palette.PLAN, "line": {"width": 2, "color": palette.PLAN}}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "Target",
                "y": list(labels),
                "x": _clean(target),
                "marker": mark,
                "hovertemplate": f"Target: %{{x:{HOVER.get(unit, ',~f')}}}<extra></extra>",
            }
        )
    layout = {
        "showlegend": target is not None,
        "hovermode": "closest",
        "xaxis": _value_axis(unit),
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "meta": {"rows": len(labels)},
    }
    return {"data": traces, "layout": layout}


def forecast(
    x: Labels,
    history: Values,
    future_x: Labels,
    expected: Values,
    *,
    inner: tuple[Values, Values],
    outer: tuple[Values, Values] | None = None,
    unit: str = "number",
    name: str = "Actual",
    inner_name: str = "80 % range",
    outer_name: str = "95 % range",
    previous: Values | None = None,
) -> Figure:
    """History solid, forecast dashed, its ranges as bands (low, high). The forecast joins the last actual.

    Args:
        previous: the same future periods a year before, thin and grey.

    Raises ValueError where a label stands twice: one place on the axis would hold two periods.
    """
    if len({*x, *future_x}) != len(x) + len(future_x):
        raise ValueError(f"Period labels must differ: {[*x, *future_x]}")
    traces: list[dict[str, Any]] = []
    join_x, join = list(x[-1:]), list(history[-1:])
    for bounds, label, colour in ((outer, outer_name, palette.BAND_OUTER), (inner, inner_name, palette.BAND_INNER)):
        if bounds is None:
            continue
        low, high = bounds
        traces.append(_edge(join_x + list(future_x), join + list(low), label, unit, fill=None))
        traces.append(_edge(join_x + list(future_x), join + list(high), label, unit, fill=colour))
    if previous is not None:
        traces.append(_line(future_x, previous, "A year before", unit, colour=palette.PREVIOUS, width=1.5, dash="dash"))
    traces.append(_line(x, history, name, unit, colour=palette.SERIES[0]))
    traces.append(
        _line(join_x + list(future_x), join + list(expected), "Forecast", unit, colour=palette.SERIES[0], dash="dash")
    )
    layout = _layout(unit, legend=True)
    layout["xaxis"] |= {"categoryorder": "array", "categoryarray": [*x, *future_x]}  # the bands are drawn first
    return {"data": traces, "layout": layout}


def funnel(steps: Labels, values: Values, *, unit: str = "count", links: Sequence[str] | None = None) -> Figure:
    """Steps from widest to narrowest with the share that reached each from the step before."""
    trace: dict[str, Any] = {
        "type": "funnel",
        "y": list(steps),
        "x": _clean(values),
        "texttemplate": "%{value:,.0f}  %{percentPrevious:.0%}",
        "textposition": "auto",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:,.0f}<br>%{percentPrevious:.1%} of the step before<br>"
        "%{percentInitial:.1%} of the first<extra></extra>",
        "marker": {"color": palette.SERIES[0]},
        "connector": {"fillcolor": palette.BAND_OUTER, "line": {"width": 0}},
    }
    if links is not None:
        trace["customdata"] = list(links)
    layout = {
        "showlegend": False,
        "hovermode": "closest",
        "yaxis": {"automargin": True, "dtick": 1},
        "xaxis": {"visible": False},
        "meta": {"rows": len(steps) * 1.4, "unit": unit},
    }
    return {"data": [trace], "layout": layout}


def waterfall(
    labels: Labels, values: Values, *, totals: Sequence[int] = (0, -1), unit: str = "money", name: str = "Change"
) -> Figure:
    """From a start through its changes to the end.

    Args:
        totals: positions in `values` that are levels, drawn from 0; the others are changes.
    """
    absolute = {i % len(labels) for i in totals} if labels else set()
    measure = ["absolute" if i in absolute else "relative" for i in range(len(labels))]
    trace = {
        "type": "waterfall",
        "name": name,
        "x": list(labels),
        "y": _clean(values),
        "measure": measure,
        "texttemplate": "%{delta:.3~s}" if unit != "percent" else "%{delta:.0%}",
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": palette.GOOD}},
        "decreasing": {"marker": {"color": palette.BAD}},
        "totals": {"marker": {"color": palette.SERIES[0]}},
        "connector": {"line": {"color": palette.PREVIOUS, "width": 1}},
        "hovertemplate": f"%{{x}}: %{{delta:{HOVER.get(unit, ',~f')}}}<extra></extra>",
    }
    return {"data": [trace], "layout": _layout(unit, legend=False) | {"hovermode": "closest"}}


def most_of(series: Mapping[str, Values], most: int = palette.MOST_SERIES) -> dict[str, list[float | int | None]]:
    """The largest series by total, the rest summed into "Other" (in the order given)."""
    if len(series) <= most:
        return {name: _clean(values) for name, values in series.items()}
    size = {name: sum(abs(v) for v in _clean(values) if v is not None) for name, values in series.items()}
    largest = set(sorted(size, key=lambda name: -size[name])[: most - 1])
    kept = {name: _clean(values) for name, values in series.items() if name in largest}
    rest = [_clean(values) for name, values in series.items() if name not in largest]
    kept["Other"] = [_sum(column) for column in zip(*rest, strict=True)]
    return kept


def _sum(column: Sequence[float | int | None]) -> float | int | None:
    known = [v for v in column if v is not None]
    return sum(known) if known else None


def _clean(values: Values) -> list[float | int | None]:
    return [None if v is None or is_missing(v) else v if isinstance(v, int | float) else float(v) for v in values]


def _but_last(values: Values) -> list[float | int | None]:
    return [*values[:-1], None]


def _line(
    x: Labels,
    values: Values,
    name: str,
    unit: str,
    *,
    colour: str,
    width: float = 2.5,
    dash: str = "solid",
    shape: str = "linear",
    markers: bool = False,
) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers" if markers else "lines",
        "name": name,
        "x": list(x),
        "y": _clean(values),
        "line": {"color": colour, "width": width, "dash": dash, "shape": shape},
        "hovertemplate": f"%{{y:{HOVER.get(unit, ',~f')}}}{SUFFIX.get(unit, '')}",
    }
    if markers:
        trace["marker"] = {"size": 5, "color": colour}
    return trace


def _edge(x: Labels, values: Values, name: str, unit: str, *, fill: str | None) -> dict[str, Any]:
    edge: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": _clean(values),
        "line": {"width": 0, "color": palette.CLEAR},
        "showlegend": fill is not None,
        "legendgroup": name,
        "hovertemplate": f"%{{y:{HOVER.get(unit, ',~f')}}}{SUFFIX.get(unit, '')}",
    }
    if fill is not None:
        edge |= {"fill": "tonexty", "fillcolor": fill}
    return edge


def _bar(
    x: Labels, values: Values, name: str, unit: str, *, colour: str, links: Sequence[str] | None = None
) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "bar",
        "name": name,
        "x": list(x),
        "y": _clean(values),
        "marker": {"color": colour},
        "hovertemplate": f"%{{y:{HOVER.get(unit, ',~f')}}}{SUFFIX.get(unit, '')}",
    }
    if links is not None:
        trace["customdata"] = list(links)
    return trace


def _value_axis(unit: str) -> dict[str, Any]:
    axis: dict[str, Any] = {"rangemode": "tozero", "exponentformat": "B"}
    return axis | {"tickformat": TICKS[unit]} if unit in TICKS else axis


def _layout(unit: str, *, legend: bool, barmode: str | None = None) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "showlegend": legend,
        "hovermode": "x unified",
        "xaxis": {"type": "category", "automargin": True},
        "yaxis": _value_axis(unit),
    }
    if barmode:
        layout["barmode"] = barmode
    return layout
