"""Reads for duplicates: records side by side, the values a merged row would get, and what would move."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from data_collection.duplicates.links import links_ruled
from data_collection.duplicates.models import DuplicateGroup

#: Not chosen by a person: keys, marks, and what is made by the product itself.
NOT_CHOSEN = frozenset(
    {"id", "system", "external_id", "attributes", "modified_at", "deleted_at", "batch_id", "merged_into", "erased_at",
     "score", "score_band"}
)  # fmt: skip


def money_touched(kind: str, rows: list[int], currency: str) -> dict[int, Decimal]:
    """Row id -> sum of its open and won deals in the reporting currency, at the rate of each deal's close date.

    Deals in a currency without a rate are left out.
    """
    column = {"account": "account_id", "contact": "contact_id", "lead": "lead_id"}[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.{column}, sum(round(o.amount * CASE WHEN o.currency = %(currency)s THEN 1 ELSE "
            "(SELECT x.rate FROM salesops_fxrate x WHERE x.currency = o.currency "
            "AND x.day <= coalesce(o.close_date, o.created_on) ORDER BY x.day DESC LIMIT 1) END, 2)) "
            f"FROM data_collection_opportunity o WHERE o.{column} = ANY(%(rows)s) AND o.deleted_at IS NULL "
            "AND o.status <> 'lost' GROUP BY 1",
            {"currency": currency, "rows": rows},
        )
        return {row: money for row, money in cursor.fetchall() if money is not None}


def chosen_fields(model: type[models.Model]) -> list[models.Field]:
    """Fields for which a person says whose value is kept."""
    return [f for f in model._meta.concrete_fields if f.name not in NOT_CHOSEN]


def is_blank(value: Any) -> bool:
    return value is None or value == ""


def default_choices(winner: models.Model, losers: list[models.Model]) -> dict[str, int]:
    """Field -> id of the row whose value is kept unless somebody says otherwise: the winner's where it has one."""
    found = {}
    for field in chosen_fields(type(winner)):
        rows = (row for row in (winner, *losers) if not is_blank(getattr(row, field.attname)))
        found[field.name] = next(rows, winner).pk
    return found


def chosen_values(winner: models.Model, losers: list[models.Model], choices: dict[str, int]) -> dict[str, Any]:
    """Columns of the winner that change, with their new values; attributes are united, the winner's first."""
    rows = {row.pk: row for row in (winner, *losers)}
    chosen = default_choices(winner, losers) | {name: pk for name, pk in choices.items() if pk in rows}
    values = {}
    for field in chosen_fields(type(winner)):
        value = getattr(rows[chosen[field.name]], field.attname)
        if value != getattr(winner, field.attname):
            values[field.attname] = value
    attributes: dict[str, Any] = {}
    for row in reversed([winner, *losers]):
        attributes |= row.attributes
    if attributes != winner.attributes:
        values["attributes"] = attributes
    return values


@dataclass(frozen=True, slots=True)
class Moving:
    """Rows that would move to the winner."""

    words: str
    rows: int
    money: Decimal | None  # reporting currency; None: no amounts in this table


def what_moves(model: type[models.Model], losers: list[int], currency: str) -> list[Moving]:
    """What hangs on the losers, by what it is."""
    found: dict[str, tuple[int, Decimal | None]] = {}
    for link, rule in links_ruled(model, "repoint", "dates", "tree"):
        rows = link.model._base_manager.filter(**{f"{link.name}__in": losers})
        count = rows.count()
        money = _money(link, losers, currency) if _has_money(link.model) and count else None
        before, sum_before = found.get(str(rule.words), (0, None))
        together = money if sum_before is None else sum_before + (money or 0)
        found[str(rule.words)] = (before + count, together)
    return [Moving(words, count, money) for words, (count, money) in found.items() if count]


def _has_money(model: type[models.Model]) -> bool:
    return {"amount", "currency"} <= {f.name for f in model._meta.concrete_fields}


def _money(link: models.Field, losers: list[int], currency: str) -> Decimal:
    day = {"opportunity": "coalesce(t.close_date, t.created_on)", "orderline": "t.ordered_on"}[
        link.model._meta.model_name
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(round(t.amount * CASE WHEN t.currency = %s THEN 1 ELSE "
            "(SELECT x.rate FROM salesops_fxrate x WHERE x.currency = t.currency "
            f"AND x.day <= {day} ORDER BY x.day DESC LIMIT 1) END, 2)), 0) "
            f"FROM {link.model._meta.db_table} t WHERE t.{link.column} = ANY(%s) AND t.deleted_at IS NULL",
            [currency, losers],
        )
        return cursor.fetchone()[0]


def best_first(model: type[models.Model], rows: list[int]) -> list[Any]:
    """The rows, the one to keep first: most hanging on it, then most filled fields, then the oldest."""
    found = list(model._base_manager.filter(pk__in=rows, deleted_at__isnull=True).order_by("pk"))
    hanging = dict.fromkeys(rows, 0)
    for link, _rule in links_ruled(model, "repoint", "dates", "tree"):
        counts = link.model._base_manager.filter(**{f"{link.name}__in": rows}).order_by()
        for row, count in counts.values_list(link.name).annotate(models.Count("pk")):
            hanging[row] += count
    fields = chosen_fields(model)
    filled = {row.pk: sum(not is_blank(getattr(row, f.attname)) for f in fields) for row in found}
    return sorted(found, key=lambda row: (-hanging[row.pk], -filled[row.pk], row.pk))


FIELD_WORDS = {
    "name": _("names"), "company": _("companies"), "email": _("e-mail"), "phone": _("phone"), "domain":
    _("web domain"), "account": _("account"), "place": _("place"), "country": _("country"),
}  # fmt: skip


def evidence_words(evidence: list[dict]) -> list[str]:
    """Why a pair is shown, in words: “names 0.94 alike”, “same web domain”, “phone differs”."""
    found = []
    for item in evidence:
        field = str(FIELD_WORDS.get(item["field"], item["field"]))
        if "likeness" in item:
            found.append(gettext("%(field)s %(share)s alike") % {"field": field, "share": f"{item['likeness']:.2f}"})
        elif item["verdict"] == "same":
            found.append(gettext("same %(field)s") % {"field": field})
        elif item["verdict"] == "alike":
            found.append(gettext("%(field)s almost the same") % {"field": field})
        else:
            found.append(gettext("%(field)s differs") % {"field": field})
    return found


def groups_filtered(user: object, *, kind: str = "", score: str = "", system: str = "") -> models.QuerySet:
    """Groups this user may see, what weighs most first."""
    groups = DuplicateGroup.objects.visible_to(user)
    groups = groups.filter(kind=kind) if kind else groups
    groups = groups.filter(score__gte=float(score)) if score else groups
    return groups.filter(systems__contains=[system]) if system else groups
