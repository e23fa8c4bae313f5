"""Making, claiming, working and ending jobs. The broker is told after commit; a lost wake-up is swept up."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from salesops.access.models import User
from salesops.jobs.models import LIVE_STATES, JobRun, JobState, new_token
from salesops.jobs.registry import (
    LEASE,
    FanOut,
    JobCancelled,
    JobError,
    JobHandle,
    JobLater,
    LeaseLost,
    kind_of,
)

log = logging.getLogger(__name__)
WAKE_UP = "salesops.jobs.tasks.work"  # by name: services do not know tasks
RETRY_AFTER = (timedelta(seconds=5), timedelta(seconds=60))


def job_enqueue(
    *,
    kind: str,
    title: str = "",
    params: dict | None = None,
    key: str = "",
    queue: str | None = None,
    user: User | None = None,
    parent: JobRun | None = None,
    state: str = JobState.QUEUED,
) -> JobRun:
    """Write the job's row and wake a worker after commit. With a `key`, returns the living job that holds it."""
    known = kind_of(kind)
    row = JobRun(
        kind=kind,
        title=(title or str(known.title))[:200],
        params=params or {},
        key=key,
        queue=queue or known.queue,
        started_by=user,
        parent=parent,
        state=state,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        alive = JobRun.objects.filter(kind=kind, key=key, state__in=LIVE_STATES).first()
        if not key or alive is None:
            raise
        return alive
    if state == JobState.QUEUED:
        job_wake(row)
    return row


def job_wake(row: JobRun) -> None:
    """Tell a worker once the row is committed. If the broker is away, the sweeper sends it later."""
    transaction.on_commit(lambda: _send(row.pk, row.queue))


def _send(pk: int, queue: str) -> None:
    try:
        current_app.send_task(WAKE_UP, (pk,), queue=queue, retry=False)
    except (BrokerDown, OSError) as away:
        log.warning("Job %s is queued; the broker is away (%s) and will be told again.", pk, away)


def job_claim(pk: int) -> JobHandle | None:
    """Take the lease, counting the attempt before any work. None: not due, taken, or given up."""
    with transaction.atomic():
        row = JobRun.objects.claimable().select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        if row is None:
            return None
        if row.cancel_asked:
            _end(row, JobState.CANCELLED, error="")
            return None
        if row.attempts >= row.max_attempts:
            text = f"Given up after {row.attempts} attempts; the worker died each time."
            _end(row, JobState.FAILED, error=row.error or text)
            return None
        row.state, row.attempts, row.lease_token = JobState.RUNNING, row.attempts + 1, new_token()
        row.lease_until, row.started_at = timezone.now() + LEASE, timezone.now()
        row.done, row.error, row.trace = 0, "", ""
        row.save()
    return JobHandle(row=row, token=row.lease_token)


def job_run(pk: int) -> JobRun | None:
    """Claim and work one job to its end. Returns its row, None when there was nothing to claim."""
    handle = job_claim(pk)
    if handle is None:
        return None
    try:
        with _LeaseKeeper(handle):
            kind_of(handle.row.kind).run(handle)
    except LeaseLost:
        log.warning("Job %s was taken over by another worker.", pk)
    except JobCancelled:
        _finish(handle, JobState.CANCELLED)
    except JobLater as later:
        _put_off(handle, later)
    except JobError as refused:
        _finish(handle, JobState.FAILED, error=str(refused), final=True)
    except Exception as broken:  # a handler may fail in any way; it is recorded, retried, then given up
        log.exception("Job %s (%s) failed.", pk, handle.row.kind)
        _finish(handle, JobState.FAILED, error=f"{type(broken).__name__}: {broken}", trace=traceback.format_exc())
    else:
        _finish(handle, JobState.SUCCEEDED)
    return JobRun.objects.get(pk=pk)


class _LeaseKeeper:
    """Renews the lease from a thread of its own, so that one long SQL statement does not lose it."""

    def __init__(self, handle: JobHandle) -> None:
        self._handle = handle
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True, name=f"lease-{handle.row.pk}")

    def __enter__(self) -> None:
        if not connection.in_atomic_block:  # inside a test's transaction another connection would not see the row
            self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _renew(self) -> None:
        try:
            while not self._stop.wait(LEASE.total_seconds() / 4):
                self._handle.write(lease_until=timezone.now() + LEASE)
        except (LeaseLost, OperationalError):
            log.warning("Job %s could not renew its lease.", self._handle.row.pk)
        finally:
            connection.close()


def _put_off(handle: JobHandle, later: JobLater) -> None:
    """Queue the job again for later; this attempt does not count. The sweeper wakes a worker when it is due."""
    try:
        handle.write(
            state=JobState.QUEUED,
            not_before=timezone.now() + timedelta(seconds=later.seconds),
            attempts=handle.row.attempts - 1,
            message=str(later)[:300],
            lease_token=None,
            lease_until=None,
        )
    except LeaseLost:
        log.warning("Job %s was put off after it was taken over.", handle.row.pk)


def _finish(handle: JobHandle, state: str, *, error: str = "", trace: str = "", final: bool = False) -> None:
    """Write the end of this attempt under our lease, then let waiting jobs go on."""
    row = handle.row
    try:
        with transaction.atomic():
            if state == JobState.FAILED and not final and row.attempts < row.max_attempts:
                pause = RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
                handle.write(
                    state=JobState.QUEUED, not_before=timezone.now() + pause, error=error, trace=trace, lease_token=None
                )
                return
            if state == JobState.SUCCEEDED:
                handle.write(
                    rows_in=row.rows_in, rows_out=row.rows_out, result=handle.results, result_file=row.result_file.name
                )
            handle.write(lease_until=timezone.now() + LEASE)  # ends here when another worker took over
            if handle.fanned and state == JobState.SUCCEEDED:
                _fan_out(row, handle.fanned)
            _end(row, state, error=error, trace=trace)
    except LeaseLost:
        log.warning("Job %s ended after it was taken over; its end is not recorded.", row.pk)


def _fan_out(row: JobRun, fanned: FanOut) -> None:
    waiting = list(row.before.all())
    parts = [job_enqueue(kind=k, title=t, params=p, parent=row.parent or row) for k, t, p in fanned.parts]
    last = parts
    if fanned.finish is not None:
        kind, title, params = fanned.finish
        state = JobState.WAITING if parts else JobState.QUEUED
        finish = job_enqueue(kind=kind, title=title, params=params, parent=row.parent or row, state=state)
        finish.after.set(parts)
        last = [finish]
    for other in waiting:
        other.after.add(*last)


def _end(row: JobRun, state: str, *, error: str, trace: str = "") -> None:
    now = timezone.now()
    JobRun.objects.filter(pk=row.pk).update(
        state=state, error=error, trace=trace, ended_at=now, lease_token=None, lease_until=None
    )
    for waiting in row.before.filter(state=JobState.WAITING).select_for_update():
        _release(waiting)
    root = row.parent
    if root is not None:
        _close_parent(root.pk)


def _release(waiting: JobRun) -> None:
    """Start a waiting job whose earlier jobs have succeeded; skip it when one failed."""
    states = set(waiting.after.values_list("state", flat=True))
    if states <= {JobState.SUCCEEDED}:
        JobRun.objects.filter(pk=waiting.pk).update(state=JobState.QUEUED, not_before=timezone.now())
        job_wake(waiting)
    elif states & {JobState.FAILED, JobState.SKIPPED, JobState.CANCELLED}:
        _end(waiting, JobState.SKIPPED, error="")


def _close_parent(pk: int) -> None:
    """A parent ends with its last child: succeeded, or failed when one of them did not."""
    parent = JobRun.objects.select_for_update().get(pk=pk)
    children = parent.children.all()
    ended = children.exclude(state__in=LIVE_STATES).count()
    if parent.kind not in PARENT_KINDS or not parent.is_live:
        return
    JobRun.objects.filter(pk=pk).update(done=ended, total=children.count())
    if ended == children.count():
        bad = children.exclude(state=JobState.SUCCEEDED).count()
        error = f"{bad} of {ended} steps did not succeed." if bad else ""
        _end(parent, JobState.FAILED if bad else JobState.SUCCEEDED, error=error)


#: Kinds that are only the sum of their children; no handler runs for them.
PARENT_KINDS = frozenset({"nightly"})


def job_cancel(*, row: JobRun) -> None:
    """Ask a job to stop; one that has not started stops at once, a parent's children with it."""
    with transaction.atomic():
        JobRun.objects.filter(Q(pk=row.pk) | Q(parent=row), state__in=LIVE_STATES).update(cancel_asked=True)
        for waiting in JobRun.objects.filter(
            Q(pk=row.pk) | Q(parent=row), state__in=[JobState.WAITING, JobState.QUEUED]
        ).select_for_update():
            _end(waiting, JobState.CANCELLED, error="")


def job_retry(*, row: JobRun) -> JobRun:
    """Run a failed job again, with fresh attempts. What waited for it and was skipped waits again."""
    with transaction.atomic():
        row = JobRun.objects.select_for_update().get(pk=row.pk)
        if row.is_live or row.state == JobState.SUCCEEDED:
            return row
        skipped = row.before.filter(state=JobState.SKIPPED)
        for later in skipped:
            _wait_again(later)
        JobRun.objects.filter(pk=row.pk).update(state=JobState.WAITING, attempts=0, cancel_asked=False, ended_at=None)
        if row.parent_id:
            JobRun.objects.filter(pk=row.parent_id).update(state=JobState.RUNNING, ended_at=None, error="")
        _release(row)
    row.refresh_from_db()
    return row


def _wait_again(row: JobRun) -> None:
    JobRun.objects.filter(pk=row.pk).update(state=JobState.WAITING, ended_at=None)
    for later in row.before.filter(state=JobState.SKIPPED):
        _wait_again(later)


def job_work(root: JobRun, *, on_progress: Callable[[JobRun], None] | None = None) -> JobRun:
    """Work a job and its children in this process until all have ended; running workers may help.

    Used by commands, so that they need no worker.
    """
    while True:
        alive = JobRun.objects.filter(Q(pk=root.pk) | Q(parent=root), state__in=LIVE_STATES)
        due = JobRun.objects.claimable().filter(Q(pk=root.pk) | Q(parent=root)).exclude(kind__in=PARENT_KINDS)
        for pk in list(due.order_by("pk").values_list("pk", flat=True)):
            row = job_run(pk)
            if row is not None and on_progress:
                on_progress(row)
        if not alive.exists():
            return JobRun.objects.get(pk=root.pk)
        if not due.exists():
            time.sleep(0.2)  # the rest is with other workers, or waits for its retry


def job_sweep() -> int:
    """Wake workers for due jobs whose message was lost, and for jobs whose worker died. Returns how many."""
    late = timezone.now() - timedelta(seconds=10)
    due = JobRun.objects.claimable().exclude(kind__in=PARENT_KINDS).exclude(state=JobState.QUEUED, not_before__gt=late)
    found = list(due.values_list("pk", "queue")[:500])
    for pk, queue in found:
        _send(pk, queue)
    return len(found)
