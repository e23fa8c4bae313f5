"""Before-images: what a merge writes is first copied, column by column, so that undoing restores exactly that."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from data_collection.duplicates.models import Merge, MergeImage

IMAGES = "data_collection_mergeimage"


@dataclass(slots=True)
class Recorder:
    """Writes rows for one merge and keeps what they were."""

    merge: Merge
    moved: dict[str, int] = field(default_factory=dict)  # words -> rows

    def count(self, words: object, rows: int) -> None:
        if rows:
            self.moved[str(words)] = self.moved.get(str(words), 0) + rows

    def repoint(self, link: models.Field, losers: list[int], winner: int) -> int:
        """Let every row of a link's table that points at a loser point at the winner."""
        table, column = link.model._meta.db_table, link.column
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO {IMAGES} (merge_id, "table", row_id, action, before, after) '
                f"SELECT %s, %s, id, 'changed', jsonb_build_object(%s, {column}), jsonb_build_object(%s, %s::bigint) "
                f"FROM {table} WHERE {column} = ANY(%s) FOR UPDATE",
                [self.merge.pk, table, column, column, winner, losers],
            )
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = ANY(%s)", [winner, losers])
            return cursor.rowcount

    def change(self, row: models.Model, values: dict[str, Any]) -> None:
        """Set fields of one row."""
        if not values:
            return
        before = row_as_json(row)
        type(row)._base_manager.filter(pk=row.pk).update(**values)
        after = row_as_json(row)
        columns = [name for name in after if before.get(name) != after[name]]
        if columns:
            MergeImage.objects.create(
                merge=self.merge,
                table=row._meta.db_table,
                row_id=row.pk,
                before={name: before[name] for name in columns},
                after={name: after[name] for name in columns},
            )

    def add(self, row: models.Model) -> None:
        row.save(force_insert=True)
        self._image(row, MergeImage.Action.ADDED, {}, row_as_json(row))

    def remove(self, row: models.Model) -> None:
        self._image(row, MergeImage.Action.REMOVED, row_as_json(row), {})
        type(row)._base_manager.filter(pk=row.pk).delete()

    def _image(self, row: models.Model, action: str, before: dict, after: dict) -> None:
        MergeImage.objects.create(
            merge=self.merge, table=row._meta.db_table, row_id=row.pk, action=action, before=before, after=after
        )


def row_as_json(row: models.Model) -> dict[str, Any]:
    """The row as Postgres writes it, and as it can read it back."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {row._meta.db_table} t WHERE id = %s", [row.pk])
        found = cursor.fetchone()
    return json.loads(found[0]) if found else {}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something undoing left alone."""

    table: str
    row: int
    columns: tuple[str, ...]
    reason: str


def images_restore(merge: Merge) -> list[Kept]:
    """Put back what the merge wrote, where it still stands as the merge left it. Returns what it left alone."""
    kept = _remove_added(merge)
    for table, columns in _columns(merge).items():
        for column in columns:
            kept += _restore_column(merge, table, column)
    return kept + _insert_removed(merge)


def _columns(merge: Merge) -> dict[str, list[str]]:
    """Tables with the columns the merge wrote: links first, so that restored dates meet no other row's."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT DISTINCT "table", jsonb_object_keys(before) FROM {IMAGES} WHERE merge_id = %s AND action = %s',
            [merge.pk, MergeImage.Action.CHANGED],
        )
        rows = cursor.fetchall()
    found: dict[str, list[str]] = {}
    for table, column in sorted(rows, key=lambda r: (r[0], r[1] != "merged_into_id", not r[1].endswith("_id"), r[1])):
        found.setdefault(table, []).append(column)
    return found


def _restore_column(merge: Merge, table: str, column: str) -> list[Kept]:
    quoted, name = connection.ops.quote_name(table), connection.ops.quote_name(column)
    images = (
        f"{IMAGES} i WHERE i.merge_id = %(merge)s AND i.action = 'changed' AND i.\"table\" = %(table)s "
        "AND i.before ? %(column)s"
    )
    wanted = {"merge": merge.pk, "table": table, "column": column}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT i.row_id, t.id IS NULL FROM (SELECT * FROM {images}) i "
            f"LEFT JOIN {quoted} t ON t.id = i.row_id "
            f"WHERE t.id IS NULL OR (to_jsonb(t.{name}) IS DISTINCT FROM nullif(i.after->%(column)s, 'null'::jsonb) "
            f"AND to_jsonb(t.{name}) IS DISTINCT FROM nullif(i.before->%(column)s, 'null'::jsonb)) ORDER BY 1",
            wanted,
        )
        kept = [
            Kept(table, row, (column,), "the row is gone" if gone else "changed since the merge")
            for row, gone in cursor.fetchall()
        ]
        cursor.execute(
            f"UPDATE {quoted} t SET {name} = (jsonb_populate_record(NULL::{quoted}, i.before)).{name} "
            f"FROM (SELECT * FROM {images}) i WHERE t.id = i.row_id "
            f"AND to_jsonb(t.{name}) IS NOT DISTINCT FROM nullif(i.after->%(column)s, 'null'::jsonb)",
            wanted,
        )
    return kept


def _remove_added(merge: Merge) -> list[Kept]:
    kept = []
    for image in merge.images.filter(action=MergeImage.Action.ADDED).order_by("-pk"):
        quoted = connection.ops.quote_name(image.table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {quoted} t WHERE id = %s AND to_jsonb(t) = %s::jsonb",
                [image.row_id, json.dumps(image.after)],
            )
            if cursor.rowcount == 0:
                kept.append(Kept(image.table, image.row_id, (), "changed since the merge"))
    return kept


def _insert_removed(merge: Merge) -> list[Kept]:
    """Rows the merge took out come back, unless their place has been taken."""
    kept = []
    for image in merge.images.filter(action=MergeImage.Action.REMOVED).order_by("pk"):
        quoted = connection.ops.quote_name(image.table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {quoted} SELECT (jsonb_populate_record(NULL::{quoted}, %s::jsonb)).* "
                "ON CONFLICT DO NOTHING",
                [json.dumps(image.before)],
            )
            if cursor.rowcount == 0:
                kept.append(Kept(image.table, image.row_id, (), "its place is taken by a later row"))
    return kept


def kept_as_json(kept: Iterable[Kept]) -> list[dict]:
    return [{"table": k.table, "row": k.row, "columns": list(k.columns), "reason": k.reason} for k in kept]
