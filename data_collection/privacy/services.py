"""Erasing a person: a pseudonym instead of the data, the arithmetic as it was, and a mark should they come back."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from django.core.files.base import ContentFile
from django.db import models, transaction
from django.utils import timezone

from data_collection.connectors.models import SyncProblem
from data_collection.duplicates.calc.reachable import email_key, is_role
from data_collection.duplicates.models import LeadMatch, MergeImage
from data_collection.duplicates.services.search import rows_forget
from data_collection.imports.models import ImportBatch, RowBefore
from data_collection.privacy.calc.scrub import Texts, record_emptied, replaced_in_json
from data_collection.privacy.models import (
    ErasedMark,
    ErasedReturn,
    Erasure,
    ErasureKey,
    PersonExport,
    keyed_hash,
)
from data_collection.privacy.registry import BODY, FREE, GONE, LINKED, PERSONAL, RECORD, classes_of, models_kept
from data_collection.privacy.selectors import (
    TABLES,
    Person,
    files_holding,
    held,
    linked_to,
    rows_with,
)
from data_collection.webhooks.services.people import person_guard
from salesops.access.models import User

Progress = Callable[[int, int | None, str], None]
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class NothingToErase(ValueError):
    """The rows are gone or erased already."""


def pseudonym_new() -> str:
    return f"Erased person {secrets.token_hex(3)}"


def person_export(*, person: Person, table: str, row_id: int, user: User | None) -> PersonExport:
    """A JSON file with everything held about the person."""
    document = {
        "made_at": timezone.now().isoformat(),
        "person": {"table": table, "id": row_id},
        **held(person),
    }
    export = PersonExport(table=table, row_id=row_id, user=user)
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    export.file.save(f"person-{table}-{row_id}.json", ContentFile(text.encode()), save=True)
    return export


def exports_forget(*, before: Any = None, person: Person | None = None) -> int:
    """Delete exports made before a time, or those of a person."""
    rows = PersonExport.objects.all()
    if before is not None:
        rows = rows.filter(at__lt=before)
    if person is not None:
        mine = models.Q(pk__in=[])
        for table, ids in person.ids.items():
            mine |= models.Q(table=table, row_id__in=ids)
        rows = rows.filter(mine)
    for row in rows:
        row.file.delete(save=False)
        row.delete()
    return len(rows)


def person_erase(*, person: Person, reason: str, user: User | None, progress: Progress | None = None) -> Erasure:
    """Take everything personal out of every table, in one transaction. It can't be undone.

    Counts, amounts, dates, owners and sources stay, so that every figure is what it was.

    Raises:
        NothingToErase: none of the rows is left.
    """
    person.instead = person.instead or pseudonym_new()
    with transaction.atomic():
        _lock(person)
        texts = person.texts()
        marks = _marks(person)
        erasure = Erasure.objects.create(pseudonym=person.instead, reason=texts.replaced(reason)[:300], user=user)
        scrubbed = _Scrubber(person, texts).run(progress)
        _own_rows(person)
        ErasedMark.objects.bulk_create([ErasedMark(erasure=erasure, what=w, hash=h) for w, h in marks])
        for table, ids in person.ids.items():
            ErasedReturn.objects.filter(table=table, row_id__in=ids, settled_at=None).update(
                settled_at=timezone.now(), reason="erased"
            )
        erasure.rows = {table: ids for table, ids in person.ids.items() if ids}
        erasure.scrubbed = scrubbed
        erasure.save(update_fields=["rows", "scrubbed"])
    exports_forget(person=person)
    erasure.files = files_holding(texts)
    erasure.save(update_fields=["files"])
    return erasure


def _lock(person: Person) -> None:
    for table, ids in person.ids.items():
        rows = TABLES[table]._base_manager.select_for_update(of=("self",)).filter(pk__in=ids, erased_at=None)
        person.rows[table] = list(rows.order_by("pk"))
    person.__post_init__()
    if not any(person.ids.values()):
        raise NothingToErase("These rows are gone or erased already.")


def _marks(person: Person) -> set[tuple[str, str]]:
    """Keyed hashes of addresses and of ids in the systems."""
    key = ErasureKey.get()
    found = {("email", keyed_hash(key, "email", email)) for email in map(email_key, person.emails) if _tells(email)}
    return found | {("external_id", external_hash(key, table, row)) for table, row in person.all}


def _tells(email: str) -> bool:
    """Whether an address stands for one person."""
    return bool(email) and not is_role(email)


def external_hash(key: bytes, table: str, row: Any) -> str:
    return _id_hash(key, table, row.system, row.external_id)


def _id_hash(key: bytes, table: str, system: str, external_id: str) -> str:
    return keyed_hash(key, "external_id", f"{table}\0{system}\0{external_id}")


@person_guard
def is_erased_there(system: str, external_id: str, _email: str) -> bool:
    """Whether a record of another system is that of an erased person, so that a late message makes nobody of it again.

    An address alone does not count: a person may come back and sign up anew; such rows are flagged at night.
    """
    if not external_id or not ErasedMark.objects.exists():
        return False
    key = ErasureKey.get()
    hashes = [_id_hash(key, table, system, external_id) for table in TABLES]
    return ErasedMark.objects.filter(what="external_id", hash__in=hashes).exists()


def _own_rows(person: Person) -> None:
    """The person's own rows: pseudonym, no personal fields, no attributes."""
    key = ErasureKey.get()
    for table, row in person.all:
        personal = {name for name, word in classes_of(type(row)).items() if word == PERSONAL}
        values: dict[str, Any] = {name: {} if name == "attributes" else "" for name in personal}
        first, _space, rest = person.instead.partition(" ")
        values |= {"first_name": first, "last_name": rest} if table == "contact" else {"name": person.instead}
        if person.is_personal_id(row.external_id):
            values["external_id"] = f"erased-{external_hash(key, table, row)[:24]}"
        type(row)._base_manager.filter(pk=row.pk).update(**values, erased_at=timezone.now())


class _Scrubber:
    """Goes through every table and takes the person's texts out of it."""

    def __init__(self, person: Person, texts: Texts) -> None:
        self.person, self.texts = person, texts
        self.linked = {model: set(rows.values_list("pk", flat=True)) for model, rows in linked_to(person).items()}
        words = {word for _t, row in person.all for word in _single_names(row)}
        self.of_linked = Texts.of({*texts.looked_for, *words}, set(), person.instead)

    def run(self, progress: Progress | None) -> dict[str, int]:
        found = self.images()
        tables = models_kept()
        for done, model in enumerate(tables, start=1):
            count = self.table(model)
            if count:
                found[model._meta.db_table] = found.get(model._meta.db_table, 0) + count
            if progress:
                progress(done, len(tables), "")
        return found

    def images(self) -> dict[str, int]:
        """What merges and imports keep of earlier values of the person's rows, and what was made from them."""
        found: dict[str, int] = {}
        for table, ids in self.person.ids.items():
            found["data_collection_rowbefore"] = RowBefore.objects.filter(table=table, row__in=ids).delete()[0]
            rows_forget(kind=table, rows=list(ids))
            personal = {n for n, w in classes_of(TABLES[table]).items() if w == PERSONAL} | {"external_id"}
            db_table = TABLES[table]._meta.db_table
            for image in MergeImage.objects.filter(table=db_table, row_id__in=ids):
                for document in (image.before, image.after):
                    for name in personal & set(document):
                        document[name] = {} if name == "attributes" else ""
                image.save(update_fields=["before", "after"])
        self.samples()
        for _table, row in self.person.all:  # the begin of a record that could not be read; it need not hold the name
            theirs = SyncProblem.objects.filter(run__connection__system=row.system, record=row.external_id)
            theirs.exclude(record="").update(text="")
        LeadMatch.objects.filter(
            models.Q(lead__in=self.person.ids["lead"]) | models.Q(contact__in=self.person.ids["contact"])
        ).delete()
        return {name: count for name, count in found.items() if count}

    def samples(self) -> None:
        """Samples of changed values in the history of imports: those of a row of the person go."""
        personal = {n for t in TABLES.values() for n, w in classes_of(t).items() if w == PERSONAL and n != "attributes"}
        values = {str(getattr(row, n, "")) for _t, row in self.person.all for n in personal} - {""}
        for batch in ImportBatch.objects.exclude(changes=[]).only("pk", "changes"):
            theirs = {
                (line.get("file"), line.get("row"))
                for line in batch.changes
                if line.get("table") in TABLES and not values.isdisjoint({str(line.get("old")), str(line.get("new"))})
            }
            if theirs:
                left = [line for line in batch.changes if (line.get("file"), line.get("row")) not in theirs]
                ImportBatch.objects.filter(pk=batch.pk).update(changes=left)

    def table(self, model: type[models.Model]) -> int:
        tracked = getattr(model, "pgh_tracked_model", model)
        linked = self.linked.get(tracked, set())
        hits = set(rows_with(model, self.texts)) | (linked if model is tracked else set())
        hits -= {pk for t, m in TABLES.items() if m is model for pk in self.person.ids[t]}
        if not hits:
            return 0
        classes = {n: w for n, w in classes_of(model).items() if w in (LINKED, FREE, RECORD, GONE, BODY)}
        count = 0
        for row in model._base_manager.filter(pk__in=hits).only("pk", *classes):
            changes = {
                name: new
                for name, word in classes.items()
                if (new := self.scrubbed(getattr(row, name), word, row.pk in linked)) != getattr(row, name)
            }
            if changes and GONE in {classes[name] for name in changes}:
                row.delete()
            elif changes:
                _fit(model, changes)
                model._base_manager.filter(pk=row.pk).update(**changes)
            count += bool(changes)
        return count

    def scrubbed(self, value: Any, word: str, is_linked: bool) -> Any:
        """The value as it may stay."""
        if value in (None, "", b"") or value == {}:
            return value
        if word == BODY:
            return self.body(value.encode()).decode() if isinstance(value, str) else self.body(bytes(value))
        if word == LINKED and is_linked:
            return type(value)()
        texts = self.of_linked if is_linked else self.texts
        if word == RECORD:
            return record_emptied(value, texts)
        return replaced_in_json(value, texts)

    def body(self, value: bytes) -> bytes:
        """A message that holds the person is emptied."""
        text = value.decode("utf-8", "replace")
        try:
            plain = json.dumps(json.loads(text), ensure_ascii=False)
        except ValueError:  # a form, or cut short
            plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        return b"" if any(map(self.texts.is_in, (plain, text, unquote_plus(text)))) else value


def _single_names(row: Any) -> list[str]:
    parts = (row.first_name, row.last_name) if hasattr(row, "first_name") else row.name.split()
    return [part for part in parts if part]


def _fit(model: type[models.Model], changes: dict[str, Any]) -> None:
    """A pseudonym may be longer than what it stands for."""
    for name, value in changes.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        if longest and isinstance(value, str):
            changes[name] = value[:longest]


def returns_check() -> int:
    """Flag rows that seem to be an erased person come back. Returns how many are new."""
    by_hash: dict[str, int] = dict(ErasedMark.objects.values_list("hash", "erasure"))
    if not by_hash:
        return 0
    key = ErasureKey.get()
    found = []
    for table, model in TABLES.items():
        rows = model._base_manager.filter(erased_at=None).only("pk", "email", "system", "external_id")
        for row in rows.iterator(chunk_size=5000):
            email = email_key(row.email)
            hashes = [external_hash(key, table, row), *([keyed_hash(key, "email", email)] if email else [])]
            erasure = next((by_hash[h] for h in hashes if h in by_hash), None)
            if erasure:
                found.append(ErasedReturn(erasure_id=erasure, table=table, row_id=row.pk))
    before = ErasedReturn.objects.count()
    ErasedReturn.objects.bulk_create(found, ignore_conflicts=True)
    return ErasedReturn.objects.count() - before


def return_keep(*, row: ErasedReturn, reason: str) -> None:
    """The row stays: for example the person has come back and agreed."""
    ErasedReturn.objects.filter(pk=row.pk).update(settled_at=timezone.now(), reason=reason[:300])
