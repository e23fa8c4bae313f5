"""From sums to KPI values: the formula, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from data_collection.facts.measures import AREA_OF
from data_collection.kpis.catalogue import Kpi
from data_collection.kpis.formula import Undefined
from data_collection.kpis.measures import POPULATION, PREVIOUS, QUOTAS, STATISTICS, STOCK, dimensions_of


@dataclass(frozen=True, slots=True)
class KpiValue:
    value: Decimal | None  # a rate as a share, money in the reporting currency; None = undefined
    reason: str  # why it is undefined; empty otherwise
    n: int | None  # rows it rests on
    unit: str  # money, count, percent, days, hours, ratio, number
    note: str = ""  # rows left out, or too few
    few: bool = False  # n is too small to judge


#: Measures that are 0, not unknown, where no row is found. The rest are undefined without rows.
ZERO = frozenset({*AREA_OF, *PREVIOUS, *STOCK, "due_n", "due_amount", "slipped_amount"}) | {
    name for name in STATISTICS if name.endswith("_n")
}


def complete(sums: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    """The sums with 0 where nothing happened, None where nothing is known: no quota, or rows that state nothing."""
    found: dict[str, Decimal | None] = {name: Decimal(0) for name in ZERO}
    found |= dict.fromkeys((*(s for s in STATISTICS if s not in ZERO), *QUOTAS, "days"))
    found |= sums
    found |= dict.fromkeys(m for m, rows in POPULATION.items() if m not in sums and found[rows])
    return found


def kpi_value(kpi: Kpi, sums: Mapping[str, Decimal | None], cut_by: frozenset[str]) -> KpiValue:
    """Work one KPI out.

    Args:
        sums: every measure of the KPI, as `complete` gives them.
        cut_by: columns the filter or the grouping cuts by.
    """
    missing = [column for name in kpi.needs for column in sorted(cut_by) if column not in dimensions_of(name)]
    if missing:
        return KpiValue(None, _not_kept(missing[0]), None, kpi.unit)
    n = None if kpi.n is None else int(kpi.n.value(sums))
    left_out = 0 if kpi.missing is None else int(kpi.missing.value(sums))
    few = kpi.small > 0 and n is not None and 0 < n < kpi.small
    try:
        value = kpi.formula.value(sums)
    except Undefined as undefined:
        return KpiValue(None, _reason(kpi, str(undefined), sums), n, kpi.unit)
    return KpiValue(value, "", n, kpi.unit, _note(kpi, n, left_out, few), few)


def _reason(kpi: Kpi, cause: str, sums: Mapping[str, Decimal | None]) -> str:
    """Why the formula has no value: a measure that no row states, or the KPI's own words."""
    rows = sums.get(POPULATION.get(cause, ""))
    if rows:
        return _("None of the %d rows behind it states an amount.") % rows
    return str(kpi.reason) or _("There is nothing to work it out from.")


def _not_kept(column: str) -> str:
    words = {"segment_id": _("segment"), "product_id": _("product"), "source": _("lead source")}
    return _("This is not recorded by %s.") % words.get(column, column)


def _note(kpi: Kpi, n: int | None, left_out: int, few: bool) -> str:
    notes = []
    if few:
        notes.append(_("n = %d, too few to judge") % n)
    if left_out and kpi.name == "cohort_win_rate":
        notes.append(_("%d still open") % left_out)
    elif left_out:
        text = _("%d without an amount") if kpi.unit in ("money", "percent") else _("%d without both dates")
        notes.append(text % left_out)
    return "; ".join(notes)
