"""SQL that stages one target's rows: typed values, resolved references, and what is wrong with each row.

Names of tables and columns come from the models and are quoted; texts of the mapping go in as literals. Each
level is a subquery behind OFFSET 0, so that Postgres computes every expression once.
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence

from data_collection.imports.calc.expressions import literal, quoted, source_text
from data_collection.imports.calc.plan import Filled, Plan
from data_collection.imports.calc.tables import Field, Table

RAW, STAGE = "import_raw", "import_stage"
ALIAS = "data_collection_referencealias"


def stage_sql(plan: Plan, *, raw: str, tables: Dict[str, Table], aliased: frozenset[str] = frozenset()) -> str:
    """CREATE TABLE ... AS with columns n, one per field of the table, err (problem indexes).

    `raw`: what the trimmed cells are read from; `aliased`: reference fields for which confirmed aliases exist.
    """
    texts, values = texts_sql(plan, raw), [_value(f) for f in plan.filled if f.field.name not in plan.selves]
    normals = [_normal(f) for f in plan.filled if f.reading is not None]
    joins = [reference_join(f, plan, tables, f.field.name in aliased) for f in plan.filled if _joined(f, plan)]
    level2 = f"SELECT *{_more(normals)} FROM ({texts}) a {_not_known(plan)}OFFSET 0"
    level3 = f"SELECT b.*{_more(values)} FROM ({level2}) b {' '.join(joins)} OFFSET 0"
    columns = [f"{_final(f, plan)} AS {quoted(f.field.column)}" for f in plan.filled if f.field.name not in plan.selves]
    columns += [f"x_{name} AS {quoted('self_' + name)}" for name in plan.selves]
    columns += ["x__unknown AS attributes"] if plan.keeps_attributes and "attributes" not in plan.names else []
    level4 = f"SELECT n, {', '.join(columns)}, {_errors(plan)} AS err FROM ({level3}) c OFFSET 0"
    others = others_needed(plan)
    if others:
        known = ", ".join(_known(plan.table.fields[name]) for name in others)
        match = " AND ".join(same(part, "d", "cur", nullable=False) for part in key_columns(plan))
        level4 = (
            f"SELECT d.*, {known} FROM ({level4}) d LEFT JOIN {quoted(plan.table.db_table)} cur ON {match} OFFSET 0"
        )
    return f"CREATE TEMP TABLE {STAGE} AS SELECT {_with_checks(plan, others)} FROM ({level4}) e"


def _not_known(plan: Plan) -> str:
    """Leaves out rows whose table knows them already by another field than the key."""
    by = plan.target.unless_known_by
    if by is None:
        return ""
    rows = reference_rows(plan.table, by=by, within=())
    system = f" AND l.system = {own_system(plan, 'a.')}" if plan.table.mirror else ""
    return f"WHERE NOT EXISTS (SELECT 1 FROM ({rows}) l WHERE l.k = a.x_{by}{system}) "


def key_columns(plan: Plan) -> list[str]:
    """Columns of the natural key the file fills."""
    return [plan.table.fields[name].column for name in plan.key if name in plan.names]


def same(column: str, a: str, b: str, *, nullable: bool) -> str:
    word = "IS NOT DISTINCT FROM" if nullable else "="
    return f"{a}.{quoted(column)} {word} {b}.{quoted(column)}"


def match_key(plan: Plan, a: str, b: str) -> str:
    """Condition that a row of `a` is the row of `b`; key parts the file does not fill are empty."""
    parts = []
    for name in plan.key:
        field = plan.table.fields[name]
        if name in plan.names:
            parts.append(same(field.column, a, b, nullable=field.nullable))
        else:
            empty = f"{b}.{quoted(field.column)}"
            parts.append(f"{empty} IS NULL" if field.nullable else f"{empty} = {default_of(field)}")
    return " AND ".join(parts)


def default_of(field: Field) -> str:
    """Value of a column a new row does not fill."""
    if field.default is None and field.kind != "text":
        return f"NULL::{field.sql_type}"
    return f"{literal(field.default or '')}::{field.sql_type}"


def others_needed(plan: Plan) -> list[str]:
    """Fields the file does not fill but a rule about rows speaks of."""
    if plan.target.known_by:
        return []  # one staged row may stand for many known ones; the database judges
    spoken = {name for check in plan.table.checks if plan.names & set(check.fields) for name in check.fields}
    if plan.table.overlaps:
        columns = {column for rule in plan.table.overlaps for column in rule.columns}
        spoken |= {"valid_from", "valid_to", "is_primary"} | {
            f.name for f in plan.table.fields.values() if f.column in columns
        }
    return [name for name in plan.table.fields if name in spoken and name not in plan.names]


def _known(field: Field) -> str:
    return f"coalesce(cur.{quoted(field.column)}, {default_of(field)}) AS {quoted(field.column)}"


def _more(columns: Sequence[str]) -> str:
    return "".join(f", {column}" for column in columns)


def texts_sql(plan: Plan, raw: str, *, fields: Sequence[Filled] | None = None) -> str:
    """The target's rows with the text of each field; of these fields only, without attributes, where given."""
    columns = ["n", "bad"]
    columns += [
        f"{source_text(f.source, plan.columns)} AS x_{f.field.name}"
        for f in (plan.filled if fields is None else fields)
    ]
    if plan.attributes and fields is None:
        columns.append(f"{_unknown(plan)} AS x__unknown")
    where = [
        f"(bad IS NOT NULL OR {plan.columns[column]} IN ({', '.join(literal(v) for v in values)}))"
        for column, values in plan.target.only
    ]
    where += [f"{plan.columns[column]} IS NOT NULL" for column in plan.target.skip_empty]
    where += ["bad IS NULL"] if plan.target.duplicates == "first" else []
    return f"SELECT {', '.join(columns)} FROM {cells(plan, raw)} WHERE {' AND '.join(where) or 'true'} OFFSET 0"


def cells(plan: Plan, raw: str) -> str:
    """The file's rows, with the texts that mean an empty cell emptied."""
    if not plan.blank:
        return raw
    texts = ", ".join(literal(text) for text in plan.blank)
    columns = ", ".join(f"CASE WHEN {c} IN ({texts}) THEN NULL ELSE {c} END AS {c}" for c in plan.columns.values())
    return f"(SELECT n, bad, {columns} FROM {raw}) cells"


def _unknown(plan: Plan) -> str:
    """Columns no field uses, as one JSON object; empty cells are nulls, so that they clear older values."""
    pairs = [f"{literal(name)}, {plan.columns[column]}" for name, column in plan.attributes.items()]
    parts = [f"jsonb_build_object({', '.join(pairs[i : i + 40])})" for i in range(0, len(pairs), 40)]
    return " || ".join(parts)


def _normal(filled: Filled) -> str:
    assert filled.reading is not None
    return f"{filled.reading.normal.replace(':text:', f'x_{filled.field.name}')} AS n_{filled.field.name}"


def _value(filled: Filled) -> str:
    name = filled.field.name
    if filled.reading is None:
        return f"l_{name}.id AS id_{name}, l_{name}.several AS several_{name}"
    return f"{filled.reading.value.replace(':normal:', f'n_{name}').replace(':text:', f'x_{name}')} AS v_{name}"


def _joined(filled: Filled, plan: Plan) -> bool:
    return filled.reading is None and filled.field.name not in plan.selves


def reference_rows(table: Table, *, by: str, within: tuple[tuple[str, str], ...]) -> str:
    """Rows a reference may mean, as (k, system, id, several)."""
    name = quoted(table.db_table)
    system = '"system"' if table.mirror else "NULL::text"
    key = quoted(table.fields[by].column)
    if table.name == "stage" and not within:
        key = "CASE WHEN pipeline = 'default' THEN name ELSE pipeline || '/' || name END"
    where = " AND ".join(f"{quoted(table.fields[f].column)} = {literal(v)}" for f, v in within) or "true"
    row = "coalesce(merged_into_id, id)" if table.merges else "id"
    if (by,) == table.key or (table.mirror and by == "external_id"):
        return f"SELECT {key} AS k, {system} AS system, {row} AS id, false AS several FROM {name} WHERE {where}"
    return (
        f"SELECT {key} AS k, {system} AS system, min({row}) AS id, count(DISTINCT {row}) > 1 AS several "
        f"FROM {name} WHERE {where} GROUP BY 1, 2"
    )


def own_system(plan: Plan, prefix: str = "b.") -> str:
    return f"{prefix}x_system" if "system" in plan.names else literal(plan.system)


def reference_join(filled: Filled, plan: Plan, tables: Dict[str, Table], aliased: bool) -> str:
    """Joins what a reference of the texts `b` means as `l_<field>` (k, system, id, several)."""
    name = filled.field.name
    table = tables[filled.field.refers or ""]
    by = filled.source.by or table.lookup[0]
    rows = reference_rows(table, by=by, within=filled.source.within)
    text, join = f"b.x_{name}", ""
    if aliased:
        join = (
            f"LEFT JOIN {ALIAS} al_{name} ON al_{name}.system = {literal(plan.system)} AND al_{name}.table = "
            f"{literal(table.name)} AND al_{name}.by = {literal(by)} AND al_{name}.value = b.x_{name} "
        )
        text = f"coalesce(al_{name}.target, b.x_{name})"
    system = f" AND l_{name}.system = {own_system(plan)}" if table.mirror else ""
    return f"{join}LEFT JOIN ({rows}) l_{name} ON l_{name}.k = {text}{system}"


def _final(filled: Filled, plan: Plan) -> str:
    """The value that is stored: NULL where a limit is broken, the default where it is empty and must not be."""
    field, name = filled.field, filled.field.name
    if filled.reading is None:
        return f"id_{name}"
    value = f"v_{name}"
    if filled.limits:
        wrong = " OR ".join(sql.replace(":value:", value) for sql, _ in filled.limits)
        value = f"CASE WHEN {wrong} THEN NULL ELSE {value} END"
    value = f"({value})::{field.sql_type}"
    if field.name == "attributes":
        return f"coalesce({value}, '{{}}')" + (" || x__unknown" if plan.attributes else "")
    return value if field.nullable or field.required else f"coalesce({value}, {default_of(field)})"


def _errors(plan: Plan) -> str:
    """Indexes of what is wrong; rows with nothing wrong, nearly all, cost no array."""
    wrong = [("bad IS NOT NULL", plan.ragged)]
    for filled in plan.filled:
        name = filled.field.name
        text = f"x_{name}"
        if filled.required is not None:
            wrong.append((f"{text} IS NULL AND bad IS NULL", filled.required))
        if name in plan.selves:
            continue
        value = f"id_{name}" if filled.reading is None else f"v_{name}"
        if filled.invalid is not None:
            wrong.append((f"{text} IS NOT NULL AND {value} IS NULL AND bad IS NULL", filled.invalid))
        if filled.several is not None:
            wrong.append((f"several_{name}", filled.several))
        wrong += [(sql.replace(":value:", value), i) for sql, i in filled.limits]
    cases = ", ".join(f"CASE WHEN {condition} THEN {index} END" for condition, index in wrong)
    anything = " OR ".join(f"({condition})" for condition, _index in wrong)
    return f"CASE WHEN {anything} THEN array_remove(ARRAY[{cases}]::int[], NULL) ELSE '{{}}' END"


def _with_checks(plan: Plan, others: list[str]) -> str:
    columns = [quoted(f.field.column) for f in plan.filled if f.field.name not in plan.selves]
    columns += [quoted("self_" + name) for name in plan.selves]
    columns += [quoted(plan.table.fields[name].column) for name in others]
    columns += ["attributes"] if plan.keeps_attributes and "attributes" not in plan.names else []
    checks = [f"CASE WHEN ({sql}) IS FALSE THEN {i} END" for sql, i in plan.checks]
    err = "err"
    if checks:
        broken = " OR ".join(f"({sql}) IS FALSE" for sql, _index in plan.checks)
        found = f"array_remove(ARRAY[{', '.join(checks)}]::int[], NULL)"
        err = f"CASE WHEN err = '{{}}' AND ({broken}) THEN {found} ELSE err END AS err"
    return f"n, {', '.join(columns)}, {err}"


def unmatched_sql(plan: Plan, filled: Filled, *, raw: str, tables: Dict[str, Table], limit: int) -> str:
    """Texts of a reference nothing is known by, with their number of rows, most frequent first. Of staged rows."""
    table = tables[filled.field.refers or ""]
    by = filled.source.by or table.lookup[0]
    rows = reference_rows(table, by=by, within=filled.source.within)
    columns = [
        f"{source_text(f.source, plan.columns)} AS x_{f.field.name}" for f in plan.filled if f.field.name == "system"
    ]
    columns.append(f"{source_text(filled.source, plan.columns)} AS x_{filled.field.name}")
    system = f" AND l.system = {own_system(plan)}" if table.mirror else ""
    name = filled.field.name
    empty = f"SELECT n FROM {STAGE} WHERE {quoted(filled.field.column)} IS NULL"
    texts = f"SELECT {', '.join(columns)} FROM {raw} WHERE bad IS NULL AND n IN ({empty}) OFFSET 0"
    return (
        f"SELECT b.x_{name}, count(*) FROM ({texts}) b LEFT JOIN ({rows}) l ON l.k = b.x_{name}{system} "
        f"WHERE b.x_{name} IS NOT NULL AND l.k IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}"
    )


def similar_sql(plan: Plan, filled: Filled, *, tables: Dict[str, Table], values: list[str], each: int) -> str:
    """For each text the known names most like it: (text, stored text, name compared)."""
    table = tables[filled.field.refers or ""]
    by = filled.source.by or table.lookup[0]
    rows = reference_rows(table, by=by, within=filled.source.within)
    system = f" WHERE l.system = {literal(plan.system)}" if table.mirror else ""
    plain = "lower(regexp_replace({}, '[^[:alnum:]]', '', 'g'))"
    names = f"SELECT l.k, l.k AS shown FROM ({rows}) l{system}"
    if "name" in table.fields and by != "name":
        also = " AND t.system = l.system" if table.mirror else ""
        column = quoted(table.fields[by].column)
        names += (
            f" UNION SELECT l.k, t.name FROM ({rows}) l JOIN {quoted(table.db_table)} t "
            f"ON t.{column} = l.k{also}{system}"
        )
    texts = ", ".join(literal(value) for value in values) or "NULL"
    return (
        f"SELECT v.text, c.k, c.shown FROM unnest(ARRAY[{texts}]::text[]) AS v(text) CROSS JOIN LATERAL ("
        f"SELECT k, shown FROM ({names}) known ORDER BY similarity({plain.format('shown')}, {plain.format('v.text')}) "
        f"DESC, k LIMIT {each}) c"
    )
