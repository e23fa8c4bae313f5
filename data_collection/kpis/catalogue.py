"""The KPIs: name, formula over measures, and what the glossary says about each.

Rates are shares (0.25 = 25 %). Unless a KPI says otherwise it counts what closed, or happened, in the period; the
owner, team and territory of the row's own day; amounts in the reporting currency at that day's rate.
"""

from dataclasses import dataclass, field
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.facts.measures import AREA_OF
from data_collection.kpis.formula import Formula, parse
from data_collection.kpis.measures import KNOWN, POPULATION

Text = str | Promise
Unit = Literal["money", "count", "percent", "days", "hours", "minutes", "ratio", "number"]
Better = Literal["up", "down", "none"]

FEW = 10  # a rate or a mean over fewer rows says so


@dataclass(frozen=True, slots=True)
class Kpi:
    name: str
    label: Text
    group: str  # goals, pipeline, inputs, leads, sales: the order of the catalogue page
    unit: Unit
    better: Better
    formula: Formula
    n: Formula | None  # how many rows it rests on
    reason: Text  # why there is no value, when there is none
    meaning: Text  # in plain words
    choices: Text
    check: str  # worked example
    owner: Text
    missing: Formula | None = None  # rows left out because a field is empty
    small: int = FEW  # n below this is too few to judge; 0 = never
    needs: tuple[str, ...] = field(default=())  # all measures of formula, n and missing

    @property
    def is_additive(self) -> bool:
        """The values of parts sum to the value of the whole, and a target is prorated by days."""
        return self.formula.text in AREA_OF or self.name == "selling_hours"

    @property
    def opens(self) -> tuple[str, ...]:
        """Measures whose rows are the drill-through, in the order of the formula."""
        return self.formula.names


GROUPS: dict[str, Text] = {
    "goals": _("Goals"),
    "pipeline": _("Pipeline"),
    "inputs": _("Inputs"),
    "leads": _("Leads"),
    "sales": _("Orders and revenue"),
}
CLOSED = _("Closed in the period; owner, team and territory on the closing day; the closing day's exchange rate.")
CREATED = _("Created in the period (cohort); owner on the day of creation; open deals are part of the cohort.")
STOCK = _("Open at the end of the last day of the period (today at the latest); today's amount, stage and close date.")
EVENT = _("Counted on the day it happened, for the person who did it.")
COHORT = _("Leads that came in during the period, whatever day they moved on; a skipped step counts as entered.")
RECOGNISED = _(
    "Order lines where a system sends them; else that system's won deals. Returns stay in; see the return rate."
)
NO_CLOSED = _("No deal was won or lost in this period.")
NO_WON = _("No deal was won in this period.")
NO_LEADS = _("No lead came in during this period.")
NO_SALES = _("Nothing was sold in this period.")
NO_OPEN = _("No deal is open.")
NO_QUOTA = _("No quota is in force in this period.")
SALES_OPS = _("Sales operations")
MARKETING = _("Marketing")


def _kpi(
    name: str,
    label: Text,
    group: str,
    unit: Unit,
    better: Better,
    formula: str,
    *,
    meaning: Text,
    choices: Text,
    check: str,
    n: str = "",
    reason: Text = "",
    missing: str = "",
    small: int = 0,
    owner: Text = SALES_OPS,
) -> Kpi:
    value, rows, left_out = (parse(text, KNOWN) if text else None for text in (formula, n, missing))
    assert value is not None
    needs = dict.fromkeys(name for f in (value, rows, left_out) if f for name in f.names)
    needs |= dict.fromkeys(POPULATION[name] for name in value.names if name in POPULATION)
    return Kpi(
        name, label, group, unit, better, value, rows, reason, meaning, choices, check, owner, left_out, small,
        tuple(needs),
    )  # fmt: skip


_ALL = (
    # --- goals -----------------------------------------------------------------------------
    _kpi(
        "bookings", _("Bookings"), "goals", "money", "up", "won_amount", n="won_n", missing="won_n - won_amount_n",
        meaning=_("Amount of all deals won."), choices=CLOSED, check="200,000 + 400,000 = 600,000",
    ),
    _kpi(
        "bookings_per_day", _("Bookings per day"), "goals", "money", "up", "won_amount / days", n="won_n",
        meaning=_("Bookings divided by the days of the period that have passed."), choices=CLOSED,
        reason=_("The period has not begun."), check="600,000 / 60 days = 10,000",
    ),
    _kpi(
        "growth", _("Growth of bookings"), "goals", "percent", "up",
        "(won_amount - prev_won_amount) / prev_won_amount", n="won_n + prev_won_n", small=FEW,
        meaning=_("Change of bookings against the period before, same elapsed days."), choices=CLOSED,
        reason=_("Nothing was booked in the period before."), check="(600k - 500k) / 500k = 20.0 %",
    ),
    _kpi(
        "wins", _("Deals won"), "goals", "count", "up", "won_n", n="won_n",
        meaning=_("How many deals were won."), choices=CLOSED, check="12",
    ),
    _kpi(
        "losses", _("Deals lost"), "goals", "count", "down", "lost_n", n="lost_n",
        meaning=_("How many deals were lost."), choices=CLOSED, check="28",
    ),
    _kpi(
        "win_rate", _("Win rate"), "goals", "percent", "up", "won_n / (won_n + lost_n)", n="won_n + lost_n",
        small=FEW, reason=NO_CLOSED,
        meaning=_("Share of closed deals that were won. Open deals are never in the denominator."),
        choices=CLOSED, check="12 / (12 + 28) = 30.0 %",
    ),
    _kpi(
        "win_rate_value", _("Win rate by value"), "goals", "percent", "up",
        "won_amount / (won_amount + lost_amount)", n="won_amount_n + lost_amount_n",
        missing="won_n + lost_n - won_amount_n - lost_amount_n", small=FEW,
        reason=_("No closed deal of this period has an amount."),
        meaning=_("Share of the closed amount that was won."), choices=CLOSED, check="600k / 2.4M = 25.0 %",
    ),
    _kpi(
        "cohort_win_rate", _("Cohort win rate"), "goals", "percent", "up", "cohort_won_n / created_n", n="created_n",
        missing="cohort_open_n", small=FEW, reason=_("No deal was created in this period."),
        meaning=_("Share of the deals created in the period that are won by now; it can still rise."),
        choices=CREATED, check="9 / 50 = 18.0 %, 14 open",
    ),
    _kpi(
        "deal_size_mean", _("Deal size, mean"), "goals", "money", "up", "won_amount / won_amount_n", n="won_amount_n",
        missing="won_n - won_amount_n", small=FEW, reason=NO_WON,
        meaning=_("Mean amount of a won deal."), choices=CLOSED, check="600k / 12 = 50,000",
    ),
    _kpi(
        "deal_size_median", _("Deal size, median"), "goals", "money", "up", "won_amount_median", n="won_amount_n",
        missing="won_n - won_amount_n", small=FEW, reason=NO_WON,
        meaning=_("Half of the won deals are at least this large."), choices=CLOSED,
        check="median of 10k, 20k, 60k = 20,000",
    ),
    _kpi(
        "cycle_days_mean", _("Sales cycle, mean"), "goals", "days", "down", "won_days / won_days_n", n="won_days_n",
        missing="won_n - won_days_n", small=FEW, reason=NO_WON,
        meaning=_("Mean days from creation to the win."), choices=CLOSED, check="1,080 / 12 = 90 days",
    ),
    _kpi(
        "cycle_days_median", _("Sales cycle, median"), "goals", "days", "down", "won_days_median", n="won_days_n",
        missing="won_n - won_days_n", small=FEW, reason=NO_WON,
        meaning=_("Half of the won deals took at most so many days."), choices=CLOSED,
        check="median of 30, 57, 120 = 57 days",
    ),
    _kpi(
        "days_to_close_mean", _("Days to close, mean"), "goals", "days", "down",
        "(won_days + lost_days) / (won_days_n + lost_days_n)", n="won_days_n + lost_days_n",
        missing="won_n + lost_n - won_days_n - lost_days_n", small=FEW, reason=NO_CLOSED,
        meaning=_("Mean days from creation to the end, won or lost."), choices=CLOSED,
        check="(1,080 + 840) / (12 + 28) = 48 days",
    ),
    _kpi(
        "quota", _("Quota"), "goals", "money", "none", "quota", reason=NO_QUOTA,
        meaning=_("Bookings quota in force, the part of it that falls into the period."),
        choices=_("Prorated by days; the exchange rate of the quota's first day."), check="90,000 x 30/90 = 30,000",
    ),
    _kpi(
        "attainment", _("Attainment"), "goals", "percent", "up", "won_amount / quota", n="won_n", reason=NO_QUOTA,
        meaning=_("Bookings against the prorated quota."),
        choices=_("Bookings closed in the period; quota in force, prorated by days."),
        check="172,500 / 150,000 = 115 %",
    ),
    _kpi(
        "revenue_quota", _("Revenue quota"), "goals", "money", "none", "revenue_quota", reason=NO_QUOTA,
        meaning=_("Revenue quota in force, the part of it that falls into the period."),
        choices=_("Prorated by days; the exchange rate of the quota's first day."), check="90,000 x 30/90 = 30,000",
    ),
    _kpi(
        "revenue_attainment", _("Revenue attainment"), "goals", "percent", "up", "revenue / revenue_quota",
        n="sales_n", reason=NO_QUOTA, meaning=_("Revenue against the prorated revenue quota."),
        choices=RECOGNISED, check="172,500 / 150,000 = 115 %",
    ),
    # --- pipeline --------------------------------------------------------------------------
    _kpi(
        "velocity", _("Sales velocity"), "pipeline", "money", "up",
        "open_n * (won_n / (won_n + lost_n)) * (won_amount / won_amount_n) / (won_days / won_days_n)",
        n="won_n + lost_n", small=FEW, reason=_("It needs open deals, and deals won and lost in this period."),
        meaning=_("Money the pipeline yields a day: open deals x win rate x mean deal / cycle days."),
        choices=_("Open deals at the end of the period; the rest closed in the period."),
        check="50 x 0.25 x 30,000 / 60 = 6,250 a day",
    ),
    _kpi(
        "open_pipeline", _("Open pipeline"), "pipeline", "money", "up", "open_amount", n="open_n",
        missing="open_n - open_amount_n",
        meaning=_("Amount of all open deals."), choices=STOCK, check="1.2M + 0.6M = 1.8M",
    ),
    _kpi(
        "open_deals", _("Open deals"), "pipeline", "count", "up", "open_n", n="open_n",
        meaning=_("How many deals are open."), choices=STOCK, check="50",
    ),
    _kpi(
        "weighted_pipeline", _("Weighted pipeline"), "pipeline", "money", "up", "weighted_amount", n="open_n",
        missing="open_n - open_amount_n",
        meaning=_("Each open amount times its probability: the deal's own, else its stage's."), choices=STOCK,
        check="100k x 0.3 + 50k x 0.8 = 70k",
    ),
    _kpi(
        "coverage", _("Pipeline coverage"), "pipeline", "ratio", "up",
        "closing_amount / (whole_quota - won_amount)", n="closing_n",
        reason=_("No quota is set, it is reached, or the period is over."),
        meaning=_("Open amount expected to close in the period for each unit of quota still missing."),
        choices=_("Of a period to date: close dates and quota of the whole period, won so far. Today's amounts."),
        check="1.8M / (1.0M - 0.4M) = 3.0",
    ),
    _kpi(
        "required_coverage", _("Required coverage"), "pipeline", "ratio", "none",
        "(won_amount + lost_amount) / won_amount", n="won_amount_n + lost_amount_n", small=FEW, reason=NO_WON,
        meaning=_("Pipeline needed for each unit of bookings: 1 / win rate by value."), choices=CLOSED,
        check="1 / 0.25 = 4.0",
    ),
    _kpi(
        "opportunities_created", _("Opportunities created"), "pipeline", "count", "up", "created_n", n="created_n",
        meaning=_("How many deals were opened."), choices=CREATED, check="50",
    ),
    _kpi(
        "pipeline_created", _("Pipeline created"), "pipeline", "money", "up", "created_amount", n="created_n",
        meaning=_("Amount of the deals opened, as known today."), choices=CREATED, check="50 x 30,000 = 1.5M",
    ),
    _kpi(
        "push_count", _("Close dates pushed"), "pipeline", "count", "down", "pushed_n", n="pushed_n",
        meaning=_("How often a close date was moved into a later month."),
        choices=_("Counted on the day of the change; a move inside the month is not counted."), check="3",
    ),
    _kpi(
        "slippage", _("Slippage"), "pipeline", "percent", "down", "slipped_amount / due_amount", n="due_n",
        small=FEW, reason=_("No deal was due in this period when it began."),
        meaning=_("Of the amount due to close in the period when it began, the share whose close date left it."),
        choices=_("Open deals at the start with a close date in the period, by the change history; today's amounts."),
        check="300k / 1.2M = 25.0 %",
    ),
    _kpi(
        "time_in_stage_median", _("Time in stage, median"), "pipeline", "days", "down", "stage_days_median",
        n="stage_days_n", small=FEW, reason=_("No stay in a stage ended in this period."),
        meaning=_("Half of the stays in a stage took at most so many days."),
        choices=_("Stays that ended in the period; stays that go on are not in it."), check="median of 3, 8, 40 = 8",
    ),
    _kpi(
        "time_in_stage_p90", _("Time in stage, longest tenth"), "pipeline", "days", "down", "stage_days_p90",
        n="stage_days_n", small=FEW, reason=_("No stay in a stage ended in this period."),
        meaning=_("Nine of ten stays in a stage took at most so many days."),
        choices=_("Stays that ended in the period; stays that go on are not in it."), check="p90 of 1 … 11 = 10",
    ),
    # --- inputs ----------------------------------------------------------------------------
    _kpi(
        "activities", _("Activities"), "inputs", "count", "up", "activities_n", n="activities_n",
        meaning=_("E-mails, calls, meetings, demos, proposals and others together."), choices=EVENT, check="240",
    ),
    _kpi(
        "emails", _("E-mails"), "inputs", "count", "up", "emails_n", n="emails_n",
        meaning=_("E-mails written to prospects and customers."), choices=EVENT, check="120",
    ),
    _kpi(
        "calls", _("Calls"), "inputs", "count", "up", "calls_n", n="calls_n",
        meaning=_("Calls made."), choices=EVENT, check="80",
    ),
    _kpi(
        "meetings", _("Meetings"), "inputs", "count", "up", "meetings_n", n="meetings_n",
        meaning=_("Meetings held."), choices=EVENT, check="20",
    ),
    _kpi(
        "demos", _("Demos"), "inputs", "count", "up", "demos_n", n="demos_n",
        meaning=_("Demos given."), choices=EVENT, check="10",
    ),
    _kpi(
        "proposals", _("Proposals"), "inputs", "count", "up", "proposals_n", n="proposals_n",
        meaning=_("Proposals sent."), choices=EVENT, check="6",
    ),
    _kpi(
        "selling_hours", _("Selling hours"), "inputs", "hours", "up", "minutes / 60", n="activities_n",
        meaning=_("Hours logged on activities."), choices=_("An activity without a duration adds nothing."),
        check="90 min + 30 min = 2.0 hours",
    ),
    _kpi(
        "calls_per_meeting", _("Calls per meeting"), "inputs", "ratio", "down", "calls_n / meetings_n",
        n="meetings_n", small=FEW, reason=_("No meeting was held in this period."),
        meaning=_("How many calls it takes for a meeting."), choices=EVENT, check="80 / 20 = 4.0",
    ),
    _kpi(
        "meetings_per_opportunity", _("Meetings per opportunity"), "inputs", "ratio", "down",
        "meetings_n / created_n", n="created_n", small=FEW, reason=_("No deal was created in this period."),
        meaning=_("How many meetings it takes for a new deal."), choices=EVENT, check="20 / 8 = 2.5",
    ),
    _kpi(
        "opportunities_per_win", _("Opportunities per win"), "inputs", "ratio", "down", "created_n / won_n",
        n="won_n", small=FEW, reason=NO_WON, meaning=_("How many new deals there are for each win."),
        choices=_("Created in the period against won in the period."), check="8 / 2 = 4.0",
    ),
    # --- leads -----------------------------------------------------------------------------
    _kpi(
        "leads_created", _("New leads"), "leads", "count", "up", "leads_n", n="leads_n", owner=MARKETING,
        meaning=_("How many leads came in."), choices=_("By the day they came in; owner on that day."), check="400",
    ),
    _kpi(
        "mqls", _("Marketing qualified"), "leads", "count", "up", "mqls_n", n="mqls_n", owner=MARKETING,
        meaning=_("Leads that marketing qualified in the period."), choices=_("By the day of the step."), check="120",
    ),
    _kpi(
        "sqls", _("Sales qualified"), "leads", "count", "up", "sqls_n", n="sqls_n", owner=MARKETING,
        meaning=_("Leads that sales qualified in the period."), choices=_("By the day of the step."), check="60",
    ),
    _kpi(
        "mql_rate", _("Lead to MQL"), "leads", "percent", "up", "leads_mql_n / leads_n", n="leads_n", small=FEW,
        reason=NO_LEADS, owner=MARKETING, meaning=_("Share of new leads that became marketing qualified."),
        choices=COHORT, check="120 / 400 = 30.0 %",
    ),
    _kpi(
        "sql_rate", _("MQL to SQL"), "leads", "percent", "up", "leads_sql_n / leads_mql_n", n="leads_mql_n",
        small=FEW, reason=_("No lead of this period became marketing qualified."), owner=MARKETING,
        meaning=_("Share of marketing qualified leads that sales qualified."), choices=COHORT,
        check="60 / 120 = 50.0 %",
    ),
    _kpi(
        "sql_to_opportunity", _("SQL to opportunity"), "leads", "percent", "up", "leads_converted_n / leads_sql_n",
        n="leads_sql_n", small=FEW, reason=_("No lead of this period became sales qualified."), owner=MARKETING,
        meaning=_("Share of sales qualified leads that became a deal."), choices=COHORT, check="45 / 60 = 75.0 %",
    ),
    _kpi(
        "lead_to_win", _("Lead to win"), "leads", "percent", "up", "leads_won_n / leads_n", n="leads_n", small=FEW,
        reason=NO_LEADS, owner=MARKETING, meaning=_("Share of new leads with a won deal by now; it can still rise."),
        choices=COHORT, check="12 / 400 = 3.0 %",
    ),
    _kpi(
        "lead_response_median", _("Lead response, median"), "leads", "hours", "down", "response_median / 60",
        n="response_n", small=FEW, reason=_("No lead of this period has been assigned and touched."),
        meaning=_("Half of the leads were touched by a person within so many hours of assignment."),
        choices=_("Leads that came in during the period; hours of the clock, day and night."),
        check="median of 0.5, 2, 30 = 2 hours",
    ),
    _kpi(
        "lead_response_p90", _("Lead response, slowest tenth"), "leads", "hours", "down", "response_p90 / 60",
        n="response_n", small=FEW, reason=_("No lead of this period has been assigned and touched."),
        meaning=_("Nine of ten leads were touched by a person within so many hours of assignment."),
        choices=_("Leads that came in during the period; hours of the clock, day and night."),
        check="p90 of 1 … 11 hours = 10",
    ),
    # --- orders and revenue ----------------------------------------------------------------
    _kpi(
        "revenue", _("Revenue"), "sales", "money", "up", "revenue", n="sales_n",
        meaning=_("Recognised amount, net of discount."), choices=RECOGNISED, check="731.94 + 14.62 = 746.56",
    ),
    _kpi(
        "revenue_growth", _("Growth of revenue"), "sales", "percent", "up",
        "(revenue - prev_revenue) / prev_revenue", n="sales_n + prev_sales_n", small=FEW,
        reason=_("There was no revenue in the period before."),
        meaning=_("Change of revenue against the period before, same elapsed days."), choices=RECOGNISED,
        check="(600k - 500k) / 500k = 20.0 %",
    ),
    _kpi(
        "units", _("Units"), "sales", "number", "up", "units", n="sales_n",
        meaning=_("Quantity sold."), choices=RECOGNISED, check="2 + 5 = 7",
    ),
    _kpi(
        "orders", _("Orders"), "sales", "count", "up", "orders_n", n="orders_n",
        meaning=_("Different orders with at least one line here."), choices=RECOGNISED, check="5,009",
    ),
    _kpi(
        "order_value_mean", _("Order value, mean"), "sales", "money", "up", "revenue / orders_n", n="orders_n",
        small=FEW, reason=NO_SALES, meaning=_("Revenue divided by the number of orders."), choices=RECOGNISED,
        check="2,297,200.86 / 5,009 = 458.61",
    ),
    _kpi(
        "profit", _("Profit"), "sales", "money", "up", "profit", n="sales_n",
        meaning=_("Profit of the lines that state one."), choices=RECOGNISED, check="41.91 + 219.58 = 261.49",
    ),
    _kpi(
        "margin", _("Margin"), "sales", "percent", "up", "profit / profit_revenue", n="sales_n", small=FEW,
        reason=_("No line of this period states a profit."), meaning=_("Profit as a share of its revenue."),
        choices=_("Only lines that state a profit, above and below the line."), check="286k / 2.3M = 12.5 %",
    ),
    _kpi(
        "discount", _("Discount"), "sales", "percent", "down", "discount_amount / list_amount", n="sales_n",
        small=FEW, reason=_("No sale of this period states a discount."),
        meaning=_("Share of the list price given away."),
        choices=_("Lines and deals that state a discount; list price = amount / (1 - discount)."),
        check="(100 - 80) / 100 = 20.0 %",
    ),
    _kpi(
        "return_rate", _("Return rate"), "sales", "percent", "down", "returned_amount / revenue", n="sales_n",
        small=FEW, reason=NO_SALES, meaning=_("Share of revenue on lines that came back."), choices=RECOGNISED,
        check="5k / 100k = 5.0 %",
    ),
)  # fmt: skip

CATALOGUE: dict[str, Kpi] = {kpi.name: kpi for kpi in _ALL}
assert len(CATALOGUE) == len(_ALL), "two KPIs share a name"
