"""C2: the mirror of the CRM and of the systems beside it.

Natural key = (system, external_id). A row deleted in its system is marked, never erased. Columns no
field knows are kept in `attributes`. `lead_source` is the marketing source, `system` where a row came from.
"""

from typing import Self

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from data_collection.organisation.models import Product, Rep, Segment
from salesops.company.models import CurrencyField
from salesops.effective.models import Effective, ends_after_start, no_overlap


class MirrorQuerySet(models.QuerySet):
    def present(self) -> Self:
        """Rows still there in their system."""
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, user: object) -> Self:
        """Rows this user may see; the one rule is in `organisation.visibility`."""
        from data_collection.organisation.visibility import restrict  # reads these models

        return restrict(self, user)


class Mirror(models.Model):
    """Abstract row copied from another system."""

    #: Path from this row to the rep it belongs to, and to the day that decides the team it counts for.
    owner_path: str | None = "owner"
    day_path: str | None = None

    system = models.CharField(max_length=40, help_text=_("Where the row came from, e.g. “hubspot”."))
    external_id = models.CharField(max_length=120, help_text=_("Its id there."))
    attributes = models.JSONField(default=dict, blank=True, help_text=_("Columns no field knows."))
    modified_at = models.DateTimeField(null=True, blank=True, help_text=_("Last change in its system."))
    deleted_at = models.DateTimeField(null=True, blank=True, help_text=_("Deleted there; kept here."))
    batch_id = models.BigIntegerField(null=True, blank=True, help_text=_("Import that last wrote the row."))

    objects = MirrorQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return getattr(self, "name", "") or self.external_id


def natural_key(table: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["system", "external_id"],
        name=f"{table}_natural_key",
        violation_error_message=_("This id already exists in this system."),
    )


def merged_into() -> models.ForeignKey:
    """The row this one was merged into; such a row is also marked deleted, and references to it mean the other."""
    return models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged", editable=False
    )


def erased_at() -> models.DateTimeField:
    return models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Personal data was erased; only a pseudonym is left.")
    )


class Account(Mirror):
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="subsidiaries")
    merged_into = merged_into()
    owner = models.ForeignKey(Rep, on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts")
    segment = models.ForeignKey(Segment, on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts")
    industry = models.CharField(max_length=80, blank=True)
    website = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    annual_revenue = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    currency = CurrencyField(default="USD")
    founded_year = models.PositiveSmallIntegerField(null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    created_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [natural_key("account")]
        indexes = [
            GinIndex(fields=["name"], name="account_name_trgm", opclasses=["gin_trgm_ops"]),
            models.Index(fields=["segment"], name="account_segment"),
        ]
        ordering = ["name"]


class Contact(Mirror):
    owner_path = "account__owner"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="contacts")
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=80, blank=True)
    merged_into = merged_into()
    erased_at = erased_at()

    class Meta:
        constraints = [natural_key("contact")]
        ordering = ["last_name", "first_name"]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.external_id


class Stage(models.Model):
    """A step of a sales process, in order. Won and lost are the two ends."""

    class Kind(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    pipeline = models.CharField(max_length=40, default="default")
    name = models.CharField(max_length=80)
    rank = models.PositiveSmallIntegerField(help_text=_("Order in the funnel."))
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.OPEN)
    probability = models.DecimalField(
        max_digits=5, decimal_places=4, default=0, help_text=_("Share of deals here that are won, 0 to 1.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_once"),
            models.CheckConstraint(
                name="stage_probability_share", condition=Q(probability__gte=0) & Q(probability__lte=1)
            ),
        ]
        ordering = ["pipeline", "rank"]

    def __str__(self) -> str:
        return self.name


class Lead(Mirror):
    day_path = "created_on"

    class Status(models.TextChoices):
        NEW = "new", _("New")
        WORKING = "working", _("Working")
        MQL = "mql", _("Marketing qualified")
        SQL = "sql", _("Sales qualified")
        CONVERTED = "converted", _("Converted")
        DISQUALIFIED = "disqualified", _("Disqualified")

    name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=120, blank=True)
    industry = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=80, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    lead_source = models.CharField(max_length=60, blank=True, db_index=True)
    campaign = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW)
    owner = models.ForeignKey(Rep, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    segment = models.ForeignKey(Segment, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    created_on = models.DateField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    first_touch_at = models.DateTimeField(null=True, blank=True, help_text=_("First human touch."))
    mql_on = models.DateField(null=True, blank=True)
    sql_on = models.DateField(null=True, blank=True)
    converted_on = models.DateField(null=True, blank=True)
    disqualified_on = models.DateField(null=True, blank=True)
    disqualified_reason = models.CharField(max_length=120, blank=True)
    score = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True, help_text=_("Points, 0 to 100."))
    score_band = models.CharField(max_length=2, blank=True, help_text=_("Fit A to D and behaviour 1 to 3, e.g. “A1”."))
    merged_into = merged_into()
    erased_at = erased_at()

    class Meta:
        constraints = [natural_key("lead")]
        indexes = [models.Index(fields=["created_on"], name="lead_created_on")]
        ordering = ["-created_on", "-pk"]


class Opportunity(Mirror):
    day_path = "close_date"

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    class Category(models.TextChoices):
        PIPELINE = "pipeline", _("Pipeline")
        BEST_CASE = "best_case", _("Best case")
        COMMIT = "commit", _("Commit")
        CLOSED = "closed", _("Closed")
        OMITTED = "omitted", _("Omitted")

    class Kind(models.TextChoices):
        NEW = "new", _("New business")
        EXPANSION = "expansion", _("Expansion")
        RENEWAL = "renewal", _("Renewal")

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.NEW)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="opportunities")
    lead = models.ForeignKey(Lead, on_delete=models.SET_NULL, null=True, blank=True, related_name="opportunities")
    contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(Rep, on_delete=models.SET_NULL, null=True, blank=True, related_name="opportunities")
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="opportunities")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="opportunities")
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.OPEN)
    lead_source = models.CharField(max_length=60, blank=True)
    amount = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text=_("Empty = not known, which is not zero.")
    )
    currency = CurrencyField(default="USD")
    discount = models.DecimalField(
        max_digits=6, decimal_places=4, null=True, blank=True, help_text=_("Share of list price, 0 to 1.")
    )
    probability = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, help_text=_("0 to 1; empty = the stage's.")
    )
    forecast_category = models.CharField(max_length=10, choices=Category.choices, default=Category.PIPELINE)
    created_on = models.DateField(null=True, blank=True)
    close_date = models.DateField(
        null=True, blank=True, help_text=_("Day it closed; while open, the day it is expected to.")
    )
    next_step = models.CharField(max_length=200, blank=True)
    lost_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name_plural = _("opportunities")
        constraints = [
            natural_key("opportunity"),
            models.CheckConstraint(
                name="opportunity_closed_has_date",
                condition=Q(status="open") | Q(close_date__isnull=False),
                violation_error_message=_("A won or lost deal needs its close date."),
            ),
            models.CheckConstraint(
                name="opportunity_probability_share",
                condition=Q(probability__isnull=True) | (Q(probability__gte=0) & Q(probability__lte=1)),
                violation_error_message=_("Write the probability as a share between 0 and 1."),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "close_date"], name="opportunity_status_close"),
            models.Index(fields=["created_on"], name="opportunity_created_on"),
            models.Index(fields=["owner", "status", "close_date"], name="opportunity_owner_close"),
        ]
        ordering = ["-close_date", "-pk"]


class OpportunityLine(Mirror):
    owner_path = "opportunity__owner"
    day_path = "opportunity__close_date"

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=14, decimal_places=3, default=1)
    unit_price = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    discount = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)

    class Meta:
        constraints = [
            natural_key("opportunityline"),
            models.CheckConstraint(
                name="opportunityline_quantity",
                condition=Q(quantity__gte=0),
                violation_error_message=_("The quantity can't be negative."),
            ),
        ]


class StageVisit(Mirror):
    """One stay in one stage. An open visit has no exit yet."""

    owner_path = "opportunity__owner"
    day_path = "entered_on"

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="visits")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="visits")
    entered_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [natural_key("stagevisit")]
        indexes = [models.Index(fields=["opportunity", "entered_on"], name="stagevisit_opportunity")]
        ordering = ["entered_on", "pk"]


class OpportunityOwner(Effective, Mirror):
    """Who owned the deal when; rows only for deals that changed hands."""

    owner_path = "opportunity__owner"
    day_path = "valid_from"

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="owners")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="owned")

    objects = MirrorQuerySet.as_manager()

    class Meta:
        verbose_name = _("owner history")
        constraints = [
            natural_key("opportunityowner"),
            ends_after_start("opportunityowner_ends_after_start"),
            no_overlap("opportunityowner_one_a_day", "opportunity", message=_("This deal has an owner on these days.")),
        ]
        ordering = ["valid_from"]


class OpportunityChange(Mirror):
    """A change of amount or close date, with the value before and after."""

    owner_path = "opportunity__owner"
    day_path = "changed_on"

    class Field(models.TextChoices):
        AMOUNT = "amount", _("Amount")
        CLOSE_DATE = "close_date", _("Close date")
        CATEGORY = "category", _("Forecast category")

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="changes")
    field = models.CharField(max_length=10, choices=Field.choices)
    changed_on = models.DateField()
    old_amount = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    new_amount = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    old_date = models.DateField(null=True, blank=True)
    new_date = models.DateField(null=True, blank=True)
    old_value = models.CharField(max_length=80, blank=True)
    new_value = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("amount and date history")
        constraints = [natural_key("opportunitychange")]
        indexes = [models.Index(fields=["opportunity", "changed_on"], name="opportunitychange_opportunity")]
        ordering = ["changed_on", "pk"]


class Activity(Mirror):
    owner_path = "rep"
    day_path = "day"

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        CALL = "call", _("Call")
        MEETING = "meeting", _("Meeting")
        DEMO = "demo", _("Demo")
        PROPOSAL = "proposal", _("Proposal")
        OTHER = "other", _("Other")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    rep = models.ForeignKey(Rep, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities")
    day = models.DateField(help_text=_("Local day of the company."))
    at = models.DateTimeField(null=True, blank=True)
    duration_minutes = models.DecimalField(max_digits=7, decimal_places=1, null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=60, blank=True)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities")
    lead = models.ForeignKey(Lead, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities")
    opportunity = models.ForeignKey(
        Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities"
    )

    class Meta:
        verbose_name_plural = _("activities")
        constraints = [
            natural_key("activity"),
            models.CheckConstraint(
                name="activity_duration",
                condition=Q(duration_minutes__isnull=True) | Q(duration_minutes__gte=0),
                violation_error_message=_("The duration can't be negative."),
            ),
        ]
        indexes = [
            models.Index(fields=["rep", "day"], name="activity_rep_day"),
            BrinIndex(fields=["day"], name="activity_day_brin"),
        ]
        ordering = ["-day", "-pk"]


class MarketingEvent(Mirror):
    """A sign of interest: form, download, webinar, visit, opened mail."""

    owner_path = "lead__owner"
    day_path = "day"

    kind = models.CharField(max_length=40)
    day = models.DateField()
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, null=True, blank=True, related_name="marketing_events")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    campaign = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [natural_key("marketingevent")]
        indexes = [models.Index(fields=["lead", "day"], name="marketingevent_lead_day")]
        ordering = ["-day", "-pk"]


class OrderLine(Mirror):
    day_path = "ordered_on"

    order_id = models.CharField(max_length=80, help_text=_("Lines of one order share it."))
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="order_lines")
    opportunity = models.ForeignKey(
        Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="order_lines"
    )
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="order_lines")
    owner = models.ForeignKey(Rep, on_delete=models.SET_NULL, null=True, blank=True, related_name="order_lines")
    segment = models.ForeignKey(Segment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ordered_on = models.DateField()
    shipped_on = models.DateField(null=True, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4, help_text=_("Net of discount, without tax."))
    profit = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    discount = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    currency = CurrencyField(default="USD")
    country = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    is_returned = models.BooleanField(default=False)

    class Meta:
        constraints = [
            natural_key("orderline"),
            models.CheckConstraint(
                name="orderline_quantity",
                condition=Q(quantity__gte=0),
                violation_error_message=_("The quantity can't be negative; mark a return as returned."),
            ),
        ]
        indexes = [models.Index(fields=["ordered_on"], name="orderline_ordered_on")]
        ordering = ["-ordered_on", "-pk"]


class SupportTicket(Mirror):
    owner_path = "account__owner"
    day_path = "opened_on"

    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets")
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=200, blank=True)
    tier = models.PositiveSmallIntegerField(null=True, blank=True)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    hours = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [natural_key("supportticket")]
        indexes = [models.Index(fields=["opened_on"], name="supportticket_opened_on")]
        ordering = ["-opened_on", "-pk"]


class DeliveredHours(Mirror):
    """Hours of services delivered to an account on a day."""

    owner_path = "account__owner"
    day_path = "day"

    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="hours")
    opportunity = models.ForeignKey(Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="hours")
    skill = models.CharField(max_length=60, blank=True)
    day = models.DateField()
    hours = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        verbose_name_plural = _("delivered hours")
        constraints = [
            natural_key("deliveredhours"),
            models.CheckConstraint(name="deliveredhours_not_negative", condition=Q(hours__gte=0)),
        ]
        indexes = [models.Index(fields=["day"], name="deliveredhours_day")]
        ordering = ["-day", "-pk"]
