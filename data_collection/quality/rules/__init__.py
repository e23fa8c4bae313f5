"""What is checked in the mirror: each rule a condition over one table, with why it matters and how to put it right.

A rule is declared once, in the module of its kind. `rules_now` adds those the company wrote itself.
"""

from django.utils.translation import gettext_lazy as _

from data_collection.quality.models import CustomRule
from data_collection.quality.rules import (
    completeness,
    consistency,
    referential,
    timeliness,
    uniqueness,
    validity,
)
from data_collection.quality.rules.base import Basis, Rule, StageTime
from data_collection.quality.rules.custom import CUSTOM, custom_rule

RULES: tuple[Rule, ...] = (
    *completeness.RULES,
    *validity.RULES,
    *referential.RULES,
    *consistency.RULES,
    *timeliness.RULES,
    *uniqueness.RULES,
)
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
SEVERITIES = {"high": _("High"), "medium": _("Medium"), "low": _("Low")}
KINDS = {
    "completeness": _("Missing"),
    "validity": _("Cannot be right"),
    "referential": _("Broken link"),
    "consistency": _("Contradiction"),
    "timeliness": _("Late"),
    "uniqueness": _("There twice"),
    CUSTOM: _("Own rule"),
}

__all__ = ["BY_NAME", "KINDS", "RULES", "SEVERITIES", "Basis", "Rule", "StageTime", "rules_now"]


def rules_now() -> dict[str, Rule]:
    """Every rule in force by name: those built in, and the company's own that are active and can be read."""
    own = (custom_rule(row) for row in CustomRule.objects.filter(is_active=True).order_by("code"))
    return BY_NAME | {rule.name: rule for rule in own if rule is not None}
