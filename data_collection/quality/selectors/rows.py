"""The rows a rule finds, as one query with everything a finding keeps of its row."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    Expression,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import MD5, Cast, Coalesce, Concat

from data_collection.crm.models import Opportunity
from data_collection.quality.rules.base import DAYS, MONEY, OPEN, Basis, Rule, reporting_amount
from data_collection.quality.visibility import MODELS

SEPARATOR = "\x1f"
EMPTY = Value("", TextField())
COLUMNS = (
    "row_id", "value", "money", "system", "source", "owner_id", "stage_id", "day",
    "opportunity_id", "lead_id", "account_id", "contact_id", "order_line_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table keeps what every finding has. Empty: it has none."""

    owner: str
    day: str = ""
    source: str = ""
    stage: str = ""
    links: tuple[tuple[str, str], ...] = ()  # column of the finding, path


PLACES = {
    "opportunity": Place(
        "owner_id", "close_date", "lead_source", "stage_id", (("opportunity_id", "pk"), ("account_id", "account_id"))
    ),
    "lead": Place("owner_id", "created_on", "lead_source", "", (("lead_id", "pk"),)),
    "account": Place("owner_id", links=(("account_id", "pk"),)),
    "contact": Place("account__owner_id", links=(("contact_id", "pk"), ("account_id", "account_id"))),
    "order_line": Place(
        "owner_id",
        "ordered_on",
        links=(("order_line_id", "pk"), ("account_id", "account_id"), ("opportunity_id", "opportunity_id")),
    ),
}


def broken_rows(rule: Rule, basis: Basis) -> QuerySet:
    """Rows of the mirror that break the rule today."""
    return MODELS[rule.table].objects.present().filter(rule.checked(basis)).filter(rule.broken(basis)).order_by()


def found_sql(rule: Rule, basis: Basis, row_ids: Sequence[int] | None = None) -> tuple[str, list] | None:
    """SELECT of `COLUMNS` over the rows that break the rule; None when no row can. `row_ids` cuts to these."""
    rows = broken_rows(rule, basis)
    if row_ids is not None:
        rows = rows.filter(pk__in=list(row_ids))
    place = PLACES[rule.table]
    links = dict(place.links)
    columns: dict[str, Expression] = {
        "row_id": F("pk"),
        "value": _fingerprint(rule),
        "money": _money(rule.table, basis.currency),
        "system": F("system"),
        "source": F(place.source) if place.source else Value("", CharField()),
        "owner_id": F(place.owner),
        "stage_id": F(place.stage) if place.stage else Cast(Value(None), BigIntegerField()),
        "day": F(place.day) if place.day else Cast(Value(None), DateField()),
        **{name: F(links[name]) if name in links else Cast(Value(None), BigIntegerField()) for name in COLUMNS[-5:]},
    }
    rows = rows.annotate(**{f"f_{name}": column for name, column in columns.items()})
    try:
        sql, params = rows.values_list(*(f"f_{name}" for name in COLUMNS)).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, list(params)


def _fingerprint(rule: Rule) -> MD5:
    """Changes when one of the fields does that the rule reads."""
    model = MODELS[rule.table]
    parts: list[Expression] = []
    for name in rule.reads:
        field = model._meta.get_field(name)
        parts += [Coalesce(Cast(F(field.attname), TextField()), EMPTY), Value(SEPARATOR, TextField())]
    return MD5(Concat(*parts, output_field=TextField()) if len(parts) > 1 else Value("", TextField()))


def _money(table: str, currency: str) -> Expression:
    """Amount a finding touches: of the deal or order line; of an account its open pipeline; leads have none."""
    if table in DAYS:
        return reporting_amount(DAYS[table], currency)
    if table != "account":
        return Cast(Value(None), MONEY)
    deals = Opportunity.objects.present().filter(OPEN, account=OuterRef("pk")).order_by()
    deals = deals.annotate(touched=reporting_amount("close_date", currency))
    return Subquery(deals.values("account").annotate(total=Sum("touched")).values("total")[:1], output_field=MONEY)
