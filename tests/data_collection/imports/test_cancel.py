"""Cancel acts inside a long statement and leaves whole tables; others work on the same rows meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from data_collection.imports.models import ImportBatch
from data_collection.imports.services.undoing import batch_undo, undo_queue
from data_collection.imports.services.uploads import upload_receive
from data_collection.models import Opportunity, Stage
from salesops.access.models import User
from salesops.jobs.models import JobRun, JobState
from salesops.jobs.services import job_cancel, job_run
from tests.builders import make_user
from tests.product import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
DEALS = "external_id,name,stage,status\n" + "".join(f"{n},Deal {n},Open,open\n" for n in range(50))


@contextmanager
def stopped_at(table: str) -> Iterator[None]:
    """Nobody gets past the first write to `table` until the block ends."""
    held = psycopg2.connect(dsn())
    try:
        held.cursor().execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield
    finally:
        held.close()


def dsn() -> str:
    given = connection.settings_dict
    return (
        f"dbname={given['NAME']} host={given['HOST']} port={given['PORT']} user={given['USER']} "
        f"password={given['PASSWORD']}"
    )


def waits_for(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
        return cursor.fetchone() is not None


def run_in_thread(row: JobRun) -> threading.Thread:
    def work() -> None:
        try:
            job_run(row.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def cancelled_at(row: JobRun, table: str) -> float:
    """Cancel the job while its statement waits for the table. Seconds until it has ended."""
    with stopped_at(table):
        thread = run_in_thread(row)
        wait_until(lambda: waits_for(table), what=f"the job reaches {table}")
        start = time.monotonic()
        job_cancel(row=row)
        thread.join(timeout=30)
        seconds = time.monotonic() - start
    row.refresh_from_db()
    assert row.state == JobState.CANCELLED
    return seconds


def upload(deals: str = DEALS) -> ImportBatch:
    files = {"stage": "name,rank,kind\nOpen,1,open\n", "opportunity": deals}
    return upload_receive(
        files=[SimpleUploadedFile(f"{name}.csv", text.encode()) for name, text in files.items()],
        mapping_name="native",
        dry_run=False,
        accept_suggestions=False,
        user=User.objects.filter(email="ops@example.test").first() or make_user("ops", "ops@example.test"),
    )


def test_an_import_stops_within_seconds_at_a_whole_table() -> None:
    batch = upload()
    assert cancelled_at(batch.job, Opportunity._meta.db_table) < 5
    batch.refresh_from_db()
    assert (batch.state, batch.get_state_display()) == (ImportBatch.State.CANCELLED, "Cancelled")
    assert (Stage.objects.count(), Opportunity.objects.count()) == (1, 0)
    batch_undo(batch=batch, user=None)  # what was done before the cancel can be taken back
    assert not Stage.objects.exists()


def test_an_undo_stops_within_seconds_with_nothing_undone() -> None:
    batch = upload()
    job_run(batch.job.pk)
    batch.refresh_from_db()
    assert cancelled_at(undo_queue(batch=batch, user=None), Stage._meta.db_table) < 5
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.APPLIED
    assert (Stage.objects.count(), Opportunity.objects.count()) == (1, 50)


def test_progress_is_seen_while_a_statement_runs() -> None:
    batch = upload()
    with stopped_at(Opportunity._meta.db_table):
        thread = run_in_thread(batch.job)
        wait_until(lambda: waits_for(Opportunity._meta.db_table), what="the job reaches the table")
        wait_until(
            lambda: "opportunity" in JobRun.objects.get(pk=batch.job.pk).message, what="the job says where it is"
        )
    thread.join()
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.APPLIED


def test_two_imports_at_once_take_turns() -> None:
    one, two = upload(), upload()
    threads = [run_in_thread(batch.job) for batch in (one, two)]
    for thread in threads:
        thread.join(timeout=60)
    totals = []
    for batch in (one, two):
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.APPLIED
        totals.append((batch.total["new"], batch.total["same"]))
    assert sorted(totals) == [(0, 51), (51, 0)]
    assert Opportunity.objects.count() == 50


def test_an_edit_while_the_import_runs_is_kept_and_undo_goes_back_to_it() -> None:
    first = upload()
    job_run(first.job.pk)
    later = upload(DEALS.replace("Deal 7,", "Seven,"))
    held = psycopg2.connect(dsn())
    try:  # an edit that is not committed yet
        held.cursor().execute("UPDATE data_collection_opportunity SET next_step = 'Call' WHERE external_id = '7'")
        thread = run_in_thread(later.job)
        wait_until(waits_for_a_row, what="the import reaches the row")
        held.commit()
    finally:
        held.close()
    thread.join(timeout=60)
    deal = Opportunity.objects.get(external_id="7")
    assert (deal.name, deal.next_step, deal.batch_id) == ("Seven", "Call", later.pk)
    batch_undo(batch=ImportBatch.objects.get(pk=later.pk), user=None)
    deal.refresh_from_db()
    assert (deal.name, deal.next_step, deal.batch_id) == ("Deal 7", "Call", None)


def waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return cursor.fetchone() is not None
