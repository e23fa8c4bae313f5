"""The end of a sync, in one transaction: what is gone, what was merged, the new marks, the counts.

Until it commits, the sync can be done again from its pages; after it, the pages are gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection as database
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Count, Max, Sum
from django.utils import timezone

from data_collection.connectors.calc.merges import flattened
from data_collection.connectors.models import SyncCursor, SyncProblem, SyncRun
from data_collection.connectors.services.applying import PAGES, files_read
from data_collection.imports.calc.expressions import quoted
from data_collection.imports.calc.mapping import Mapping
from data_collection.imports.models import ImportBatch
from data_collection.imports.targets import tables

#: A full sync in which more than this share of the known rows is absent is not believed: perhaps a right was lost.
MOST_ABSENT, FEW = 0.5, 20
SEEN, GONE = "sync_seen", "sync_gone"


@dataclass(slots=True)
class _Ending:
    run: SyncRun
    cursor: CursorWrapper
    files: dict[str, list[str]]  # table of the mirror -> files that name its rows by their id
    object_of: dict[str, str]  # file -> object
    deleted: dict[str, int] = field(default_factory=dict)  # table -> rows
    merged: dict[str, int] = field(default_factory=dict)

    @property
    def system(self) -> str:
        return self.run.connection.system


def run_close(*, run: SyncRun, batch: ImportBatch, mapping: Mapping, complete: Iterable[str]) -> None:
    """Mark what is gone and merged, move the marks, keep the counts, discard the pages.

    Args:
        complete: tables whose full load names every living row.
    """
    with transaction.atomic(), database.cursor() as cursor:
        read = files_read(run)
        end = _Ending(run, cursor, _tables_filled(mapping, list(read)), read)
        _note_seen(end)
        _revive(end)
        _note_gone(end)
        if run.what == SyncRun.What.FULL:
            for table in complete:
                _note_absent(end, table)
        _mark_gone(end)
        _merge(end)
        _move_marks(run)
        run.counts = _counts(end, batch)
        run.state, run.ended_at = SyncRun.State.DONE, timezone.now()
        if not any(batch.total[word] for word in ("new", "changed", "rejected")):
            run.batch = None  # a history of imports in which nothing happened would hide the others
        run.save()
        if run.batch is None:
            batch.delete()
        run.pages.all().delete()
        for name in (SEEN, GONE):
            cursor.execute(f"DROP TABLE {name}")


def _tables_filled(mapping: Mapping, read: list[str]) -> dict[str, list[str]]:
    """Tables of the mirror -> the files whose column `id` is their external id."""
    found: dict[str, list[str]] = {}
    for entry in mapping.files:
        files = [file for file in read if entry.takes(f"{file}.csv")] or [entry.pattern.removesuffix(".csv")]
        for target in entry.targets:
            source = target.fields.get("external_id")
            if source is not None and source.column == "id" and tables()[target.table].mirror:
                found[target.table] = [*found.get(target.table, []), *files]
    return found


def _note_seen(end: _Ending) -> None:
    """The ids that were read, with the page they were read on last."""
    end.cursor.execute(f"DROP TABLE IF EXISTS {SEEN}, {GONE}")
    end.cursor.execute(
        f"CREATE TEMP TABLE {SEEN} AS SELECT f.name AS file, r ->> 'id' AS id, max(p.id) AS page FROM {PAGES} p, "
        "jsonb_each(p.rows) f(name, rows), jsonb_array_elements(f.rows) r WHERE p.run_id = %s GROUP BY 1, 2",
        [end.run.pk],
    )
    end.cursor.execute(f"ANALYZE {SEEN}")
    end.cursor.execute(f'CREATE TEMP TABLE {GONE} ("table" text, id text)')


def _revive(end: _Ending) -> None:
    """A row that is read is there again; one merged here stays merged."""
    for table, files in end.files.items():
        spec = tables()[table]
        end.cursor.execute(
            f"UPDATE {quoted(spec.db_table)} t SET deleted_at = NULL WHERE t.system = %s AND t.deleted_at IS NOT NULL "
            + ("AND t.merged_into_id IS NULL " if spec.merges else "")
            + f"AND t.external_id IN (SELECT id FROM {SEEN} WHERE file = ANY(%s))",
            [end.system, files],
        )


def _note_gone(end: _Ending) -> None:
    """What the pages call deleted, unless it was read on a later page; and children their parent no longer has."""
    for table, files in end.files.items():
        end.cursor.execute(
            f"INSERT INTO {GONE} SELECT g.t, g.id FROM (SELECT d ->> 0 AS t, d ->> 1 AS id, max(p.id) AS page "
            f"FROM {PAGES} p, jsonb_array_elements(p.deleted) d WHERE p.run_id = %s AND d ->> 0 = %s GROUP BY 1, 2) g "
            f"WHERE NOT EXISTS (SELECT 1 FROM {SEEN} s WHERE s.file = ANY(%s) AND s.id = g.id AND s.page > g.page)",
            [end.run.pk, table, files],
        )
    end.cursor.execute(
        f"SELECT DISTINCT w ->> 0, w ->> 1 FROM {PAGES} p, jsonb_array_elements(p.whole) w WHERE p.run_id = %s",
        [end.run.pk],
    )
    for table, parent in end.cursor.fetchall():
        _note_missing_children(end, table, parent)


def _note_missing_children(end: _Ending, table: str, parent: str) -> None:
    child = tables()[table]
    link = child.fields[parent]
    above = tables()[link.refers or ""]
    end.cursor.execute(
        f"INSERT INTO {GONE} SELECT %s, c.external_id FROM (SELECT DISTINCT ON (w ->> 2) w ->> 2 AS id, w -> 3 AS ids "
        f"FROM {PAGES} p, jsonb_array_elements(p.whole) w WHERE p.run_id = %s AND w ->> 0 = %s AND w ->> 1 = %s "
        f"ORDER BY w ->> 2, p.id DESC) one JOIN {quoted(above.db_table)} a ON a.system = %s AND a.external_id = one.id "
        f"JOIN {quoted(child.db_table)} c ON c.{quoted(link.column)} = a.id AND c.system = a.system "
        "WHERE c.deleted_at IS NULL AND NOT one.ids ? c.external_id",
        [table, end.run.pk, table, parent, end.system],
    )


def _note_absent(end: _Ending, table: str) -> None:
    """Rows a complete reading does not name any more. A record with a problem counts as named."""
    files = end.files.get(table)
    if not files:
        return
    spec = tables()[table]
    alive = f"FROM {quoted(spec.db_table)} t WHERE t.system = %s AND t.deleted_at IS NULL"
    absent = (
        f"{alive} AND NOT EXISTS (SELECT 1 FROM {SEEN} s WHERE s.file = ANY(%s) AND s.id = t.external_id) "
        "AND NOT EXISTS (SELECT 1 FROM data_collection_syncproblem p WHERE p.run_id = %s AND p.record = t.external_id)"
    )
    params = [end.system, files, end.run.pk]
    end.cursor.execute(f"SELECT (SELECT count(*) {alive}), (SELECT count(*) {absent})", [end.system, *params])
    known, missing = end.cursor.fetchone()
    if missing > FEW and missing > known * MOST_ABSENT:
        end.run.notes.append(
            f"{missing:,} of {known:,} known rows of {table.replace('_', ' ')} were not among what came; they were not "
            "marked as deleted. Check what the account behind this connection may see."
        )
        return
    end.cursor.execute(f"INSERT INTO {GONE} SELECT '{table}', t.external_id {absent}", params)


def _mark_gone(end: _Ending) -> None:
    end.cursor.execute(f'SELECT DISTINCT "table" FROM {GONE}')
    for (table,) in end.cursor.fetchall():
        end.cursor.execute(
            f"UPDATE {quoted(tables()[table].db_table)} t SET deleted_at = now() WHERE t.system = %s "
            f'AND t.deleted_at IS NULL AND t.external_id IN (SELECT id FROM {GONE} WHERE "table" = %s)',
            [end.system, table],
        )
        end.deleted[table] = end.cursor.rowcount


def _merge(end: _Ending) -> None:
    """Losers point at the winner at the end of their chain and count as deleted; older losers are pointed on."""
    end.cursor.execute(
        f"SELECT m ->> 0, m ->> 1, m ->> 2 FROM {PAGES} p, jsonb_array_elements(p.merged) WITH ORDINALITY x(m, n) "
        "WHERE p.run_id = %s ORDER BY p.id, n",
        [end.run.pk],
    )
    pairs: dict[str, list[tuple[str, str]]] = {}
    for table, loser, winner in end.cursor.fetchall():
        pairs.setdefault(table, []).append((loser, winner))
    for table, found in pairs.items():
        if table in end.files:
            _merge_table(end, table, flattened(found))


def _merge_table(end: _Ending, table: str, into: dict[str, str]) -> None:
    spec, losers = tables()[table], list(into)
    name = quoted(spec.db_table)
    if spec.merges:
        end.cursor.execute(
            f"UPDATE {name} t SET merged_into_id = coalesce(w.merged_into_id, w.id), "
            "deleted_at = coalesce(t.deleted_at, now()) "
            f"FROM unnest(%s::text[], %s::text[]) m(loser, winner) JOIN {name} w ON w.system = %s "
            "AND w.external_id = m.winner WHERE t.system = %s AND t.external_id = m.loser "
            "AND t.merged_into_id IS DISTINCT FROM coalesce(w.merged_into_id, w.id) "
            "AND t.id <> coalesce(w.merged_into_id, w.id)",
            [losers, list(into.values()), end.system, end.system],
        )
        end.merged[table] = end.cursor.rowcount
        end.cursor.execute(
            f"UPDATE {name} o SET merged_into_id = t.merged_into_id FROM {name} t WHERE o.merged_into_id = t.id "
            "AND t.merged_into_id IS NOT NULL AND t.system = %s AND t.external_id = ANY(%s) "
            "AND o.id <> t.merged_into_id",
            [end.system, losers],
        )
    end.cursor.execute(
        f"UPDATE {name} SET deleted_at = now() WHERE system = %s AND external_id = ANY(%s) AND deleted_at IS NULL",
        [end.system, losers],
    )
    if not spec.merges:
        end.merged[table] = end.cursor.rowcount


def _move_marks(run: SyncRun) -> None:
    """Changes are in up to the newest one met, and not past the start: what changed meanwhile comes next time."""
    newest = dict(run.pages.values_list("object").annotate(newest=Max("newest")).order_by())
    for name in run.objects_done:
        row, _made = SyncCursor.objects.get_or_create(connection=run.connection, object=name)
        if newest.get(name):
            mark = min(newest[name], run.started_at)
            row.mark = max(row.mark, mark) if row.mark else mark
        if not run.since.get(name):
            row.full_at = run.started_at
        row.save()


def _counts(end: _Ending, batch: ImportBatch) -> list[dict[str, object]]:
    """What came and what became of it: a line for each object in reading order, its further files after it."""
    run = end.run
    records = dict(run.pages.values_list("object").annotate(records=Sum("records")).order_by())
    problems = dict(SyncProblem.objects.filter(run=run).values_list("object").annotate(n=Count("pk")).order_by())
    main = _main_files(end)
    found: dict[str, dict[str, object]] = {}
    for name in run.objects_done:
        found[name] = _line(end, batch, name, main.get(name, ""))
        found[name] |= {"read": records.get(name, 0), "problems": problems.get(name, 0)}
        for file, owner in end.object_of.items():
            if owner == name and file != main[name]:
                found.setdefault(file, _line(end, batch, file, file))
    places = _line_of_table(end, main)
    for word, counted in (("deleted", end.deleted), ("merged", end.merged)):
        for table, rows in counted.items():
            line = found.get(places.get(table, ""), {})
            line[word] = rows
    return list(found.values())


def _main_files(end: _Ending) -> dict[str, str]:
    """Object -> the file of its records: the one of its name, else its first."""
    found: dict[str, str] = {}
    for file, name in end.object_of.items():
        if name not in found or file == name:
            found[name] = file
    return found


def _line(end: _Ending, batch: ImportBatch, name: str, file: str) -> dict[str, object]:
    """Counts of the table whose rows the file names; of every table, where it names none."""
    own = {table for table, files in end.files.items() if file in files}
    lines = [x for x in batch.counts if x["file"].removesuffix(".csv") == file and (not own or x["table"] in own)]
    counted = {word: sum(x[word] for x in lines) for word in ("read", "new", "changed", "same", "rejected")}
    return {"object": name, **counted, "deleted": 0, "merged": 0, "problems": 0}


def _line_of_table(end: _Ending, main: dict[str, str]) -> dict[str, str]:
    """Table -> the line that counts it: its file's, else the object's whose pages told of it."""
    end.cursor.execute(
        f"SELECT g ->> 0, min(p.object) FROM {PAGES} p, "
        "jsonb_array_elements(p.deleted || p.merged || p.whole) g WHERE p.run_id = %s GROUP BY 1",
        [end.run.pk],
    )
    found = dict(end.cursor.fetchall())
    for table, files in end.files.items():
        for file in files:
            name = end.object_of.get(file)
            if name is not None:
                found[table] = name if main[name] == file else file
    return found
