"""The night: a graph of steps, one job each. A failed step stops only what depends on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from salesops.access.models import User
from salesops.company.models import Company
from salesops.jobs.models import LIVE_STATES, JobRun, JobState, ScheduleSlot
from salesops.jobs.registry import Handler, job_kind, load_kinds
from salesops.jobs.services import job_enqueue, job_wake

LOCK = 7_310_001  # advisory lock: one night is planned at a time


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    after: tuple[str, ...]
    title: str


STEPS: dict[str, Step] = {}


def nightly_step(name: str, *, after: tuple[str, ...] = (), title: str) -> Callable[[Handler], Handler]:
    """Register a handler as a step of the night; it runs once every step in `after` has succeeded."""

    def register(handler: Handler) -> Handler:
        STEPS[name] = Step(name, after, title)
        return job_kind(name, title=title, queue="nightly")(handler)

    return register


def nightly_start(*, as_of: date, user: User | None = None) -> JobRun:
    """Plan a night as jobs and wake the first. While one is running, that one is returned (single flight)."""
    load_kinds()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        running = JobRun.objects.filter(kind="nightly", state__in=LIVE_STATES).first()
        if running is not None:
            return running
        root = JobRun.objects.create(
            kind="nightly",
            title=f"Night of {as_of}",
            key="nightly",
            queue="nightly",
            state=JobState.RUNNING,
            params={"as_of": as_of.isoformat()},
            started_by=user,
            started_at=timezone.now(),
            total=len(STEPS),
        )
        jobs = {
            step.name: job_enqueue(
                kind=step.name, title=step.title, params=root.params, parent=root, state=JobState.WAITING
            )
            for step in STEPS.values()
        }
        for step in STEPS.values():
            jobs[step.name].after.set([jobs[name] for name in step.after if name in jobs])
        for name, job in jobs.items():
            if not [earlier for earlier in STEPS[name].after if earlier in jobs]:
                JobRun.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
                job_wake(job)
        if not jobs:
            JobRun.objects.filter(pk=root.pk).update(state=JobState.SUCCEEDED, ended_at=timezone.now())
    return root


def nightly_slot(now: datetime) -> datetime:
    """The latest planned start that is not in the future: NIGHTLY_HOUR in the company's zone."""
    zone = Company.get().zone
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), time(settings.NIGHTLY_HOUR), tzinfo=zone)
    if today > now:
        today = datetime.combine(local.date() - timedelta(days=1), time(settings.NIGHTLY_HOUR), tzinfo=zone)
    return today


def nightly_tick(*, now: datetime) -> JobRun | None:
    """Start the night that is due, once, however many beats tick. A missed night is caught up: the latest only.

    The steps work on everything that changed since they last ran, so one run covers several missed nights.
    A night started by hand since the planned time counts for it.
    """
    slot = nightly_slot(now)
    if ScheduleSlot.objects.filter(schedule="nightly", slot__gte=slot).exists():
        return None
    try:
        with transaction.atomic():
            row = ScheduleSlot.objects.create(schedule="nightly", slot=slot)
            since = JobRun.objects.filter(kind="nightly", created_at__range=(slot, now))
            row.job = since.exclude(state=JobState.CANCELLED).first() or nightly_start(
                as_of=now.astimezone(Company.get().zone).date()
            )
            row.save(update_fields=["job"])
    except IntegrityError:
        return None
    return row.job
