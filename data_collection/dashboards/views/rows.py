"""Rows: one page that serves every drill. Its sum is the number it was opened from."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.dashboards.filter_fields import filter_fields
from data_collection.dashboards.presentation import kpi_url
from data_collection.dashboards.selectors.rows import Totals, narrow, openable, rows_with_links, totals_of
from data_collection.dashboards.views.pages import filtered, respond, scope_words
from data_collection.dashboards.words import formula_words, measure_words
from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import Filters
from data_collection.kpis.rows import Part
from data_collection.kpis.selectors import kpi_rows, kpi_values
from salesops.charts import numbers
from salesops.frame.components import Column, Table
from salesops.tables.csv import csv_response

PER_PAGE = 50
MOST_PAGES = 200  # deeper than that a person filters or takes the CSV
MONEY = frozenset({"money"})
KINDS = {
    "created": gettext_lazy("Created"),
    "won": gettext_lazy("Won"),
    "lost": gettext_lazy("Lost"),
    "pushed": gettext_lazy("Pushed"),
}


class _Counted(Paginator):
    """A paginator told how many rows there are."""

    def __init__(self, rows: Any, per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self._count = count

    @cached_property
    def count(self) -> int:
        return min(self._count, MOST_PAGES * PER_PAGE)


@filtered
def rows_page(request: HttpRequest, name: str, *, filters: Filters) -> HttpResponseBase:
    """The rows behind one KPI: a part per measure of its formula, each with its sum."""
    if name not in CATALOGUE:
        raise Http404
    kpi, currency = CATALOGUE[name], filters.currency
    found = kpi_rows(request.user, filters, name)
    parts = {part.measure: part for part in found.parts}
    if not parts:
        return _without_rows(request, name, filters, currency)
    chosen = request.GET.get("part", "")
    part = parts.get(chosen) or next(iter(parts.values()))
    narrowed = narrow(part, request.GET, filters)
    part = narrowed.part
    columns = _columns(part, currency)
    if request.GET.get("format") == "csv":
        return csv_response(f"{name}-{part.measure}-{filters.period.name}", _labels(columns), _csv_rows(part, columns))
    totals = totals_of(part)
    page = _Counted(rows_with_links(part, part.rows), PER_PAGE, totals.rows).get_page(request.GET.get("page"))
    shown = _linked(list(page.object_list), request)
    value = kpi_values(request.user, filters.during(filters.period), [name])[0].values[name]
    keep = {**narrowed.query, "part": part.measure if part.measure != next(iter(parts)) else None}
    return respond(
        request,
        "data_collection/dashboards/rows.html",
        {
            "page_title": _("Rows behind %(kpi)s") % {"kpi": kpi.label},
            "scope": scope_words(filters, "", compare=False),
            "filters": filter_fields(request.user, filters, compare=False),
            "filter_errors": filters.errors,
            "kpi": kpi,
            "kpi_url": kpi_url(name, filters),
            "value": value,
            "value_text": numbers.quantity(value.value, kpi.unit, places=2 if kpi.unit == "money" else None),
            "currency": currency if kpi.unit == "money" else "",
            "formula": formula_words(kpi),
            "parts": [
                (p.label, measure_words(p.measure), f"?{filters.query(part=p.measure)}", p.measure == part.measure)
                for p in parts.values()
            ],
            "without_rows": [measure_words(measure) for measure in found.without_rows],
            "words": narrowed.words,
            "whole_url": f"?{filters.query(part=keep['part'])}" if narrowed.words else "",
            "total_words": _total_words(part, totals, currency),
            "cut": totals.rows > MOST_PAGES * PER_PAGE,
            "table": Table(
                columns,
                shown,
                caption=str(part.label),
                total=_total_row(part, columns, totals),
                empty=_("No rows for this period and filter."),
            ),
            "page": page,
            "csv_url": f"?{filters.query(format='csv', **keep)}",
        },
    )


def _without_rows(request: HttpRequest, name: str, filters: Filters, currency: str) -> HttpResponseBase:
    """A KPI that is no sum of rows, such as a quota."""
    kpi = CATALOGUE[name]
    value = kpi_values(request.user, filters.during(filters.period), [name])[0].values[name]
    context = {
        "page_title": _("Rows behind %(kpi)s") % {"kpi": kpi.label},
        "scope": scope_words(filters, "", compare=False),
        "filters": filter_fields(request.user, filters, compare=False),
        "filter_errors": filters.errors,
        "kpi": kpi,
        "kpi_url": kpi_url(name, filters),
        "value": value,
        "value_text": numbers.quantity(value.value, kpi.unit, places=2 if kpi.unit == "money" else None),
        "currency": currency if kpi.unit == "money" else "",
        "formula": formula_words(kpi),
        "no_rows": kpi.choices,
    }
    return respond(request, "data_collection/dashboards/rows.html", context)


def _columns(part: Part, currency: str) -> list[Column]:
    columns = []
    for column in part.columns:
        label = f"{column.label}, {currency}" if column.unit in MONEY else str(column.label)
        href = {"opportunity__name": "deal_url", "account__name": "account_url"}.get(column.field, "")
        places = 2 if column.unit in MONEY else None
        columns.append(Column(column.field, label, column.unit, href=href, places=places, reason="none"))
    if part.how == "sum" and _summed_column(part) not in {c.field for c in part.columns} and not _counts(part):
        unit = "money" if _is_money(part) else "number"
        columns.append(Column(part.field, measure_words(part.field).capitalize(), unit, places=2))
    return columns


def _counts(part: Part) -> bool:
    return part.field.endswith("_n")


def _is_money(part: Part) -> bool:
    return any(word in part.field for word in ("amount", "revenue", "profit"))


def _labels(columns: Iterable[Column]) -> list[str]:
    return [str(column.label) for column in columns]


def _csv_rows(part: Part, columns: list[Column]) -> Iterator[list[Any]]:
    for row in rows_with_links(part, part.rows).iterator(chunk_size=2000):
        yield [row[column.key] for column in columns]


def _linked(rows: list[dict[str, Any]], request: HttpRequest) -> list[dict[str, Any]]:
    deals, accounts = openable(rows, request.user)
    for row in rows:
        if row.get("opportunity_id") in deals:
            row["deal_url"] = reverse("deal_page", args=[row["opportunity_id"]])
        if row.get("account_id") in accounts:
            row["account_url"] = reverse("account_page", args=[row["account_id"]])
        if "kind" in row:
            row["kind"] = KINDS.get(row["kind"], str(row["kind"]).replace("_", " ").capitalize())
        row["none"] = _("Not entered")
    return rows


def _total_row(part: Part, columns: list[Column], totals: Totals) -> dict[str, Any] | None:
    """The sum under the column it is of."""
    key = _summed_column(part)
    if part.how != "sum" or key not in {column.key for column in columns} or not totals.rows:
        return None
    return {columns[0].key: _("Sum"), key: totals.value}


def _summed_column(part: Part) -> str:
    """The shown column whose sum is the measure: of won deals the amount, for instance."""
    shown = {column.field for column in part.columns}
    if part.field in shown:
        return part.field
    if part.field in ("won_amount", "lost_amount", "created_amount", "pushed_amount") and "amount" in shown:
        return "amount"
    if part.field in ("won_days", "lost_days") and "days" in shown:
        return "days"
    return part.field


def _total_words(part: Part, totals: Totals, currency: str) -> str:
    rows = numbers.exact(totals.rows)
    if part.how == "distinct":
        return _("%(n)s different orders in %(rows)s lines") % {"n": numbers.exact(totals.value), "rows": rows}
    if part.how == "count" or _counts(part):
        return _("%(rows)s rows") % {"rows": numbers.exact(totals.value)}
    if part.how == "sum":
        money = f" {currency}" if _is_money(part) else ""
        places = 2 if _is_money(part) else 0
        return _("%(rows)s rows, together %(sum)s") % {
            "rows": rows,
            "sum": f"{numbers.exact(totals.value, places)}{money}",
        }
    mean = numbers.exact(totals.mean, 1) if totals.mean is not None else numbers.DASH
    return _("%(rows)s rows; their mean is %(mean)s") % {"rows": rows, "mean": mean}
