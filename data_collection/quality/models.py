"""C5: what the rules found, row by row with its life, day by day in sums, and the rules a company adds itself."""

from collections.abc import Callable
from datetime import date
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Account, Contact, Lead, Opportunity, OrderLine, Stage
from data_collection.organisation.models import Rep, Team
from data_collection.quality.calc.score import score
from salesops.audit.tracking import audited


class QualityCount(models.Model):
    """What one rule found in the whole company on one day."""

    day = models.DateField()
    rule = models.CharField(max_length=60)
    broken = models.PositiveIntegerField(help_text=_("Rows that broke the rule."))
    checked = models.PositiveIntegerField(help_text=_("Rows the rule looked at."))
    money = models.DecimalField(
        max_digits=20, decimal_places=2, null=True, blank=True, help_text=_("Amount of those rows, reporting currency.")
    )

    class Meta:
        verbose_name = _("quality count")
        constraints = [models.UniqueConstraint(fields=["day", "rule"], name="qualitycount_once_a_day")]
        ordering = ["-day", "rule"]

    def __str__(self) -> str:
        return f"{self.day} {self.rule}: {self.broken}"


class Severity(models.TextChoices):
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Checked(models.TextChoices):
    """The tables a rule can look at."""

    OPPORTUNITY = "opportunity", _("Deals")
    LEAD = "lead", _("Leads")
    ACCOUNT = "account", _("Accounts")
    CONTACT = "contact", _("Contacts")
    ORDER_LINE = "order_line", _("Order lines")


@audited
class CustomRule(models.Model):
    """A rule the company adds: a condition over fields and attributes of one table."""

    code = models.SlugField(
        max_length=50, unique=True, help_text=_("Name in addresses and files; unique, stays the same.")
    )
    title = models.CharField(max_length=120)
    table = models.CharField(max_length=12, choices=Checked.choices, default=Checked.OPPORTUNITY)
    condition = models.JSONField(help_text=_("A row that meets this is a finding."))
    severity = models.CharField(max_length=6, choices=Severity.choices, default=Severity.MEDIUM)
    why = models.CharField(max_length=300, help_text=_("Why it matters."))
    fix = models.CharField(max_length=300, help_text=_("How to put it right."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who answers for the rule."),
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Off = not checked; its findings end."))

    class Meta:
        verbose_name = _("custom rule")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


@audited
class RecordLink(models.Model):
    """Where a row of a system can be opened there."""

    system = models.CharField(max_length=40, help_text=_("As in the rows, e.g. “hubspot”."))
    table = models.CharField(max_length=12, choices=Checked.choices)
    address = models.CharField(
        max_length=300,
        validators=[RegexValidator(r"^https?://[^\s{}]+(\{id\}|[^\s{}])*$", _("Write a web address with {id} in it."))],
        help_text=_("With {id} for the row's id there, e.g. https://app.hubspot.com/contacts/123/deal/{id}"),
    )

    class Meta:
        verbose_name = _("record link")
        constraints = [models.UniqueConstraint(fields=["system", "table"], name="recordlink_once")]
        ordering = ["system", "table"]

    def __str__(self) -> str:
        return f"{self.system} {self.table}"


def _far(to: type[models.Model], on_delete: Callable = models.DO_NOTHING) -> models.ForeignKey:
    """A link the mirror may break without asking: the next check ends the finding of a row that is gone."""
    return models.ForeignKey(to, on_delete=on_delete, db_constraint=False, null=True, blank=True, related_name="+")


class FindingQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Neither fixed nor accepted."""
        return self.filter(state__in=STANDING)

    def visible_to(self, user: object) -> Self:
        """Findings this user may see: of the rows that are theirs, when last checked and now."""
        from data_collection.quality.visibility import findings_visible  # reads these models

        return findings_visible(self, user)


class QualityFinding(models.Model):
    """One rule broken by one row, from the day it was first seen. Whose and how much: as of the last check."""

    owner_path = "owner"
    day_path = "day"

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CAME_BACK = "came_back", _("Came back")
        ACCEPTED = "accepted", _("Accepted")
        FIXED = "fixed", _("Fixed")

    rule = models.CharField(max_length=60)
    table = models.CharField(max_length=12, choices=Checked.choices)
    row_id = models.BigIntegerField()
    severity = models.CharField(max_length=6, choices=Severity.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    first_seen = models.DateField()
    last_seen = models.DateField(help_text=_("Last check that found it."))
    state_since = models.DateField(help_text=_("Day it came into its state."))
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    accepted_reason = models.CharField(max_length=300, blank=True)
    accepted_until = models.DateField(null=True, blank=True, help_text=_("Last day it stays quiet; empty = for good."))
    accepted_value = models.CharField(max_length=32, blank=True, help_text=_("Fingerprint of what was accepted."))
    claimed_on = models.DateField(null=True, blank=True, help_text=_("Somebody said it is fixed in its system."))
    value = models.CharField(max_length=32, blank=True, help_text=_("Fingerprint of the fields the rule reads."))
    money = models.DecimalField(
        max_digits=24, decimal_places=4, null=True, blank=True, help_text=_("Amount touched, reporting currency.")
    )
    system = models.CharField(max_length=40)
    source = models.CharField(max_length=60, blank=True, help_text=_("Lead source."))
    owner = _far(Rep, models.SET_NULL)
    team = _far(Team, models.SET_NULL)
    stage = _far(Stage, models.SET_NULL)
    day = models.DateField(null=True, blank=True, help_text=_("Day that decides the team the row counts for."))
    opportunity = _far(Opportunity)
    lead = _far(Lead)
    account = _far(Account)
    contact = _far(Contact)
    order_line = _far(OrderLine)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        constraints = [models.UniqueConstraint(fields=["rule", "row_id"], name="qualityfinding_once")]
        indexes = [
            models.Index(fields=["owner", "state"], name="qualityfinding_owner"),
            models.Index(fields=["table", "row_id"], name="qualityfinding_row"),
            models.Index(fields=["state", "-money"], name="qualityfinding_money"),
        ]
        ordering = [models.F("money").desc(nulls_last=True), "pk"]

    def __str__(self) -> str:
        return f"{self.rule} {self.table} {self.row_id}: {self.state}"

    @property
    def is_standing(self) -> bool:
        return self.state in STANDING

    def age_days(self, today: date) -> int:
        return (today - self.first_seen).days


STANDING = (QualityFinding.State.OPEN, QualityFinding.State.CAME_BACK)


class FindingEvent(models.Model):
    """A change in a finding's life. `step` is +1 when it begins to stand, -1 when it stops: their sum is the count."""

    finding = models.ForeignKey(QualityFinding, on_delete=models.CASCADE, related_name="events")
    day = models.DateField()
    state = models.CharField(max_length=9, choices=QualityFinding.State.choices)
    step = models.SmallIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("finding's history")
        indexes = [models.Index(fields=["day"], name="findingevent_day")]
        ordering = ["day", "pk"]

    def __str__(self) -> str:
        return f"{self.day} {self.state}"


class ScoreQuerySet(models.QuerySet):
    def visible_to(self, user: object) -> Self:
        """Scores of what this user may see."""
        from data_collection.quality.visibility import scores_visible  # reads these models

        return scores_visible(self, user)


class QualityScore(models.Model):
    """How sound the rows of one rep, team, system, source or stage were on one day."""

    class By(models.TextChoices):
        COMPANY = "company", _("Company")
        REP = "rep", _("Rep")
        TEAM = "team", _("Team")
        SYSTEM = "system", _("System")
        SOURCE = "source", _("Lead source")
        STAGE = "stage", _("Stage")

    day = models.DateField()
    by = models.CharField(max_length=7, choices=By.choices)
    key = models.CharField(max_length=120, blank=True, help_text=_("Code, name or id; empty = without."))
    rep = _far(Rep, models.CASCADE)
    team = _far(Team, models.CASCADE)
    stage = _far(Stage, models.CASCADE)
    rows = models.PositiveIntegerField(help_text=_("Rows in play."))
    weight = models.PositiveIntegerField(help_text=_("Weights of the worst finding of each of them."))
    findings = models.PositiveIntegerField(help_text=_("Findings that stand, of all rows."))
    checked = models.JSONField(default=dict, blank=True, help_text=_("Of a rep: rows each rule looked at."))
    money = models.DecimalField(max_digits=24, decimal_places=4, null=True, blank=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("quality score")
        constraints = [models.UniqueConstraint(fields=["day", "by", "key"], name="qualityscore_once_a_day")]
        ordering = ["-day", "by", "key"]

    def __str__(self) -> str:
        return f"{self.day} {self.by} {self.key}"

    @property
    def score(self) -> float | None:
        """Share of the rows in play that are sound, weighted by severity; None without a row."""
        return score(rows=self.rows, weight=self.weight)
