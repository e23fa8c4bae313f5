"""Who sees which findings and scores. The rule about rows is in `organisation.visibility`; here it is applied."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from data_collection.crm.models import Account, Contact, Lead, Opportunity, OrderLine
from data_collection.organisation.visibility import reps_visible, restrict, scope_of
from salesops.access.models import User

MODELS = {"opportunity": Opportunity, "lead": Lead, "account": Account, "contact": Contact, "order_line": OrderLine}


def findings_visible(rows: QuerySet, user: User) -> QuerySet:
    """Findings of rows that were the person's at the last check and still are."""
    if scope_of(user).everything:
        return rows
    people = reps_visible(user).order_by().values("pk")  # narrows by index what the exact rule then looks at
    mine = restrict(rows.filter(owner__in=people), user)
    still = Q(pk__in=[])
    for table, model in MODELS.items():
        now = model.objects.visible_to(user).present().order_by().filter(pk=OuterRef("row_id"))
        still |= Q(table=table) & Exists(now)  # a look-up a finding: the person's findings are few beside the rows
    return mine.filter(still)


def scores_visible(rows: QuerySet, user: User) -> QuerySet:
    """A rep: own score. A manager: of the teams led and of who was in them on the score's day. Others: all."""
    scope = scope_of(user)
    if scope.everything:
        return rows
    own = Q(by="rep", rep=scope.rep_id) if scope.rep_id is not None else Q(pk__in=[])
    if not scope.team_ids:
        return rows.filter(own)
    return rows.filter(own | Q(by__in=("team", "rep"), team__in=scope.team_ids))
