"""Files that came by the page: kept until applied, imported by a job; rejected rows go in again from what was kept."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from data_collection.imports.calc.mapping import Mapping
from data_collection.imports.calc.reading import ending_of
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.selectors import mapping_document, mapping_parsed
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_enqueue


def upload_receive(
    *, files: Sequence[UploadedFile], mapping_name: str, dry_run: bool, accept_suggestions: bool, user: User
) -> ImportBatch:
    """Keep the files and queue their import."""
    document = mapping_document(mapping_name)
    mapping = mapping_parsed(document, name=mapping_name)
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            mapping=mapping.name[:80],
            definition=document,
            system=mapping.system,
            source="upload",
            dry_run=dry_run,
            accept_suggestions=accept_suggestions,
            user=user,
        )
        for number, file in enumerate(files):
            row = ImportFile(batch=batch, name=(file.name or f"file {number + 1}")[:255], size=file.size)
            row.stored.save(_stored_name(batch, number, ending_of(row.name)), file, save=True)
        return _queue(batch, mapping, user)


def batch_apply(*, batch: ImportBatch, user: User) -> ImportBatch:
    """Import the files of a dry run for good."""
    mapping = mapping_parsed(batch.definition, name=batch.mapping, system=batch.system)
    with transaction.atomic():
        applied = _successor(batch, user)
        for file in batch.files.exclude(stored=""):
            ImportFile.objects.create(batch=applied, name=file.name, size=file.size, stored=file.stored.name)
        return _queue(applied, mapping, user)


def rejected_retry(*, batch: ImportBatch, user: User | None) -> ImportBatch:
    """Import the rejected rows of a batch again, for example after a suggestion was confirmed."""
    mapping = mapping_parsed(batch.definition, name=batch.mapping, system=batch.system)
    with transaction.atomic():
        again = _successor(batch, user)
        for number, file in enumerate(batch.files.filter(pk__in=batch.rejected.values("file")).order_by("pk")):
            row = ImportFile(batch=again, name=file.name.removesuffix(".gz"))
            row.stored.save(_stored_name(again, number, ".csv"), ContentFile(_rows_again(file)), save=True)
        return _queue(again, mapping, user, partial=True)


def _successor(batch: ImportBatch, user: User | None) -> ImportBatch:
    return ImportBatch.objects.create(
        mapping=batch.mapping,
        definition=batch.definition,
        system=batch.system,
        source=batch.source,
        retry_of=batch,
        user=user,
    )


def _rows_again(file: ImportFile) -> bytes:
    """The rejected rows of a file as a CSV file of the same form, each row once."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(file.headers)
    seen = 0
    for row in file.rejected.order_by("row", "pk").iterator(chunk_size=2000):
        if row.row != seen:
            writer.writerow(row.cells)
        seen = row.row
    return text.getvalue().encode()


def _stored_name(batch: ImportBatch, number: int, ending: str) -> str:
    """A name of our own; of the given one only the ending is kept, which says how the file is read."""
    return f"{batch.pk}-{number}{ending or '.csv'}"


def _queue(batch: ImportBatch, mapping: Mapping, user: User | None, *, partial: bool = False) -> ImportBatch:
    params: dict[str, Any] = {"batch": batch.pk, "partial": partial}
    job: JobRun = job_enqueue(
        kind="import", title=f"Import: {mapping.title}", params=params, key=f"import-{batch.pk}", user=user
    )
    ImportBatch.objects.filter(pk=batch.pk).update(job=job)
    batch.job = job
    return batch


def files_discard(*, batch: ImportBatch) -> None:
    """Applied: the files are no longer needed, neither here nor in the dry run before."""
    for file in batch.files.exclude(stored=""):
        name, storage = file.stored.name, file.stored.storage
        ImportFile.objects.filter(stored=name).update(stored="")
        storage.delete(name)
