"""Jobs of the connectors: a sync, the night's step, and the look at what is due."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.connectors.calc.patience import LONGEST_PAUSE
from data_collection.connectors.calc.source import SourceBusy, SourceError, SourceRefused
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.connections import state_set
from data_collection.connectors.services.reading import TimeIsUp
from data_collection.connectors.services.syncing import runs_forget, sync_enqueue, sync_lock, sync_unlock, sync_work
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobCancelled, JobError, JobHandle, JobLater, LeaseLost, each_tick, job_kind

SHORT = 60.0  # seconds the night waits for a busy vendor; after a longer pause a job of its own goes on


@nightly_step("sync", title=gettext_lazy("Sync with connected systems"))
def sync_all(job: JobHandle) -> None:
    """One part for each connection; the steps after wait for all of them."""
    runs_forget(now=timezone.now())
    night = Connection.objects.filter(active=True, nightly=True)
    parts = [
        (
            "connector_sync",
            _("Sync: %s") % connection.name,
            {"connection": connection.pk, "what": SyncRun.What.CHANGES.value, "cause": SyncRun.Cause.NIGHT.value},
        )
        for connection in night
    ]
    job.report(rows_in=len(parts))
    job.fan_out(parts)


@job_kind("connector_sync", title=gettext_lazy("Sync with a connected system"), queue="nightly")
def sync_one(job: JobHandle) -> None:
    """Go on with the open sync of a connection, or begin one. A source that does not give never stops the night."""
    connection = Connection.objects.filter(pk=job.params["connection"]).first()
    if connection is None:
        raise JobError(_("The connection was deleted."))
    if not connection.active:
        job.report(words=_("The connection is paused."))
        return
    if not sync_lock(connection):
        job.report(words=_("Another sync of this connection is running."))
        return
    try:
        _work(job, connection)
    finally:
        sync_unlock(connection)


def _work(job: JobHandle, connection: Connection) -> None:
    at_night = job.params["cause"] == SyncRun.Cause.NIGHT
    try:
        run = sync_work(
            connection=connection,
            what=job.params["what"],
            cause=job.params["cause"],
            job=job.row,
            user=job.row.started_by,
            tell=job.progress,
        )
    except (JobCancelled, LeaseLost):
        raise
    except SourceRefused as why:
        if not at_night:
            raise JobError(str(why)) from None
        job.report(words=str(why))
    except SourceBusy as why:
        _later(job, connection, min(why.retry_after, LONGEST_PAUSE), str(why))
    except TimeIsUp:
        _later(job, connection, 0.0, _("Goes on from the last page."))
    except Exception as broken:
        if job.row.attempts < job.row.max_attempts:
            raise
        words = str(broken) if isinstance(broken, SourceError) else f"{type(broken).__name__}"
        state_set(connection=connection, state=Connection.State.TROUBLE, words=words)
        if not at_night:
            raise
        job.report(words=words)
    else:
        _report(job, run)


def _later(job: JobHandle, connection: Connection, seconds: float, words: str) -> None:
    """Put the job off; the night does not wait long, so there a job of its own goes on."""
    if job.params["cause"] != SyncRun.Cause.NIGHT or 0 < seconds <= SHORT:
        raise JobLater(seconds, words)
    sync_enqueue(connection=connection, cause=SyncRun.Cause.PLAN)
    job.report(words=words)


def _report(job: JobHandle, run: SyncRun) -> None:
    total: dict[str, Any] = run.total
    job.report(rows_in=total["read"], rows_out=total["new"] + total["changed"], sync=run.pk, **total)


@each_tick
def sync_due(now: datetime) -> None:
    """Queue the planned syncs whose time has come, each once."""
    for connection in Connection.objects.due(now):
        planned = connection.next_at
        connection.plan_next(now)
        if not Connection.objects.filter(pk=connection.pk, next_at=planned).update(next_at=connection.next_at):
            continue  # another beat was first
        if connection.state != Connection.State.ATTENTION:
            sync_enqueue(connection=connection, cause=SyncRun.Cause.PLAN)
