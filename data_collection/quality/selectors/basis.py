"""What the rules need to know about the company: how long stages take, what deals are worth, what is kept at all."""

import math
from datetime import date

from django.db.models import Aggregate, Count, DecimalField, DurationField, Exists, ExpressionWrapper, F, Q, QuerySet

from data_collection.crm.models import (
    Account,
    Activity,
    Contact,
    Lead,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OrderLine,
    Stage,
    StageVisit,
)
from data_collection.quality.rules.base import WON, Basis, StageTime, reporting_amount
from salesops.company.models import Company

FEWEST_STAYS = 20  # of won deals in a stage: fewer say nothing about what is usual
_FILLED_DEAL = {
    "amount": Q(amount__isnull=False),
    "close_date": Q(close_date__isnull=False),
    "next_step": ~Q(next_step=""),
    "contact": Q(contact__isnull=False),
    "product": Q(product__isnull=False),
    "owner": Q(owner__isnull=False),
    "deal_source": ~Q(lead_source=""),
    "deal_lead": Q(lead__isnull=False),
    "lost_reason": ~Q(lost_reason=""),
    "wins": WON & Q(amount__gt=0),
}
_FILLED_LEAD = {
    "lead_source": ~Q(lead_source=""),
    "lead_reach": ~Q(email="", phone=""),
    "lead_owner": Q(owner__isnull=False),
    "disqualified_reason": ~Q(disqualified_reason=""),
    "first_touch_at": Q(first_touch_at__isnull=False),
}


class Percentile(Aggregate):
    """The value that `share` of the values lie under."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: object, *, share: float, **extra: object) -> None:
        super().__init__(expression, share=float(share), **extra)


def basis_of(today: date, currency: str = "") -> Basis:
    """What is usual in this company on `today`, from its won deals."""
    currency = currency or Company.get().reporting_currency
    stages = list(Stage.objects.filter(kind="open").order_by("pipeline", "rank", "pk"))
    won = Opportunity.objects.present().filter(WON, amount__gt=0).order_by()
    usual = won.annotate(touched=reporting_amount("close_date", currency)).aggregate(
        most=Percentile("touched", share=0.99, output_field=DecimalField()), n=Count("touched")
    )
    return Basis(today, currency, _stage_times(stages), late_stages(stages), usual["most"], usual["n"])


def late_stages(stages: list[Stage]) -> frozenset[int]:
    """Ids of the second half of each pipeline's open stages; of three the last one, of five the last two."""
    late: set[int] = set()
    for pipeline in {stage.pipeline for stage in stages}:
        ordered = [stage.pk for stage in stages if stage.pipeline == pipeline]
        late.update(ordered[(len(ordered) + 1) // 2 :])
    return frozenset(late)


def _stage_times(stages: list[Stage]) -> tuple[StageTime, ...]:
    length = ExpressionWrapper(F("left_on") - F("entered_on"), DurationField())
    rows = (
        StageVisit.objects.present()
        .filter(opportunity__status="won", opportunity__deleted_at=None, stage__in=stages, left_on__isnull=False)
        .order_by()
        .values("stage")
        .annotate(n=Count("pk"), usual=Percentile(length, share=0.75, output_field=DurationField()))
    )
    found = {row["stage"]: row for row in rows}
    times = []
    for stage in stages:
        n = found[stage.pk]["n"] if stage.pk in found else 0
        enough = n >= FEWEST_STAYS
        days = math.ceil(found[stage.pk]["usual"].total_seconds() / 86_400) if enough else None
        times.append(StageTime(stage.pk, stage.name, n, days))
    return tuple(times)


def kept() -> dict[str, bool]:
    """Which fields and tables anybody fills at all; a rule that `needs` one of the others is not asked."""
    deals, leads = Opportunity.objects.present(), Lead.objects.present()
    activities = Activity.objects.present()
    tests: dict[str, QuerySet] = {
        **{name: deals.filter(test) for name, test in _FILLED_DEAL.items()},
        **{name: leads.filter(test) for name, test in _FILLED_LEAD.items()},
        "activities": activities.filter(opportunity__isnull=False),
        "lead_activities": activities.filter(lead__isnull=False),
        "visits": StageVisit.objects.present(),
        "changes": OpportunityChange.objects.present().filter(field="close_date"),
        "lines": OpportunityLine.objects.present().filter(amount__isnull=False),
        "discount": OpportunityLine.objects.present().filter(discount__isnull=False),
        "country": Account.objects.present().exclude(country=""),
        "industry": Account.objects.present().exclude(industry=""),
        "account_currency": Account.objects.present().exclude(currency=Account._meta.get_field("currency").default),
        "contact_reach": Contact.objects.present().exclude(email="", phone=""),
        "contact_account": Contact.objects.present().filter(account__isnull=False),
        "order_account": OrderLine.objects.present().filter(account__isnull=False),
    }
    found = Company.objects.filter(pk=1).order_by()
    if not found.exists():
        return {name: rows.exists() for name, rows in tests.items()}
    marks = {f"k_{name}": Exists(rows.order_by()) for name, rows in tests.items()}
    marks["k_discount"] = marks["k_discount"] | Exists(deals.filter(discount__isnull=False).order_by())
    row = found.annotate(**marks).values(*marks).get()
    return {name.removeprefix("k_"): value for name, value in row.items()}
