"""The rows behind a KPI: one part per measure of its formula, each with its own sum."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast, Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import OpportunityChange
from data_collection.facts.measures import AREA_OF
from data_collection.facts.models import ActivityEvent, DealEvent, LeadEvent, OpenDeal, SaleEvent, StageEvent
from data_collection.kpis.catalogue import CATALOGUE, Kpi
from data_collection.kpis.filters import Filters
from data_collection.kpis.measures import DUE, PREVIOUS, QUOTAS, STATISTICS, STOCK, dimensions_of, plain
from salesops.lib.periods import Period

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Column:
    field: str  # path on the row, as for QuerySet.values
    label: Text
    unit: str = "text"  # text, date, money, count, days, minutes, percent, number


DAY = Column("day", _("Day"), "date")
KIND = Column("kind", _("What"))
WHO = (Column("rep__name", _("Rep")), Column("team__name", _("Team")))
WHAT = (
    Column("segment__name", _("Segment")),
    Column("product__name", _("Product")),
    Column("source", _("Lead source")),
)
DEAL = (Column("opportunity__name", _("Deal")), Column("account__name", _("Account")))
#: event rows -> what a table of them shows
COLUMNS: dict[type[Any], tuple[Column, ...]] = {
    DealEvent: (
        DAY,
        KIND,
        *DEAL,
        *WHO,
        *WHAT,
        Column("amount", _("Amount"), "money"),
        Column("days", _("Days"), "days"),
    ),
    LeadEvent: (
        DAY,
        KIND,
        Column("lead__name", _("Lead")),
        Column("lead__company", _("Company")),
        *WHO,
        *WHAT,
        Column("response_minutes", _("Response"), "minutes"),
    ),
    SaleEvent: (
        DAY,
        KIND,
        Column("order_id", _("Order")),
        *DEAL,
        *WHO,
        *WHAT,
        Column("units", _("Units"), "number"),
        Column("revenue", _("Revenue"), "money"),
        Column("profit", _("Profit"), "money"),
    ),
    ActivityEvent: (
        DAY,
        KIND,
        Column("activity__subject", _("Subject")),
        Column("opportunity__name", _("Deal")),
        Column("account__name", _("Account")),
        *WHO,
        Column("minutes", _("Minutes"), "minutes"),
    ),
    StageEvent: (DAY, Column("stage__name", _("Stage")), *DEAL, *WHO, *WHAT, Column("days", _("Days"), "days")),
}
OPEN_COLUMNS = (
    *DEAL,
    Column("stage__name", _("Stage")),
    Column("close_date", _("Close date"), "date"),
    *WHO,
    *WHAT,
    Column("open_amount", _("Amount"), "money"),
    Column("probability", _("Probability"), "percent"),
    Column("weighted_amount", _("Weighted"), "money"),
)
#: stock measure -> the column its rows sum, where it is called differently
SUMMED = {"closing_n": "open_n", "closing_amount": "open_amount", "open_amount_n": "open_n"}
EVENTS: dict[str, type[Any]] = {"activity": ActivityEvent, "deal": DealEvent, "lead": LeadEvent, "sale": SaleEvent}
#: statistic -> (rows, column, how)
STATISTIC_ROWS: dict[str, tuple[type[Any], str, str]] = {
    "won_amount_median": (DealEvent, "won_amount", "median"),
    "won_days_median": (DealEvent, "won_days", "median"),
    "response_median": (LeadEvent, "response_minutes", "median"),
    "response_p90": (LeadEvent, "response_minutes", "p90"),
    "response_n": (LeadEvent, "response_minutes", "count"),
    "stage_days_median": (StageEvent, "days", "median"),
    "stage_days_p90": (StageEvent, "days", "p90"),
    "stage_days_n": (StageEvent, "days", "count"),
    "orders_n": (SaleEvent, "sales_n", "distinct"),
}
#: measure -> what its rows are
LABELS: dict[str, Text] = {
    "created_n": _("Deals created"), "created_amount": _("Deals created"),
    "cohort_won_n": _("Deals created, won by now"), "cohort_lost_n": _("Deals created, lost by now"),
    "won_n": _("Deals won"), "won_amount": _("Deals won"), "won_amount_n": _("Deals won with an amount"),
    "won_days": _("Deals won"), "won_days_n": _("Deals won with both dates"), "won_amount_median": _("Deals won"),
    "won_days_median": _("Deals won"), "lost_n": _("Deals lost"), "lost_amount": _("Deals lost"),
    "lost_amount_n": _("Deals lost with an amount"), "lost_days": _("Deals lost"),
    "lost_days_n": _("Deals lost with both dates"), "pushed_n": _("Close dates pushed"),
    "pushed_amount": _("Close dates pushed"), "open_n": _("Open deals"), "open_amount": _("Open deals"),
    "weighted_amount": _("Open deals"), "closing_amount": _("Open deals expected to close in the period"),
    "due_amount": _("Deals due when the period began"), "slipped_amount": _("Of these, due later at its end"),
    "activities_n": _("Activities"), "emails_n": _("E-mails"), "calls_n": _("Calls"), "meetings_n": _("Meetings"),
    "demos_n": _("Demos"), "proposals_n": _("Proposals"), "minutes": _("Activities with a duration"),
    "leads_n": _("Leads"), "leads_mql_n": _("Leads that became MQL"), "leads_sql_n": _("Leads that became SQL"),
    "leads_converted_n": _("Leads that became a deal"), "leads_won_n": _("Leads with a won deal"),
    "mqls_n": _("Marketing qualified"), "sqls_n": _("Sales qualified"), "response_median": _("Leads touched"),
    "response_p90": _("Leads touched"), "revenue": _("Sales"), "units": _("Sales"), "profit": _("Sales with a profit"),
    "profit_revenue": _("Sales with a profit"), "list_amount": _("Sales with a discount stated"),
    "discount_amount": _("Sales with a discount stated"), "returned_amount": _("Returned lines"),
    "orders_n": _("Lines of the orders"), "sales_n": _("Sales"),
    "stage_days_median": _("Stays that ended"), "stage_days_p90": _("Stays that ended"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one measure."""

    measure: str
    label: Text
    rows: QuerySet[Any]  # newest first; each row has `id`
    field: str  # the column the measure sums (or whose median it is)
    how: str  # sum, median, p90, distinct
    columns: tuple[Column, ...]

    def total(self) -> Decimal:
        """The measure, from the rows: for a sum the number on the card, exactly."""
        if self.how == "distinct":
            order = Coalesce(Cast("order_id", TextField()), Cast("opportunity_id", TextField()))
            found = self.rows.aggregate(n=Count(order, distinct=True))
        else:
            found = self.rows.aggregate(n=Sum(self.field) if self.how == "sum" else Count(self.field))
        return Decimal(found["n"] or 0)


@dataclass(frozen=True, slots=True)
class KpiRows:
    kpi: Kpi
    parts: tuple[Part, ...]
    without_rows: tuple[str, ...]  # measures of the formula that are no rows: quota, days


def kpi_rows(user: Any, filters: Filters, name: str) -> KpiRows:
    """The rows behind a KPI for this filter and reader, one part per measure of the formula.

    Raises:
        KeyError: the name is not in the catalogue.
    """
    kpi = CATALOGUE[name]
    parts = [part for measure in kpi.opens if (part := _part(user, filters, measure)) is not None]
    return KpiRows(kpi, tuple(parts), tuple(m for m in kpi.opens if m in QUOTAS or m == "days"))


def _part(user: Any, filters: Filters, measure: str) -> Part | None:
    if measure in QUOTAS or measure == "days":
        return None
    period = filters.period
    end = filters.whole_end(period)
    label = LABELS.get(plain(measure), plain(measure))
    if measure in STOCK:
        rows = OpenDeal.objects.on(filters.as_of)
        if measure.startswith("closing_"):
            rows = rows.filter(close_date__gte=period.start, close_date__lt=end)
        field = SUMMED.get(measure, measure)
        return _cut(Part(measure, label, rows.order_by("-id"), field, "sum", OPEN_COLUMNS), user, filters)
    if measure in DUE:
        return _cut(_due_part(measure, label, period, end), user, filters)
    if measure in PREVIOUS:
        before = filters.calendar.previous(period, filters.today)
        start, end, label = before.start, before.end, _("%s, period before") % label
    else:
        start, end = period.start, period.end
    if measure in STATISTICS:
        model, field, how = STATISTIC_ROWS[measure]
    else:
        model, field, how = EVENTS[AREA_OF[plain(measure)].name], plain(measure), "sum"
    rows = model.objects.filter(day__gte=start, day__lt=end, **{f"{field}__isnull": False})  # type: ignore[attr-defined]
    return _cut(Part(measure, label, rows.order_by("-day", "-id"), field, how, COLUMNS[model]), user, filters)


def _cut(part: Part, user: Any, filters: Filters) -> Part:
    """Only what the filter and the reader's rights leave: the same rule as for the sums."""
    rows = part.rows.visible_to(user)
    dimensions = dimensions_of(part.measure)
    for choice in filters.choices:
        if choice.column not in dimensions:
            return replace(part, rows=rows.none())
        known = [value for value in choice.values if value is not None]
        wanted = Q(**{f"{choice.column}__in": known})
        if None in choice.values:
            wanted |= Q(**{f"{choice.column}__isnull": True})
        rows = rows.filter(wanted)
    return replace(part, rows=rows)


def _due_part(measure: str, label: Text, period: Period, end: date) -> Part:
    def close_date_before(day: date) -> Coalesce:
        later = OpportunityChange.objects.present().filter(
            opportunity_id=OuterRef("opportunity_id"), field="close_date", changed_on__gte=day
        )
        # A change from an empty date counts as one: the date before it was not known.
        first = later.order_by("changed_on", "pk").values("old_date")[:1]
        return Coalesce(Subquery(first), F("close_date"))

    rows = OpenDeal.objects.on(period.start - timedelta(days=1))
    rows = rows.annotate(was_due=close_date_before(period.start), now_due=close_date_before(period.end))
    rows = rows.filter(was_due__gte=period.start, was_due__lt=end)
    if measure == "slipped_amount":
        rows = rows.filter(now_due__gte=end)
    field = "open_n" if measure == "due_n" else "open_amount"
    dates = (Column("was_due", _("Due at the start"), "date"), Column("now_due", _("Due at the end"), "date"))
    columns = (*OPEN_COLUMNS, *dates)
    return Part(measure, label, rows.order_by("-id"), field, "sum", columns)
