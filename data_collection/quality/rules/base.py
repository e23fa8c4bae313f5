"""What a rule is, what it may know about the company when it is asked, and words several rules share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Case, DateField, DecimalField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise

from data_collection.crm.models import Opportunity
from salesops.company.models import FxRate

Text = str | Promise
MONEY = DecimalField(max_digits=24, decimal_places=4)
#: Field whose day gives the exchange rate, of tables with an amount.
DAYS = {"opportunity": "close_date", "order_line": "ordered_on"}

OPEN = Q(status=Opportunity.Status.OPEN)
WON = Q(status=Opportunity.Status.WON)
LOST = Q(status=Opportunity.Status.LOST)
CLOSED = ~OPEN


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long won deals stayed in a stage."""

    stage_id: int
    name: str
    n: int  # stays of won deals
    days: int | None  # three in four left within; None: too few to tell


@dataclass(frozen=True, slots=True)
class Basis:
    """What the rules may know besides the row: the day, the currency, and what is usual here."""

    today: date
    currency: str
    stage_times: tuple[StageTime, ...] = ()
    late_stages: frozenset[int] = frozenset()  # ids: the second half of each pipeline
    usual_most: Decimal | None = None  # amount that 99 of 100 won deals stay under, reporting currency
    won: int = 0  # won deals `usual_most` stands on


Condition = Callable[[Basis], Q]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that a sound row does not meet."""

    name: str  # in the address
    table: str  # opportunity, lead, account, contact, order_line
    kind: str  # of KINDS
    title: Text
    severity: str  # high, medium, low
    why: Text
    fix: Text
    broken: Condition
    checked: Condition  # rows the rule speaks about
    reads: tuple[str, ...]  # fields whose change brings an accepted finding back
    needs: str = ""  # of selectors.USED: something nobody keeps here; then the rule is not asked
    short: Text = ""  # what is wrong with one row, for a worklist
    is_custom: bool = field(default=False)

    @property
    def words(self) -> Text:
        return self.short or self.title


def every(basis: Basis) -> Q:
    """Every row of the table."""
    return Q(pk__isnull=False)


def open_deals(basis: Basis) -> Q:
    return OPEN


def won_deals(basis: Basis) -> Q:
    return WON


def lost_deals(basis: Basis) -> Q:
    return LOST


def closed_deals(basis: Basis) -> Q:
    return CLOSED


def late_deals(basis: Basis) -> Q:
    """Open deals in the second half of their pipeline."""
    return OPEN & Q(stage__in=basis.late_stages)


def early_deals(basis: Basis) -> Q:
    return OPEN & ~Q(stage__in=basis.late_stages)


def filled(*names: str) -> Condition:
    """Rows where any of these text fields is filled."""

    def condition(basis: Basis) -> Q:
        found = Q(pk__in=[])
        for name in names:
            found |= ~Q(**{name: ""})
        return found

    return condition


def reporting_amount(day: str, currency: str) -> Case:
    """`amount` of a row in the reporting currency at the rate of its day, else the latest; NULL without one."""
    on = Coalesce(OuterRef(day), Value(date.max), output_field=DateField())
    rate = FxRate.objects.filter(currency=OuterRef("currency"), day__lte=on).order_by("-day").values("rate")
    return Case(
        When(currency=currency, then=F("amount")),
        default=F("amount") * Subquery(rate[:1]),
        output_field=MONEY,
    )
