"""Who sees which rows, decided here and nowhere else.

A rep sees own rows. A manager sees the rows of everybody who, on the row's own day, was in a team of the
subtree the manager leads today. Operations, executives, finance and viewers see all.
"""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils import timezone

from data_collection.organisation.models import Rep, Team, TeamManager, TeamMembership
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
    rep_id = Rep.objects.filter(user=user).values_list("pk", flat=True).first()
    if user.role != Role.MANAGER or rep_id is None:
        return Scope(False, rep_id, frozenset())
    led = TeamManager.objects.on(timezone.localdate()).filter(rep_id=rep_id).values_list("team_id", flat=True)
    return Scope(False, rep_id, subtree(set(led)))


def subtree(roots: set[int]) -> frozenset[int]:
    """The teams named and every team below them."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in Team.objects.values_list("pk", "parent_id"):
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
