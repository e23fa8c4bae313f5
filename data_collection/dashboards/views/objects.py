"""Pages of one deal and one account."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from data_collection.crm.models import Account, Opportunity
from data_collection.dashboards.selectors.objects import AccountPage, Deal, account_of, deal_of
from salesops.frame.components import Column, Table

CATEGORIES = dict(Opportunity.Category.choices)
STATE = {"won": "good", "lost": "bad", "open": "info"}


def visible_accounts(accounts: set[int], request: HttpRequest) -> set[int]:
    """Those of the account ids that the person may open."""
    if not accounts:
        return set()
    return set(Account.objects.visible_to(request.user).filter(pk__in=accounts).values_list("pk", flat=True))


@require_GET
def deal_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One deal: fields, stages, changes, owners, lines, activities."""
    found = deal_of(pk, request.user)
    deal = found.deal
    account = deal.account
    can_open = account is not None and account.pk in visible_accounts({account.pk}, request)
    return render(
        request,
        "data_collection/dashboards/deal.html",
        {
            "page_title": deal.name,
            "page_subtitle": " · ".join(str(w) for w in (account, deal.stage, deal.owner) if w),
            "deal": deal,
            "state": STATE[deal.status],
            "account_url": reverse("account_page", args=[account.pk]) if can_open else "",
            "found": found,
            "tables": [table for table in _deal_tables(found) if table.rows],
            "attributes": sorted(deal.attributes.items()),
        },
    )


def _deal_tables(found: Deal) -> list[Table]:
    deal = found.deal
    visits = [
        {
            "stage": v.stage,
            "entered": v.entered_on,
            "left": v.left_on,
            "days": v.left_on and (v.left_on - v.entered_on).days,
        }
        for v in found.visits
    ]
    changes = [
        {
            "on": c.changed_on,
            "what": c.get_field_display(),
            "before": _change(c, "old"),
            "after": _change(c, "new"),
        }
        for c in found.changes
    ]
    lines = [
        {"product": line.product, "quantity": line.quantity, "price": line.unit_price, "amount": line.amount}
        for line in found.lines
    ]
    owners = [{"rep": o.rep, "from": o.valid_from, "to": o.valid_to} for o in found.owners]
    activities = [
        {"day": a.day, "kind": a.get_kind_display(), "subject": a.subject, "rep": a.rep, "minutes": a.duration_minutes}
        for a in found.activities
    ]
    shown = ngettext("%(n)d activity", "%(n)d activities", found.activities_n) % {"n": found.activities_n}
    if found.activities_n > len(activities):
        shown = _("The latest %(n)d of %(all)s") % {"n": len(activities), "all": shown}
    return [
        Table(
            [
                Column("stage", _("Stage")),
                Column("entered", _("Entered"), "date"),
                Column("left", _("Left"), "date", reason=""),
                Column("days", _("Days there"), "count"),
            ],
            visits,
            caption=_("Way through the stages"),
            caption_shown=True,
        ),
        Table(
            [
                Column("product", _("Product")),
                Column("quantity", _("Quantity"), "number"),
                Column("price", _("Unit price, %(c)s") % {"c": deal.currency}, "money", places=2),
                Column("amount", _("Amount, %(c)s") % {"c": deal.currency}, "money", places=2),
            ],
            lines,
            caption=_("Products"),
            caption_shown=True,
        ),
        Table(
            [
                Column("on", _("Day"), "date"),
                Column("what", _("What changed")),
                Column("before", _("Before")),
                Column("after", _("After")),
            ],
            changes,
            caption=_("Changes of amount, date and category"),
            caption_shown=True,
        ),
        Table(
            [Column("rep", _("Owner")), Column("from", _("From"), "date"), Column("to", _("Until"), "date")],
            owners,
            caption=_("Owners"),
            caption_shown=True,
        ),
        Table(
            [
                Column("day", _("Day"), "date"),
                Column("kind", _("Activity")),
                Column("subject", _("Subject")),
                Column("rep", _("Rep")),
                Column("minutes", _("Minutes"), "count"),
            ],
            activities,
            caption=shown,
            caption_shown=True,
        ),
    ]


def _change(change: Any, side: str) -> object:
    for kind in ("amount", "date", "value"):
        value = getattr(change, f"{side}_{kind}")
        if value not in (None, ""):
            return f"{value:,.0f}" if kind == "amount" else CATEGORIES.get(value, value)
    return None


@require_GET
def account_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: fields, deals, people, orders, tickets."""
    found = account_of(pk, request.user)
    account = found.account
    return render(
        request,
        "data_collection/dashboards/account.html",
        {
            "page_title": account.name,
            "page_subtitle": " · ".join(
                w for w in (account.industry, account.country, str(account.segment or "")) if w
            ),
            "account": account,
            "found": found,
            "tables": [table for table in _account_tables(found) if table.rows],
            "attributes": sorted(account.attributes.items()),
        },
    )


def _account_tables(found: AccountPage) -> list[Table]:
    deals = [deal_row(deal) for deal in found.deals]
    caption = ngettext("%(n)d deal", "%(n)d deals", found.deals_n) % {"n": found.deals_n}
    if found.deals_n > len(deals):
        caption = _("The latest %(n)d of %(all)s") % {"n": len(deals), "all": caption}
    contacts = [{"name": str(c), "title": c.title, "email": c.email, "phone": c.phone} for c in found.contacts]
    tickets = [
        {"opened": t.opened_on, "subject": t.subject, "closed": t.closed_on, "hours": t.hours} for t in found.tickets
    ]
    return [
        Table(
            [
                Column("name", _("Deal"), href="url"),
                Column("status", _("Status"), "badge", level="level"),
                Column("stage", _("Stage")),
                Column("owner", _("Owner")),
                Column("close", _("Close date"), "date"),
                Column("amount", _("Amount"), "money"),
                Column("currency", _("Currency")),
            ],
            deals,
            caption=caption,
            caption_shown=True,
        ),
        Table(
            [
                Column("name", _("Name")),
                Column("title", _("Title")),
                Column("email", _("E-mail")),
                Column("phone", _("Phone")),
            ],
            contacts,
            caption=_("People"),
            caption_shown=True,
        ),
        Table(
            [
                Column("order_id", _("Order")),
                Column("ordered_on", _("Ordered"), "date"),
                Column("lines", _("Lines"), "count"),
                Column("amount", _("Amount"), "money", places=2),
                Column("currency", _("Currency")),
            ],
            found.orders,
            caption=_("Latest orders"),
            caption_shown=True,
        ),
        Table(
            [
                Column("opened", _("Opened"), "date"),
                Column("subject", _("Subject")),
                Column("closed", _("Closed"), "date"),
                Column("hours", _("Hours"), "hours"),
            ],
            tickets,
            caption=_("Latest support tickets"),
            caption_shown=True,
        ),
    ]


def deal_row(deal: Opportunity) -> dict[str, Any]:
    """A deal as a row of a table."""
    return {
        "name": deal.name,
        "url": reverse("deal_page", args=[deal.pk]),
        "status": deal.get_status_display(),
        "level": STATE[deal.status],
        "stage": deal.stage,
        "owner": deal.owner,
        "close": deal.close_date,
        "amount": deal.amount,
        "currency": deal.currency,
    }
