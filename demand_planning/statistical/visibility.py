"""Who sees which forecasts, decided here and nowhere else.

A forecast belongs to a territory. Operations, executives, finance and viewers see all; a manager the territories the
people of the led teams work in today; a rep the own primary territory. Totals over several territories are the
whole-company roles' only.
"""

from typing import Any

from data_collection.models import TeamMembership, TerritoryMember
from data_collection.organisation.visibility import scope_of
from salesops.company.selectors import company_today


def seen_territories(user: Any) -> frozenset[int] | None:
    """Ids of the territories; None = all of them and the totals."""
    scope = scope_of(user)
    if scope.everything:
        return None
    today = company_today()
    reps = {scope.rep_id} - {None}
    if scope.team_ids:
        reps |= set(TeamMembership.objects.on(today).filter(team__in=scope.team_ids).values_list("rep_id", flat=True))
    members = TerritoryMember.objects.on(today).filter(rep__in=reps, is_primary=True)
    return frozenset(members.values_list("territory_id", flat=True))
