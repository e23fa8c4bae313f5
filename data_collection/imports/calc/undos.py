"""SQL that takes an import back: which rows to remove or restore, which later changes keep where they are.

A mirror row is as the import left it while it carries the batch number; any other row while it equals the copy
that was kept. Plans go into temporary tables, one pair a table: ids to remove, and earlier values to restore.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass

from data_collection.imports.calc.expressions import literal, quoted
from data_collection.imports.calc.tables import Table

KEPT = "undo_kept"
NEW_ROWS, IMAGES = "data_collection_newrows", "data_collection_rowbefore"


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key of the database."""

    child: str
    column: str
    parent: str
    key: str
    words: str  # rows of the child, for a person


def removed(table: str) -> str:
    return f"undo_remove_{table}"


def restored(table: str) -> str:
    return f"undo_restore_{table}"


def untouched(table: Table, batch: int, image: str) -> str:
    """Condition that row `t` is as the batch left it."""
    if table.mirror:
        return f"t.batch_id = {int(batch)}"
    return f"jsonb_populate_record(t, {image}.after) IS NOT DISTINCT FROM t"


def _images(table: Table, batch: int) -> str:
    return f'i.batch_id = {int(batch)} AND i."table" = {literal(table.name)}'


def _since(table: Table, batch: int) -> str:
    """Who changed row `t` after the batch."""
    if table.mirror:
        later = "t.batch_id"
    else:
        later = (
            f'(SELECT max(l.batch_id) FROM {IMAGES} l WHERE l."table" = {literal(table.name)} AND l."row" = t.id '
            f"AND l.batch_id > {int(batch)})"
        )
    return f"coalesce('was changed by import #' || {later}, 'was changed since')"


# --- what to do -----------------------------------------------------------------------------
def remove_sql(table: Table, batch: int) -> str:
    """New rows that are as the batch left them."""
    db_table, name = quoted(table.db_table), removed(table.name)
    if table.mirror:
        known = f'SELECT 1 FROM {IMAGES} i WHERE {_images(table, batch)} AND i."row" = t.id'
        return (
            f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT t.id, NULL::jsonb AS after FROM {_new(table, batch)} "
            f"WHERE t.batch_id = {int(batch)} AND NOT EXISTS ({known})"
        )
    return (
        f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT t.id, i.after FROM {IMAGES} i JOIN {db_table} t "
        f'ON t.id = i."row" WHERE {_images(table, batch)} AND i.before IS NULL AND {untouched(table, batch, "i")}'
    )


def _new(table: Table, batch: int) -> str:
    return (
        f'(SELECT after, last FROM {NEW_ROWS} WHERE batch_id = {int(batch)} AND "table" = {literal(table.name)}) s '
        f"JOIN {quoted(table.db_table)} t ON t.id > s.after AND t.id <= s.last"
    )


def remove_not_sql(table: Table, batch: int) -> str:
    """New rows that were changed since."""
    into = f"INSERT INTO {KEPT} SELECT {literal(table.name)}, t.id, {_since(table, batch)}"
    if table.mirror:
        return f"{into} FROM {_new(table, batch)} WHERE t.batch_id IS DISTINCT FROM {int(batch)}"
    return (
        f'{into} FROM {IMAGES} i JOIN {quoted(table.db_table)} t ON t.id = i."row" WHERE {_images(table, batch)} '
        f"AND i.before IS NULL AND NOT ({untouched(table, batch, 'i')})"
    )


def restore_sql(table: Table, batch: int) -> str:
    """Changed rows that are as the batch left them, with what they held before."""
    return (
        f"CREATE TEMP TABLE {restored(table.name)} ON COMMIT DROP AS SELECT t.id, i.before, i.after FROM {IMAGES} i "
        f'JOIN {quoted(table.db_table)} t ON t.id = i."row" WHERE {_images(table, batch)} AND i.before IS NOT NULL '
        f"AND {untouched(table, batch, 'i')}"
    )


def restore_not_sql(table: Table, batch: int) -> str:
    """Changed rows that were changed again or deleted since."""
    return (
        f"INSERT INTO {KEPT} SELECT {literal(table.name)}, i.\"row\", CASE WHEN t.id IS NULL THEN 'was deleted since' "
        f'ELSE {_since(table, batch)} END FROM {IMAGES} i LEFT JOIN {quoted(table.db_table)} t ON t.id = i."row" '
        f"WHERE {_images(table, batch)} AND i.before IS NOT NULL "
        f"AND (t.id IS NULL OR NOT ({untouched(table, batch, 'i')}))"
    )


def gone_sql(table: Table, link: Link) -> str:
    """Rows whose earlier value refers to a row that is no longer there stay as they are."""
    value = f"(r.before ->> {literal(link.column)})::bigint"
    there = f"SELECT 1 FROM {quoted(link.parent)} p WHERE p.{quoted(link.key)} = {value}"
    return (
        f"WITH gone AS (DELETE FROM {restored(table.name)} r WHERE {value} IS NOT NULL AND NOT EXISTS ({there}) "
        f"RETURNING r.id) INSERT INTO {KEPT} SELECT {literal(table.name)}, id, 'what it referred to is gone' FROM gone"
    )


def used_sql(table: Table, link: Link, *, planned: Dict[str, str]) -> str:
    """New rows that a row which stays refers to must stay too. `planned`: database table -> table, those done."""
    stays = ""
    child = planned.get(link.child)
    if child is not None:
        stays = (
            f" AND NOT EXISTS (SELECT 1 FROM {removed(child)} d WHERE d.id = c.id)"
            f" AND NOT EXISTS (SELECT 1 FROM {restored(child)} d WHERE d.id = c.id"
            f" AND jsonb_exists(d.before, {literal(link.column)}))"
        )
    used = f"SELECT 1 FROM {quoted(link.child)} c WHERE c.{quoted(link.column)} = r.id{stays}"
    return (
        f"WITH used AS (DELETE FROM {removed(table.name)} r WHERE EXISTS ({used}) RETURNING r.id) INSERT INTO {KEPT} "
        f"SELECT {literal(table.name)}, id, {literal(f'is still used by {link.words}')} FROM used"
    )


def kept_sql(table: Table, tables: Dict[str, Table], *, limit: int) -> str:
    """Kept rows as (name a person knows, reason)."""
    parts = []
    for field in (table.fields[name] for name in table.key if name != "system"):
        if field.refers:
            other = tables[field.refers]
            known = quoted(other.fields[other.lookup[0]].column)
            parts.append(f"(SELECT p.{known} FROM {quoted(other.db_table)} p WHERE p.id = t.{quoted(field.column)})")
        else:
            parts.append(f"t.{quoted(field.column)}::text")
    key = f"coalesce(nullif(concat_ws(' ', {', '.join(parts)}), ''), '#' || k.id)"
    return (
        f"SELECT {key}, k.reason FROM {KEPT} k LEFT JOIN {quoted(table.db_table)} t ON t.id = k.id "
        f'WHERE k."table" = {literal(table.name)} ORDER BY k.reason, k.id LIMIT {int(limit)}'
    )


# --- doing it -------------------------------------------------------------------------------
def next_sql(plan: str, *, after: int, size: int) -> str:
    """Last id of the next `size` rows of a plan."""
    return f"SELECT max(id) FROM (SELECT id FROM {plan} WHERE id > {int(after)} ORDER BY id LIMIT {int(size)}) x"


def delete_sql(table: Table, batch: int, *, after: int, last: int) -> str:
    return (
        f"DELETE FROM {quoted(table.db_table)} t USING {removed(table.name)} r WHERE t.id = r.id "
        f"AND r.id > {int(after)} AND r.id <= {int(last)} AND {untouched(table, batch, 'r')}"
    )


def put_back_sql(table: Table, batch: int, *, after: int, last: int) -> str:
    columns = [field.column for field in table.fields.values()] + (["batch_id"] if table.mirror else [])
    sets = ", ".join(f"{quoted(column)} = p.{quoted(column)}" for column in columns)
    name = quoted(table.db_table)
    return (
        f"UPDATE {name} t SET {sets} FROM {restored(table.name)} r JOIN {name} o ON o.id = r.id "
        f"CROSS JOIN LATERAL jsonb_populate_record(o, r.before) p WHERE t.id = r.id "
        f"AND r.id > {int(after)} AND r.id <= {int(last)} AND {untouched(table, batch, 'r')}"
    )
