"""The job that imports the files of a batch."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext_lazy as _

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import import_limits, mapping_parsed
from data_collection.imports.services.batches import import_run
from data_collection.imports.services.uploads import files_discard
from salesops.jobs.registry import JobCancelled, JobError, JobHandle, job_kind


@job_kind("import", title=_("Import"), queue="interactive")
def run_import(job: JobHandle) -> None:
    """Import what the batch holds; a batch that is done stays as it is."""
    batch = ImportBatch.objects.filter(pk=job.params["batch"]).first()
    if batch is None:
        raise JobError("The import was deleted.")
    if batch.state not in {ImportBatch.State.APPLIED, ImportBatch.State.TRIED}:
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
    teller = _Teller(job)
    try:
        import_run(
            batch=batch,
            mapping=mapping,
            paths=paths,
            partial=bool(job.params.get("partial")),
            progress=teller.tell,
            limits=import_limits(),
        )
    except JobCancelled:
        ImportBatch.objects.filter(pk=batch.pk).update(error="Cancelled.")
        raise
    finally:
        teller.close()


class _Teller:
    """Progress goes out on a connection of its own while the import is in a transaction, or nobody would see it."""

    def __init__(self, job: JobHandle) -> None:
        self._job, self._plain = job, connection.in_atomic_block
        self._thread = ThreadPoolExecutor(1)

    def tell(self, done: int, total: int, message: str) -> None:
        if self._plain or not connection.in_atomic_block:
            self._job.progress(done, total, message)
        else:
            self._thread.submit(self._job.progress, done, total, message).result()

    def close(self) -> None:
        self._thread.submit(lambda: connection.close()).result()  # the thread's own
        self._thread.shutdown()
