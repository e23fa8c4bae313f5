"""What the KPI pages show beside the values themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from data_collection.kpis.catalogue import Kpi
from data_collection.kpis.filters import Filters
from data_collection.kpis.measures import dimensions_of
from data_collection.kpis.selectors import KpiRow, kpi_periods, recent_periods
from data_collection.kpis.sums import BY
from data_collection.organisation.visibility import scope_of
from salesops.access.models import User
from salesops.lib.periods import Grain

GRAINS = {"month": (12, 12), "quarter": (12, 4)}  # periods shown, periods of a year


@dataclass(frozen=True, slots=True)
class Board:
    """KPIs over the filter's period, with its comparison, and over the last periods."""

    row: KpiRow
    recent: list[KpiRow]  # oldest first
    whole_last: KpiRow  # the last of them to its end, for quotas of the running period
    year_before: list[KpiRow]  # the same periods a year earlier; empty when not asked for


def board_of(
    user: User, filters: Filters, names: Sequence[str], grain: str = "month", *, year_before: bool = False
) -> Board:
    """All of it in one pass: as many queries as for one number."""
    count, year = GRAINS[grain]
    asked = [filters.period, *([filters.compare] if filters.compare else [])]
    recent = recent_periods(filters, grain, count + year if year_before else count)
    whole = filters.calendar.period_of(recent[-1].start, Grain(grain))
    *rows, whole_last = kpi_periods(user, filters, names, [*asked, *recent, whole])
    series = rows[len(asked) :]
    row = KpiRow(None, _("All"), rows[0].values, rows[1].values if filters.compare else None, filters.period)
    return Board(row, series[-count:], whole_last, series[:count] if year_before else [])


def joined(first: Board, second: Board) -> Board:
    """The KPIs of both over the recent periods; the year before is the first's."""
    return Board(
        _both(first.row, second.row),
        [_both(a, b) for a, b in zip(first.recent, second.recent, strict=True)],
        first.whole_last,
        first.year_before,
    )


def _both(a: KpiRow, b: KpiRow) -> KpiRow:
    before = a.before | (b.before or {}) if a.before is not None else None
    return replace(a, values=a.values | b.values, before=before)


def is_alone(user: User) -> bool:
    """The person sees own rows only."""
    scope = scope_of(user)
    return not scope.everything and not scope.team_ids


def ways_to_break_down(kpi: Kpi, user: User) -> list[str]:
    """The dimensions every measure of the KPI is kept by, that hold more than the person alone."""
    hidden = {"rep", "team", "territory"} if is_alone(user) else set()
    order = ("team", "rep", "territory", "product", "segment", "source")
    return [
        by
        for by in order
        if by not in hidden and all(BY[by] in dimensions_of(name) for name in kpi.needs if name != "days")
    ]
