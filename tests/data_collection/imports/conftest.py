"""Small folders of CSV files and the import of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import files_at, mapping_document, mapping_parsed
from data_collection.imports.services.batches import import_run
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
