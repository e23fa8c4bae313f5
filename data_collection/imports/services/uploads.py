"""Files that came by the page or the API: kept until applied, imported by a job; rejected rows go in again."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from data_collection.imports.calc.entries import without_forms
from data_collection.imports.calc.mapping import Mapping
from data_collection.imports.calc.reading import ending_of
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.selectors import mapping_document, mapping_parsed
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_enqueue

#: An import that ended so has not happened; the same files may be given again.
GIVEN_UP = frozenset({"failed", "interrupted", "cancelled", "undone"})


def upload_receive(
    *, files: Sequence[UploadedFile], mapping_name: str, dry_run: bool, accept_suggestions: bool, user: User | None
) -> ImportBatch:
    """Keep the files and queue their import by a mapping that is known by name; nothing is asked.

    Raises:
        NotFound, MappingError: there is no such mapping, or it has mistakes.
    """
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
            row.stored.save(stored_name(batch, number, row.name), file, save=True)
        return batch_queue(batch, mapping, user)


def batch_apply(*, batch: ImportBatch, user: User | None, accept_suggestions: bool = False) -> ImportBatch:
    """Import the files of a dry run for good. Asked again, from another tab for example, it is the same import."""
    mapping = mapping_parsed(batch.definition, name=batch.mapping, system=batch.system)
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update(of=("self",)).select_related("job").get(pk=batch.pk)
        begun = batch.retries.filter(dry_run=False).exclude(state__in=GIVEN_UP).first()
        if begun is not None:
            return begun
        applied = _successor(batch, user, accept_suggestions=accept_suggestions)
        for file in batch.files.exclude(stored=""):
            ImportFile.objects.create(batch=applied, name=file.name, size=file.size, stored=file.stored.name)
        partial = bool(locked.job and locked.job.params.get("partial"))
        return batch_queue(applied, mapping, user, partial=partial)


def rejected_retry(*, batch: ImportBatch, user: User | None) -> ImportBatch:
    """Import the rejected rows of a batch again, for example after a suggestion was confirmed."""
    with transaction.atomic():
        again = _successor(batch, user)
        for file in batch.files.filter(pk__in=batch.rejected.values("file")).order_by("pk"):
            file_keep(batch=again, name=file.name, content=_rows_again(file))
        return rows_queue(batch=again, user=user)


def rows_successor(*, batch: ImportBatch, user: User | None) -> ImportBatch:
    """A dry run of some rows of a batch, by its mapping; its files are added next."""
    return _successor(batch, user, dry_run=True)


def rows_queue(*, batch: ImportBatch, user: User | None) -> ImportBatch:
    """Queue rows that were written anew as CSV: how the first file was encoded and cut says nothing of them."""
    batch.definition = without_forms(batch.definition)
    batch.save(update_fields=["definition"])
    mapping = mapping_parsed(batch.definition, name=batch.mapping, system=batch.system)
    return batch_queue(batch, mapping, user, partial=True)


def file_keep(*, batch: ImportBatch, name: str, content: bytes) -> ImportFile:
    """CSV text of our own as a file of the batch, under the name the mapping knows it by."""
    row = ImportFile(batch=batch, name=name.removesuffix(".gz"), size=len(content))
    row.stored.save(stored_name(batch, batch.files.count(), "rows.csv"), ContentFile(content), save=True)
    return row


def _successor(
    batch: ImportBatch, user: User | None, *, accept_suggestions: bool = False, dry_run: bool = False
) -> ImportBatch:
    return ImportBatch.objects.create(
        mapping=batch.mapping,
        definition=batch.definition,
        system=batch.system,
        source=batch.source,
        guess=batch.guess,
        retry_of=batch,
        dry_run=dry_run,
        accept_suggestions=accept_suggestions,
        user=user,
    )


def _rows_again(file: ImportFile) -> bytes:
    """The rejected rows of a file as CSV, each row once."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(file.headers)
    seen = 0
    for row in file.rejected.order_by("row", "pk").iterator(chunk_size=2000):
        if row.row != seen:
            writer.writerow(row.cells)
        seen = row.row
    return text.getvalue().encode()


def stored_name(batch: ImportBatch, number: int, name: str) -> str:
    """A name of our own; of the given one only the ending is kept, which says how the file is read."""
    return f"{batch.pk}-{number}{ending_of(name) or '.csv'}"


def batch_queue(batch: ImportBatch, mapping: Mapping, user: User | None, *, partial: bool = False) -> ImportBatch:
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
