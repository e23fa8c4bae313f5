"""Every link to an account, contact or lead, and what a merge does with it. The one place: a test fails on a new link.

`repoint`: the row then belongs to the winner. `dates`: likewise, less the days the winner has already. `tree`, `chain`:
the links of a table to itself. `drop`: made anew by the next run, so rows of a loser go. `leave`: stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Account, Contact, Lead

MODELS: dict[str, type[models.Model]] = {"account": Account, "contact": Contact, "lead": Lead}


@dataclass(frozen=True, slots=True)
class Rule:
    what: str  # repoint, dates, tree, chain, drop, leave
    words: str | Promise = ""  # what moves, in the plural


#: `app.Model.field` -> rule. Links from history tables and from views over the facts are no rows of their own.
RULES: dict[str, Rule] = {
    "data_collection.Account.parent": Rule("tree", _("subsidiaries")),
    "data_collection.Account.merged_into": Rule("chain"),
    "data_collection.Contact.account": Rule("repoint", _("contacts")),
    "data_collection.Contact.merged_into": Rule("chain"),
    "data_collection.Lead.account": Rule("repoint", _("leads")),
    "data_collection.Lead.contact": Rule("repoint", _("leads")),
    "data_collection.Lead.merged_into": Rule("chain"),
    "data_collection.Opportunity.account": Rule("repoint", _("deals")),
    "data_collection.Opportunity.contact": Rule("repoint", _("deals")),
    "data_collection.Opportunity.lead": Rule("repoint", _("deals")),
    "data_collection.Activity.account": Rule("repoint", _("activities")),
    "data_collection.Activity.lead": Rule("repoint", _("activities")),
    "data_collection.MarketingEvent.lead": Rule("repoint", _("marketing events")),
    "data_collection.MarketingEvent.contact": Rule("repoint", _("marketing events")),
    "data_collection.OrderLine.account": Rule("repoint", _("order lines")),
    "data_collection.SupportTicket.account": Rule("repoint", _("tickets")),
    "data_collection.DeliveredHours.account": Rule("repoint", _("entries of delivered hours")),
    "data_collection.TerritoryAccount.account": Rule("dates", _("named-account entries")),
    "data_collection.LeadMatch.lead": Rule("drop"),
    "data_collection.LeadMatch.account": Rule("drop"),
    "data_collection.LeadMatch.contact": Rule("drop"),
    "data_collection.QualityFinding.account": Rule("leave"),  # the next check ends the findings of a merged row
    "data_collection.QualityFinding.contact": Rule("leave"),
    "data_collection.QualityFinding.lead": Rule("leave"),
}


def name_of(field: models.Field) -> str:
    return f"{field.model._meta.label}.{field.name}"


def links_to(model: type[models.Model]) -> Iterator[models.Field]:
    """Foreign keys, one-to-one and many-to-many fields of all models that point at `model`."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or not relation.is_relation:
            continue
        source = relation.related_model
        is_history = getattr(source, "pgh_tracked_model", None) is not None
        if source._meta.managed and not is_history:
            yield relation.field


def links_ruled(model: type[models.Model], *whats: str) -> list[tuple[models.Field, Rule]]:
    """The links to `model` whose rule is one of `whats`."""
    found = ((field, RULES.get(name_of(field), Rule("leave"))) for field in links_to(model))
    return [(field, rule) for field, rule in found if rule.what in whats]
