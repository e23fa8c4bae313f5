"""Rows nobody has looked after in time."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Activity, StageVisit
from data_collection.quality.rules.base import OPEN, Basis, Rule, open_deals

STALE_DAYS = 30  # as the rules' titles say
UNTOUCHED_DAYS = 7  # likewise
IN_WORK = ("working", "mql", "sql")


def _quiet(basis: Basis) -> Q:
    since = basis.today - timedelta(days=STALE_DAYS)
    touched = Activity.objects.present().filter(opportunity=OuterRef("pk"), day__gte=since)
    return OPEN & (Q(created_on__isnull=True) | Q(created_on__lt=since)) & ~Exists(touched)


def _judged(basis: Basis) -> Q:
    """Open deals in a stage with enough won deals to say how long is usual."""
    return OPEN & Q(stage__in=[time.stage_id for time in basis.stage_times if time.days is not None])


def _stale(basis: Basis) -> Q:
    """In its stage for longer than three in four won deals stayed there."""
    longer = Q(pk__in=[])
    for time in basis.stage_times:
        if time.days is not None:
            longer |= Q(stage=time.stage_id, entered_on__lt=basis.today - timedelta(days=time.days))
    stay = StageVisit.objects.present().filter(opportunity=OuterRef("pk"), stage=OuterRef("stage"), left_on=None)
    return _judged(basis) & Exists(stay.filter(longer))


def _lead_in_work(basis: Basis) -> Q:
    return Q(status__in=IN_WORK)


def _lead_quiet(basis: Basis) -> Q:
    since = basis.today - timedelta(days=STALE_DAYS)
    touched = Activity.objects.present().filter(lead=OuterRef("pk"), day__gte=since)
    return _lead_in_work(basis) & Q(created_on__lt=since) & ~Exists(touched)


RULES = (
    Rule(
        "stage-stale",
        "opportunity",
        "timeliness",
        _("Deal in its stage longer than won deals stay"),
        "medium",
        _("Three in four won deals had left this stage by now; those that stay longer are rarely won."),
        _("Take the next step with the customer, or close the deal."),
        _stale,
        _judged,
        ("stage",),
        needs="visits",
        short=_("Too long in its stage"),
    ),
    Rule(
        "no-recent-activity",
        "opportunity",
        "timeliness",
        _("Open deal without activity for 30 days"),
        "medium",
        _("Deals nobody touches are rarely won."),
        _("Contact the customer and log it, or close the deal."),
        _quiet,
        open_deals,
        ("stage", "close_date"),
        needs="activities",
        short=_("Quiet for 30 days"),
    ),
    Rule(
        "lead-untouched",
        "lead",
        "timeliness",
        _("New lead untouched for 7 days"),
        "medium",
        _("Interest fades within hours."),
        _("Call or write to the lead, or disqualify it with a reason."),
        lambda basis: Q(
            status="new", first_touch_at__isnull=True, created_on__lt=basis.today - timedelta(days=UNTOUCHED_DAYS)
        ),
        lambda basis: Q(status="new"),
        ("status", "owner"),
        needs="first_touch_at",
        short=_("Untouched for 7 days"),
    ),
    Rule(
        "lead-quiet",
        "lead",
        "timeliness",
        _("Lead in work without activity for 30 days"),
        "low",
        _("It is neither won nor given up, and hides how full the funnel is."),
        _("Take the next step and log it, or disqualify the lead with a reason."),
        _lead_quiet,
        _lead_in_work,
        ("status", "owner"),
        needs="lead_activities",
        short=_("Quiet for 30 days"),
    ),
)
