"""KPI rows as figures."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.selectors import KpiRow
from salesops.charts import figures

Values = list[float | None]


def values_of(rows: Sequence[KpiRow], name: str) -> Values:
    return [None if (v := row.values[name].value) is None else float(v) for row in rows]


def labels_of(rows: Sequence[KpiRow]) -> list[str]:
    return [row.label for row in rows]


def bookings_against_plan(rows: Sequence[KpiRow], year_before: Sequence[KpiRow], whole_last: KpiRow) -> figures.Figure:
    """Bookings by month, quota of whole months stepped, the year before grey; the running month dashed."""
    quota = values_of([*rows[:-1], whole_last], "quota")
    return figures.line(
        labels_of(rows),
        values_of(rows, "bookings"),
        name=str(CATALOGUE["bookings"].label),
        unit="money",
        previous=values_of(year_before, "bookings"),
        previous_name=_("A year before"),
        plan=quota if any(value is not None for value in quota) else None,
        plan_name=_("Quota"),
        open_last=_is_open(rows),
    )


def trend(
    name: str, rows: Sequence[KpiRow], *, before: Sequence[KpiRow] | None, before_words: str, goal: float | None
) -> figures.Figure:
    """One KPI over its periods with the year before and its target."""
    kpi = CATALOGUE[name]
    return figures.line(
        labels_of(rows),
        values_of(rows, name),
        name=str(kpi.label),
        unit=kpi.unit,
        previous=values_of(before, name) if before else None,
        previous_name=before_words,
        plan=[goal] * len(rows) if goal is not None else None,
        plan_name=_("Target"),
        open_last=_is_open(rows),
    )


def breakdown(name: str, rows: Sequence[KpiRow], links: Sequence[str]) -> figures.Figure:
    """One KPI by the values of a dimension, largest first."""
    kpi = CATALOGUE[name]
    return figures.horizontal_bar(
        labels_of(rows), values_of(rows, name), name=str(kpi.label), unit=kpi.unit, links=links
    )


def _is_open(rows: Sequence[KpiRow]) -> bool:
    return bool(rows and rows[-1].period and rows[-1].period.is_open)
