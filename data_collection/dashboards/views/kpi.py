"""All KPIs in groups, and one KPI with trend, comparison and breakdown."""

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.dashboards import charts
from data_collection.dashboards.filter_fields import filter_fields
from data_collection.dashboards.presentation import (
    as_float,
    card_of,
    delta_of,
    kpi_cells,
    kpi_column,
    kpi_url,
    ordered,
    rows_url,
    target_of,
)
from data_collection.dashboards.selectors.kpi import GRAINS, Board, board_of, ways_to_break_down
from data_collection.dashboards.views.pages import filtered, respond, scope_words
from data_collection.dashboards.words import BETTER, formula_words
from data_collection.kpis.catalogue import CATALOGUE, GROUPS, Kpi
from data_collection.kpis.filters import DIMENSIONS, Filters
from data_collection.kpis.selectors import KpiRow, kpi_targets, kpi_values
from salesops.charts import numbers
from salesops.frame.components import ChartCard, Column, Table
from salesops.tables.csv import csv_response, table_csv

CHART_BARS = 15  # bars of a breakdown; the table has all


# --- list --------------------------------------------------------------------------------
@filtered
def kpi_list(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """One group of the catalogue at a time: value, change, twelve months, target."""
    currency = filters.currency
    if request.GET.get("format") == "csv":
        return _list_csv(request, filters, currency)
    group = request.GET.get("group", "goals")
    if group not in GROUPS:
        raise Http404
    names = [kpi.name for kpi in CATALOGUE.values() if kpi.group == group]
    board = board_of(request.user, filters, names)
    targets = kpi_targets(request.user, filters, names)
    return respond(
        request,
        "data_collection/dashboards/kpi_list.html",
        {
            "page_title": _("KPIs"),
            "scope": scope_words(filters, currency),
            "filters": filter_fields(request.user, filters),
            "filter_errors": filters.errors,
            "groups": [
                {
                    "name": name,
                    "label": label,
                    "n": sum(kpi.group == name for kpi in CATALOGUE.values()),
                    "url": f"?{filters.query(group=None if name == 'goals' else name)}",
                    "current": name == group,
                }
                for name, label in GROUPS.items()
            ],
            "lines": [
                _line(CATALOGUE[name], board.row, board.recent, targets.get(name), filters, currency) for name in names
            ],
            "csv_url": f"?{filters.query(format='csv')}",
            "before": filters.compare.label if filters.compare else "",
        },
    )


def _line(
    kpi: Kpi, row: KpiRow, series: list[KpiRow], goal: Decimal | None, filters: Filters, currency: str
) -> dict[str, Any]:
    now = row.values[kpi.name]
    before = row.before[kpi.name] if row.before else None
    delta = delta_of(kpi, now, before, "")
    target = target_of(kpi.name, now, goal, "")
    known = [value for point in series if (value := point.values[kpi.name].value) is not None]
    return {
        "kpi": kpi,
        "value": now,
        "unit": kpi.unit,
        "currency": currency if kpi.unit == "money" else "",
        "url": kpi_url(kpi.name, filters),
        "rows_url": rows_url(kpi.name, filters),
        "delta": delta,
        "delta_text": numbers.signed(delta.value, delta.unit) if delta and delta.value is not None else "",
        "direction": _direction(delta.value) if delta else "",
        "spark": [as_float(p.values[kpi.name].value) for p in series] if known else [],
        "spark_words": _("%(label)s, last 12 months: from %(first)s to %(last)s")
        % {
            "label": kpi.label,
            "first": numbers.quantity(known[0], kpi.unit, short=True),
            "last": numbers.quantity(known[-1], kpi.unit, short=True),
        }
        if known
        else "",
        "goal": goal,
        "on_target": target.better if target else None,
    }


def _direction(value: Any) -> str:
    if value is None or value == 0:
        return "flat"
    return "up" if value > 0 else "down"


def _list_csv(request: HttpRequest, filters: Filters, currency: str) -> HttpResponseBase:
    row = kpi_values(request.user, filters)[0]
    before = row.before or {}
    lines = (
        (
            GROUPS[kpi.group],
            kpi.name,
            kpi.label,
            row.values[name].value,
            currency if kpi.unit == "money" else kpi.unit,
            before[name].value if name in before else None,
            row.values[name].n,
            row.values[name].note or row.values[name].reason,
        )
        for name, kpi in CATALOGUE.items()
    )
    header = (_("Group"), _("Name"), _("KPI"), _("Value"), _("Unit"), _("Before"), _("Rows"), _("Note"))
    return csv_response(f"kpis-{filters.period.name}", header, lines)


# --- one KPI -----------------------------------------------------------------------------
@filtered
def kpi_detail(request: HttpRequest, name: str, *, filters: Filters) -> HttpResponseBase:
    """Trend, comparison, breakdown, target and definition of one KPI."""
    kpi = CATALOGUE.get(name)
    if kpi is None:
        raise Http404
    user, currency = request.user, filters.currency
    grain = request.GET.get("grain", "month")
    grain = grain if grain in GRAINS else "month"
    ways = ways_to_break_down(kpi, user)
    by = request.GET.get("by", "")
    by = by if by in ways else next((way for way in ways if not filters.choice(way)), next(iter(ways), ""))
    board = board_of(user, filters, [name], grain, year_before=True)
    parts = kpi_values(user, filters, [name], by=by) if by else []
    if request.GET.get("format") == "csv" and request.GET.get("table") == "breakdown":
        return table_csv(_breakdown_table(kpi, parts, by, filters, currency, "")[0], f"{name}-by-{by}")
    goal = kpi_targets(user, filters, [name]).get(name)
    chart = _trend_chart(kpi, board, grain, filters, currency, goal)
    if request.GET.get("format") == "csv":
        return table_csv(chart.table, f"{name}-by-{grain}")
    value = board.row.values[name]
    card = card_of(name, board.row, filters, currency, target=target_of(name, value, goal, _("target")))
    order = request.GET.get("sort", "")
    extra = {k: request.GET[k] for k in ("by", "grain", "sort") if request.GET.get(k)}
    return respond(
        request,
        "data_collection/dashboards/kpi_detail.html",
        {
            "page_title": kpi.label,
            "page_subtitle": kpi.meaning,
            "scope": scope_words(filters, currency if kpi.unit == "money" else ""),
            "filters": filter_fields(user, filters),
            "filter_errors": filters.errors,
            "kpi": kpi,
            "card": card,
            "note": value.note,
            "chart": chart,
            "breakdown": _breakdown_chart(kpi, parts, by, filters, currency, order) if by else None,
            "ways": [
                (DIMENSIONS[way][0], f"?{filters.query(**(extra | {'by': way, 'sort': None}))}", way == by)
                for way in ways
            ],
            "grains": [
                (label, f"?{filters.query(**(extra | {'grain': value}))}", value == grain)
                for value, label in (("month", _("Months")), ("quarter", _("Quarters")))
            ],
            "formula": formula_words(kpi),
            "better": BETTER[kpi.better],
            "rows_url": rows_url(name, filters),
        },
    )


def _trend_chart(
    kpi: Kpi, board: Board, grain: str, filters: Filters, currency: str, goal: Decimal | None
) -> ChartCard:
    rows = [
        {
            "period": now.label,
            "url": rows_url(kpi.name, filters, period=str(now.period.name)),
            **kpi_cells(now.values),
            "n": now.values[kpi.name].n,
            "before": then.values[kpi.name].value,
        }
        for now, then in zip(board.recent, board.year_before, strict=True)
    ]
    money = f", {currency}" if kpi.unit == "money" else ""
    columns = [
        Column("period", _("Month") if grain == "month" else _("Quarter")),
        kpi_column(kpi.name, currency, sort=False, href="url"),
        Column("before", _("A year before") + money, kpi.unit),
        Column("n", _("Rows"), "count", help=_("How many rows the value rests on")),
    ]
    return ChartCard(
        "trend",
        _("%(kpi)s by %(grain)s") % {"kpi": kpi.label, "grain": _("month") if grain == "month" else _("quarter")},
        charts.trend(
            kpi.name,
            board.recent,
            before=board.year_before,
            before_words=_("A year before"),
            goal=as_float(goal) if not kpi.is_additive else None,
        ),
        subtitle=_trend_words(board, grain, currency if kpi.unit == "money" else ""),
        table=Table(columns, rows, caption=str(kpi.label)),
        csv_url=f"?{filters.query(format='csv', grain=grain)}",
        height=320,
    )


def _trend_words(board: Board, grain: str, unit: str) -> str:
    last = {"last": board.recent[-1].label}
    if grain == "quarter":
        words = _("12 quarters to %(last)s; one still running is dashed") % last
    else:
        words = _("12 months to %(last)s; one still running is dashed") % last
    return f"{unit}, {words}" if unit else words


def _breakdown_table(
    kpi: Kpi, parts: list[KpiRow], by: str, filters: Filters, currency: str, order: str
) -> tuple[Table, list[dict[str, Any]]]:
    rows = [
        {
            "label": part.label,
            "url": rows_url(kpi.name, filters, **{by: part.key or ""}),
            **kpi_cells(part.values),
            "n": part.values[kpi.name].n,
            "before": part.before[kpi.name].value if part.before else None,
            "small": part.values[kpi.name].note,
        }
        for part in parts
    ]
    total = sum((row[kpi.name] for row in rows if row[kpi.name] is not None), Decimal(0))
    if kpi.is_additive and total:
        for row in rows:
            row["share"] = row[kpi.name] / total if row[kpi.name] is not None else None
    rows = ordered(rows, order, ("label", kpi.name, "n", "before", "share"), f"-{kpi.name}")
    money = f", {currency}" if kpi.unit == "money" else ""
    columns = [Column("label", DIMENSIONS[by][0], href="url", sort="label"), kpi_column(kpi.name, currency)]
    if kpi.is_additive:
        columns.append(Column("share", _("Share"), "percent", sort="share"))
    if filters.compare:
        help_ = str(filters.compare.label).capitalize()
        columns.append(Column("before", _("Before") + money, kpi.unit, sort="before", help=help_))
    columns += [Column("n", _("Rows"), "count", sort="n"), Column("small", _("Note"))]
    if not any(row["small"] for row in rows):
        columns.pop()
    shown = {"label": _("All"), kpi.name: total} if kpi.is_additive and len(rows) > 1 else None
    caption = _("%(kpi)s by %(by)s") % {"kpi": kpi.label, "by": str(DIMENSIONS[by][0]).lower()}
    return Table(columns, rows, caption=caption, total=shown), rows


def _breakdown_chart(
    kpi: Kpi, parts: list[KpiRow], by: str, filters: Filters, currency: str, order: str
) -> dict[str, Any]:
    table, _rows = _breakdown_table(kpi, parts, by, filters, currency, order)
    known = [part for part in parts if part.values[kpi.name].value is not None]
    known.sort(key=lambda part: -part.values[kpi.name].value)
    top = known[:CHART_BARS]
    words = _("The largest %(n)d of %(all)d") % {"n": len(top), "all": len(known)} if len(known) > len(top) else ""
    links = [rows_url(kpi.name, filters, **{by: part.key or ""}) for part in top]
    chart = ChartCard(
        "breakdown",
        table.caption,
        charts.breakdown(kpi.name, top, links),
        subtitle=" · ".join(w for w in (currency if kpi.unit == "money" else "", filters.period.label, words) if w),
        csv_url=f"?{filters.query(format='csv', table='breakdown', by=by)}",
        height=200,
        empty=_("Nothing to break down in this period."),
    )
    return {"chart": chart, "table": table, "url": reverse("rows", args=[kpi.name])}
