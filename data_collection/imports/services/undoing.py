"""Takes a whole import back: new rows go, changed rows get their earlier values, later changes are kept and told.

One transaction, so that a kill or a cancel leaves the tables as before; run again, it gives the same. Tables go in
reverse order, a table before those it refers to. What an import learned (confirmed names) stays.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext as _

from data_collection.imports.calc import undos
from data_collection.imports.calc.tables import Table
from data_collection.imports.calc.undos import Link
from data_collection.imports.models import ImportBatch, NewRows, RowBefore
from data_collection.imports.services.trail import KEPT_FOR, import_writes
from data_collection.imports.services.turns import imports_alone
from data_collection.imports.targets import tables
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_enqueue

Progress = Callable[[int, int, str], None]
MOST_KEPT = 200  # rows named one by one
CHUNK = 20_000  # rows a statement


class UndoRefused(ValueError):
    """This import can't be undone; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that stays as it is."""

    table: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing does, or did: rows by table."""

    remove: dict[str, int] = field(default_factory=dict)
    restore: dict[str, int] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)  # the first of them
    kept_count: int = 0


def undo_queue(*, batch: ImportBatch, user: User | None) -> JobRun:
    """Undo in the background.

    Raises:
        UndoRefused: nothing of it can be undone.
    """
    _must_be_undoable(batch)
    title = _("Undo of import %(batch)s #%(pk)s") % {"batch": batch.mapping, "pk": batch.pk}
    return job_enqueue(
        kind="import_undo", title=title, params={"batch": batch.pk}, key=f"import-undo-{batch.pk}", user=user
    )


def undo_preview(batch: ImportBatch) -> UndoPreview:
    """What undoing the batch would do now.

    Raises:
        UndoRefused: nothing of it can be undone.
    """
    _must_be_undoable(batch)
    with transaction.atomic(), connection.cursor() as cursor:
        undo = _Undo(cursor, batch.pk)
        undo.plan()
        found = undo.preview()
        transaction.set_rollback(True)
    return found


def batch_undo(
    *, batch: ImportBatch, user: User | None, progress: Progress = lambda done, total, message: None
) -> UndoPreview:
    """Undo the batch and note on it what was done.

    Raises:
        UndoRefused: nothing of it can be undone.
        IntegrityError: somebody referred to a removed row meanwhile; nothing was done, try again.
    """
    with imports_alone(progress), transaction.atomic(), connection.cursor() as cursor:
        batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        _must_be_undoable(batch)
        undo = _Undo(cursor, batch.pk)
        progress(0, 1, _("Looking for later changes"))
        undo.plan()
        with import_writes(batch.pk):
            undo.apply(progress)
        found = undo.preview()
        NewRows.objects.filter(batch=batch).delete()
        RowBefore.objects.filter(batch=batch).delete()
        batch.state, batch.undone = ImportBatch.State.UNDONE, asdict(found)
        batch.undone_at, batch.undone_by = timezone.now(), user
        batch.save(update_fields=["state", "undone", "undone_at", "undone_by"])
    return found


def _must_be_undoable(batch: ImportBatch) -> None:
    state = ImportBatch.State
    why = {
        state.UNDONE: _("This import was undone already."),
        state.DRAFT: _("This import has not begun; there is nothing to undo."),
        state.RUNNING: _("This import still runs; cancel it or wait for its end."),
    }.get(state(batch.state))
    if batch.dry_run:
        why = _("A dry run writes nothing; there is nothing to undo.")
    if batch.started_at < timezone.now() - KEPT_FOR:
        why = why or _("Earlier values are kept for %(days)s days; this import is older.") % {"days": KEPT_FOR.days}
    if why:
        raise UndoRefused(why)


class _Undo:
    """One undo inside one transaction; its plan lives in temporary tables."""

    def __init__(self, cursor: CursorWrapper, batch: int) -> None:
        self.cursor, self.batch = cursor, batch
        self.tables = tables()
        touched = {row for model in (NewRows, RowBefore) for row in _tables_of(model, batch)}
        self.work = [table for table in reversed(self.tables.values()) if table.name in touched]
        self.links = _links(cursor)
        self.planned: dict[str, str] = {}  # database table -> table
        self.removed: dict[str, int] = {}
        self.restored: dict[str, int] = {}

    def run(self, sql: str) -> int:
        self.cursor.execute(sql)
        return self.cursor.rowcount

    # --- plan -------------------------------------------------------------------------------
    def plan(self) -> None:
        self.run(f"DROP TABLE IF EXISTS {undos.KEPT}")
        self.run(f'CREATE TEMP TABLE {undos.KEPT} ("table" text, id bigint, reason text) ON COMMIT DROP')
        for table in self.work:
            self.plan_restore(table)
            self.plan_remove(table)

    def plan_restore(self, table: Table) -> None:
        name = undos.restored(table.name)
        self.run(f"DROP TABLE IF EXISTS {name}")
        self.run(undos.restore_sql(table, self.batch))
        self.run(undos.restore_not_sql(table, self.batch))
        for link in self.links:
            if link.child == table.db_table:
                self.run(undos.gone_sql(table, link))
        self.run(f"ALTER TABLE {name} ADD PRIMARY KEY (id)")
        self.run(f"ANALYZE {name}")
        self.restored[table.name] = self.size(name)

    def plan_remove(self, table: Table) -> None:
        name = undos.removed(table.name)
        self.run(f"DROP TABLE IF EXISTS {name}")
        self.run(undos.remove_sql(table, self.batch))
        self.run(undos.remove_not_sql(table, self.batch))
        self.run(f"ALTER TABLE {name} ADD PRIMARY KEY (id)")
        self.run(f"ANALYZE {name}")
        self.planned[table.db_table] = table.name
        mine = [link for link in self.links if link.parent == table.db_table]
        again = True
        while again:  # a row that must stay keeps its parent in the same table
            found = {link: self.run(undos.used_sql(table, link, planned=self.planned)) for link in mine}
            again = any(rows for link, rows in found.items()) and any(link.child == table.db_table for link in mine)
        self.removed[table.name] = self.size(name)

    def size(self, name: str) -> int:
        self.cursor.execute(f"SELECT count(*) FROM {name}")
        return self.cursor.fetchone()[0]

    def preview(self) -> UndoPreview:
        kept: list[Kept] = []
        for table in self.work:
            self.cursor.execute(undos.kept_sql(table, self.tables, limit=MOST_KEPT - len(kept)))
            kept += [Kept(table.name, key, reason) for key, reason in self.cursor.fetchall()]
        return UndoPreview(_some(self.removed), _some(self.restored), kept, self.size(undos.KEPT))

    # --- apply ------------------------------------------------------------------------------
    def apply(self, progress: Progress) -> None:
        total, done = sum(self.removed.values()) + sum(self.restored.values()), 0
        for table in self.work:
            for counts, plan, write in (
                (self.removed, undos.removed(table.name), self.remove),
                (self.restored, undos.restored(table.name), self.restore),
            ):
                planned, after, written = counts[table.name], 0, 0
                while last := self.next(plan, after):
                    written += write(table, after, last)
                    after = last
                    message = _("%(table)s: %(n)s rows") % {"table": table.name, "n": f"{written:,}"}
                    progress(done + written, total, message)
                counts[table.name] = written
                done += planned
        progress(done, total, _("Checking references"))
        self.run("SET CONSTRAINTS ALL IMMEDIATE")

    def next(self, plan: str, after: int) -> int | None:
        self.cursor.execute(undos.next_sql(plan, after=after, size=CHUNK))
        return self.cursor.fetchone()[0]

    def remove(self, table: Table, after: int, last: int) -> int:
        return self.run(undos.delete_sql(table, self.batch, after=after, last=last))

    def restore(self, table: Table, after: int, last: int) -> int:
        sql = undos.put_back_sql(table, self.batch, after=after, last=last)
        try:
            with transaction.atomic():
                return self.run(sql)
        except IntegrityError:  # an earlier value clashes with a later row
            return self.restore_singly(table, after, last)

    def restore_singly(self, table: Table, after: int, last: int) -> int:
        self.cursor.execute(
            f"SELECT id FROM {undos.restored(table.name)} WHERE id > %s AND id <= %s ORDER BY id", [after, last]
        )
        written = 0
        for (row,) in self.cursor.fetchall():
            try:
                with transaction.atomic():
                    written += self.run(undos.put_back_sql(table, self.batch, after=row - 1, last=row))
            except IntegrityError:
                reason = "its earlier values clash with a later row"
                self.cursor.execute(f"INSERT INTO {undos.KEPT} VALUES (%s, %s, %s)", [table.name, row, reason])
        return written


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {table: rows for table, rows in counts.items() if rows}


def _tables_of(model: Any, batch: int) -> set[str]:
    return set(model.objects.filter(batch=batch).values_list("table", flat=True).distinct())


LINKS = """
    SELECT child.relname, a.attname, parent.relname, k.attname
    FROM pg_constraint f
    JOIN pg_class child ON child.oid = f.conrelid JOIN pg_class parent ON parent.oid = f.confrelid
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    JOIN pg_attribute k ON k.attrelid = f.confrelid AND k.attnum = f.confkey[1]
    WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND f.connamespace = current_schema()::regnamespace
    ORDER BY 1, 2
"""


def _links(cursor: CursorWrapper) -> list[Link]:
    words = {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}
    words |= {table.db_table: table.name.replace("_", " ") for table in tables().values()}
    cursor.execute(LINKS)
    return [Link(*row, words=words.get(row[0], row[0])) for row in cursor.fetchall()]
