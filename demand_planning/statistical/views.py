"""The Forecast page and its CSV files. Parameters: measure, product, territory, level, sort, page, format."""

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from demand_planning.statistical import page
from demand_planning.statistical.calc.cells import month_number, month_start
from demand_planning.statistical.models import ForecastRun, ForecastSeries
from demand_planning.statistical.selectors import current_run, series_points
from demand_planning.statistical.visibility import seen_territories
from demand_planning.statistical.words import method_words, sentences
from salesops.frame.components import Empty
from salesops.frame.navigation import url_of
from salesops.tables.csv import csv_response

PAGE_SIZE = 50
POINT_HEADER = ("series", "month", "actual", "forecast", "lo_80", "hi_80", "lo_95", "hi_95")
SERIES_HEADER = (
    "measure",
    "level",
    "product",
    "territory",
    "next_12_months",
    "wape",
    "bias",
    "mase",
    "against_naive",
    "method",
    "months",
)


@require_GET
def forecast(request: HttpRequest) -> HttpResponse:
    run = current_run()
    rows = ForecastSeries.objects.filter(run=run).visible_to(request.user)
    ask = page.asked(request, rows)
    if run is None or not ask.measures:
        return render(request, "demand_planning/forecast.html", {"empty": _nothing(run)})
    if request.GET.get("format") == "csv" and ask.chosen:
        return csv_response(f"forecast-{ask.measure}-{run.as_of}", POINT_HEADER, _point_lines(ask.chosen))
    listed = page.listed(rows, ask)
    if request.GET.get("format") == "series.csv":
        return csv_response(f"forecast-series-{ask.measure}-{run.as_of}", SERIES_HEADER, _series_lines(listed))
    paged = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "run": run,
        "filters": page.filters(ask),
        "page": paged,
        "list": page.list_table(list(paged), run, ask.measure),
    }
    return render(request, "demand_planning/forecast.html", context | _of_series(request, run, ask))


def _nothing(run: ForecastRun | None) -> Empty:
    if run is not None:
        return Empty(
            _("Forecasts of your territory"),
            _("You see the forecasts of your own territory, and you are in none today, or nothing was sold there yet."),
            icon="chart-line",
        )
    return Empty(
        _("What will be asked for, by month, product and territory, with ranges"),
        _("No forecast has been made yet. The nightly run makes one from won deals and orders."),
        _("See the jobs"),
        url_of("jobs") or "",
        icon="chart-line",
    )


def _of_series(request: HttpRequest, run: ForecastRun, ask: page.Asked) -> dict[str, Any]:
    """What the page shows of the chosen series; only a note when there is none."""
    if ask.chosen is None:
        return {"series": None}
    points = series_points(ask.chosen)
    linked = seen_territories(request.user) is None
    return {
        "series": ask.chosen,
        "cards": page.cards(ask.chosen, run, linked=linked),
        "chart": page.chart(ask.chosen, points, run, ask, linked=linked),
        "sentences": sentences(ask.chosen, run),
        "points": page.points_table(ask.chosen, points, run),
        "backtest": page.backtest_table(ask.chosen),
    }


def _point_lines(series: ForecastSeries) -> Iterator[tuple]:
    first = month_number(series.first_month)
    for k, value in enumerate(series.history):
        yield (series.name, month_start(first + k), value, None, None, None, None, None)
    for p in series_points(series):
        yield (series.name, p.month, None, p.expected, p.lo_80, p.hi_80, p.lo_95, p.hi_95)


def _series_lines(rows: Any) -> Iterator[tuple]:
    for row in rows:
        yield (
            row.measure,
            row.level,
            row.item,
            row.place,
            row.next_year,
            row.wape,
            row.bias,
            row.mase,
            row.against_naive,
            method_words(row),
            row.months_n,
        )
