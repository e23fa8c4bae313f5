"""The worklist: findings grouped by what they belong to, a deal, a lead or an account, most money first."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from data_collection.quality.calc.score import WEIGHTS
from data_collection.quality.models import QualityFinding
from data_collection.quality.selectors.findings import RELATED


@dataclass(slots=True)
class Item:
    """One deal, lead, account or order with its findings."""

    table: str
    row_id: int
    money: Decimal | None
    findings: list[QualityFinding] = field(default_factory=list)


def groups_of(rows: QuerySet) -> QuerySet:
    """(table, id) of each group with its money, in the order of the list; findings of a contact go to its account."""
    kinds = ("opportunity", "lead", "account", "contact", "order_line")
    table = Case(
        *(When(Q(**{f"{kind}_id__isnull": False}), then=Value(kind)) for kind in kinds), output_field=CharField()
    )
    number = Coalesce(*(F(f"{kind}_id") for kind in kinds), Cast(Value(0), BigIntegerField()))
    weight = Case(*(When(severity=name, then=Value(weight)) for name, weight in WEIGHTS.items()), default=Value(0))
    return (
        rows.order_by()
        .annotate(group_table=table, group_id=number)
        .values("group_table", "group_id")
        .annotate(
            group_money=Max("money"),
            group_weight=Max(weight, output_field=IntegerField()),
            group_first=Min("first_seen"),
            group_n=Count("pk"),
        )
        .order_by(F("group_money").desc(nulls_last=True), "-group_weight", "group_first", "group_table", "group_id")
    )


def items_of(rows: QuerySet, groups: list[dict]) -> list[Item]:
    """The groups of one page with their findings, in one query."""
    items = {(g["group_table"], g["group_id"]): Item(g["group_table"], g["group_id"], g["group_money"]) for g in groups}
    if not items:
        return []
    wanted = Q(pk__in=[])
    for kind in {table for table, _id in items}:
        wanted |= Q(**{f"{kind}_id__in": [number for table, number in items if table == kind]})
    for finding in rows.filter(wanted).select_related(*RELATED).order_by("-severity", "rule"):
        key = group_key(finding)
        if key in items:
            items[key].findings.append(finding)
    for item in items.values():
        item.findings.sort(key=lambda f: (-WEIGHTS[f.severity], f.first_seen, f.rule))
    return [item for item in items.values() if item.findings]


def group_key(finding: QualityFinding) -> tuple[str, int]:
    """What a finding is listed under."""
    for kind in ("opportunity", "lead", "account", "contact", "order_line"):
        number = getattr(finding, f"{kind}_id")
        if number is not None:
            return kind, number
    return finding.table, finding.row_id
