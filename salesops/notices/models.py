"""What people are told, where other systems are told, and the outbox both leave by.

An outbox row is written in the transaction of what it tells of; a relay sends it later, at least once, always under
the same id. A relay takes a row by a lease and counts the try before it sends; every later write names the lease, so
that a relay believed dead can't undo what another did.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User
from salesops.secrets.fields import SecretField


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """One's own only, whatever the role; those a person wants by e-mail or Slack alone are not listed."""
        return self.filter(user=user, in_app=True)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """Something one person is told, once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200, help_text=_("The same key is never told twice to the same person."))
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True, help_text=_("Path in this product."))
    in_app = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_told_once")]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notice_newest"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at__isnull=True, in_app=True)),
        ]

    def __str__(self) -> str:
        return self.subject


class NoticeChoice(models.Model):
    """How a person wants one kind of notice; no row = as the kind suggests."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=40)
    in_app = models.BooleanField(default=True)
    email = models.BooleanField(default=False)
    slack = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("choice of notices")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="noticechoice_once")]


class SlackMember(models.Model):
    """A person's id in Slack, found by e-mail address and remembered."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="slack_member")
    member = models.CharField(max_length=40)
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("Slack member")


class EndpointQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """What leaves the house is the business of operations."""
        return self if user.is_ops else self.none()

    def listening(self, kind: str) -> Self:
        """Endpoints that want events of this kind; a paused one still collects them."""
        return self.filter(is_active=True, events__contains=[kind])


class Endpoint(models.Model):
    """Where events go: a webhook of another system, a Slack incoming webhook, or a Slack channel through a bot."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("Webhook")
        SLACK_INCOMING = "slack_incoming", _("Slack, incoming webhook")
        SLACK_BOT = "slack_bot", _("Slack, bot")

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=15, choices=Kind.choices, default=Kind.WEBHOOK)
    url = models.CharField(max_length=500, blank=True, help_text=_("Address that receives the events."))
    channel = models.CharField(max_length=80, blank=True, help_text=_("Slack channel of the bot, e.g. C0123456789."))
    secret = SecretField(help_text=_("Signing secret, the whole Slack address, or the bot's token."))
    secret_before = SecretField(help_text=_("Still signs beside the new one until the date below."))
    secret_before_until = models.DateTimeField(null=True, blank=True)
    events = models.JSONField(default=list, blank=True, help_text=_("Kinds of events it gets."))
    min_points = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        default=10,
        validators=[MinValueValidator(0)],
        help_text=_("A score inside the same band is told when it moved by at least these points."),
    )
    for_people = models.BooleanField(
        default=False, help_text=_("The bot also sends people their own notices as direct messages.")
    )
    is_active = models.BooleanField(default=True)

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text=_("Failed tries in a row."))
    not_before = models.DateTimeField(default=timezone.now, help_text=_("Nothing is tried before."))
    last_sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing endpoint")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_slack(self) -> bool:
        return self.kind != self.Kind.WEBHOOK

    @property
    def where(self) -> str:
        """Where it sends, without secrets: a Slack address is one itself."""
        if self.kind == self.Kind.SLACK_BOT:
            return self.channel
        return "hooks.slack.com" if self.kind == self.Kind.SLACK_INCOMING else self.url

    def signing_secrets(self, now: datetime) -> list[str]:
        """Secrets that sign now, the newest first: two while one is being replaced."""
        found = [self.secret.reveal()]
        if self.secret_before and self.secret_before_until and self.secret_before_until > now:
            found.append(self.secret_before.reveal())
        return found


class OutboxState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Given up")
    DROPPED = "dropped", _("Not sent: no longer wanted")


class OutboxQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Deliveries to other systems: operations. What goes to people is theirs."""
        return self.filter(endpoint__isnull=False) if user.is_ops else self.none()

    def due(self, now: datetime) -> Self:
        """Waiting, its time come, held by nobody, and the oldest waiting row about its subject for this receiver."""
        older = Outbox.objects.filter(
            endpoint=OuterRef("endpoint"), subject=OuterRef("subject"), state=OutboxState.QUEUED, pk__lt=OuterRef("pk")
        ).exclude(subject="")
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return self.filter(free, state=OutboxState.QUEUED, next_try_at__lte=now).exclude(Exists(older))


class Outbox(models.Model):
    """One message to one receiver: an event to an endpoint, or a notice to a person's mailbox or Slack."""

    class Way(models.TextChoices):
        ENDPOINT = "endpoint", _("Endpoint")
        EMAIL = "email", _("E-mail")
        SLACK = "slack", _("Slack message")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text=_("The same in every try."))
    way = models.CharField(max_length=10, choices=Way.choices, default=Way.ENDPOINT)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, blank=True, related_name="outbox")
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, null=True, blank=True, related_name="outbox")
    kind = models.CharField(max_length=40)
    subject = models.CharField(
        max_length=80, blank=True, help_text=_("What it is about, e.g. “lead:12”; kept in order.")
    )
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=8, choices=OutboxState.choices, default=OutboxState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    code = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Last HTTP status."))
    answer = models.CharField(max_length=300, blank=True, help_text=_("Begin of the last answer, or why it failed."))
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing message")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "key"], name="outbox_event_once", condition=Q(endpoint__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["notice", "way"], name="outbox_notice_once", condition=Q(notice__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="outbox_due", condition=Q(state="queued")),
            models.Index(fields=["endpoint", "subject", "id"], name="outbox_in_order", condition=Q(state="queued")),
            models.Index(fields=["endpoint", "-id"], name="outbox_of_endpoint"),
            models.Index(fields=["ended_at"], name="outbox_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"

    @property
    def message_id(self) -> str:
        return f"msg_{self.uid.hex}"

    def parts(self) -> Iterator[tuple[str, object]]:
        """What a webhook's body holds beside `data`."""
        yield "type", self.kind
        yield "id", self.message_id
        yield "timestamp", self.occurred_at.isoformat()
        yield "sequence", self.pk
