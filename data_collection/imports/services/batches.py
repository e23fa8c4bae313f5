"""An import from its files to its result: one at a time, each table of a file in a transaction of its own.

Cut off anywhere, the tables hold whole targets; running it again writes only what is missing. A dry run is the
same work in one transaction that is rolled back.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pghistory
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from data_collection.imports.calc.detect import detect
from data_collection.imports.calc.mapping import FileEntry, Mapping, Target
from data_collection.imports.calc.plan import (
    asks_the_file,
    columns_missing,
    columns_used,
    fitted,
    knows_headers,
    make_plan,
    match_headers,
    settled,
)
from data_collection.imports.calc.reading import NO_LIMITS, FileRefused, Limits, Survey, survey
from data_collection.imports.models import ImportBatch, ImportFile, RejectedRow, Suggestion
from data_collection.imports.services.loading import RawFile, raw_load, raw_write, target_load
from data_collection.imports.services.outcome import MOST_REJECTED, Outcome, TableCount
from data_collection.imports.services.trail import import_writes
from data_collection.imports.services.turns import imports_alone, is_ended_statement
from data_collection.imports.targets import tables
from salesops.company.models import Company
from salesops.jobs.registry import JobCancelled

Progress = Callable[[int, int, str], None]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Given:
    """A file of the batch and the entry of the mapping it belongs to."""

    name: str
    entry: FileEntry
    survey: Survey | None  # None: rows written in the mapping
    headers: tuple[str, ...]
    row: ImportFile
    raw: str = ""
    padded: bool = True
    waiting: int = 0  # targets that still need its rows


@dataclass(slots=True)
class _Run:
    batch: ImportBatch
    mapping: Mapping
    progress: Progress
    given: list[Given] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    done: int = 0
    steps: int = 1

    def step(self, message: str, *, finished: bool = True) -> None:
        self.done += finished
        self.progress(self.done, self.steps, message)

    def hear(self, broken: Exception) -> None:
        """Raises JobCancelled when a statement was ended because somebody cancelled the import."""
        if is_ended_statement(broken):
            self.step("A statement was ended", finished=False)


def import_run(
    *,
    batch: ImportBatch,
    mapping: Mapping,
    paths: Sequence[tuple[str, Path]],
    partial: bool = False,
    progress: Progress = lambda done, total, message: None,
    limits: Limits = NO_LIMITS,
) -> ImportBatch:
    """Import the files (name, path) of a batch and store what came of it.

    Args:
        partial: only some files of the mapping are given; the others are not missed.
        limits: a file over them is refused.
    """
    run = _Run(batch, mapping, progress)
    with imports_alone(progress):
        _tidy(batch)
        try:
            _survey_files(run, paths, partial=partial, limits=limits)
            if batch.dry_run:
                with transaction.atomic():
                    _load(run)
                    transaction.set_rollback(True)
            else:
                _load(run)
        except JobCancelled:
            _store(run, state=ImportBatch.State.CANCELLED)
            raise
        except Exception as broken:  # whatever ends the import early is written beside it, then told
            _store_failure(run, broken)
            raise
        finally:
            _drop_raw(run)
        _store(run, state=ImportBatch.State.TRIED if batch.dry_run else ImportBatch.State.APPLIED)
    return batch


def _tidy(batch: ImportBatch) -> None:
    """We hold the lock, so whatever else says it runs was cut off. What an earlier attempt of ours noted goes."""
    others = ImportBatch.objects.filter(state=ImportBatch.State.RUNNING, job__isnull=True).exclude(pk=batch.pk)
    others.update(state=ImportBatch.State.INTERRUPTED, ended_at=timezone.now())
    batch.rejected.all().delete()
    batch.suggestions.all().delete()
    batch.files.filter(stored="").delete()


# --- files ----------------------------------------------------------------------------------
def _survey_files(run: _Run, paths: Sequence[tuple[str, Path]], *, partial: bool, limits: Limits) -> None:
    stored = {row.name: row for row in run.batch.files.all()}
    used: set[str] = set()
    others = _by_headers(run.mapping, paths, limits)
    for entry in run.mapping.files:
        if entry.rows:
            headers = tuple(dict.fromkeys(name for row in entry.rows for name in row))
            row = ImportFile(batch=run.batch, name=entry.pattern, headers=list(headers), rows=len(entry.rows))
            run.given.append(Given(entry.pattern, entry, None, headers, row))
            continue
        found = [(name, path) for name, path in paths if entry.takes(name) or others.get(name) is entry]
        if not found and not entry.optional and not partial:
            row = ImportFile(batch=run.batch, name=entry.pattern)
            row.refused = f"No file “{entry.pattern}” is there; the mapping needs it."
            run.given.append(Given(entry.pattern, entry, None, (), row))
        for name, path in found:
            used.add(name)
            run.step(f"Looking through {name}", finished=False)
            run.given.append(_look(run, entry, name, path, stored.get(name), limits))
    unused = sorted({name for name, _ in paths} - used)
    if unused:
        run.outcome.note("Files the mapping does not name were left alone.", values=unused)
    for given in run.given:
        given.waiting = 0 if given.row.refused else len(given.entry.targets)
    run.steps = 1 + sum(given.waiting + 1 for given in run.given if not given.row.refused)


def _by_headers(mapping: Mapping, paths: Sequence[tuple[str, Path]], limits: Limits) -> dict[str, FileEntry]:
    """Files no entry names, each with the entry that knows it by its columns."""
    signed = [entry for entry in mapping.files if entry.headers]
    found: dict[str, FileEntry] = {}
    for name, path in paths if signed else ():
        if mapping.takes_any([name]):
            continue
        with contextlib.suppress(FileRefused):  # told when it is looked at; here nobody knows whose it is
            headers = survey(path, limits=limits, whole=False).headers
            knowing = next((entry for entry in signed if knows_headers(entry, headers)), None)
            if knowing is not None:
                found[name] = knowing
    return found


def _look(run: _Run, entry: FileEntry, name: str, path: Path, row: ImportFile | None, limits: Limits) -> Given:
    row = row or ImportFile(batch=run.batch, name=name)
    row.refused = ""
    try:
        seen = survey(path, encoding=entry.encoding, separator=entry.separator, limits=limits)
        row.size, row.sha256, row.encoding, row.separator = seen.size, seen.sha256, seen.encoding, seen.separator
        row.headers, row.format = list(seen.headers), seen.format
        entry = _settled(fitted(entry, seen.headers, tables()), seen)
        headers = tuple(match_headers(seen.headers, columns_used(entry)))
        _check_headers(entry, headers)
    except FileRefused as why:
        row.refused = str(why)
        with contextlib.suppress(OSError):
            row.size = path.stat().st_size
        return Given(name, entry, None, (), row)
    for note in seen.notes:
        run.outcome.note(note, file=name)
    return Given(name, entry, seen, headers, row)


def _settled(entry: FileEntry, seen: Survey) -> FileEntry:
    """The entry with what it leaves to the file and to the company."""
    if not asks_the_file(entry):
        return entry
    company = Company.get()
    found = detect(seen, zone=company.time_zone)
    formats = replace(found.formats, currency=company.reporting_currency)
    return settled(entry, formats, {column.header: column.date for column in found.columns})


def _check_headers(entry: FileEntry, headers: Sequence[str]) -> None:
    missing = columns_missing(entry, headers)
    if missing:
        names = "; ".join(f"“{name}”" + (f" (is it “{near}”?)" if near else "") for name, near in missing)
        raise FileRefused(f"Missing columns: {names}. The file has: {', '.join(headers)}.")
    twice = [name for name in columns_used(entry) if f"{name} (2)" in headers]
    if twice:
        raise FileRefused(f"The column “{twice[0]}” occurs more than once.")


# --- tables ---------------------------------------------------------------------------------
def _load(run: _Run) -> None:
    order = {name: place for place, name in enumerate(tables())}
    work = [(given, target) for given in run.given if not given.row.refused for target in given.entry.targets]
    work.sort(key=lambda pair: (order[pair[1].table], pair[1].insert_only, bool(pair[1].known_by)))
    for number, given in enumerate(run.given):
        given.raw = f"import_raw_{number}"
    for given, target in work:
        if given.row.refused:
            continue
        if given.row.rows is None or given.waiting == len(given.entry.targets):
            _read(run, given)
            if given.row.refused:
                continue
        _fill(run, given, target)
        given.waiting -= 1
        if given.waiting == 0:
            _drop(given)


class _Reading:
    """Tells how many rows are read and how fast, every 50,000."""

    def __init__(self, run: _Run, name: str) -> None:
        self.run, self.name, self.start, self.next = run, name, time.monotonic(), 50_000

    def __call__(self, rows: int) -> None:
        if rows >= self.next:
            self.next = rows + 50_000
            rate = rows / max(time.monotonic() - self.start, 0.001)
            self.run.step(f"{self.name}: {rows:,} rows read, {rate:,.0f} a second", finished=False)


def _read(run: _Run, given: Given) -> None:
    if given.survey is None:
        rows = [[row.get(name, "") for name in given.headers] for row in given.entry.rows]
        raw_write(rows=rows, raw=given.raw, width=len(given.headers))
        run.step(f"{given.name} read")
        return

    told = _Reading(run, given.name)
    try:
        with transaction.atomic():
            given.row.rows, given.padded = raw_load(survey=given.survey, raw=given.raw, on_rows=told)
    except FileRefused as why:
        given.row.refused = str(why)
    except DatabaseError as broken:
        run.hear(broken)
        given.row.refused = f"The database did not take its rows: {_said(broken)}."
    if given.row.refused:
        _drop(given)
        return
    run.step(f"{given.name}: {given.row.rows:,} rows read")


def _fill(run: _Run, given: Given, target: Target) -> None:
    plan = make_plan(
        target,
        headers=given.headers,
        used=columns_used(given.entry),
        tables=tables(),
        system=run.mapping.system,
        blank=given.entry.blank,
    )
    raw = RawFile(given.raw, given.name, given.headers, run.given.index(given), given.padded)
    run.step(f"{given.name}: filling {target.table}", finished=False)
    kept = len(run.outcome.proposed), len(run.outcome.changes), len(run.outcome.findings)
    try:
        with pghistory.context(import_batch=run.batch.pk), transaction.atomic(), import_writes(run.batch.pk):
            count = target_load(
                plan=plan,
                raw=raw,
                tables=tables(),
                outcome=run.outcome,
                batch=run.batch.pk,
                accept=run.batch.accept_suggestions,
                on_phase=lambda words: run.step(f"{given.name} → {target.table}: {words}", finished=False),
            )
    except DatabaseError as broken:  # a rule only the database knows; the other tables and files go on
        run.hear(broken)
        said = _said(broken)
        del run.outcome.proposed[kept[0] :], run.outcome.changes[kept[1] :], run.outcome.findings[kept[2] :]
        count = TableCount(target.table, given.name, error=f"left out, the database did not take it: {said}")
    run.outcome.counts.append(count)
    run.step(f"{given.name}: {target.table} filled")


def _said(broken: DatabaseError) -> str:
    """The database's own words in one line. Raises it again when the connection is gone: that is no file's fault."""
    if not connection.is_usable():
        raise broken
    log.warning("The database refused what an import gave it.", exc_info=broken)
    return str(broken).split("\n")[0].strip().rstrip(".")


def _drop(given: Given) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {given.raw}")


def _drop_raw(run: _Run) -> None:
    with contextlib.suppress(DatabaseError):
        for given in run.given:
            if given.raw:
                _drop(given)


# --- result ---------------------------------------------------------------------------------
def _store_failure(run: _Run, broken: Exception) -> None:
    try:
        run.hear(broken)
    except JobCancelled:
        _store(run, state=ImportBatch.State.CANCELLED)
        raise
    _store(run, state=ImportBatch.State.FAILED, error=f"{type(broken).__name__}: {broken}")


def _store(run: _Run, *, state: str, error: str = "") -> None:
    batch, outcome = run.batch, run.outcome
    with transaction.atomic():
        for given in run.given:
            given.row.save()
        batch.counts = [count.as_dict() for count in outcome.counts]
        batch.changes, batch.findings = outcome.changes, outcome.findings
        batch.rows_read = sum(given.row.rows or 0 for given in run.given)
        batch.rows_rejected = outcome.rejected.count
        batch.state, batch.error, batch.ended_at = state, error, timezone.now()
        if outcome.rejected.count > outcome.rejected.stored:
            outcome.note(f"The first {MOST_REJECTED:,} rejected rows are kept; the others counted.")
        batch.save()
        _store_rejected(run)
        Suggestion.objects.bulk_create(
            Suggestion(
                batch=batch,
                file_name=p.file,
                field=p.field,
                table=p.table,
                by=p.by,
                value=p.value[:300],
                target=p.target[:300],
                shown=p.shown[:300],
                confidence=p.confidence,
                rows=p.rows,
                state=Suggestion.State.APPLIED if p.applied else Suggestion.State.PROPOSED,
            )
            for p in outcome.proposed
        )


def _store_rejected(run: _Run, size: int = 2000) -> None:
    ready: list[RejectedRow] = []
    for row in run.outcome.rejected:
        file = run.given[row["file"]].row
        told = {name: row[name] for name in ("table", "row", "cells", "reasons")}
        ready.append(RejectedRow(batch=run.batch, file=file, **told))
        if len(ready) >= size:
            RejectedRow.objects.bulk_create(ready)
            ready.clear()
    RejectedRow.objects.bulk_create(ready)
