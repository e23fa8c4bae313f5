"""What the stages without pages yet will show; said plainly, so that nobody looks for numbers that are not there."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Part:
    """One page to come: its name and the question it answers."""

    name: Text
    answers: Text


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with nothing in it yet."""

    title: Text
    subtitle: Text
    why_empty: Text
    parts: tuple[Part, ...]


SUPPLY = Stage(
    title=_("Supply"),
    subtitle=_("Can we deliver what demand asks for: people, stock, machines, suppliers, budget."),
    why_empty=_(
        "Empty for now: this version collects data and forecasts demand. Supply pages come with a later version and "
        "will start from the forecast you already see under Demand."
    ),
    parts=(
        Part(_("Capacity"), _("How much every team, machine and supplier can do in each period.")),
        Part(_("Hiring"), _("How many sales people are needed, and by when, to meet the target.")),
        Part(_("Staffing"), _("How many people service and support need in each interval.")),
        Part(_("Inventory"), _("How much stock, when to order, what will run out.")),
        Part(_("Price & promotion"), _("What a price or a campaign does to units, revenue and margin.")),
        Part(_("Technology"), _("Which tools remove which obstacle, and what they cost per active user.")),
        Part(_("Constrained plan"), _("What can be served with what there is, what is short and why.")),
    ),
)
EXECUTE = Stage(
    title=_("Execute"),
    subtitle=_("Close the gap between demand and supply, sign the plan, carry it out and measure it."),
    why_empty=_(
        "Empty for now: there is no supply plan to reconcile with yet. Execution pages come with a later version; "
        "quotas and targets that are already loaded show on the Overview and KPI pages."
    ),
    parts=(
        Part(_("Cycle"), _("The monthly planning meeting in five steps, with owners and due dates.")),
        Part(_("Gaps & options"), _("What each gap costs and what can be done about it.")),
        Part(_("Sign-off"), _("Versions of the plan, signed in order and never changed afterwards.")),
        Part(_("Initiatives"), _("What was started, what it should move, whether it did.")),
        Part(_("Territories & routing"), _("Who works which accounts, and who gets the next lead.")),
        Part(_("Quotas"), _("Targets per person and team, checked for fairness.")),
        Part(_("Compensation"), _("Pay with every line explained.")),
    ),
)
