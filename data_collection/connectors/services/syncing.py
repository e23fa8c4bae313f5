"""One sync from its start to its end, and what a source that does not give means for its connection."""

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db import connection as database
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.connectors.calc.source import Source, SourceBroken, SourceBusy, SourceRefused
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.applying import pages_apply, run_mapping
from data_collection.connectors.services.closing import run_close
from data_collection.connectors.services.connections import connection_source, state_set
from data_collection.connectors.services.reading import pages_read, run_open
from salesops.access.models import Role, User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_enqueue
from salesops.notices.kinds import notice_kind
from salesops.notices.services import notice_queue

LOCK = 7_236_002  # advisory lock with the connection's id: one sync of a connection at a time
KEPT = timedelta(days=90)  # of the history of syncs
NEEDS_ATTENTION = notice_kind("connection_attention", title=_("A connection needs attention"), email=True)

Tell = Callable[[int, int | None, str], None]


def sync_enqueue(
    *,
    connection: Connection,
    what: str = SyncRun.What.CHANGES,
    cause: str = SyncRun.Cause.HAND,
    user: User | None = None,
) -> JobRun:
    """Queue a sync; while one of this connection waits or runs, that one is returned."""
    return job_enqueue(
        kind="connector_sync",
        title=_("Sync: %s") % connection.name,
        params={"connection": connection.pk, "what": what, "cause": cause},
        key=f"connection-{connection.pk}",
        queue="interactive" if cause in (SyncRun.Cause.HAND, SyncRun.Cause.API) else "nightly",
        user=user,
    )


def sync_lock(connection: Connection) -> bool:
    """Take the lock of this connection; it goes with the database session when the process is killed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, connection.pk])
        return bool(cursor.fetchone()[0])


def sync_unlock(connection: Connection) -> None:
    with contextlib.suppress(DatabaseError), database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, connection.pk])


def sync_work(
    *,
    connection: Connection,
    what: str,
    cause: str,
    job: JobRun | None = None,
    user: User | None = None,
    tell: Tell = lambda done, total, message: None,
    source: Source | None = None,
) -> SyncRun:
    """Read, apply and close a sync, or go on with the open one. The caller holds the lock.

    Raises:
        SourceRefused, SourceBusy, SourceBroken: noted on the connection; the sync stays open and goes on later.
        TimeIsUp: it goes on with another job.
    """
    try:
        source = source or connection_source(connection)
        run = run_open(connection=connection, what=what, cause=cause, objects=tuple(source.objects), user=user, job=job)
        if run.state == SyncRun.State.READING:
            run_mapping(run)  # a mapping with mistakes is told before anything is read
            _read(run, source, tell)
        batch = pages_apply(run=run, progress=_quiet_inside(tell))
        run_close(run=run, batch=batch, mapping=run_mapping(run), complete=source.complete)
    except SourceRefused as why:
        _needs_attention(connection, str(why))
        raise
    except SourceBusy as why:
        state_set(connection=connection, state=Connection.State.BUSY, words=str(why))
        raise
    except SourceBroken as why:
        state_set(connection=connection, state=Connection.State.TROUBLE, words=str(why))
        raise
    state_set(connection=connection, state=Connection.State.OK)
    return run


def _read(run: SyncRun, source: Source, tell: Tell) -> None:
    """All pages, with progress by objects; a job reads for half of its time at most."""
    end = time.monotonic() + settings.CELERY_TASK_TIME_LIMIT / 2
    total = len(source.objects)
    pages_read(
        run=run,
        source=source,
        tell=lambda words: tell(len(run.objects_done), total, words),
        time_is_up=lambda: time.monotonic() > end,
    )
    run.state = SyncRun.State.APPLYING
    run.save(update_fields=["state"])


def _quiet_inside(tell: Tell) -> Tell:
    """Inside a transaction nobody would see it, and the job's row would stay locked."""
    plain = database.in_atomic_block

    def told(done: int, total: int | None, message: str) -> None:
        if plain or not database.in_atomic_block:
            tell(done, total, message)

    return told


def runs_forget(*, now: datetime) -> int:
    """Drop syncs older than the time they are kept. Returns how many."""
    old = SyncRun.objects.filter(ended_at__lt=now - KEPT)
    return old.delete()[1].get(SyncRun._meta.label, 0)


def _needs_attention(connection: Connection, words: str) -> None:
    """Say so on its page; tell operations once, when it begins."""
    if not state_set(connection=connection, state=Connection.State.ATTENTION, words=words):
        return
    for person in User.objects.filter(role=Role.OPS, is_active=True):
        notice_queue(
            user=person,
            kind=NEEDS_ATTENTION.name,
            subject=_("The connection “%s” needs attention") % connection.name,
            text=words,
            key=f"connection-{connection.pk}-{connection.state_at:%Y%m%dT%H%M%S%f}",
            url=reverse("connection", args=[connection.pk]),
        )
