"""The jobs that import the files of a batch and that take a batch back."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import import_limits, mapping_parsed
from data_collection.imports.services.batches import import_run
from data_collection.imports.services.drafts import drafts_tidy
from data_collection.imports.services.trail import images_tidy
from data_collection.imports.services.undoing import UndoRefused, batch_undo
from data_collection.imports.services.uploads import files_discard
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobError, JobHandle, job_kind
from salesops.jobs.watch import JobWatch

#: A job that comes late, or twice, leaves such an import alone. A draft was taken back to be changed.
STAYS = frozenset(
    {ImportBatch.State.APPLIED, ImportBatch.State.TRIED, ImportBatch.State.UNDONE, ImportBatch.State.DRAFT}
)


@job_kind("import", title=_("Import"), queue="interactive")
def run_import(job: JobHandle) -> None:
    """Import what the batch holds; a batch that is done stays as it is."""
    batch = ImportBatch.objects.filter(pk=job.params["batch"]).first()
    if batch is None:
        raise JobError("The import was deleted.")
    if batch.state not in STAYS:
        ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.RUNNING, error="")
        _import(job, batch)
    if batch.state == ImportBatch.State.APPLIED:
        files_discard(batch=batch)
    total = batch.total
    job.report(rows_in=batch.rows_read, rows_out=total["new"] + total["changed"], batch=batch.pk, **total)


def _import(job: JobHandle, batch: ImportBatch) -> None:
    try:
        mapping = mapping_parsed(batch.definition, name=batch.mapping, system=batch.system)
    except MappingError as wrong:
        raise JobError(str(wrong)) from None
    paths = [(file.name, Path(file.stored.path)) for file in batch.files.exclude(stored="")]
    with JobWatch(job) as watch:
        import_run(
            batch=batch,
            mapping=mapping,
            paths=paths,
            partial=bool(job.params.get("partial")),
            progress=watch.tell,
            limits=import_limits(),
        )


@job_kind("import_undo", title=_("Undo of an import"), queue="interactive")
def run_undo(job: JobHandle) -> None:
    """Take a batch back; one that is undone stays as it is."""
    batch = ImportBatch.objects.filter(pk=job.params["batch"]).first()
    if batch is None:
        raise JobError("The import was deleted.")
    if batch.state != ImportBatch.State.UNDONE:
        try:
            with JobWatch(job) as watch:
                batch_undo(batch=batch, user=job.row.started_by, progress=watch.tell)
        except UndoRefused as why:
            raise JobError(str(why)) from None
        batch.refresh_from_db()
    removed, restored = (sum(batch.undone[word].values()) for word in ("remove", "restore"))
    job.report(rows_out=removed + restored, batch=batch.pk, removed=removed, restored=restored)


@nightly_step("imports_tidy", title=_("Tidy imports"))
def run_tidy(job: JobHandle) -> None:
    """Old drafts go, the files of dry runs nobody applied, and earlier values of imports too old to be undone."""
    images_tidy(now=timezone.now())
    drafts, files = drafts_tidy(before=timezone.now() - timedelta(days=settings.IMPORT_DRAFT_DAYS))
    job.report(rows_out=drafts + files, drafts=drafts, files=files)
