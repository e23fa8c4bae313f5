"""One rep's numbers: the quarter so far, what may still come, what to fix, and the week."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import Http404

from data_collection.facts.models import OpenDeal
from data_collection.kpis.filters import Filters, parse
from data_collection.kpis.selectors import KpiRow, kpi_periods, recent_periods
from data_collection.organisation.models import Rep, TeamMembership
from data_collection.organisation.visibility import scope_of
from data_collection.quality.selectors.findings import fixes_of
from salesops.access.models import User
from salesops.lib.periods import Grain, Period

INPUTS = ("calls", "emails", "meetings", "demos", "proposals")
GOALS = ("bookings", "quota", "attainment", "win_rate")
WEEKS = 12  # of the own average
SOON_DAYS = 45  # a close date this near is worth working on now
MOST_DEALS, MOST_FIXES = 5, 8


@dataclass(frozen=True, slots=True)
class Quarter:
    """Bookings against the quota of the whole quarter."""

    period: Period  # the whole quarter
    bookings: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    reason: str  # why there is no attainment
    win_rate: Any  # KpiValue
    expected: Decimal  # weighted amount of open deals with a close date still ahead in the quarter
    expected_deals: int
    today: date

    @property
    def days_left(self) -> int:
        """Days of the quarter after today."""
        return max((self.period.end - self.today).days - 1, 0)

    @property
    def to_go(self) -> Decimal | None:
        return None if self.quota is None else max(self.quota - self.bookings, Decimal(0))

    @property
    def needed_a_week(self) -> Decimal | None:
        """To go, spread over the weeks left; None on the last day and without a quota."""
        if self.to_go is None or not self.days_left:
            return None
        return self.to_go * 7 / self.days_left

    @property
    def booked_a_week(self) -> Decimal:
        """Bookings so far, by week passed."""
        return self.bookings * 7 / max((self.today - self.period.start).days + 1, 1)

    @property
    def time_passed(self) -> float:
        return min(((self.today - self.period.start).days + 1) / self.period.days, 1.0)


@dataclass(frozen=True, slots=True)
class Input:
    """An activity this week beside the own average of full weeks."""

    name: str
    this_week: Decimal
    average: Decimal | None


@dataclass(frozen=True, slots=True)
class Numbers:
    rep: Rep
    filters: Filters  # this rep, this quarter to date
    quarter: Quarter
    deals: list[OpenDeal]  # the next best
    fixes: list[tuple[Any, list[str]]]
    fixes_n: int
    inputs: list[Input]
    weekday: int  # days of this week so far, today counted


def own_rep(user: User) -> Rep | None:
    return Rep.objects.filter(user=user).first()


def rep_for(pk: int, user: User) -> Rep:
    """A rep whose numbers the person may see: own, or now or once in a led team.

    Raises:
        Http404: there is none, or the person may not see the rep.
    """
    rep = Rep.objects.filter(pk=pk).first()
    if rep is None:
        raise Http404
    scope = scope_of(user)
    if scope.everything or rep.pk == scope.rep_id:
        return rep
    if TeamMembership.objects.filter(rep=rep, team__in=scope.team_ids).exists():
        return rep
    raise Http404


def numbers_of(rep: Rep, user: User) -> Numbers:
    """Everything on the page of one rep, over the rows `user` may see."""
    filters = parse({"rep": rep.code, "cmp": "none"})
    today = filters.today
    whole = filters.calendar.period_of(today, Grain.QUARTER)
    weeks = recent_periods(filters, "week", WEEKS + 1)
    rows = kpi_periods(user, filters, (*GOALS, *INPUTS), [whole, *weeks])
    deals = list(
        OpenDeal.objects.on(today)
        .visible_to(user)
        .filter(rep=rep, close_date__gte=today)
        .select_related("opportunity", "account", "stage")
    )
    fixes = fixes_of(rep.pk) if _leads_today(rep, user, today) else []
    return Numbers(
        rep,
        filters,
        _quarter(rows[0], whole, deals, today),
        best_deals(deals, today),
        fixes[:MOST_FIXES],
        len(fixes),
        _inputs(rows[1:]),
        (today - weeks[-1].start).days + 1,
    )


def _leads_today(rep: Rep, user: User, today: date) -> bool:
    """Open deals count for the owner's team of today: a rep who moved away is no longer the manager's worklist."""
    scope = scope_of(user)
    if scope.everything or rep.pk == scope.rep_id:
        return True
    return TeamMembership.objects.on(today).filter(rep=rep, team__in=scope.team_ids).exists()


def _quarter(row: KpiRow, whole: Period, deals: list[OpenDeal], today: date) -> Quarter:
    ahead = [deal for deal in deals if deal.close_date < whole.end]
    return Quarter(
        replace(whole, is_open=True),
        row.values["bookings"].value or Decimal(0),
        row.values["quota"].value,
        row.values["attainment"].value,
        row.values["attainment"].reason,
        row.values["win_rate"],
        sum((deal.weighted_amount or Decimal(0) for deal in ahead), Decimal(0)),
        len(ahead),
        today,
    )


def best_deals(deals: list[OpenDeal], today: date) -> list[OpenDeal]:
    """Open deals that close soon, by probability times amount."""
    soon = [deal for deal in deals if deal.weighted_amount and deal.close_date <= today + timedelta(days=SOON_DAYS)]
    return sorted(soon, key=lambda deal: -deal.weighted_amount)[:MOST_DEALS]


def _inputs(weeks: list[KpiRow]) -> list[Input]:
    *full, running = weeks
    found = []
    for name in INPUTS:
        past = [week.values[name].value or Decimal(0) for week in full]
        average = sum(past, Decimal(0)) / len(past) if any(past) else None
        found.append(Input(name, running.values[name].value or Decimal(0), average))
    return found
