"""What other systems send us: sources with their secrets, an inbox, and what each message changed; and, the other
way, the changes of owners and scores that triggers note for the outbox.

The inbox row is the truth: it is written before the sender gets its answer, and processed later, once in effect.
"""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User
from salesops.secrets.fields import SecretField


class OperationsQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Payloads hold data of everybody: only operations."""
        return self if user.is_ops else self.none()


class WebhookSource(models.Model):
    """A system that may send, how it proves itself, and what its payloads mean."""

    class Scheme(models.TextChoices):
        STANDARD = "standard", _("Standard Webhooks (webhook-id, -timestamp, -signature)")
        HMAC = "hmac", _("HMAC-SHA256 over timestamp and body (X-Timestamp, X-Signature)")
        HUBSPOT = "hubspot", _("HubSpot (X-HubSpot-Signature-v3)")
        TOKEN = "token", _("Secret word in a header (weaker: for tools that can't sign)")

    slug = models.SlugField(max_length=40, unique=True, help_text=_("Last part of the address: /hooks/…/"))
    name = models.CharField(max_length=80)
    system = models.SlugField(
        max_length=40, help_text=_("Rows are known by system and id; name a connected system to add to its rows.")
    )
    scheme = models.CharField(max_length=10, choices=Scheme.choices, default=Scheme.STANDARD)
    secret = SecretField()
    secret_before = SecretField(help_text=_("Still valid until the date below."))
    secret_before_until = models.DateTimeField(null=True, blank=True)
    recipe = models.JSONField(default=dict, help_text=_("What a payload means."))
    recipe_text = models.TextField(blank=True, help_text=_("The recipe as it was written, with its comments."))
    window_seconds = models.PositiveIntegerField(
        default=300,
        validators=[MinValueValidator(10), MaxValueValidator(3600)],
        help_text=_("A signed time may be off by so much."),
    )
    most_kb = models.PositiveIntegerField(
        default=512, validators=[MinValueValidator(1), MaxValueValidator(10_240)], help_text=_("Largest body, in kB.")
    )
    most_per_minute = models.PositiveIntegerField(
        default=60_000, validators=[MinValueValidator(1)], help_text=_("More are asked to come back later.")
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook source")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def secrets(self) -> list[str]:
        """Secrets accepted now, the newest first."""
        found = [self.secret.reveal()] if self.secret else []
        if self.secret_before and self.secret_before_until and self.secret_before_until > timezone.now():
            found.append(self.secret_before.reveal())
        return found


class InboxState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    DONE = "done", _("Done")
    IGNORED = "ignored", _("Nothing to do")
    DEAD = "dead", _("Needs a look")


class InboxMessage(models.Model):
    """One message as it came. The same key of a source is accepted once."""

    source = models.ForeignKey(WebhookSource, on_delete=models.CASCADE, related_name="messages")
    key = models.CharField(max_length=200, help_text=_("The sender's id of the message, or a hash of the body."))
    seal = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001  NULL: unsigned, so any number
    received_at = models.DateTimeField(default=timezone.now)
    content_type = models.CharField(max_length=80, blank=True)
    query = models.CharField(max_length=500, blank=True, help_text=_("Behind the ? of the address."))
    body = models.BinaryField()

    state = models.CharField(max_length=8, choices=InboxState.choices, default=InboxState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    result = models.JSONField(default=dict, blank=True, help_text=_("How many rows were made, changed, left alone."))
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        verbose_name = _("received message")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="inbox_once"),
            models.UniqueConstraint(fields=["source", "seal"], name="inbox_no_replay"),
        ]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="inbox_due", condition=Q(state="queued")),
            models.Index(fields=["source", "-id"], name="inbox_newest"),
            models.Index(fields=["received_at"], name="inbox_received"),
        ]

    def __str__(self) -> str:
        return self.key


class FieldTimes(models.Model):
    """When webhooks last set each field of a row, so that an older message never overwrites a newer one."""

    table = models.CharField(max_length=10)
    row_id = models.BigIntegerField()
    base = models.CharField(max_length=40, blank=True, help_text=_("Time of the row when another way last wrote it."))
    wrote = models.DateTimeField(null=True, blank=True, help_text=_("The row's time after a webhook last wrote it."))
    times = models.JSONField(default=dict, help_text=_("Field -> time and key of the message that set it."))

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["table", "row_id"], name="fieldtimes_once")]


class ChangeEvent(models.Model):
    """A change of owner or score that somebody wants to know of. Written by triggers, removed when told."""

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True, help_text=_("Empty: many rows in one statement, counted."))
    rows = models.PositiveIntegerField(default=1)
    before_id = models.BigIntegerField(null=True, help_text=_("Owner before."))
    after_id = models.BigIntegerField(null=True, help_text=_("Owner after."))
    before_band = models.CharField(max_length=2, blank=True)
    after_band = models.CharField(max_length=2, blank=True)
    before_score = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    after_score = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    xact = models.BigIntegerField(help_text=_("The transaction, so that what happened together is told together."))
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
