"""Small folders of CSV files and the import of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import files_at, mapping_document, mapping_parsed
from data_collection.imports.services.batches import import_run
from salesops.jobs.services import job_work
from tests.shared_data import data_set


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """A folder of the shared data sets; the test is skipped where it is absent."""
    return data_set


def run_import(place: Path, mapping: str | dict[str, Any] = "native", **options: Any) -> ImportBatch:
    """Import a folder or file and return its batch."""
    paths, single = files_at(str(place))
    document = mapping_document(mapping) if isinstance(mapping, str) else mapping
    parsed = mapping_parsed(document, name=str(document.get("name", "test")), system=options.pop("system", None))
    batch = ImportBatch.objects.create(mapping=parsed.name, definition=document, system=parsed.system, **options)
    return import_run(batch=batch, mapping=parsed, paths=paths, partial=single)


def counts(batch: ImportBatch, table: str) -> tuple[int, int, int, int, int]:
    """read, new, changed, same, rejected of one table, over its files."""
    rows = [row for row in batch.counts if row["table"] == table]
    assert rows, f"{table} is not in {batch.counts}"
    return tuple(sum(row[word] for row in rows) for word in ("read", "new", "changed", "same", "rejected"))


def reasons(batch: ImportBatch) -> list[tuple[int, str, str, str]]:
    """(row, field, value, reason) of every reason, in order."""
    return [(row.row, why["field"], why["value"], why["reason"]) for row in batch.rejected.all() for why in row.reasons]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Write files by name and return their folder."""

    def write(**files: str | bytes) -> Path:
        for name, content in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


# --- through the pages ---------------------------------------------------------------------
def csv_file(name: str, text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), content_type="text/csv")


def upload(client: Client, *files: SimpleUploadedFile, dry_run: bool = True, mapping: str = "native") -> ImportBatch:
    """Through the steps: files, mapping, dry run; and applied when it is no dry run."""
    answer = client.post(reverse("import_new"), {"files": list(files)})
    assert answer.status_code == 302, answer.content.decode()
    batch = ImportBatch.objects.get(state="draft")
    client.post(reverse("import_mapping", args=[batch.pk]), {"mapping": mapping})
    answer = client.post(reverse("import_columns", args=[batch.pk]), {"do": "try"})
    assert answer["Location"] == reverse("import_batch", args=[batch.pk])
    batch.refresh_from_db()
    job_work(batch.job)
    if not dry_run:
        client.post(reverse("import_apply", args=[batch.pk]))
        batch = ImportBatch.objects.get(retry_of=batch)
        job_work(batch.job)
    batch.refresh_from_db()
    return batch
