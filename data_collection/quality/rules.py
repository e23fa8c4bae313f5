"""What is checked in the mirror: each rule a condition over one table, with why it matters and how to put it right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Activity, Opportunity
from salesops.company.models import FxRate

Condition = Callable[[date, str], Q]  # (today, reporting currency)
STALE_DAYS = 30  # as the rule's title says
UNTOUCHED_DAYS = 7  # likewise
OPEN = Q(status=Opportunity.Status.OPEN)
WON = Q(status=Opportunity.Status.WON)
CLOSED = ~OPEN


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that a sound row does not meet."""

    name: str  # in the address
    source: str  # opportunity, lead, order_line
    title: str | Promise
    severity: str  # high, medium, low
    why: str | Promise
    fix: str | Promise
    broken: Condition
    checked: Condition  # rows the rule speaks about
    needs: str = ""  # a field nobody fills: the rule is not asked
    short: str | Promise = ""  # what to do with one row, for a worklist


def _always(today: date, currency: str) -> Q:
    return Q(pk__isnull=False)


def _open(today: date, currency: str) -> Q:
    return OPEN


def _won(today: date, currency: str) -> Q:
    return WON


def _closed(today: date, currency: str) -> Q:
    return CLOSED


def _no_rate(day: str) -> Condition:
    def condition(today: date, currency: str) -> Q:
        rate = FxRate.objects.filter(currency=OuterRef("currency"), day__lte=OuterRef(day))
        return ~Q(currency=currency) & Q(amount__isnull=False) & ~Exists(rate)

    return condition


def _stale(today: date, currency: str) -> Q:
    since = today - timedelta(days=STALE_DAYS)
    touched = Activity.objects.present().filter(opportunity=OuterRef("pk"), day__gte=since)
    return OPEN & (Q(created_on__isnull=True) | Q(created_on__lt=since)) & ~Exists(touched)


RULES: tuple[Rule, ...] = (
    Rule(
        "open-past-close-date",
        "opportunity",
        _("Open deal past its close date"),
        "high",
        _("The expected close date has gone by, so every forecast that trusts it is wrong."),
        _("Close the deal as won or lost, or set the day it is now expected to close."),
        lambda today, currency: OPEN & Q(close_date__lt=today),
        _open,
        short=_("Close date has passed"),
    ),
    Rule(
        "won-without-amount",
        "opportunity",
        _("Won deal without an amount"),
        "high",
        _("It counts as a win but adds nothing to bookings."),
        _("Enter the signed amount in the deal."),
        lambda today, currency: WON & (Q(amount__isnull=True) | Q(amount=0)),
        _won,
        short=_("Won, amount missing"),
    ),
    Rule(
        "exchange-rate-missing",
        "opportunity",
        _("Deal in a currency without an exchange rate"),
        "high",
        _("Its amount cannot be turned into the reporting currency and is left out of sums."),
        _("Load a rate for this currency dated on or before the deal's close date."),
        _no_rate("close_date"),
        lambda today, currency: ~Q(currency=currency),
    ),
    Rule(
        "account-missing",
        "opportunity",
        _("Deal without an account"),
        "medium",
        _("Segment, territory and history of the customer are unknown for it."),
        _("Choose the account in the deal; create it if the customer is new."),
        lambda today, currency: Q(account__isnull=True),
        _always,
        short=_("No account"),
    ),
    Rule(
        "owner-missing",
        "opportunity",
        _("Open deal without an owner"),
        "high",
        _("Nobody works it, and it counts for no rep and no team."),
        _("Assign an owner."),
        lambda today, currency: OPEN & Q(owner__isnull=True),
        _open,
        short=_("No owner"),
    ),
    Rule(
        "owner-has-left",
        "opportunity",
        _("Open deal of somebody who has left"),
        "high",
        _("The customer waits for a person who is gone."),
        _("Hand the deal to another rep."),
        lambda today, currency: OPEN & Q(owner__left_on__lte=today),
        _open,
        short=_("Owner has left"),
    ),
    Rule(
        "amount-missing",
        "opportunity",
        _("Open deal without an amount"),
        "medium",
        _("Pipeline and coverage leave it out."),
        _("Enter the expected amount; a rough one is better than none."),
        lambda today, currency: OPEN & Q(amount__isnull=True),
        _open,
        needs="amount",
        short=_("No amount"),
    ),
    Rule(
        "close-date-missing",
        "opportunity",
        _("Open deal without a close date"),
        "medium",
        _("It is in no month's forecast."),
        _("Enter the day the customer is expected to sign."),
        lambda today, currency: OPEN & Q(close_date__isnull=True),
        _open,
        needs="close_date",
        short=_("No close date"),
    ),
    Rule(
        "no-recent-activity",
        "opportunity",
        _("Open deal without activity for 30 days"),
        "medium",
        _("Deals nobody touches are rarely won."),
        _("Contact the customer and log it, or close the deal."),
        _stale,
        _open,
        needs="activities",
        short=_("Quiet for 30 days"),
    ),
    Rule(
        "next-step-missing",
        "opportunity",
        _("Open deal without a next step"),
        "low",
        _("Without an agreed next step a deal tends to stall."),
        _("Write what happens next and when."),
        lambda today, currency: OPEN & Q(next_step=""),
        _open,
        needs="next_step",
        short=_("No next step"),
    ),
    Rule(
        "closed-before-created",
        "opportunity",
        _("Deal closed before it was created"),
        "low",
        _("Its cycle would be negative; it is left out of cycle length."),
        _("Correct the creation date or the close date."),
        lambda today, currency: CLOSED & Q(close_date__lt=F("created_on")),
        _closed,
    ),
    Rule(
        "status-and-stage-differ",
        "opportunity",
        _("Status and stage disagree"),
        "medium",
        _("The deal says won, lost or open, and its stage says otherwise."),
        _("Move the deal to the stage that fits, or correct the status."),
        lambda today, currency: ~Q(status=F("stage__kind")),
        _always,
        short=_("Status and stage disagree"),
    ),
    Rule(
        "lead-untouched",
        "lead",
        _("New lead untouched for 7 days"),
        "medium",
        _("Interest fades within hours."),
        _("Call or write to the lead, or disqualify it with a reason."),
        lambda today, currency: Q(
            status="new", first_touch_at__isnull=True, created_on__lt=today - timedelta(days=UNTOUCHED_DAYS)
        ),
        lambda today, currency: Q(status="new"),
        needs="first_touch_at",
    ),
    Rule(
        "lead-source-missing",
        "lead",
        _("Lead without a source"),
        "low",
        _("Marketing cannot see what worked."),
        _("Enter where the lead came from."),
        lambda today, currency: Q(lead_source=""),
        _always,
        needs="lead_source",
    ),
    Rule(
        "order-product-missing",
        "order_line",
        _("Order line without a product"),
        "medium",
        _("It is in no product's sales and no product's forecast."),
        _("Choose the product of the line, or add the product to the catalogue."),
        lambda today, currency: Q(product__isnull=True),
        _always,
    ),
    Rule(
        "order-rate-missing",
        "order_line",
        _("Order in a currency without an exchange rate"),
        "high",
        _("Its amount is left out of revenue."),
        _("Load a rate for this currency dated on or before the order."),
        _no_rate("ordered_on"),
        lambda today, currency: ~Q(currency=currency),
    ),
)
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
SEVERITIES = {"high": _("High"), "medium": _("Medium"), "low": _("Low")}
