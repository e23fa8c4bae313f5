"""What the rules find, for one person's rows: one query a table."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.fields import DecimalField

from data_collection.crm.models import Activity, Lead, Opportunity, OrderLine
from data_collection.quality.models import QualityCount
from data_collection.quality.rules import BY_NAME, RULES, Rule
from salesops.access.models import User
from salesops.company.models import Company, FxRate

MODELS = {"opportunity": Opportunity, "lead": Lead, "order_line": OrderLine}
DAYS = {"opportunity": "close_date", "order_line": "ordered_on"}
MONEY = DecimalField(max_digits=24, decimal_places=4)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found."""

    rule: Rule
    broken: int  # rows
    checked: int  # rows the rule looked at
    money: Decimal | None  # of the broken rows, reporting currency; None: the table holds no money
    unused: bool = False  # nobody fills the field, so the rule is not asked
    before: int | None = None  # rows a week earlier, whole company

    @property
    def share(self) -> float | None:
        return self.broken / self.checked if self.checked else None


def reporting_amount(day: str, currency: str) -> Case:
    """`amount` of a row in the reporting currency at the rate of its own day; NULL without a rate."""
    rate = FxRate.objects.filter(currency=OuterRef("currency"), day__lte=OuterRef(day)).order_by("-day").values("rate")
    return Case(
        When(currency=currency, then=F("amount")),
        default=F("amount") * Subquery(rate[:1]),
        output_field=MONEY,
    )


def findings(user: User | None, today: date, currency: str = "") -> list[Finding]:
    """Every rule with its counts over the rows `user` may see; None = the whole company.

    Args:
        currency: the reporting currency, where the caller knows it.
    """
    currency = currency or Company.get().reporting_currency
    found: list[Finding] = []
    for source in MODELS:
        found += _findings_of(source, user, today, currency)
    return found


def _findings_of(source: str, user: User | None, today: date, currency: str) -> list[Finding]:
    rules = [rule for rule in RULES if rule.source == source]
    rows = _rows(source, user)
    wanted: dict[str, object] = {}
    has_money = source in DAYS
    if has_money:
        rows = rows.annotate(touched=reporting_amount(DAYS[source], currency))
    for i, rule in enumerate(rules):
        broken = rule.broken(today, currency)
        wanted[f"broken_{i}"] = Count("pk", filter=broken)
        wanted[f"checked_{i}"] = Count("pk", filter=rule.checked(today, currency))
        if has_money:
            wanted[f"money_{i}"] = Sum("touched", filter=broken)
        if rule.needs and rule.needs != "activities":
            wanted[f"used_{i}"] = Count("pk", filter=_filled(rule.needs))
    counts = rows.aggregate(**wanted)
    activities = source == "opportunity" and Activity.objects.present().filter(opportunity__isnull=False).exists()
    found = []
    for i, rule in enumerate(rules):
        unused = not activities if rule.needs == "activities" else not counts.get(f"used_{i}", 1)
        money = (counts[f"money_{i}"] or Decimal(0)) if has_money else None
        broken = 0 if unused else counts[f"broken_{i}"]
        found.append(Finding(rule, broken, counts[f"checked_{i}"], Decimal(0) if unused and money else money, unused))
    return found


def _filled(field: str) -> Q:
    return ~Q(**{field: ""}) if field in {"next_step", "lead_source"} else Q(**{f"{field}__isnull": False})


def _rows(source: str, user: User | None) -> QuerySet:
    rows = MODELS[source].objects.all() if user is None else MODELS[source].objects.visible_to(user)
    return rows.present().order_by()


def rows_of(name: str, user: User, today: date) -> QuerySet:
    """The rows that break a rule, money first.

    Raises:
        KeyError: no such rule.
    """
    rule = BY_NAME[name]
    currency = Company.get().reporting_currency
    rows = _rows(rule.source, user).filter(rule.broken(today, currency))
    if rule.source in DAYS:
        rows = rows.annotate(touched=reporting_amount(DAYS[rule.source], currency))
        return rows.order_by(F("touched").desc(nulls_last=True), "pk")
    return rows.order_by("-created_on", "pk")


def fixes_of(rep_id: int, today: date, currency: str) -> list[tuple[Opportunity, list[str]]]:
    """A rep's open deals that need something put right, most money first, each with what."""
    rules = [rule for rule in RULES if rule.source == "opportunity" and rule.short]
    mine = Opportunity.objects.present().filter(owner=rep_id, status=Opportunity.Status.OPEN)
    used = _used()
    asked = [rule for rule in rules if used.get(rule.needs, True)]
    flags = {
        f"flag_{i}": Case(When(rule.broken(today, currency), then=Value(True)), default=Value(False))
        for i, rule in enumerate(asked)
    }
    rows = (
        mine.annotate(touched=reporting_amount("close_date", currency), **flags)
        .filter(Q(*((name, True) for name in flags), _connector=Q.OR))
        .select_related("account", "stage")
        .order_by(F("touched").desc(nulls_last=True), "pk")
    )
    return [(deal, [str(r.short) for i, r in enumerate(asked) if getattr(deal, f"flag_{i}")]) for deal in rows]


def _used() -> dict[str, bool]:
    """Which fields anybody fills at all, in one query."""
    deals = Opportunity.objects.present().order_by()
    fields = {name: Exists(deals.filter(_filled(name))) for name in ("next_step", "amount", "close_date")}
    activities = Exists(Activity.objects.present().filter(opportunity__isnull=False).order_by())
    found = deals.annotate(u_activities=activities, **{f"u_{name}": test for name, test in fields.items()})
    row = found.values("u_activities", *(f"u_{name}" for name in fields)).first()
    return {name.removeprefix("u_"): value for name, value in (row or {}).items()}


def before(today: date, days: int = 7) -> dict[str, int]:
    """Broken rows by rule in the whole company on the latest stored day at least `days` ago."""
    latest = QualityCount.objects.filter(day__lte=today - timedelta(days=days)).order_by("-day").values("day")[:1]
    return dict(QualityCount.objects.filter(day=Subquery(latest)).values_list("rule", "broken"))
