"""Team performance: reps by what they put in and what came out."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.dashboards.filter_fields import filter_fields
from data_collection.dashboards.presentation import kpi_cells, kpi_column, ordered, rows_url
from data_collection.dashboards.selectors.team import GOALS, INPUTS, Line, contrasts, team_lines
from data_collection.dashboards.views.pages import filtered, respond, scope_words
from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import Filters
from salesops.access.models import Role
from salesops.charts import numbers
from salesops.frame.components import Choice, Column, Empty, Filter, Table
from salesops.tables.csv import table_csv

DEFAULT_ORDER = "-attainment"
NAMES = (*GOALS, *INPUTS)


@filtered
def team_performance(request: HttpRequest, *, filters: Filters) -> HttpResponseBase:
    """A rep has a page of own numbers instead."""
    if request.user.role == Role.REP and not request.user.is_superuser:
        raise PermissionDenied
    lines = team_lines(request.user, filters)
    jobs = {line.job: line.job_label for line in lines}
    job = request.GET.get("job", "")
    shown = [line for line in lines if not job or line.job == job]
    rows = ordered(
        [_row(line, filters) for line in shown],
        request.GET.get("sort", ""),
        ("name", "job", *NAMES),
        DEFAULT_ORDER,
    )
    if request.GET.get("format") == "csv":
        return table_csv(_csv_table(rows, filters.currency), f"team-{filters.period.name}")
    fields = filter_fields(request.user, filters, fields=("team", "family", "segment"), compare=False)
    if len(jobs) > 1:
        fields.append(Filter("job", _("Job"), job, [Choice("", _("All jobs")), *jobs.items()]))
    return respond(
        request,
        "data_collection/dashboards/team.html",
        {
            "page_title": _("Team performance"),
            "scope": scope_words(filters, filters.currency, compare=False),
            "filters": fields,
            "filter_errors": filters.errors,
            "heads": _heads(request, filters),
            "rows": rows,
            "sentence": _sentence(contrasts(shown)),
            "judged": any(line.quarter for line in shown),
            "csv_url": f"?{filters.query(format='csv', job=job or None)}",
            "empty": None if rows else _empty(),
        },
    )


def _empty() -> Empty:
    return Empty(
        _("Team performance shows each rep's inputs and results"),
        _("Nobody has activities, deals or a quota in this period."),
        "",
        "",
        "users",
    )


def _row(line: Line, filters: Filters) -> dict[str, Any]:
    """Values by name for sorting and CSV, and the cells in the order of the table."""
    code = line.row.key or ""
    cells = []
    for name in NAMES:
        value = line.row.values[name]
        cells.append(
            {
                "label": CATALOGUE[name].label,
                "text": numbers.quantity(
                    value.value, CATALOGUE[name].unit, places=0 if name == "selling_hours" else None
                ),
                "reason": value.reason,
                "href": "" if name == "quota" or not value.value else rows_url(name, filters, rep=code),
                "quarter": line.quarter.get(name, 0),
                "few": value.note if value.few else "",
            }
        )
    return {
        "name": line.name,
        "url": reverse("rep_numbers", args=[line.rep_id]),
        "job": line.job_label,
        "left": line.has_left,
        "cells": cells,
        **kpi_cells(line.row.values),
    }


def _heads(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    order = request.GET.get("sort", DEFAULT_ORDER)
    heads = []
    for name, label in (("name", _("Rep")), ("job", _("Job")), *((n, _label(n, filters.currency)) for n in NAMES)):
        numeric = name in CATALOGUE
        first = f"-{name}" if numeric else name
        after = {name: f"-{name}", f"-{name}": name}.get(order, first)
        query = request.GET.copy()
        query["sort"] = after
        aria = {name: "ascending", f"-{name}": "descending"}.get(order, "none")
        heads.append({"label": label, "numeric": numeric, "url": f"?{query.urlencode()}", "aria": aria})
    return heads


def _label(name: str, currency: str) -> str:
    label = str(CATALOGUE[name].label)
    return f"{label}, {currency}" if CATALOGUE[name].unit == "money" else label


def _csv_table(rows: list[dict[str, Any]], currency: str) -> Table:
    columns = [Column("name", _("Rep")), Column("job", _("Job"))]
    return Table([*columns, *(kpi_column(name, currency) for name in NAMES)], rows, caption=_("Team"))


def _sentence(found: list[Any]) -> str:
    """What the best quarter does more of; nothing when there are too few people."""
    if not found:
        return ""
    best = found[0]
    return _(
        "%(input)s a head: the quarter with the best attainment logged %(top)s, the lowest %(low)s"
        " (%(top_n)d and %(low_n)d people). That is a difference, not yet a cause."
    ) % {
        "input": CATALOGUE[best.name].label,
        "top": numbers.exact(best.top),
        "low": numbers.exact(best.low),
        "top_n": best.top_n,
        "low_n": best.low_n,
    }
