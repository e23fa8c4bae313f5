"""Who sees which rows, decided here and nowhere else.

A rep sees own rows. A manager sees the rows of everybody who, on the row's own day, was in a team of the
subtree the manager leads today. Operations, executives, finance and viewers see all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, JSONObject, Now, TruncDate
from django.utils import timezone

from data_collection.organisation.models import Quota, Rep, Team, TeamManager, TeamMembership
from salesops.access.models import Role, User


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see."""

    everything: bool
    rep_id: int | None  # the person's own rep row
    team_ids: frozenset[int]  # teams led, with all below them


def scope_of(user: User) -> Scope:
    """The user's scope today; remembered on the user object for the length of a request."""
    known = getattr(user, "_scope", None)
    if known is None:
        known = user._scope = _scope_of(user)
    return known


def _scope_of(user: User) -> Scope:
    if not user.is_authenticated:
        return Scope(False, None, frozenset())
    if user.sees_everything:
        return Scope(True, None, frozenset())
    led = TeamManager.objects.on(timezone.localdate()).filter(rep=OuterRef("pk")).values("team_id")
    tree = Team.objects.order_by().values(edge=JSONObject(team=F("pk"), parent=F("parent_id")))
    own = Rep.objects.filter(user=user)
    if user.role != Role.MANAGER:
        return Scope(False, own.values_list("pk", flat=True).first(), frozenset())
    whole = own.annotate(led=ArraySubquery(led), tree=ArraySubquery(tree))  # one query for all three
    found = whole.values_list("pk", "led", "tree").first()
    if found is None:
        return Scope(False, None, frozenset())
    rep_id, led_ids, edges = found
    return Scope(False, rep_id, below(set(led_ids), [(edge["team"], edge["parent"]) for edge in edges]))


def subtree(roots: set[int]) -> frozenset[int]:
    """The teams named and every team below them."""
    return below(roots, Team.objects.values_list("pk", "parent_id"))


def below(roots: set[int], edges: Iterable[tuple[int, int | None]]) -> frozenset[int]:
    """The roots and everything below them in a tree of (node, parent)."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in edges:
        children.setdefault(parent, []).append(pk)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        team = waiting.pop()
        if team not in found:
            found.add(team)
            waiting += children.get(team, [])
    return frozenset(found)


def restrict(rows: QuerySet, user: User) -> QuerySet:
    """`rows` of a mirror table, cut to what `user` may see."""
    scope = scope_of(user)
    if scope.everything:
        return rows
    owner, day = rows.model.owner_path, rows.model.day_path
    if owner is None or (scope.rep_id is None and not scope.team_ids):
        return rows.none()
    own = Q(**{owner: scope.rep_id}) if scope.rep_id is not None else Q(pk__in=[])
    if not scope.team_ids:
        return rows.filter(own)
    on = Coalesce(F(day), TruncDate(Now())) if day else TruncDate(Now())
    members = TeamMembership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("visible_on")),
        rep=OuterRef(owner),
        team__in=scope.team_ids,
        valid_from__lte=OuterRef("visible_on"),
    )
    return rows.alias(visible_on=on).filter(own | Exists(members))


def reps_visible(user: User) -> QuerySet[Rep]:
    """Rep rows: one's own, and for a manager everybody who ever was in a team led."""
    scope = scope_of(user)
    if scope.everything:
        return Rep.objects.all()
    members = TeamMembership.objects.filter(team__in=scope.team_ids).values("rep")
    return Rep.objects.filter(Q(pk=scope.rep_id) | Q(pk__in=members))


def dated_visible(rows: QuerySet, user: User) -> QuerySet:
    """Memberships and territory members of the visible reps; those in a led team only for the days there."""
    scope = scope_of(user)
    if scope.everything:
        return rows
    return rows.filter(Q(rep=scope.rep_id) | Q(rep__isnull=False, pk__in=_in_led_teams(rows, scope)))


def quotas_visible(user: User) -> QuerySet[Quota]:
    """Own quotas; a manager's: of the teams led, and of their members while they are members."""
    scope = scope_of(user)
    if scope.everything:
        return Quota.objects.all()
    own = Q(rep__isnull=False, rep=scope.rep_id)
    return Quota.objects.filter(
        own | Q(team__in=scope.team_ids) | Q(pk__in=_in_led_teams(Quota.objects.filter(rep__isnull=False), scope))
    )


def _in_led_teams(rows: QuerySet, scope: Scope) -> QuerySet:
    """Ids of the dated rows whose rep was in a led team on a day the row was in force."""
    members = TeamMembership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_from")),
        rep=OuterRef("rep"),
        team__in=scope.team_ids,
        valid_from__lt=Coalesce(OuterRef("valid_to"), date.max),
    )
    return rows.filter(Exists(members)).order_by().values("pk")
