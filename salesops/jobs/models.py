"""Jobs: the row in Postgres is the truth, the broker only wakes a worker.

A worker that wants a job takes a lease (a token and a time). Every later write names the token, so a
worker that lost its lease can't overwrite the work of the one that took over. Attempts are counted
before the work starts; the third failure puts the job aside as dead.
"""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting for an earlier step")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped: an earlier step failed")
    CANCELLED = "cancelled", _("Cancelled")


LIVE_STATES = (JobState.WAITING, JobState.QUEUED, JobState.RUNNING)


class JobQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Ops and the other whole-company roles see every job; others the ones they started."""
        return self if user.sees_everything else self.filter(started_by=user)

    def claimable(self) -> Self:
        """Queued and due, or running with a lease that ran out."""
        now = timezone.now()
        return self.filter(
            Q(state=JobState.QUEUED, not_before__lte=now) | Q(state=JobState.RUNNING, lease_until__lt=now)
        )


class JobRun(models.Model):
    """One run of a named piece of work."""

    kind = models.CharField(max_length=60, help_text=_("Name in the job registry, e.g. “import”, “facts”."))
    title = models.CharField(max_length=200)
    params = models.JSONField(default=dict, blank=True)
    key = models.CharField(
        max_length=120, blank=True, help_text=_("While a job with this key lives, no second one is made.")
    )
    queue = models.CharField(max_length=20, default="interactive")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    after = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="before")

    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(default=timezone.now)
    cancel_asked = models.BooleanField(default=False)

    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    rows_in = models.PositiveBigIntegerField(null=True, blank=True)
    rows_out = models.PositiveBigIntegerField(null=True, blank=True)
    error = models.TextField(blank=True, help_text=_("What a person reads."))
    trace = models.TextField(blank=True, help_text=_("What an engineer reads."))
    result = models.JSONField(default=dict, blank=True)
    result_file = models.FileField(upload_to="results/%Y/%m/", blank=True)

    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], name="jobrun_one_alive", condition=Q(state__in=LIVE_STATES) & ~Q(key="")
            ),
        ]
        indexes = [
            models.Index(fields=["state", "not_before"], name="jobrun_due", condition=Q(state__in=LIVE_STATES)),
            models.Index(fields=["kind", "-created_at"], name="jobrun_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.get_state_display()})"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_STATES

    @property
    def is_dead(self) -> bool:
        """Given up after the last attempt."""
        return self.state == JobState.FAILED and self.attempts >= self.max_attempts

    @property
    def percent(self) -> int | None:
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else None

    @property
    def seconds(self) -> float | None:
        if self.started_at is None:
            return None
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds()


def new_token() -> uuid.UUID:
    return uuid.uuid4()


class ScheduleSlot(models.Model):
    """One planned start. The unique row makes any number of beats start it once."""

    schedule = models.CharField(max_length=40)
    slot = models.DateTimeField()
    job = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="slots")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "slot"], name="scheduleslot_once")]
        ordering = [F("slot").desc()]

    def __str__(self) -> str:
        return f"{self.schedule} {self.slot:%Y-%m-%d %H:%M}"
