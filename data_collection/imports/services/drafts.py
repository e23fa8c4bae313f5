"""A draft: files that were uploaded, what was seen in them, and the mapping made for them step by step.

A draft is an import that has not begun; it can be left and taken up again. Every step stores the whole document, so
nothing lives in the browser.
"""

import contextlib
import glob
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from data_collection.imports.calc import entries, seen
from data_collection.imports.calc.detect import Detection, detect
from data_collection.imports.calc.guess import guess
from data_collection.imports.calc.mapping import Mapping, MappingError
from data_collection.imports.calc.reading import FileRefused, survey
from data_collection.imports.models import ImportBatch, ImportFile, SavedMapping
from data_collection.imports.selectors import import_limits, mapping_document, mapping_parsed, presets
from data_collection.imports.services.uploads import GIVEN_UP, batch_queue, stored_name
from data_collection.imports.targets import tables
from salesops.access.models import User
from salesops.company.models import Company
from salesops.company.selectors import company_today

Document = dict[str, Any]
MOST_VALUES = 60  # different texts of a column that are offered to be given a meaning
MOST_LOOKED = 200_000  # rows looked through for them


class DraftGone(LookupError):
    """The import is no draft any more; the text is for a person."""


@contextlib.contextmanager
def _draft(pk: int) -> Iterator[ImportBatch]:
    """The draft, locked for one change.

    Raises:
        DraftGone: it is no draft any more.
    """
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().filter(pk=pk, state=ImportBatch.State.DRAFT).first()
        if batch is None:
            raise DraftGone(_("This import is no draft any more: it was started or discarded, perhaps in another tab."))
        yield batch


# --- files -----------------------------------------------------------------------------------
def draft_receive(
    *, files: Sequence[UploadedFile], refused: dict[str, str] | None = None, user: User | None, source: str = "upload"
) -> ImportBatch:
    """Keep the files as a draft and look into each. `refused`: names of files that were not kept, with the reason."""
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            state=ImportBatch.State.DRAFT, mapping="", system="", source=source, dry_run=True, user=user
        )
        draft_add(batch=batch, files=files, refused=refused)
    return batch


def draft_add(*, batch: ImportBatch, files: Sequence[UploadedFile], refused: dict[str, str] | None = None) -> None:
    """More files for a draft; one of the same name takes the place of the earlier."""
    with _draft(batch.pk) as locked:
        names = [*(file.name or "" for file in files), *(refused or {})]
        for old in locked.files.filter(name__in=[name[:255] for name in names]):
            _forget(old)
        for file in files:
            row = ImportFile(batch=locked, name=(file.name or "file")[:255], size=file.size)
            row.stored.save(stored_name(locked, locked.files.count(), row.name), file, save=True)
            file_look(row=row)
        for name, why in (refused or {}).items():
            ImportFile.objects.create(batch=locked, name=name[:255], refused=why)
        _guess_again(locked)


def file_look(*, row: ImportFile) -> None:
    """Note on the file's row what its first rows show, or why it cannot be read."""
    chosen = row.chosen
    row.refused, row.detection = "", {}
    try:
        found = survey(
            Path(row.stored.path),
            encoding=chosen.get("encoding") or None,
            separator=chosen.get("separator") or None,
            limits=import_limits(),
            whole=False,  # a page waits for it; the import looks through all of it
        )
        row.detection = seen.stored(detect(found, zone=Company.get().time_zone))
        row.size, row.sha256, row.encoding, row.separator = found.size, found.sha256, found.encoding, found.separator
        row.headers, row.format = list(found.headers), row.detection["format"]
    except FileRefused as why:
        row.refused = str(why)
    row.save()


def file_form(*, row: ImportFile, chosen: dict[str, str]) -> None:
    """Read the file as a person says it is written."""
    with _draft(row.batch_id) as batch:
        row.chosen = {word: text for word, text in chosen.items() if text}
        file_look(row=row)
        place = entries.entry_place(batch.definition, row.name)
        if place is not None and row.detection:
            entry = entries.set_formats(
                batch.definition["files"][place], row.chosen, seen.dates(detection_of(row), row.chosen)
            )
            batch.definition = entries.set_entry(batch.definition, place, entry)
            batch.save(update_fields=["definition"])


def file_drop(*, row: ImportFile) -> None:
    """Take a file out of a draft."""
    with _draft(row.batch_id) as batch:
        _forget(row)
        _guess_again(batch)


def _forget(row: ImportFile) -> None:
    if row.stored:
        row.stored.delete(save=False)
    row.delete()


def detection_of(row: ImportFile) -> Detection:
    """What was seen in the file, as far as a person did not say otherwise."""
    return seen.said(seen.restored(row.detection), row.chosen)


def readable(batch: ImportBatch) -> list[ImportFile]:
    """The files of a draft that can be imported."""
    return [row for row in batch.files.all() if row.stored and not row.refused]


def values_seen(*, row: ImportFile, headers: Sequence[str]) -> dict[str, list[str]]:
    """By column, its different texts, most frequent first. Looked up once and kept with the file."""
    kept: dict[str, list[str]] = row.detection.get("values", {})
    wanted = [header for header in headers if header not in kept and header in row.headers]
    if wanted and row.stored:
        kept = {**kept, **_count_values(row, wanted)}
        row.detection = {**row.detection, "values": kept}
        ImportFile.objects.filter(pk=row.pk).update(detection=row.detection)
    return {header: kept.get(header, []) for header in headers}


def _count_values(row: ImportFile, headers: Sequence[str]) -> dict[str, list[str]]:
    path = Path(row.stored.path)
    found = survey(path, encoding=row.encoding or None, separator=row.separator or None, whole=False)
    places = {header: found.headers.index(header) for header in headers}
    counts: dict[str, dict[str, int]] = {header: {} for header in headers}
    for number, cells in enumerate(found.open_rows()):
        if number >= MOST_LOOKED:
            break
        for header, place in places.items():
            text = cells[place].strip() if place < len(cells) else ""
            if text and (text in counts[header] or len(counts[header]) <= MOST_VALUES):
                counts[header][text] = counts[header].get(text, 0) + 1
    return {header: sorted(texts, key=lambda t: (-texts[t], t)) for header, texts in counts.items()}


# --- mapping ---------------------------------------------------------------------------------
def guess_of(files: Sequence[tuple[str, Detection]], *, system: str = "") -> tuple[Document, dict[str, Any]]:
    """A mapping for files of which nothing is known, and what each column was guessed from."""
    found = guess(files, tables=tables(), presets=presets(), today=company_today(), system=system)
    document = json.loads(json.dumps(found.definition, default=str))
    for entry in document.get("files", []):
        if str(entry.get("file")) in {name for name, _seen in files}:
            entry["file"] = glob.escape(str(entry["file"]))
    told = {name: [asdict(column) for column in guessed] for name, guessed in found.columns.items()}
    return document, {"preset": found.preset, "columns": told, "notes": list(found.notes), "base": ""}


def guess_of_paths(paths: Sequence[tuple[str, Path]], *, system: str = "") -> tuple[Document, dict[str, Any]]:
    """The same for files (name, path) on disk.

    Raises:
        FileRefused: none of them can be read.
    """
    zone = Company.get().time_zone
    found, refused = [], []
    for name, path in paths:
        try:
            found.append((name, detect(survey(path), zone=zone)))
        except FileRefused as why:
            refused.append(f"{name}: {why}")
    if not found:
        raise FileRefused(" ".join(refused))
    document, told = guess_of(found, system=system)
    return document, {**told, "notes": [*refused, *told["notes"]]}


def _guess_again(batch: ImportBatch) -> None:
    """Files came or went: the guess is for all of them together, unless a person chose a mapping."""
    files = [(row.name, detection_of(row)) for row in readable(batch)]
    base = batch.guess.get("base", "")
    if base:
        _take_document(batch, {**batch.definition}, batch.guess)
        return
    document, told = guess_of(files, system=str(batch.definition.get("system", ""))) if files else ({}, {})
    _take_document(batch, document, told)


def _take_document(batch: ImportBatch, document: Document, told: dict[str, Any]) -> None:
    files = {row.name: row for row in readable(batch)}
    document, left = entries.fit(document, {name: row.headers for name, row in files.items()}, tables())
    for name, row in files.items():
        place = entries.entry_place(document, name)
        if place is not None and row.chosen:
            formed = entries.set_formats(
                document["files"][place], row.chosen, seen.dates(detection_of(row), row.chosen)
            )
            document = entries.set_entry(document, place, formed)
    batch.definition, batch.guess = document, {**told, "left": left}
    batch.mapping = str(document.get("name", ""))[:80]
    batch.system = str(document.get("system", ""))[:40]
    batch.started_at = timezone.now()
    batch.save(update_fields=["definition", "guess", "mapping", "system", "started_at"])


def draft_use_mapping(*, batch: ImportBatch, name: str) -> list[str]:
    """Begin again from a shipped or saved mapping, or from a guess when `name` is empty.

    Returns the names of files the mapping has no use for.

    Raises:
        NotFound: there is no such mapping.
    """
    with _draft(batch.pk) as locked:
        if name:
            document = json.loads(json.dumps(mapping_document(name), default=str))
            document.setdefault("name", name)
            _take_document(locked, document, {"base": name, "preset": "", "columns": {}, "notes": []})
        else:
            locked.guess, locked.definition = {}, {}
            _guess_again(locked)
        return list(locked.guess.get("left", []))


def draft_document(*, batch: ImportBatch, document: Document) -> None:
    """Store a changed mapping with the draft."""
    with _draft(batch.pk) as locked:
        locked.definition = document
        locked.mapping = str(document.get("name", ""))[:80]
        locked.system = str(document.get("system", ""))[:40]
        locked.started_at = timezone.now()
        locked.save(update_fields=["definition", "mapping", "system", "started_at"])


def mapping_save(*, batch: ImportBatch, name: str) -> SavedMapping:
    """Keep the draft's mapping under a name, for the next file of this kind.

    Raises:
        MappingError: the mapping has mistakes, or the name is none.
    """
    slug = slugify(name)[:80]
    if not slug:
        raise MappingError(["Give the mapping a name of letters and digits."])
    document = {**batch.definition, "name": slug}
    document.setdefault("title", name)
    mapping_parsed(document, name=slug)
    saved, _made = SavedMapping.objects.update_or_create(name=slug, defaults={"definition": document})
    draft_document(batch=batch, document=document)
    return saved


# --- on --------------------------------------------------------------------------------------
def draft_start(
    *, batch: ImportBatch, user: User | None, dry_run: bool = True, accept_suggestions: bool = False
) -> ImportBatch:
    """Start the dry run, or the import itself. A draft that was started already, in another tab, stays as it is.

    Raises:
        MappingError: with every mistake of the mapping.
    """
    mapping = draft_mapping(batch)
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state != ImportBatch.State.DRAFT:
            return locked
        locked.mapping, locked.system = mapping.name[:80], mapping.system
        locked.state, locked.started_at, locked.ended_at = ImportBatch.State.RUNNING, timezone.now(), None
        locked.dry_run, locked.accept_suggestions, locked.error = dry_run, accept_suggestions, ""
        locked.save()
        return batch_queue(locked, mapping, user, partial=True)


def draft_mapping(batch: ImportBatch) -> Mapping:
    """The draft's mapping, ready to be used.

    Raises:
        MappingError: with every mistake, also that no file would be read.
    """
    files = [row.name for row in readable(batch)]
    if not files:
        raise MappingError(["There is no file to import; add one."])
    mapping = mapping_parsed(batch.definition, name=batch.mapping or "import")
    if not mapping.takes_any(files):
        raise MappingError(["No file fills a table yet; choose one for at least one file."])
    return mapping


def draft_reopen(*, batch: ImportBatch) -> ImportBatch:
    """From a dry run back to the draft it came from; its files are still here.

    Raises:
        DraftGone: it has been applied, or is running.
    """
    back = GIVEN_UP | {ImportBatch.State.TRIED}
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state == ImportBatch.State.DRAFT:
            return locked
        stays = locked.dry_run and locked.files.exclude(stored="").exists() and not locked.retries.exists()
        worked_on = locked.job is not None and locked.job.is_live
        if not stays or worked_on or locked.state not in back | {ImportBatch.State.RUNNING}:
            raise DraftGone(_("This import can't be changed any more: its files are gone, or it is being worked on."))
        locked.rejected.all().delete()
        locked.suggestions.all().delete()
        locked.state, locked.job, locked.counts, locked.changes = ImportBatch.State.DRAFT, None, [], []
        locked.findings, locked.error, locked.rows_read, locked.rows_rejected = [], "", 0, 0
        locked.started_at, locked.ended_at = timezone.now(), None
        locked.save()
        for row in locked.files.exclude(stored=""):
            if not row.detection:
                file_look(row=row)
    return locked


def draft_discard(*, batch: ImportBatch) -> None:
    """Throw a draft away with its files.

    Raises:
        DraftGone: it is no draft.
    """
    with _draft(batch.pk) as locked:
        for row in locked.files.all():
            _forget(row)
        locked.delete()


def drafts_tidy(*, before: datetime) -> tuple[int, int]:
    """Drafts not touched since then go, and the files of dry runs nobody applied. Returns how many of each."""
    old = ImportBatch.objects.filter(started_at__lt=before)
    drafts = list(old.filter(state=ImportBatch.State.DRAFT))
    for batch in drafts:
        draft_discard(batch=batch)
    waiting = [*GIVEN_UP, ImportBatch.State.TRIED]
    files = 0
    for row in ImportFile.objects.filter(batch__in=old.filter(state__in=waiting)).exclude(stored=""):
        name, storage = row.stored.name, row.stored.storage
        if not ImportFile.objects.filter(stored=name, batch__started_at__gte=before).exists():
            storage.delete(name)
            files += ImportFile.objects.filter(stored=name).update(stored="")
    return len(drafts), files
