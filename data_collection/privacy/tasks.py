"""Exports and erasures as jobs, and the nightly look for erased people who came back."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.privacy.models import Erasure
from data_collection.privacy.selectors import TABLES, Person, person_of
from data_collection.privacy.services import (
    NothingToErase,
    exports_forget,
    person_erase,
    person_export,
    returns_check,
)
from salesops.access.models import User
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobError, JobHandle, job_kind

EXPORTS_KEPT = timedelta(days=7)


@job_kind("people_export", title=_("Export of a person's data"), queue="interactive")
def export_person(job: JobHandle) -> None:
    """Write everything held about the person of a row into a file only operations can fetch."""
    table, pk = job.params["table"], job.params["row"]
    person = person_of(table, pk)
    if person is None:
        raise JobError("The row is gone or was erased.")
    user = User.objects.filter(pk=job.params.get("user")).first()
    export = person_export(person=person, table=table, row_id=pk, user=user)
    job.report(rows_out=len(person.all), export=export.pk)


@job_kind("people_erase", title=_("Erasure of a person's data"), queue="interactive")
def erase_person(job: JobHandle) -> None:
    """Erase the rows named. Run twice, it finds nothing left to do."""
    ids = {table: [int(pk) for pk in job.params["rows"].get(table, [])] for table in TABLES}
    rows = {t: list(TABLES[t]._base_manager.filter(pk__in=pks, erased_at=None)) for t, pks in ids.items()}
    user = User.objects.filter(pk=job.params.get("user")).first()
    try:
        erasure = person_erase(person=Person(rows), reason=job.params["why"]["reason"], user=user)
    except NothingToErase:
        known = Erasure.objects.filter(rows__contains={t: pks for t, pks in ids.items() if pks}).first()
        job.report(rows_out=0, erasure=known.pk if known else None)
        return
    job.report(
        rows_in=sum(len(found) for found in rows.values()),
        rows_out=sum(erasure.scrubbed.values()),
        erasure=erasure.pk,
        files_to_look_at=len(erasure.files),
    )


@nightly_step("people", after=("sync",), title=_("Erased people"))
def watch_people(job: JobHandle) -> None:
    """Flag rows of erased people that came back, and delete exports after a week."""
    gone = exports_forget(before=timezone.now() - EXPORTS_KEPT)
    job.report(rows_out=returns_check(), exports_deleted=gone)
