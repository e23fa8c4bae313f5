"""KPI values as cards, deltas and table cells."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.kpis.catalogue import CATALOGUE, Kpi
from data_collection.kpis.filters import Filters
from data_collection.kpis.selectors import KpiRow
from data_collection.kpis.values import KpiValue
from salesops.charts import numbers
from salesops.frame.components import Column, Delta, KpiCard, Target

RELATIVE = frozenset({"money", "count", "number"})  # change as a share; other units change by a difference


def rows_url(name: str, filters: Filters, **changes: str) -> str:
    """The rows behind a KPI, filter kept."""
    return _with_query(reverse("rows", args=[name]), filters.query(**changes))


def kpi_url(name: str, filters: Filters, **changes: str) -> str:
    return _with_query(reverse("kpi_detail", args=[name]), filters.query(**changes))


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def as_float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def delta_of(kpi: Kpi, now: KpiValue, before: KpiValue | None, words: str) -> Delta | None:
    """The change against the comparison period; None when none is asked for."""
    if before is None or now.value is None:
        return None
    against = _("vs %(what)s") % {"what": words}
    if before.value is None:
        return Delta(None, against, reason=before.reason or _("No value in that period"))
    change, unit = now.value - before.value, "points" if kpi.unit == "percent" else kpi.unit
    if kpi.unit in RELATIVE:
        if before.value == 0:
            if change == 0:
                return Delta(0, against)
            return Delta(None, against, reason=_("It was 0 in that period, so there is no percentage"))
        change, unit = change / abs(before.value), "percent"
    shown = numbers.quantity(abs(change), unit, short=True)
    if shown == numbers.quantity(0, unit, short=True):
        change = Decimal(0)  # what reads as no change is neither better nor worse
    return Delta(as_float(change), against, unit, judgement_of(kpi, change))


def judgement_of(kpi: Kpi, change: Decimal) -> str:
    """better, worse or neutral: the number's direction is not yet a judgement."""
    if kpi.better == "none" or change == 0:
        return "neutral"
    return "better" if (change > 0) == (kpi.better == "up") else "worse"


def card_of(
    name: str,
    row: KpiRow,
    filters: Filters,
    currency: str,
    *,
    series: Sequence[KpiRow] = (),
    series_words: str = "",
    target: Target | None = None,
) -> KpiCard:
    """A KPI as a card: value, change, trend, target."""
    kpi, now = CATALOGUE[name], row.values[name]
    before = row.before[name] if row.before else None
    words = filters.compare.label if filters.compare else ""
    return KpiCard(
        label=kpi.label,
        value=now.value,
        unit=kpi.unit,
        currency=currency if kpi.unit == "money" else "",
        href=rows_url(name, filters),
        definition=kpi.meaning,
        definition_url=reverse("glossary_entry", args=[name]),
        delta=delta_of(kpi, now, before, words),
        spark=[as_float(point.values[name].value) for point in series],
        spark_words=series_words,
        target=target,
        n=now.n if now.few else None,
        n_small=kpi.small or 0,
        reason=now.reason,
    )


def target_of(name: str, value: KpiValue, goal: Decimal | None, words: str) -> Target | None:
    """A goal as a bar; better unless the value is on the wrong side of it."""
    if goal is None or not goal or value.value is None:
        return None
    kpi = CATALOGUE[name]
    reached = value.value <= goal if kpi.better == "down" else value.value >= goal
    return Target(goal, words, better=reached)


def kpi_column(name: str, currency: str, *, sort: bool = True, label: str = "", href: str = "") -> Column:
    """A table column of one KPI; the row holds the value under the KPI's name, and its reason under reason_<name>."""
    kpi = CATALOGUE[name]
    words = label or str(kpi.label)
    if kpi.unit == "money":
        words = f"{words}, {currency}"
    return Column(
        name,
        words,
        kpi.unit,
        href=href,
        sort=name if sort else "",
        help=kpi.meaning,
        reason=f"reason_{name}",
    )


def kpi_cells(values: Mapping[str, KpiValue]) -> dict[str, Any]:
    """Values and reasons as `kpi_column` wants them."""
    cells: dict[str, Any] = {}
    for name, value in values.items():
        cells[name] = value.value
        cells[f"reason_{name}"] = value.reason
    return cells


def ordered(rows: Sequence[dict[str, Any]], order: str, allowed: Sequence[str], default: str) -> list[dict[str, Any]]:
    """Rows by `?sort=`; unknown values last in both directions."""
    name = order.removeprefix("-")
    if name not in allowed:
        order, name = default, default.removeprefix("-")
    known = [row for row in rows if row.get(name) is not None]
    unknown = [row for row in rows if row.get(name) is None]
    return sorted(known, key=lambda row: _sortable(row[name]), reverse=order.startswith("-")) + unknown


def _sortable(value: object) -> Any:
    if isinstance(value, int | float | Decimal | date):
        return value
    return str(value).lower()
