"""What the overview shows: KPI values, the open pipeline by stage, and what needs attention."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_collection.dashboards.presentation import kpi_url, rows_url
from data_collection.facts.models import DealFact
from data_collection.kpis.filters import Filters
from data_collection.kpis.selectors import KpiRow, kpi_rows
from salesops.access.models import User
from salesops.charts import numbers

CARDS = ("bookings", "attainment", "win_rate", "open_pipeline", "deal_size_mean")
BOOKED = tuple(name for name in CARDS if name != "open_pipeline")
FAR_BELOW = Decimal("0.7")  # of the prorated quota
MOST_TEAMS = 3


@dataclass(frozen=True, slots=True)
class StageSum:
    """Open deals in one stage."""

    stage_id: int
    name: str
    deals: int
    amount: Decimal | None  # reporting currency
    weighted: Decimal | None
    overdue: int  # deals past their close date
    overdue_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Attention:
    """A computed sentence with a way to its rows."""

    words: str
    href: str
    level: str  # warn, bad


def latest_win(user: User) -> date | None:
    """Day of the latest win the person may see."""
    return DealFact.objects.visible_to(user).filter(won_n__gt=0).aggregate(day=Max("day"))["day"]


def pipeline_by_stage(user: User, filters: Filters) -> list[StageSum]:
    """The rows of the KPI “open pipeline”, by stage in the order of the funnel."""
    rows = kpi_rows(user, filters, "open_pipeline").parts[0].rows
    late = Q(close_date__lt=filters.as_of)
    found = (
        rows.order_by()
        .values("stage_id", "stage__name", "stage__rank")
        .annotate(
            deals=Count("pk"),
            amount=Sum("open_amount"),
            weighted=Sum("weighted_amount"),
            overdue=Count("pk", filter=late),
            overdue_amount=Sum("open_amount", filter=late),
        )
        .order_by("stage__rank", "stage__name")
    )
    return [
        StageSum(
            r["stage_id"], r["stage__name"], r["deals"], r["amount"], r["weighted"], r["overdue"], r["overdue_amount"]
        )
        for r in found
    ]


def attention(
    filters: Filters, row: KpiRow, stages: list[StageSum], teams: list[KpiRow], currency: str
) -> list[Attention]:
    """Sentences worth a manager's morning; none when all is well."""
    found = [*_overdue(filters, stages, currency), *_coverage(filters, row), *_teams(filters, teams, currency)]
    return sorted(found, key=lambda item: item.level != "bad")


def _overdue(filters: Filters, stages: list[StageSum], currency: str) -> list[Attention]:
    deals = sum(stage.overdue for stage in stages)
    if not deals:
        return []
    amount = sum((stage.overdue_amount or Decimal(0) for stage in stages), Decimal(0))
    words = ngettext(
        "%(n)s open deal is past its close date: %(amount)s %(currency)s.",
        "%(n)s open deals are past their close date: %(amount)s %(currency)s.",
        deals,
    ) % {"n": numbers.exact(deals), "amount": numbers.compact(amount), "currency": currency}
    return [Attention(words, rows_url("open_pipeline", filters, overdue="1"), "warn")]


def _coverage(filters: Filters, row: KpiRow) -> list[Attention]:
    has, needs = row.values["coverage"].value, row.values["required_coverage"]
    if has is None or needs.value is None or needs.few or has >= needs.value:
        return []
    words = _("Pipeline covers the missing quota %(has)s; at this win rate it takes %(needs)s.") % {
        "has": numbers.quantity(has, "ratio"),
        "needs": numbers.quantity(needs.value, "ratio"),
    }
    return [Attention(words, kpi_url("coverage", filters), "bad")]


def _teams(filters: Filters, teams: list[KpiRow], currency: str) -> list[Attention]:
    behind: list[tuple[Decimal, Any, Decimal]] = []
    for team in teams:
        attained, quota = team.values["attainment"].value, team.values["quota"].value
        booked = team.values["bookings"].value
        if (
            attained is not None
            and quota
            and booked is not None
            and attained < FAR_BELOW
            and team.key not in (None, "-")
        ):
            behind.append((quota - booked, team, attained))
    behind.sort(key=lambda item: -item[0])
    return [
        Attention(
            _("%(team)s is at %(share)s of the quota to date, %(gap)s %(currency)s behind.")
            % {
                "team": team.label,
                "share": numbers.percent(attained, 0),
                "gap": numbers.compact(gap),
                "currency": currency,
            },
            kpi_url("attainment", filters, team=team.key, by="rep"),
            "bad" if attained < FAR_BELOW / 2 else "warn",
        )
        for gap, team, attained in behind[:MOST_TEAMS]
    ]
