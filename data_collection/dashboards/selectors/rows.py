"""The rows behind a KPI as one page shows them: a part, narrowed, with its sum."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, QuerySet, Sum
from django.http import QueryDict
from django.utils.translation import gettext as _

from data_collection.crm.models import Account, Opportunity, Stage
from data_collection.facts.models import OpenDeal
from data_collection.kpis.filters import Filters
from data_collection.kpis.rows import Part
from salesops.access.models import User


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A part cut further by what a chart or a sentence pointed at."""

    part: Part
    words: tuple[str, ...]  # what it is cut to; empty = the whole part
    query: dict[str, str]  # parameters that say so


def narrow(part: Part, params: QueryDict, filters: Filters) -> Narrowed:
    """Open deals of one stage, past their close date, or with it still ahead."""
    if part.rows.model is not OpenDeal:
        return Narrowed(part, (), {})
    rows, words, query = part.rows, [], {}
    stage = params.get("stage", "")
    found = Stage.objects.filter(pk=int(stage)).first() if stage.isdecimal() and len(stage) < 18 else None
    if found is not None:
        rows, query["stage"] = rows.filter(stage=found), stage
        words.append(_("stage %(stage)s") % {"stage": found.name})
    late = params.get("overdue")
    if late == "1":
        rows, query["overdue"] = rows.filter(close_date__lt=filters.as_of), "1"
        words.append(_("past their close date"))
    elif late == "0":
        rows, query["overdue"] = rows.filter(close_date__gte=filters.as_of), "0"
        words.append(_("close date still ahead"))
    return Narrowed(replace(part, rows=rows), tuple(words), query)


@dataclass(frozen=True, slots=True)
class Totals:
    """One line over the whole part, not only the page shown."""

    rows: int
    value: Decimal | None  # the sum for a sum; the number of orders for "distinct"
    mean: Decimal | None  # beside a median, so that it can be judged


def totals_of(part: Part) -> Totals:
    """Rows and sum of a part in one query (two for different orders)."""
    if part.how == "distinct":
        return Totals(part.rows.count(), part.total(), None)
    found = part.rows.order_by().aggregate(rows=Count("pk"), sum=Sum(part.field), mean=Avg(part.field))
    value = found["sum"] if part.how == "sum" else Decimal(found["rows"])
    return Totals(found["rows"], Decimal(value) if value is not None else Decimal(0), found["mean"])


def rows_with_links(part: Part, rows: QuerySet) -> QuerySet:
    """The columns of a part as dicts, with the ids its links need."""
    fields = [column.field for column in part.columns]
    names = {field.name for field in part.rows.model._meta.get_fields()}
    extra = [f"{name}_id" for name in ("opportunity", "account") if name in names]
    return rows.values(*dict.fromkeys([*fields, part.field, *extra]))


def openable(rows: list[dict[str, Any]], user: User) -> tuple[set[int], set[int]]:
    """The deals and the accounts of these rows whose pages the person may open."""
    deals = {row["opportunity_id"] for row in rows if row.get("opportunity_id")}
    accounts = {row["account_id"] for row in rows if row.get("account_id")}
    return _visible(Opportunity, deals, user), _visible(Account, accounts, user)


def _visible(model: Any, ids: set[int], user: User) -> set[int]:
    if not ids or user.sees_everything:
        return ids
    return set(model.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
