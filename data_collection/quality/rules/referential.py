"""Links that are missing, or lead to somebody or something that is no longer there."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from data_collection.quality.rules.base import CLOSED, OPEN, Basis, Condition, Rule, every, open_deals
from salesops.company.models import FxRate

_DONE = ("converted", "disqualified")


def _no_rate(day: str) -> Condition:
    def condition(basis: Basis) -> Q:
        rate = FxRate.objects.filter(currency=OuterRef("currency"), day__lte=OuterRef(day))
        dated = Q(**{f"{day}__isnull": False})  # what has no day lacks the day, not the rate
        return ~Q(currency=basis.currency) & Q(amount__isnull=False) & dated & ~Exists(rate)

    return condition


def _foreign(basis: Basis) -> Q:
    return ~Q(currency=basis.currency)


def _working(basis: Basis) -> Q:
    return ~Q(status__in=_DONE)


def _linked(basis: Basis) -> Q:
    return OPEN & Q(account__isnull=False)


RULES = (
    Rule(
        "exchange-rate-missing",
        "opportunity",
        "referential",
        _("Deal in a currency without an exchange rate"),
        "high",
        _("Its amount cannot be turned into the reporting currency and is left out of sums."),
        _("Load a rate for this currency dated on or before the deal's close date."),
        _no_rate("close_date"),
        _foreign,
        ("currency", "close_date"),
    ),
    Rule(
        "account-missing",
        "opportunity",
        "referential",
        _("Deal without an account"),
        "medium",
        _("Segment, territory and history of the customer are unknown for it."),
        _("Choose the account in the deal; create it if the customer is new."),
        lambda basis: Q(account__isnull=True),
        every,
        ("account",),
        short=_("No account"),
    ),
    Rule(
        "account-gone",
        "opportunity",
        "referential",
        _("Open deal of an account that was deleted or merged"),
        "medium",
        _("The customer it points to is no longer there."),
        _("Choose the account that took its place."),
        lambda basis: OPEN & Q(account__deleted_at__isnull=False),
        _linked,
        ("account",),
        short=_("Account was deleted"),
    ),
    Rule(
        "owner-missing",
        "opportunity",
        "referential",
        _("Open deal without an owner"),
        "high",
        _("Nobody works it, and it counts for no rep and no team."),
        _("Assign an owner."),
        lambda basis: OPEN & Q(owner__isnull=True),
        open_deals,
        ("owner",),
        short=_("No owner"),
    ),
    Rule(
        "closed-owner-missing",
        "opportunity",
        "referential",
        _("Closed deal without an owner"),
        "medium",
        _("The win or loss counts for no rep, no team and no quota."),
        _("Enter who closed it."),
        lambda basis: CLOSED & Q(owner__isnull=True),
        lambda basis: CLOSED,
        ("owner",),
        needs="owner",
        short=_("No owner"),
    ),
    Rule(
        "owner-has-left",
        "opportunity",
        "referential",
        _("Open deal of somebody who has left"),
        "high",
        _("The customer waits for a person who is gone."),
        _("Hand the deal to another rep."),
        lambda basis: OPEN & Q(owner__left_on__lte=basis.today),
        open_deals,
        ("owner",),
        short=_("Owner has left"),
    ),
    Rule(
        "lead-owner-missing",
        "lead",
        "referential",
        _("Lead without an owner"),
        "high",
        _("Nobody answers it."),
        _("Assign an owner."),
        lambda basis: _working(basis) & Q(owner__isnull=True),
        _working,
        ("owner", "status"),
        needs="lead_owner",
        short=_("No owner"),
    ),
    Rule(
        "lead-owner-has-left",
        "lead",
        "referential",
        _("Lead of somebody who has left"),
        "high",
        _("Nobody answers it."),
        _("Hand the lead to another rep."),
        lambda basis: _working(basis) & Q(owner__left_on__lte=basis.today),
        _working,
        ("owner", "status"),
        short=_("Owner has left"),
    ),
    Rule(
        "account-owner-has-left",
        "account",
        "referential",
        _("Account of somebody who has left"),
        "low",
        _("New business from this customer finds nobody."),
        _("Hand the account to another rep."),
        lambda basis: Q(owner__left_on__lte=basis.today),
        lambda basis: Q(owner__isnull=False),
        ("owner",),
        short=_("Owner has left"),
    ),
    Rule(
        "contact-account-missing",
        "contact",
        "referential",
        _("Contact without an account"),
        "low",
        _("The person is no part of any customer, so nobody owns the relation."),
        _("Choose the account the person works for."),
        lambda basis: Q(account__isnull=True),
        every,
        ("account",),
        needs="contact_account",
        short=_("No account"),
    ),
    Rule(
        "order-product-missing",
        "order_line",
        "referential",
        _("Order line without a product"),
        "medium",
        _("It is in no product's sales and no product's forecast."),
        _("Choose the product of the line, or add the product to the catalogue."),
        lambda basis: Q(product__isnull=True),
        every,
        ("product",),
        short=_("No product"),
    ),
    Rule(
        "order-account-missing",
        "order_line",
        "referential",
        _("Order line without an account"),
        "medium",
        _("The customer's history and retention leave it out."),
        _("Choose the account that ordered."),
        lambda basis: Q(account__isnull=True),
        every,
        ("account",),
        needs="order_account",
        short=_("No account"),
    ),
    Rule(
        "order-rate-missing",
        "order_line",
        "referential",
        _("Order in a currency without an exchange rate"),
        "high",
        _("Its amount is left out of revenue."),
        _("Load a rate for this currency dated on or before the order."),
        _no_rate("ordered_on"),
        _foreign,
        ("currency", "ordered_on"),
    ),
)
