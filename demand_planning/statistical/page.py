"""The Forecast page: what the address asks for, and the objects the template shows."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from demand_planning.statistical.calc.cells import month_number, month_start
from demand_planning.statistical.models import NONE, ForecastPoint, ForecastRun, ForecastSeries, Level, Measure
from demand_planning.statistical.words import backtest_rows, coverage_words, method_words, month_words
from salesops.charts import figures
from salesops.frame.components import ChartCard, Choice, Column, Delta, Filter, KpiCard, Table

SHOWN_MONTHS = 36
SORTS = {
    "size": "next_year",
    "error": "wape",
    "naive": "against_naive",
    "mase": "mase",
    "bias": "bias",
    "name": "item_name",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of the address, cut to what this person may see."""

    measure: str
    item: str
    place: str
    level: str  # of the list
    sort: str
    measures: list[str]
    items: list[tuple[str, str]]  # code, name
    places: list[tuple[str, str]]
    chosen: ForecastSeries | None  # None: no such series, or not this person's


def asked(request: HttpRequest, rows: Any) -> Asked:
    """Read the address; `rows` are the series this person may see."""
    get = request.GET
    known = set(rows.order_by().values_list("measure", flat=True).distinct())
    measures = [measure for measure in Measure.values if measure in known]
    measure = get.get("measure", "") if get.get("measure", "") in measures else (measures or [""])[0]
    mine = rows.filter(measure=measure)
    axes = list(mine.order_by().values_list("item", "item_name", "place", "place_name", "level"))
    items = sorted({(code, _name(code, name)) for code, name, *_rest in axes if code}, key=lambda pair: pair[1])
    places = sorted(
        {(code, _name(code, name)) for *_rest, code, name, _level in axes if code}, key=lambda pair: pair[1]
    )
    # Postgres takes no NUL in a text.
    item, place = (get.get(name, "").replace("\x00", "\ufffd") for name in ("product", "territory"))
    if not item and not place and not any(level == Level.TOTAL for *_rest, level in axes):
        place = _largest_place(mine)
    chosen = mine.filter(item=item, place=place).select_related("run").first()
    level, sort = get.get("level", ""), get.get("sort", "")
    return Asked(
        measure,
        item,
        place,
        level if level in Level.values else "",
        sort if sort.lstrip("-") in SORTS else "-size",
        measures,
        items,
        places,
        chosen,
    )


def _name(code: str, name: str) -> str:
    return _("none") if code == NONE else name


def _largest_place(rows: Any) -> str:
    """What somebody without a view of the whole sees first."""
    return rows.filter(level=Level.TERRITORY).order_by("-next_year").values_list("place", flat=True).first() or ""


def filters(ask: Asked) -> list[Filter]:
    labels = dict(Measure.choices)
    return [
        Filter(
            "measure", _("Measure"), ask.measure, [Choice(m, labels[m]) for m in ask.measures], default=ask.measures[0]
        ),
        Filter("product", _("Product"), ask.item, [Choice("", _("All products")), *(Choice(*i) for i in ask.items)]),
        Filter(
            "territory",
            _("Territory"),
            ask.place,
            [Choice("", _("All territories")), *(Choice(*p) for p in ask.places)],
        ),
        Filter("level", _("List"), ask.level, [Choice("", _("Every level")), *(Choice(*c) for c in Level.choices)]),
    ]


def level_words(series: ForecastSeries) -> str:
    if series.item_kind == ForecastSeries.ItemKind.PRODUCT or not series.item:
        return str(series.get_level_display())
    return _("Family in a territory") if series.place else _("Product family")


def unit_of(measure: str) -> str:
    return "number" if measure == Measure.UNITS else "money"


def currency_of(measure: str, run: ForecastRun) -> str:
    return "" if measure == Measure.UNITS else run.currency


# --- one series ---------------------------------------------------------------------------
def cards(series: ForecastSeries, run: ForecastRun, *, linked: bool) -> list[KpiCard]:
    unit, currency = unit_of(series.measure), currency_of(series.measure, run)
    last = sum(series.history[-12:]) if len(series.history) >= 12 else None
    change = float(series.next_year) / last - 1 if last else None
    delta = Delta(change, _("vs the last 12 closed months"), reason=_("There are no 12 months of sales to compare."))
    return [
        KpiCard(
            _("Next 12 months"),
            series.next_year,
            unit,
            currency,
            delta=delta,
            spark=series.history[-12:],
            spark_words=_("last 12 closed months"),
            definition=_("Sum of the expected values of the next 12 months, the open month included."),
        ),
        KpiCard(
            _("Last 12 closed months"),
            last,
            unit,
            currency,
            href=_last_year_href(series) if linked and last is not None else "",
            reason=_("Fewer than 12 months of history."),
            definition=_("Sum of the last 12 months that are over."),
        ),
        KpiCard(
            _("Error, the plain rule's = 100 %"),
            series.against_naive,
            "percent",
            delta=_against_plain(series.against_naive),
            definition=_("Backtest error divided by the plain rule's; below 100 % is better than the plain rule."),
            reason=_("There is no backtest for this series."),
        ),
        KpiCard(
            _("Typical error"),
            series.wape,
            "percent",
            definition=_("WAPE on the backtest: sum of absolute errors / sum of actuals, month by month."),
            reason=_("There is no backtest for this series."),
        ),
    ]


def _against_plain(ratio: float | None) -> Delta | None:
    """In words: better or worse than the same month of last year."""
    if ratio is None:
        return None
    judgement = "worse" if ratio > 1 else "better" if ratio < 1 else "neutral"
    return Delta(ratio - 1, _("than repeating last year"), judgement=judgement)


def _last_year_href(series: ForecastSeries) -> str:
    start = month_start(month_number(series.forecast_from) - 12)
    return rows_href(series, **{"from": start.isoformat(), "to": series.forecast_from.isoformat()})


def chart(
    series: ForecastSeries, points: list[ForecastPoint], run: ForecastRun, ask: Asked, *, linked: bool
) -> ChartCard:
    unit = unit_of(series.measure)
    past = _past(series)[-SHOWN_MONTHS:]
    previous = [series.history[k - 12] if k < 12 <= len(series.history) else None for k in range(len(points))]
    figure = figures.forecast(
        [month_words(month) for month, _value in past],
        [value for _month, value in past],
        [month_words(point.month) for point in points],
        [float(point.expected) for point in points],
        inner=([float(p.lo_80) for p in points], [float(p.hi_80) for p in points]),
        outer=([float(p.lo_95) for p in points], [float(p.hi_95) for p in points]),
        unit=unit,
        name=_("Actual"),
        inner_name=_("80 % range"),
        outer_name=_("95 % range"),
        previous=previous if len(series.history) >= 12 else None,
    )
    currency = currency_of(series.measure, run) or _("units")
    subtitle = _("%(unit)s a month, %(what)s, forecast of %(day)s") % {
        "unit": currency,
        "what": series.name,
        "day": run.as_of.isoformat(),
    }
    return ChartCard(
        "forecast",
        _("%(measure)s by month, with forecast") % {"measure": series.get_measure_display()},
        figure,
        subtitle=subtitle,
        table=history_table(series, linked=linked),
        csv_url="?" + urlencode(_query(ask) | {"format": "csv"}),
        insight=coverage_words(run),
        height=360,
    )


def _past(series: ForecastSeries) -> list[tuple[date, float]]:
    first = month_number(series.first_month)
    return [(month_start(first + k), value) for k, value in enumerate(series.history)]


def _query(ask: Asked) -> dict[str, str]:
    return {k: v for k, v in (("measure", ask.measure), ("product", ask.item), ("territory", ask.place)) if v}


def history_table(series: ForecastSeries, *, linked: bool) -> Table:
    """Closed months, newest first; each opens its rows where this person may see all of them."""
    lines = [
        {
            "month": month_words(month),
            "actual": value,
            "href": rows_href(series, period=f"{month:%Y-%m}") if linked else "",
        }
        for month, value in reversed(_past(series))
    ]
    kind = unit_of(series.measure)
    columns = [
        Column("month", _("Month")),
        Column("actual", _("Actual"), kind, href="href" if linked else "", places=0),
    ]
    return Table(columns, lines, _("Closed months, newest first"))


def rows_href(series: ForecastSeries, **period: str) -> str:
    """The rows behind actual values of the series."""
    item = "product" if series.item_kind == ForecastSeries.ItemKind.PRODUCT else "family"
    query = period | {k: v for k, v in ((item, series.item), ("territory", series.place)) if v}
    return f"{reverse('rows', args=[series.measure])}?{urlencode(query)}"


def points_table(series: ForecastSeries, points: list[ForecastPoint], run: ForecastRun) -> Table:
    kind, currency = unit_of(series.measure), currency_of(series.measure, run)
    what = f"{_('Forecast')}, {currency}" if currency else _("Forecast")
    lines = [
        {
            "month": month_words(point.month),
            "expected": point.expected,
            "lo_80": point.lo_80,
            "hi_80": point.hi_80,
            "lo_95": point.lo_95,
            "hi_95": point.hi_95,
            "so_far": series.open_value if point.month == series.forecast_from else None,
        }
        for point in points
    ]
    columns = [
        Column("month", _("Month")),
        Column("expected", what, kind, places=0, help=_("Expected value")),
        *(
            Column(key, label, kind, places=0)
            for key, label in (
                ("lo_80", _("80 % from")),
                ("hi_80", _("80 % to")),
                ("lo_95", _("95 % from")),
                ("hi_95", _("95 % to")),
            )
        ),
    ]
    if series.open_value is not None:
        columns.append(Column("so_far", _("So far"), kind, places=0, help=_("Actual of the month that is still open")))
    expected = sum((point.expected for point in points), Decimal(0))
    total = {"month": _("Sum of %(n)d months") % {"n": len(points)}, "expected": expected}
    return Table(columns, lines, _("Forecast by month"), total=total)


def backtest_table(series: ForecastSeries) -> Table:
    columns = [
        Column("model", _("Model")),
        Column("mase", "MASE", "number", places=2, help=_("Mean absolute error / in-sample error of the naive")),
        Column("rmsse", "RMSSE", "number", places=2, help=_("Root mean square error / in-sample error of the naive")),
        Column("wape", "WAPE", "percent", help=_("Sum of absolute errors / sum of actuals")),
        Column("bias", _("Bias"), "percent", help=_("Positive: forecast too high")),
        Column("n", _("Months"), "count"),
    ]
    empty = _("No backtest: the history is too short, or there is nothing to model.")
    return Table(columns, backtest_rows(series), _("Backtest of each model, rolling origin"), empty=empty)


# --- the list -----------------------------------------------------------------------------
def listed(rows: Any, ask: Asked) -> Any:
    """Series of the list in the order asked for; largest first unless asked otherwise."""
    rows = rows.filter(measure=ask.measure)
    if ask.level:
        rows = rows.filter(level=ask.level)
    if ask.item and ask.chosen:  # without such a series the list offers all
        rows = rows.filter(item=ask.item)
    if ask.place and ask.chosen:
        rows = rows.filter(place=ask.place)
    rows = rows.annotate(months_n=F("history__len")).defer("history", "members", "fit")
    field = SORTS[ask.sort.lstrip("-")]
    order = F(field).desc(nulls_last=True) if ask.sort.startswith("-") else F(field).asc(nulls_last=True)
    return rows.order_by(order, "position")


def list_table(rows: list[ForecastSeries], run: ForecastRun, measure: str) -> Table:
    lines = [
        {
            "name": series.name,
            "level": level_words(series),
            "next_year": series.next_year,
            "method": method_words(series),
            "months": series.months_n,
            "wape": series.wape,
            "mase": series.mase,
            "bias": series.bias,
            "against_naive": series.against_naive,
            "reason": _("No backtest"),
            "href": "?"
            + urlencode(
                {
                    k: v
                    for k, v in (("measure", series.measure), ("product", series.item), ("territory", series.place))
                    if v
                }
            ),
        }
        for series in rows
    ]
    size = _("Next 12 months, %(currency)s") % {"currency": run.currency}
    columns = [
        Column("name", _("Series"), href="href", sort="name"),
        Column("level", _("Level")),
        Column(
            "next_year",
            size if measure != Measure.UNITS else _("Next 12 months"),
            unit_of(measure),
            sort="size",
            places=0,
        ),
        Column("wape", "WAPE", "percent", sort="error", reason="reason"),
        Column("bias", _("Bias"), "percent", sort="bias", reason="reason"),
        Column("mase", "MASE", "number", sort="mase", places=2, reason="reason"),
        Column(
            "against_naive",
            _("Against the naive"),
            "number",
            sort="naive",
            places=2,
            reason="reason",
            help=_("Below 1: better than the plain rule"),
        ),
        Column("method", _("Method")),
        Column("months", _("Months"), "count"),
    ]
    return Table(columns, lines, _("Series, largest first"))
