"""The filter bar of a page: the fields of `Filters` with the choices this person has."""

from collections.abc import Iterable

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, LPad
from django.utils.translation import gettext_lazy as _

from data_collection.facts.models import DealMonth, LeadMonth
from data_collection.kpis.filters import COMPARE, DEFAULT_CMP, DEFAULT_PERIOD, DIMENSIONS, NONE, Filters
from data_collection.organisation.models import Product, Rep, Segment, Team, TeamMembership, Territory
from data_collection.organisation.visibility import scope_of
from salesops.access.models import User
from salesops.frame.components import Choice, Filter
from salesops.lib.periods import NAMED, Grain

QUARTERS, YEARS = 8, 3  # named periods offered beside the relative ones
ALL: dict[str, str] = {
    "team": _("All teams"),
    "rep": _("Everybody"),
    "territory": _("All territories"),
    "product": _("All products"),
    "family": _("All families"),
    "segment": _("All segments"),
    "source": _("All sources"),
}
FIELDS = ("team", "rep", "family", "segment", "source")


def filter_fields(
    user: User, filters: Filters, *, fields: Iterable[str] = FIELDS, period: bool = True, compare: bool = True
) -> list[Filter]:
    """Period, comparison and dimensions as the filter bar shows them; one query for all choices.

    A dimension without a choice to make is left out, unless it is filtered by.
    """
    shown = [_period(filters)] if period else []
    if compare:
        shown.append(Filter("cmp", _("Compare with"), filters.cmp, list(COMPARE.items()), default=DEFAULT_CMP))
    wanted = [*fields, *(c.name for c in filters.choices if c.name not in fields)]
    options = _options(user, wanted)
    for name in wanted:
        chosen = filters.choice(name)
        if chosen and len(chosen.codes) > 1:
            continue  # several at once come by address only; the bar keeps them as they are
        known = options.get(name, [])
        value = chosen.codes[0] if chosen else ""
        if chosen and value not in {option.value for option in known}:
            known = [Choice(value, chosen.labels[0]), *known]
        if len(known) > 1 or chosen:
            shown.append(Filter(name, DIMENSIONS[name][0], value, [Choice("", ALL[name]), *known]))
    return shown


def _period(filters: Filters) -> Filter:
    names = [Choice(name, label) for name, label in NAMED.items()]
    for grain, count in ((Grain.QUARTER, QUARTERS), (Grain.YEAR, YEARS)):
        names += [Choice(p.name, p.label) for p in reversed(filters.calendar.last(filters.today, grain, count))]
    if filters.period.name not in {choice.value for choice in names}:
        names.insert(0, Choice(filters.period.name, filters.period.label))
    return Filter("period", _("Period"), filters.period.name, names, default=DEFAULT_PERIOD)


def _options(user: User, names: Iterable[str]) -> dict[str, list[Choice]]:
    parts = [part for name in names if (part := _part(name, user)) is not None]
    if not parts:
        return {}
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    found: dict[str, list[Choice]] = {}
    for kind, code, label, _rank in sorted(rows, key=lambda row: (row[0], row[3] or "", str(row[2]).lower())):
        choice = Choice(code or NONE, label or _("none"))
        if choice not in found.setdefault(kind, []):
            found[kind].append(choice)
    return found


def _part(name: str, user: User) -> QuerySet | None:
    """(kind, code, label, rank) of one dimension, cut to what the person may see."""
    scope = scope_of(user)
    if name == "team":
        rows = Team.objects.all() if scope.everything else Team.objects.filter(pk__in=scope.team_ids)
    elif name == "rep":
        rows = Rep.objects.all()
        if not scope.everything:
            mine = TeamMembership.objects.filter(team__in=scope.team_ids).values("rep")
            rows = rows.filter(Q(pk__in=mine) | Q(pk=scope.rep_id or 0))
    elif name == "family":
        return _named(Product.objects.exclude(family=""), name, F("family"), F("family")).distinct()
    elif name == "source":
        sources = DealMonth.objects.visible_to(user).exclude(source=None).values("source")
        leads = LeadMonth.objects.visible_to(user).exclude(source=None).values("source")
        parts = [_named(r, name, F("source"), F("source")).distinct() for r in (sources, leads)]
        return parts[0].union(parts[1])
    elif name == "segment":
        return _named(Segment.objects.all(), name, F("code"), F("name"), rank=F("rank"))
    else:
        rows = {"territory": Territory, "product": Product}[name].objects.all()
    return _named(rows, name, F("code"), F("name"))


def _named(rows: QuerySet, kind: str, code: F, label: F, rank: F | None = None) -> QuerySet:
    text = CharField()
    order = LPad(Cast(rank, text), 5, Value("0")) if rank is not None else Value("", text)
    return (
        rows.order_by()
        .annotate(f_kind=Value(kind, text), f_code=Cast(code, text), f_label=Cast(label, text), f_rank=order)
        .values_list("f_kind", "f_code", "f_label", "f_rank")
    )
