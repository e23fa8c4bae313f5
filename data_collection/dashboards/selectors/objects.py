"""One deal, one account: the row and what belongs to it, as far as the person may see it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404

from data_collection.crm.models import (
    Account,
    Activity,
    Contact,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OpportunityOwner,
    OrderLine,
    StageVisit,
    SupportTicket,
)
from salesops.access.models import User

RECENT = 25  # rows of a long list shown on an object page


@dataclass(frozen=True, slots=True)
class Deal:
    deal: Opportunity
    visits: list[StageVisit]
    changes: list[OpportunityChange]
    owners: list[OpportunityOwner]
    lines: list[OpportunityLine]
    activities: list[Activity]  # the latest RECENT
    activities_n: int


def deal_of(pk: int, user: User) -> Deal:
    """A deal with its history.

    Raises:
        Http404: there is none, or the person may not see it.
    """
    deal = (
        Opportunity.objects.visible_to(user)
        .filter(pk=pk)
        .select_related("account", "owner", "product", "stage", "lead", "account__segment")
        .first()
    )
    if deal is None:
        raise Http404
    activities = Activity.objects.present().visible_to(user).filter(opportunity=deal).select_related("rep")
    recent = list(activities[: RECENT + 1])
    return Deal(
        deal,
        list(_of(StageVisit, deal, user).select_related("stage")),
        list(_of(OpportunityChange, deal, user)),
        list(_of(OpportunityOwner, deal, user).select_related("rep")),
        list(_of(OpportunityLine, deal, user).select_related("product")),
        recent[:RECENT],
        activities.count() if len(recent) > RECENT else len(recent),
    )


def _of(model: Any, deal: Opportunity, user: User) -> QuerySet:
    # What belongs to a visible deal is visible with it.
    return model.objects.present().filter(opportunity=deal)


@dataclass(frozen=True, slots=True)
class AccountPage:
    account: Account
    deals: list[Opportunity]  # visible ones, the latest RECENT
    deals_n: int
    open_n: int
    won_n: int
    contacts: list[Contact]
    orders: list[dict[str, Any]]  # order_id, ordered_on, lines, amount, currency
    tickets: list[SupportTicket]


def account_of(pk: int, user: User) -> AccountPage:
    """An account with its deals, people, orders and tickets.

    Raises:
        Http404: there is none, or the person may not see it.
    """
    account = Account.objects.visible_to(user).filter(pk=pk).select_related("owner", "segment", "parent").first()
    if account is None:
        raise Http404
    deals = Opportunity.objects.present().visible_to(user).filter(account=account)
    counts = deals.order_by().aggregate(
        all=Count("pk"), open=Count("pk", filter=Q(status="open")), won=Count("pk", filter=Q(status="won"))
    )
    orders = (
        OrderLine.objects.present()
        .visible_to(user)
        .filter(account=account)
        .values("order_id", "ordered_on", "currency")
        .annotate(lines=Count("pk"), amount=Sum("amount"))
        .order_by("-ordered_on", "order_id")[:RECENT]
    )
    return AccountPage(
        account,
        list(deals.select_related("owner", "stage", "product")[:RECENT]),
        counts["all"],
        counts["open"],
        counts["won"],
        list(Contact.objects.present().visible_to(user).filter(account=account)[:RECENT]),
        list(orders),
        list(SupportTicket.objects.present().visible_to(user).filter(account=account)[:RECENT]),
    )
