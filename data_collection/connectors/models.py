"""Connected systems: how to reach them, how far each object is read, and what every sync brought.

A page that was read is a row at once, so that a sync cut off anywhere goes on with the next page.
"""

import json
from datetime import datetime, timedelta
from typing import Any, Self

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.imports.models import ImportBatch
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.secrets.fields import SecretField

MINUTES_LEAST = 5  # between two planned syncs


class ForOperations(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """A connection reaches rows of everybody: only operations see it."""
        return self if user.is_ops else self.none()


class ConnectionQuerySet(ForOperations):
    def due(self, now: datetime) -> Self:
        """Those whose planned time has come."""
        return self.filter(active=True, every_minutes__isnull=False).filter(
            Q(next_at__isnull=True) | Q(next_at__lte=now)
        )


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="ConnectionEvent",
    fields=["kind", "name", "system", "settings", "mapping", "active", "nightly", "every_minutes"],
)
class Connection(models.Model):
    """One account of a vendor. Its history holds what was set by a person, never a secret."""

    class State(models.TextChoices):
        NEW = "new", _("Not synced yet")
        OK = "ok", _("In order")
        BUSY = "busy", _("Waiting: the other side asks for a pause")
        TROUBLE = "trouble", _("Last sync failed")
        ATTENTION = "attention", _("Needs attention")

    kind = models.CharField(max_length=40, help_text=_("Vendor, e.g. “pipedrive”."))
    name = models.CharField(max_length=80, unique=True)
    system = models.SlugField(
        max_length=40, unique=True, help_text=_("Name its rows carry as their source. Cannot be changed later.")
    )
    settings = models.JSONField(default=dict, blank=True, help_text=_("What was entered, without secrets."))
    secrets = SecretField(help_text=_("What was entered as secret, as JSON."))
    token = SecretField(help_text=_("What the vendor handed out, as JSON."))
    mapping = models.JSONField(null=True, blank=True, help_text=_("Own mapping; empty = the one that is shipped."))
    active = models.BooleanField(default=True, help_text=_("Off: nothing is read until it is on again."))
    nightly = models.BooleanField(_("every night"), default=True)
    every_minutes = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(MINUTES_LEAST)], help_text=_("Empty = only at night.")
    )
    next_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    words = models.TextField(blank=True, help_text=_("What is wrong and what to do."))
    state_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_good = models.BooleanField(null=True, blank=True)
    test_words = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def secret_values(self) -> dict[str, str]:
        """What was entered as secret.

        Raises:
            Unreadable: the key it was encrypted with is gone.
        """
        return json.loads(self.secrets.reveal() or "{}")

    def secrets_set(self) -> list[str]:
        """Names of the secrets that are there; none where they cannot be read."""
        from salesops.secrets.cipher import Unreadable

        try:
            return [name for name, value in self.secret_values().items() if value]
        except Unreadable:
            return []

    @property
    def document(self) -> dict[str, Any]:
        """The mapping that is used: the own one, else the shipped one."""
        from data_collection.connectors.sources.registry import shipped_mapping

        return self.mapping or shipped_mapping(self.kind)

    def plan_next(self, now: datetime) -> None:
        """Set, not save, the time of the next planned sync."""
        self.next_at = now + timedelta(minutes=self.every_minutes) if self.every_minutes and self.active else None


class SyncRun(models.Model):
    """One sync of a connection, over as many jobs as it takes."""

    class What(models.TextChoices):
        FULL = "full", _("Everything")
        CHANGES = "changes", _("Changes")

    class State(models.TextChoices):
        READING = "reading", _("Reading")
        APPLYING = "applying", _("Writing")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Given up")

    OPEN = (State.READING, State.APPLYING)

    class Cause(models.TextChoices):
        HAND = "hand", _("By hand")
        NIGHT = "night", _("Every night")
        PLAN = "plan", _("Planned")
        API = "api", _("API")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    what = models.CharField(max_length=7, choices=What.choices)
    cause = models.CharField(max_length=5, choices=Cause.choices, default=Cause.HAND)
    state = models.CharField(max_length=8, choices=State.choices, default=State.READING)
    since = models.JSONField(default=dict, help_text=_("Per object: only what changed since; null = everything."))
    objects_done = models.JSONField(default=list, help_text=_("Objects read to their end."))
    restarts = models.JSONField(default=dict, help_text=_("Per object: how often it was begun again."))
    counts = models.JSONField(default=list, help_text=_("Per object, once it is done."))
    notes = models.JSONField(default=list, help_text=_("What a person should know."))
    requests = models.PositiveIntegerField(default=0, help_text=_("Pages read."))
    error = models.TextField(blank=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    job = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sync")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], name="syncrun_one_open", condition=Q(state__in=("reading", "applying"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def total(self) -> dict[str, int]:
        """Sums over all objects."""
        return {word: sum(row.get(word, 0) for row in self.counts) for word in COUNTED}


COUNTED = ("read", "new", "changed", "same", "rejected", "deleted", "merged", "problems")


class SyncCursor(models.Model):
    """How far an object of a connection is read."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    object = models.CharField(max_length=40)
    mark = models.DateTimeField(null=True, blank=True, help_text=_("Changes up to here are in."))
    full_at = models.DateTimeField(null=True, blank=True, help_text=_("Start of the last complete reading."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "object"], name="synccursor_once")]

    def __str__(self) -> str:
        return f"{self.connection} {self.object}"


class SyncPage(models.Model):
    """A page that was read, kept until its sync is applied."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="pages")
    object = models.CharField(max_length=40)
    number = models.PositiveIntegerField(help_text=_("From 1, per object."))
    rows = models.JSONField(default=dict, help_text=_("File name -> rows."))
    cursor = models.TextField(null=True, help_text=_("Asks for the next page; null: the last."))  # noqa: DJ001  "" may be a cursor
    newest = models.DateTimeField(null=True)
    deleted = models.JSONField(default=list)
    merged = models.JSONField(default=list)
    whole = models.JSONField(default=list)
    records = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "object", "number"], name="syncpage_once")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.run_id} {self.object} {self.number}"


class SyncProblem(models.Model):
    """A record that could not be read, or whose deletion was held back."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="problems")
    object = models.CharField(max_length=40)
    record = models.CharField(max_length=120, blank=True, help_text=_("Its id there."))
    reason = models.TextField()
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.object} {self.record}"
