"""Reps side by side: what they put in, what came out, and who stands out among those with the same job."""

from dataclasses import dataclass
from decimal import Decimal

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import Filters
from data_collection.kpis.selectors import KpiRow, kpi_values
from data_collection.organisation.models import Rep
from salesops.access.models import User

INPUTS = ("emails", "calls", "meetings", "demos", "proposals", "selling_hours")
GOALS = ("bookings", "quota", "attainment", "win_rate", "open_pipeline")
JUDGED = tuple(name for name in (*INPUTS, *GOALS) if name != "quota")
ENOUGH = 8  # people with the same job before quarters mean anything


@dataclass(frozen=True, slots=True)
class Line:
    """One rep: values by KPI, and the quarter of the peers each falls into."""

    rep_id: int
    name: str
    job: str  # code
    job_label: str
    has_left: bool
    row: KpiRow
    quarter: dict[str, int]  # KPI -> 1 (lowest quarter) to 4 (highest); absent: too few to say


def team_lines(user: User, filters: Filters) -> list[Line]:
    """Everybody with something to show in the period, by name."""
    rows = [row for row in kpi_values(user, filters, (*GOALS, *INPUTS), by="rep") if row.key not in (None, "-")]
    reps = {rep.code: rep for rep in Rep.objects.filter(code__in=[row.key for row in rows])}
    known = [(row, reps[row.key]) for row in rows if row.key in reps]
    peers: dict[str, list[KpiRow]] = {}
    for row, rep in known:
        peers.setdefault(rep.job, []).append(row)
    return [
        Line(
            rep.pk,
            rep.name,
            rep.job,
            str(rep.get_job_display()),
            rep.left_on is not None and rep.left_on <= filters.today,
            row,
            {name: q for name in JUDGED if (q := quarter_of(row, peers[rep.job], name))},
        )
        for row, rep in known
    ]


def quarter_of(row: KpiRow, peers: list[KpiRow], name: str) -> int | None:
    """Quarter of the peers by rank, 4 = the best; None with fewer than ENOUGH known, or none to rank by."""
    own = row.values[name].value
    values = [value for peer in peers if (value := peer.values[name].value) is not None]
    if own is None or len(values) < ENOUGH or min(values) == max(values):
        return None
    below = sum(value < own for value in values) + Decimal(sum(value == own for value in values) - 1) / 2
    place = int(4 * below / len(values)) + 1
    return 5 - place if CATALOGUE[name].better == "down" else place


@dataclass(frozen=True, slots=True)
class Contrast:
    """An input of the best quarter by attainment against the lowest, a head."""

    name: str
    top: Decimal
    low: Decimal
    top_n: int
    low_n: int


def contrasts(lines: list[Line]) -> list[Contrast]:
    """Inputs a head of the best and the lowest quarter by attainment; largest ratio first, none when too few."""
    top = [line for line in lines if line.quarter.get("attainment") == 4 and not line.has_left]
    low = [line for line in lines if line.quarter.get("attainment") == 1 and not line.has_left]
    if len(top) < 3 or len(low) < 3:
        return []
    found = []
    for name in INPUTS:
        means = [_mean(group, name) for group in (top, low)]
        if means[0] and means[1]:
            found.append(Contrast(name, means[0], means[1], len(top), len(low)))
    return sorted(found, key=lambda c: -max(c.top / c.low, c.low / c.top))


def _mean(lines: list[Line], name: str) -> Decimal:
    return sum((line.row.values[name].value or Decimal(0) for line in lines), Decimal(0)) / len(lines)
