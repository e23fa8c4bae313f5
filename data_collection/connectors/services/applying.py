"""Gives the pages that were read to the import engine, as the files its mapping expects."""

import csv
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from data_collection.connectors.calc.source import SourceRefused
from data_collection.connectors.models import SyncRun
from data_collection.connectors.services.owners import OWNERS, owner_codes
from data_collection.imports.calc.mapping import FileEntry, Mapping, MappingError
from data_collection.imports.calc.plan import columns_missing, columns_used
from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import batch_refused, mapping_parsed
from data_collection.imports.services.batches import Progress, import_run
from salesops.company.models import Company

PAGES = "data_collection_syncpage"
MOST_COLUMNS = 900  # of one file; those filled least are left out
FETCH = 2000


class MappingUnfit(SourceRefused):
    """What came does not fit the mapping: a person must correct it, then the sync goes on with what was read."""


def run_mapping(run: SyncRun) -> Mapping:
    """The mapping of the connection, its files read as they are written here; days are the company's.

    Raises:
        MappingUnfit: it has mistakes.
    """
    connection = run.connection
    try:
        mapping = mapping_parsed(run_document(run), name=connection.kind, system=connection.system)
    except MappingError as wrong:
        raise MappingUnfit(f"The mapping has mistakes: {'; '.join(wrong.problems)}") from None
    entries = tuple(replace(entry, encoding="utf-8", separator=",") for entry in mapping.files)
    return replace(mapping, files=entries)


def run_document(run: SyncRun) -> dict[str, Any]:
    """The connection's document; a time becomes a day where the company is, unless the document says otherwise."""
    document = deepcopy(run.connection.document)
    formats = document.get("formats", {})
    if isinstance(formats, dict):
        document["formats"] = {"time_zone": str(Company.get().zone), **formats}
    return document


def pages_apply(*, run: SyncRun, progress: Progress) -> ImportBatch:
    """Import what was read. Cut off anywhere, it is done again and writes only what is missing.

    Raises:
        MappingUnfit: a file or a table was refused.
    """
    mapping = run_mapping(run)
    if _is_applied(run.batch):
        return run.batch  # cut off between the import and the end of the sync
    batch = _batch(run, mapping)
    with tempfile.TemporaryDirectory(prefix="sync-") as folder:
        paths = _write_files(run, mapping, Path(folder))
        if paths:
            import_run(batch=batch, mapping=mapping, paths=paths, partial=True, progress=progress)
        else:
            _nothing_came(batch)
    if batch_refused(batch):
        refused = [f"{file.name}: {file.refused}" for file in batch.files.exclude(refused="")]
        broken = [f"{row['file']}, {row['table']}: {row['error']}" for row in batch.counts if row["error"]]
        raise MappingUnfit(f"The mapping does not fit what came. {' '.join(refused + broken)}")
    return batch


def _is_applied(batch: ImportBatch | None) -> bool:
    return batch is not None and batch.state == ImportBatch.State.APPLIED and not batch_refused(batch)


def _batch(run: SyncRun, mapping: Mapping) -> ImportBatch:
    """The import of this sync; the one begun before it was cut off, unless it is over."""
    over = (ImportBatch.State.APPLIED, ImportBatch.State.UNDONE)
    batch = run.batch if run.batch is not None and run.batch.state not in over else ImportBatch()
    batch.mapping, batch.definition, batch.system = mapping.name[:80], run_document(run), mapping.system
    batch.source, batch.job, batch.user = f"connection “{run.connection.name}”"[:300], run.job, run.user
    batch.state, batch.error = ImportBatch.State.RUNNING, ""
    with transaction.atomic():
        batch.save()
        run.batch = batch
        run.save(update_fields=["batch"])
    return batch


def _nothing_came(batch: ImportBatch) -> None:
    batch.state, batch.ended_at = ImportBatch.State.APPLIED, timezone.now()
    batch.save()


def files_read(run: SyncRun) -> dict[str, str]:
    """File name -> the object that filled it first."""
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT f.name, (array_agg(p.object ORDER BY p.id))[1] FROM {PAGES} p, jsonb_object_keys(p.rows) f(name) "
            "WHERE p.run_id = %s GROUP BY 1 ORDER BY min(p.id)",
            [run.pk],
        )
        return dict(cursor.fetchall())


def _write_files(run: SyncRun, mapping: Mapping, folder: Path) -> list[tuple[str, Path]]:
    """The CSV files of the run; of rows met twice the one read last."""
    paths, unused = [], []
    for number, file in enumerate(files_read(run)):
        name = f"{file}.csv"
        entry = next((entry for entry in mapping.files if entry.takes(name)), None)
        if entry is None:
            unused.append(file)
            continue
        path = folder / f"{number}.csv"
        if _write_file(run, file, entry, path):
            paths.append((name, path))
    if unused:
        note = f"The mapping has no use for: {', '.join(unused)}."
        run.notes = [*(old for old in run.notes if old != note), note]
        run.save(update_fields=["notes"])
    return paths


def _write_file(run: SyncRun, file: str, entry: FileEntry, path: Path) -> int:
    headers = _headers(run, file, entry)
    codes = owner_codes(run=run, owners=_rows(run, file)) if file == OWNERS else {}
    count = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, headers, extrasaction="ignore", restval="")
        writer.writeheader()
        for row in _rows(run, file):
            if codes:
                row["rep"] = codes.get(row["id"], "")
            writer.writerow(row)
            count += 1
    return count


def _headers(run: SyncRun, file: str, entry: FileEntry) -> list[str]:
    """Columns of any row, those filled most first, and those the mapping needs though no row has them."""
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT k.name FROM {PAGES} p, jsonb_array_elements(p.rows -> %s) r, jsonb_each_text(r) k(name, value) "
            "WHERE p.run_id = %s GROUP BY 1 ORDER BY count(*) FILTER (WHERE k.value <> '') DESC, 1",
            [file, run.pk],
        )
        found = [name for (name,) in cursor.fetchall() if name.strip()]
    if file == OWNERS:
        found.append("rep")
    used = columns_used(entry)
    room = MOST_COLUMNS - len(used & set(found))
    more = [name for name in found if name not in used]
    kept = [name for name in found if name in used] + more[:room]
    return kept + [name for name, _near in columns_missing(entry, kept)]


def _rows(run: SyncRun, file: str) -> Iterator[dict[str, str]]:
    """Rows of a file, each id once: as it was read last."""
    with transaction.atomic(), database.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT ON (r ->> 'id') r::text FROM {PAGES} p, "
            "jsonb_array_elements(p.rows -> %s) WITH ORDINALITY x(r, n) WHERE p.run_id = %s "
            "ORDER BY r ->> 'id', p.id DESC, n DESC",
            [file, run.pk],
        )
        while rows := cursor.fetchmany(FETCH):
            for (row,) in rows:
                yield orjson.loads(row)
