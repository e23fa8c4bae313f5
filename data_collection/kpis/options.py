"""What the filter bar offers: only what the reader may see."""

from typing import Any

from django.db.models import Q, QuerySet

from data_collection.facts.models import DealMonth, LeadMonth
from data_collection.organisation.models import Product, Rep, Segment, Team, TeamMembership, Territory, TerritoryMember
from data_collection.organisation.visibility import Scope, scope_of

Options = list[tuple[str, str]]  # (code for the URL, label)


def filter_options(user: Any) -> dict[str, Options]:
    """Parameter -> choices. A rep sees no team, rep or territory to choose: the own rows are all there is."""
    scope = scope_of(user)
    return {
        "team": _pairs(_teams(scope)),
        "rep": _pairs(_reps(scope)),
        "territory": _pairs(_territories(scope)),
        "product": _pairs(Product.objects.all()),
        "family": [(f, f) for f in _families()],
        "segment": _pairs(Segment.objects.all()),
        "source": [(s, s) for s in _sources(user)],
    }  # fmt: skip


def _pairs(rows: QuerySet) -> Options:
    return list(rows.values_list("code", "name"))


def _teams(scope: Scope) -> QuerySet:
    return Team.objects.all() if scope.everything else Team.objects.filter(pk__in=scope.team_ids)


def _reps(scope: Scope) -> QuerySet:
    if scope.everything:
        return Rep.objects.all()
    members = TeamMembership.objects.filter(team__in=scope.team_ids).values("rep")
    own = Q(pk=scope.rep_id) if scope.team_ids else Q(pk__in=[])
    return Rep.objects.filter(own | Q(pk__in=members))


def _territories(scope: Scope) -> QuerySet:
    if scope.everything:
        return Territory.objects.all()
    members = TeamMembership.objects.filter(team__in=scope.team_ids).values("rep")
    return Territory.objects.filter(pk__in=TerritoryMember.objects.filter(rep__in=members).values("territory"))


def _families() -> QuerySet:
    return Product.objects.exclude(family="").values_list("family", flat=True).distinct().order_by("family")


def _sources(user: Any) -> list[str]:
    found: set[str] = set()
    for model in (DealMonth, LeadMonth):
        found |= set(model.objects.visible_to(user).exclude(source="").values_list("source", flat=True).distinct())
    return sorted(found - {None})  # type: ignore[type-var]  # NULL never: the column is empty text then
