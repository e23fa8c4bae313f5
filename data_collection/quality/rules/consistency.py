"""Two values that cannot both be right."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Activity, Opportunity, OpportunityChange, OpportunityLine, StageVisit
from data_collection.quality.rules.base import CLOSED, OPEN, Basis, Rule, closed_deals, every, open_deals

AFTER_CLOSE_DAYS = 14  # thanks and hand-over; later work means the deal goes on
DEEP_DISCOUNT = Decimal("0.5")  # as the rule's title says
ROUNDING = Decimal("0.01")  # share of the amount its lines may miss
SMALLEST_GAP = 1  # unit of currency, likewise
FAR_DAYS = 730  # two years, as the rule's title says
MANY_PUSHES = 3  # as the rule's title says


def _went_back(basis: Basis) -> Q:
    """Some visit follows, on a later day, a visit of an open stage further on."""
    earlier = StageVisit.objects.present().filter(
        opportunity=OuterRef("opportunity"),
        entered_on__lt=OuterRef("entered_on"),
        stage__rank__gt=OuterRef("stage__rank"),
        stage__kind="open",
        stage__pipeline=OuterRef("stage__pipeline"),
    )
    back = StageVisit.objects.present().filter(Exists(earlier), opportunity__status="open", stage__kind="open")
    return OPEN & Q(pk__in=back.order_by().values("opportunity"))


def _worked_after_close(basis: Basis) -> Q:
    late = Activity.objects.present().filter(
        opportunity__close_date__lt=F("day") - timedelta(days=AFTER_CLOSE_DAYS), day__lte=basis.today
    )
    return CLOSED & Q(pk__in=late.order_by().values("opportunity"))


def _deep_discount(basis: Basis) -> Q:
    lines = OpportunityLine.objects.present().filter(discount__gt=DEEP_DISCOUNT)
    return Q(discount__gt=DEEP_DISCOUNT) | Q(pk__in=lines.order_by().values("opportunity"))


def _lines_differ(basis: Basis) -> Q:
    """The lines, all with amounts, sum to something else than the deal's amount."""
    gap = Abs(F("opportunity__amount") - F("total"))
    sums = (
        OpportunityLine.objects.present()
        .order_by()
        .values("opportunity", "opportunity__amount")
        .annotate(total=Sum("amount"), unknown=Count("pk", filter=Q(amount__isnull=True)))
        .filter(unknown=0)
        .annotate(gap=gap)
        .filter(gap__gt=SMALLEST_GAP, gap__gte=Abs(F("opportunity__amount")) * ROUNDING)
    )
    return Q(amount__isnull=False) & Q(pk__in=sums.values("opportunity"))


def _has_account(basis: Basis) -> Q:
    return Q(account__isnull=False)


def _converted(basis: Basis) -> Q:
    return Q(status="converted")


def _without_deal(basis: Basis) -> Q:
    return _converted(basis) & ~Q(pk__in=Opportunity.objects.present().filter(lead__isnull=False).values("lead"))


def _lead_ended(basis: Basis) -> Q:
    return Q(converted_on__isnull=False) | Q(disqualified_on__isnull=False)


def _pushed(basis: Basis) -> Q:
    later = OpportunityChange.objects.present().filter(field="close_date", new_date__gt=F("old_date"))
    often = later.order_by().values("opportunity").annotate(n=Count("pk")).filter(n__gte=MANY_PUSHES)
    return OPEN & Q(pk__in=often.values("opportunity"))


RULES = (
    Rule(
        "open-past-close-date",
        "opportunity",
        "consistency",
        _("Open deal past its close date"),
        "high",
        _("The expected close date has gone by, so every forecast that trusts it is wrong."),
        _("Close the deal as won or lost, or set the day it is now expected to close."),
        lambda basis: OPEN & Q(close_date__lt=basis.today),
        open_deals,
        ("close_date",),
        short=_("Close date has passed"),
    ),
    Rule(
        "close-date-far",
        "opportunity",
        "consistency",
        _("Open deal expected in more than two years"),
        "low",
        _("No sale is planned that long ahead: often a slip of the year."),
        _("Correct the year, or close the deal and come back to it later."),
        lambda basis: OPEN & Q(close_date__gt=basis.today + timedelta(days=FAR_DAYS)),
        open_deals,
        ("close_date",),
        short=_("Close date years away"),
    ),
    Rule(
        "close-date-pushed",
        "opportunity",
        "consistency",
        _("Close date put off three times or more"),
        "medium",
        _("A date that moved so often is a hope; the deal seldom comes when it says."),
        _("Agree the next date with the customer, or close the deal."),
        _pushed,
        open_deals,
        ("close_date",),
        needs="changes",
        short=_("Close date put off often"),
    ),
    Rule(
        "closed-in-future",
        "opportunity",
        "consistency",
        _("Won or lost on a day still to come"),
        "high",
        _("Bookings of a coming month already hold it."),
        _("Enter the day it was really closed."),
        lambda basis: CLOSED & Q(close_date__gt=basis.today),
        closed_deals,
        ("close_date", "status"),
        short=_("Closed in the future"),
    ),
    Rule(
        "closed-before-created",
        "opportunity",
        "consistency",
        _("Deal closed before it was created"),
        "low",
        _("Its cycle would be negative; it is left out of cycle length."),
        _("Correct the creation date or the close date."),
        lambda basis: CLOSED & Q(close_date__lt=F("created_on")),
        closed_deals,
        ("close_date", "created_on"),
        short=_("Closed before created"),
    ),
    Rule(
        "created-in-future",
        "opportunity",
        "consistency",
        _("Deal created on a day still to come"),
        "low",
        _("It is missing in every count of new deals until then."),
        _("Correct the creation date."),
        lambda basis: Q(created_on__gt=basis.today),
        lambda basis: Q(created_on__isnull=False),
        ("created_on",),
        short=_("Created in the future"),
    ),
    Rule(
        "status-and-stage-differ",
        "opportunity",
        "consistency",
        _("Status and stage disagree"),
        "medium",
        _("The deal says won, lost or open, and its stage says otherwise."),
        _("Move the deal to the stage that fits, or correct the status."),
        lambda basis: ~Q(status=F("stage__kind")),
        every,
        ("status", "stage"),
        short=_("Status and stage disagree"),
    ),
    Rule(
        "stage-went-back",
        "opportunity",
        "consistency",
        _("Open deal that went back a stage"),
        "low",
        _("Stage conversion and time in stage count it twice; often it was moved ahead too early."),
        _("Make sure the stage is the one it has really reached; accept the finding when it is."),
        _went_back,
        open_deals,
        ("stage",),
        needs="visits",
        short=_("Went back a stage"),
    ),
    Rule(
        "activity-after-close",
        "opportunity",
        "consistency",
        _("Closed deal with activity more than two weeks later"),
        "low",
        _("Either the deal still lives, or the work belongs to another one."),
        _("Reopen the deal, or log the activity with the account or its new deal."),
        _worked_after_close,
        closed_deals,
        ("close_date", "status"),
        needs="activities",
        short=_("Activity after it closed"),
    ),
    Rule(
        "discount-deep",
        "opportunity",
        "consistency",
        _("Discount above 50 %"),
        "medium",
        _("Either a slip (50 for 5 %) or a price somebody should have approved."),
        _("Correct the discount of the deal or its line, or have it approved and accept the finding."),
        _deep_discount,
        every,
        ("discount", "amount"),
        needs="discount",
        short=_("Discount above 50 %"),
    ),
    Rule(
        "amount-unlike-lines",
        "opportunity",
        "consistency",
        _("Amount differs from the sum of the lines"),
        "medium",
        _("Pipeline and product forecast disagree by the difference."),
        _("Correct the lines, or let the CRM compute the amount from them."),
        _lines_differ,
        lambda basis: Q(amount__isnull=False),
        ("amount",),
        needs="lines",
        short=_("Amount and lines differ"),
    ),
    Rule(
        "currency-unlike-account",
        "opportunity",
        "consistency",
        _("Currency differs from the account's"),
        "low",
        _("Often the currency was left at its default, and the amount is wrong by the exchange rate."),
        _("Choose the currency of the offer, or correct the account's."),
        lambda basis: _has_account(basis) & ~Q(currency=F("account__currency")),
        _has_account,
        ("currency", "account"),
        needs="account_currency",
        short=_("Not the account's currency"),
    ),
    Rule(
        "lead-converted-without-deal",
        "lead",
        "consistency",
        _("Lead converted without a deal"),
        "medium",
        _("The funnel shows a success that nobody sells to."),
        _("Link the deal that came of it; set the lead back when there is none."),
        _without_deal,
        _converted,
        ("status",),
        needs="deal_lead",
        short=_("Converted, no deal"),
    ),
    Rule(
        "lead-dates-unlike-status",
        "lead",
        "consistency",
        _("Lead's dates and status disagree"),
        "low",
        _("It is counted in two places of the funnel, or in none."),
        _("Set the status that fits, or clear the date of conversion or disqualification."),
        lambda basis: (
            (Q(converted_on__isnull=False) & ~Q(status="converted"))
            | (Q(disqualified_on__isnull=False) & ~Q(status="disqualified"))
        ),
        _lead_ended,
        ("status", "converted_on", "disqualified_on"),
        short=_("Dates and status disagree"),
    ),
    Rule(
        "lead-ended-before-created",
        "lead",
        "consistency",
        _("Lead ended before it was created"),
        "low",
        _("Its time in the funnel would be negative."),
        _("Correct the dates of the lead."),
        lambda basis: Q(converted_on__lt=F("created_on")) | Q(disqualified_on__lt=F("created_on")),
        _lead_ended,
        ("created_on", "converted_on", "disqualified_on"),
        short=_("Ended before created"),
    ),
    Rule(
        "order-shipped-before-ordered",
        "order_line",
        "consistency",
        _("Order shipped before it was ordered"),
        "low",
        _("Its delivery time would be negative."),
        _("Correct the day of the order or of the shipment."),
        lambda basis: Q(shipped_on__lt=F("ordered_on")),
        lambda basis: Q(shipped_on__isnull=False),
        ("shipped_on", "ordered_on"),
        short=_("Shipped before ordered"),
    ),
    Rule(
        "order-amount-negative",
        "order_line",
        "consistency",
        _("Negative order line that is no return"),
        "medium",
        _("Revenue is too low by it, and returns are not seen."),
        _("Mark the line as returned, or correct its amount."),
        lambda basis: Q(amount__lt=0, is_returned=False),
        every,
        ("amount", "is_returned"),
        short=_("Negative, not a return"),
    ),
)
