"""SQL from staged rows to the table: duplicates, overlaps, circles, and only the rows that are new or differ.

An unchanged row is not written at all: no new row version, no trigger, no bloat, and importing twice is free.
"""

from collections.abc import Mapping as Dict

from data_collection.imports.calc.expressions import literal, quoted
from data_collection.imports.calc.plan import Filled, Plan
from data_collection.imports.calc.statements import (
    STAGE,
    default_of,
    key_columns,
    match_key,
    reference_rows,
    same,
)
from data_collection.imports.calc.tables import Table

DUPLICATES, REPEATED, MATCH = "import_duplicates", "import_repeated", "import_match"
KEEP = 'INSERT INTO data_collection_rowbefore (batch_id, "table", "row", before, after)'
KEEP_FIRST = (  # a row two targets change: the earliest values; a new row has none and stays so
    'ON CONFLICT (batch_id, "table", "row") DO UPDATE SET after = excluded.after, '
    "before = excluded.before || data_collection_rowbefore.before"
)


def compared_columns(plan: Plan) -> list[str]:
    """Columns of the stage that decide how statements over it are best run."""
    overlaps = [column for rule in plan.table.overlaps for column in rule.columns]
    selves = [f"self_{name}" for name in plan.selves]
    staged = {f.field.column for f in plan.filled} - {
        f.field.column for f in plan.filled if f.field.name in plan.selves
    }
    return ["n", "err", *dict.fromkeys(c for c in [*key_columns(plan), *overlaps] if c in staged), *selves]


def duplicates_sql(plan: Plan) -> str:
    """Keys that good rows share, with the first row of each."""
    keys = ", ".join(quoted(column) for column in key_columns(plan))
    return (
        f"CREATE TEMP TABLE {DUPLICATES} AS SELECT {keys}, min(n) AS first FROM {STAGE} WHERE err = '{{}}' "
        f"GROUP BY {keys} HAVING count(*) > 1"
    )


def repeated_sql(plan: Plan) -> str:
    """Later rows of a shared key: (n, first row, differs: names of the columns that do)."""
    nullable = {f.field.column: f.field.nullable for f in plan.filled}
    match = " AND ".join(same(column, "s", "d", nullable=nullable[column]) for column in key_columns(plan))
    skip = f"ARRAY[{', '.join(literal(c) for c in ['n', 'err', *summed_columns(plan)])}]"
    differ = (
        f"(SELECT coalesce(array_agg(a.key ORDER BY a.key), '{{}}') FROM jsonb_each(to_jsonb(s) - {skip}) a "
        f"WHERE a.value IS DISTINCT FROM (to_jsonb(f) -> a.key))"
    )
    return (
        f"CREATE TEMP TABLE {REPEATED} AS SELECT s.n, d.first, {differ} AS differs FROM {STAGE} s "
        f"JOIN {DUPLICATES} d ON {match} JOIN {STAGE} f ON f.n = d.first WHERE s.err = '{{}}' AND s.n > d.first"
    )


def summed_columns(plan: Plan) -> list[str]:
    return [plan.table.fields[name].column for name in plan.target.sum if name in plan.names]


def sum_sql(plan: Plan) -> str:
    """Gives the first row of each shared key the sums over all of its rows; what is not known adds nothing."""
    nullable = {f.field.column: f.field.nullable for f in plan.filled}
    match = " AND ".join(same(column, "s", "d", nullable=nullable[column]) for column in key_columns(plan))
    columns = [quoted(column) for column in summed_columns(plan)]
    sums = ", ".join(f"sum(s.{column}) AS {column}" for column in columns)
    return (
        f"UPDATE {STAGE} f SET {', '.join(f'{column} = t.{column}' for column in columns)} FROM ("
        f"SELECT d.first, {sums} FROM {STAGE} s JOIN {DUPLICATES} d ON {match} WHERE s.err = '{{}}' GROUP BY d.first"
        f") t WHERE f.n = t.first"
    )


def overlap_in_file_sql(plan: Plan, rule: int) -> str:
    """Good rows whose days overlap those of an earlier good row: (n, the earlier row)."""
    spec = plan.table.overlaps[rule]
    equal = " AND ".join(f"s.{quoted(c)} = o.{quoted(c)}" for c in spec.columns)
    good = f"SELECT * FROM {STAGE} WHERE err = '{{}}' AND ({spec.condition or 'true'}) OFFSET 0"
    return (
        f"SELECT s.n, min(o.n) FROM ({good}) s JOIN ({good}) o ON {equal} AND o.n < s.n "
        "AND daterange(s.valid_from, s.valid_to) && daterange(o.valid_from, o.valid_to) GROUP BY 1 ORDER BY 1"
    )


def overlap_with_known_sql(plan: Plan, rule: int) -> str:
    """Good rows whose days overlap a known row that the file does not replace: (n, its days)."""
    spec = plan.table.overlaps[rule]
    equal = " AND ".join(f"s.{quoted(c)} = o.{quoted(c)}" for c in spec.columns)
    good = f"SELECT * FROM {STAGE} WHERE err = '{{}}' AND ({spec.condition or 'true'}) OFFSET 0"
    known = f"SELECT * FROM {quoted(plan.table.db_table)} WHERE {spec.condition or 'true'} OFFSET 0"
    replaced = f"SELECT 1 FROM {STAGE} r WHERE r.err = '{{}}' AND {match_key(plan, 'r', 'o')}"
    return (
        f"SELECT s.n, min(o.valid_from || ' to ' || coalesce(o.valid_to::text, 'further notice')) "
        f"FROM ({good}) s JOIN ({known}) o ON {equal} "
        f"AND daterange(s.valid_from, s.valid_to) && daterange(o.valid_from, o.valid_to) "
        f"WHERE NOT EXISTS ({replaced}) GROUP BY 1 ORDER BY 1"
    )


def orphans_sql(plan: Plan, filled: Filled) -> str:
    """Good rows that refer to a row of the same table which is neither known nor good in this file."""
    table, name = plan.table, quoted("self_" + filled.field.name)
    by = filled.source.by or table.lookup[0]
    rows = reference_rows(table, by=by, within=filled.source.within)
    system = " AND p.system = s.system" if table.mirror else ""
    also = " AND o.system = s.system" if table.mirror else ""
    column = quoted(table.fields[by].column)
    return (
        f"SELECT s.n FROM {STAGE} s WHERE s.err = '{{}}' AND s.{name} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM ({rows}) p WHERE p.k = s.{name}{system}) "
        f"AND NOT EXISTS (SELECT 1 FROM {STAGE} o WHERE o.err = '{{}}' AND o.{column} = s.{name}{also}) ORDER BY s.n"
    )


def circle_sql(plan: Plan, filled: Filled) -> str:
    """Staged rows that have become their own ancestors: (n)."""
    table, column = quoted(plan.table.db_table), quoted(filled.field.column)
    return (
        f"WITH RECURSIVE up(start, at) AS (SELECT t.id, t.{column} FROM {table} t JOIN {STAGE} s "
        f"ON {match_key(plan, 's', 't')} WHERE t.{column} IS NOT NULL UNION SELECT up.start, t.{column} "
        f"FROM up JOIN {table} t ON t.id = up.at WHERE t.{column} IS NOT NULL) "
        f"SELECT s.n FROM up JOIN {table} t ON t.id = up.start JOIN {STAGE} s ON {match_key(plan, 's', 't')} "
        "WHERE up.start = up.at ORDER BY 1"
    )


def unknown_sql(plan: Plan) -> str:
    """Good rows that find nothing to update: (n)."""
    known = f"SELECT 1 FROM {quoted(plan.table.db_table)} t WHERE {match_key(plan, 's', 't')}"
    return f"SELECT s.n FROM {STAGE} s WHERE s.err = '{{}}' AND NOT EXISTS ({known}) ORDER BY 1"


def match_sql(plan: Plan, *, tables: Dict[str, Table]) -> str:
    """Good rows that are known: (n, id, differs). The one pass in which both sides are read."""
    differs = "false" if _fills_nothing(plan) or plan.target.insert_only else _differs(plan)
    return (
        f"CREATE TEMP TABLE {MATCH} AS SELECT s.n, t.id, {differs} AS differs FROM {_staged(plan, tables)} s "
        f"JOIN {quoted(plan.table.db_table)} t ON {match_key(plan, 's', 't')}"
    )


def _fills_nothing(plan: Plan) -> bool:
    """Nothing but the key."""
    return not _compared(plan)


def insert_sql(plan: Plan, *, batch: int) -> str:
    """Rows whose key is not known yet. References to the same table are set by the update afterwards.

    New mirror rows are known again by batch and id; others leave a copy to be known by.
    """
    table = plan.table
    columns: dict[str, str] = {}
    for field in table.fields.values():
        if field.name in plan.selves:
            continue
        if field.name in plan.names:
            columns[field.column] = f"s.{quoted(field.column)}"
        elif not field.nullable:
            columns[field.column] = default_of(field)
    if plan.keeps_attributes:
        columns["attributes"] = "jsonb_strip_nulls(s.attributes)"
    if table.mirror:
        columns["batch_id"] = str(int(batch))
    names = ", ".join(quoted(column) for column in columns)
    known = f"SELECT 1 FROM {MATCH} m WHERE m.n = s.n"
    insert = (
        f"INSERT INTO {quoted(table.db_table)} ({names}) SELECT {', '.join(columns.values())} FROM {STAGE} s "
        f"WHERE NOT EXISTS ({known}) ORDER BY s.n"
    )
    if table.mirror:
        return insert
    made = f"SELECT {int(batch)}, {literal(table.name)}, id, NULL, after FROM made"
    return f"WITH made AS ({insert} RETURNING id, to_jsonb(new) AS after) {KEEP} {made} {KEEP_FIRST}"


def _compared(plan: Plan) -> dict[str, str]:
    """Column -> its new value, for every column an update may change."""
    keys = set(key_columns(plan))
    found = {f.field.column: f"s.{quoted(f.field.column)}" for f in plan.filled if f.field.column not in keys}
    if plan.keeps_attributes:
        found["attributes"] = "jsonb_strip_nulls(t.attributes || s.attributes)"
    for column in plan.table.personal & found.keys():  # an erased person does not come back
        found[column] = f"CASE WHEN t.erased_at IS NULL THEN {found[column]} ELSE t.{quoted(column)} END"
    return found


def _staged(plan: Plan, tables: Dict[str, Table]) -> str:
    """Staged rows with references to their own table resolved."""
    if not plan.selves:
        return STAGE
    columns, joins = [], []
    for filled in plan.filled:
        if filled.field.name not in plan.selves:
            continue
        name, table = filled.field.name, plan.table
        by = filled.source.by or table.lookup[0]
        rows = reference_rows(table, by=by, within=filled.source.within)
        system = f" AND p_{name}.system = g.system" if table.mirror else ""
        columns.append(f"p_{name}.id AS {quoted(filled.field.column)}")
        joins.append(f"LEFT JOIN ({rows}) p_{name} ON p_{name}.k = g.{quoted('self_' + name)}{system}")
    return f"(SELECT g.*, {', '.join(columns)} FROM {STAGE} g {' '.join(joins)})"


def _differs(plan: Plan) -> str:
    compared = _compared(plan)
    old = ", ".join(f"t.{quoted(column)}" for column in compared)
    return f"({old}) IS DISTINCT FROM ({', '.join(compared.values())})"


def update_sql(plan: Plan, *, batch: int) -> str:
    """Known rows that differ. What a row held before is kept, unless this batch has written it already."""
    changed = _update(plan, STAGE, f"(SELECT n, id FROM {MATCH} WHERE differs)", batch)
    return f"{changed} SELECT count({_counted(plan)}) FROM changed"


def _counted(plan: Plan) -> str:
    """One row of a file may stand for several known ones; it counts once."""
    return "DISTINCT n" if plan.target.known_by else "*"


def parents_sql(plan: Plan, *, batch: int, tables: Dict[str, Table], after: int) -> str | None:
    """The same after new rows of a tree are in, when every parent has an id. Counts rows up to id `after` as known."""
    if _fills_nothing(plan):
        return None
    only_new = f" AND t.id > {int(after)}" if plan.target.insert_only else ""
    staged = _staged(plan, tables)
    differing = (
        f"(SELECT s.n, t.id FROM {staged} s JOIN {quoted(plan.table.db_table)} t ON {match_key(plan, 's', 't')} "
        f"WHERE {_differs(plan)}{only_new})"
    )
    changed = _update(plan, staged, differing, batch)
    return f"{changed} SELECT count({_counted(plan)}) FILTER (WHERE id <= {int(after)}) FROM changed"


def _update(plan: Plan, staged: str, differing: str, batch: int) -> str:
    compared = _compared(plan)
    sets = [f"{quoted(column)} = {value}" for column, value in compared.items()]
    sets += [f"batch_id = {int(batch)}"] if plan.table.mirror else []
    images = _images(plan, [*compared, *(["batch_id"] if plan.table.mirror else [])])
    return (
        f"WITH changed AS (UPDATE {quoted(plan.table.db_table)} t SET {', '.join(sets)} "
        f"FROM {differing} m JOIN {staged} s ON s.n = m.n WHERE t.id = m.id RETURNING t.id, s.n, {images}), "
        f"kept AS ({KEEP} SELECT {int(batch)}, {literal(plan.table.name)}, id, before, after FROM changed "
        f"WHERE {_worth_keeping(plan, batch)} {KEEP_FIRST})"
    )


def _worth_keeping(plan: Plan, batch: int) -> str:
    """All but the mirror rows this batch has made itself."""
    known = (
        f"SELECT 1 FROM data_collection_rowbefore k WHERE k.batch_id = {int(batch)} "
        f'AND k."table" = {literal(plan.table.name)} AND k."row" = changed.id'
    )
    return f"before ->> 'batch_id' IS DISTINCT FROM '{int(batch)}' OR EXISTS ({known})" if plan.table.mirror else "true"


def _images(plan: Plan, columns: list[str]) -> str:
    """What the row held; and what it holds now, where no batch number tells whether it was changed since."""
    if not plan.table.mirror:
        return "to_jsonb(old) AS before, to_jsonb(new) AS after"
    pairs = ", ".join(f"{literal(column)}, old.{quoted(column)}" for column in columns)
    return f"jsonb_build_object({pairs}) AS before, NULL::jsonb AS after"


def changes_sql(plan: Plan, *, tables: Dict[str, Table], limit: int) -> str | None:
    """A sample of what an update will change: (row number, old values, new values) as JSON."""
    compared = _compared(plan)
    if not compared or plan.target.insert_only:
        return None
    old = ", ".join(f"'{column}', t.{quoted(column)}" for column in compared)
    new = ", ".join(f"'{column}', {value}" for column, value in compared.items())
    return (
        f"SELECT s.n, jsonb_build_object({old}), jsonb_build_object({new}) "
        f"FROM (SELECT n, id FROM {MATCH} WHERE differs ORDER BY n LIMIT {limit}) m "
        f"JOIN {_staged(plan, tables)} s ON s.n = m.n JOIN {quoted(plan.table.db_table)} t ON t.id = m.id ORDER BY s.n"
    )
