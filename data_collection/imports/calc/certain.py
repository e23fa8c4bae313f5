"""SQL that finds, before anything is converted, the rows of a file that say what their known row already holds.

A file exported again is mostly such rows. Each text is compared with the stored value by a test that is cheap and
may only be wrong in one way: a row that is the same may be missed, and then goes the usual way. What is no longer
asked of a certain row is sure anyway: the known row keeps its references, checks and lengths.
"""

from collections.abc import Mapping as Dict

from data_collection.imports.calc.expressions import literal, quoted, source_text
from data_collection.imports.calc.formats import FALSE, TRUE
from data_collection.imports.calc.plan import Filled, Plan
from data_collection.imports.calc.statements import cells, default_of, reference_join, texts_sql
from data_collection.imports.calc.tables import Table

REST = "import_rest"  # rows of the file that are not certain
DIGITS = "'0123456789'"
CAPITALS = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"
MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})$"


def is_applicable(plan: Plan) -> bool:
    """Whether a row is judged by itself and its known row alone, and every field has a cheap test."""
    target, table = plan.target, plan.table
    if target.known_by or target.unless_known_by or target.sum or target.insert_only or target.duplicates != "reject":
        return False
    if not table.mirror or table.overlaps or plan.selves or "attributes" in plan.names:
        return False
    return set(table.key) <= plan.names and all(f.reading is None or _equal(f) is not None for f in plan.filled)


def rows_sql(plan: Plan, *, raw: str) -> str:
    """How many rows of the file are the target's: (number)."""
    return f"SELECT count(*) FROM ({texts_sql(plan, raw, fields=())}) b"


def share_sql(plan: Plan, *, raw: str, every: int, tables: Dict[str, Table], aliased: frozenset[str]) -> str:
    """Of the rows whose number is a multiple: (how many, how many of them are certain)."""
    sampled = f"(SELECT * FROM {raw} WHERE n % {int(every)} = 0) sampled"
    return f"SELECT count(*), count(*) FILTER (WHERE {_certain(plan)}) FROM {_beside(plan, sampled, tables, aliased)}"


def rest_sql(plan: Plan, *, raw: str, tables: Dict[str, Table], aliased: frozenset[str]) -> str:
    """CREATE TABLE ... AS the rows that are not certain: (n, id of the known row)."""
    beside = _beside(plan, raw, tables, aliased)
    return f"CREATE TEMP TABLE {REST} AS SELECT b.n, t.id FROM {beside} WHERE ({_certain(plan)}) IS NOT TRUE"


def put_back_sql(plan: Plan, *, raw: str) -> str:
    """Adds certain rows whose key a row of the rest has as well, since those are judged against each other."""
    texts = ", ".join(
        f"{source_text(f.source, plan.columns)} AS x_{f.field.name}" for f in plan.filled if f.field.name in plan.key
    )
    keys = ", ".join(f"t.{quoted(plan.table.fields[name].column)}" for name in plan.key)
    own = ", ".join(f"b.x_{name}" for name in plan.key)
    return (
        f"INSERT INTO {REST} SELECT b.n FROM (SELECT n, {texts} FROM {cells(plan, raw)} WHERE bad IS NULL OFFSET 0) b "
        f"WHERE ({own}) IN (SELECT {keys} FROM {REST} r JOIN {quoted(plan.table.db_table)} t ON t.id = r.id) "
        f"AND NOT EXISTS (SELECT 1 FROM {REST} r WHERE r.n = b.n)"
    )


def rest_of(raw: str) -> str:
    """What the usual statements read the remaining rows from."""
    return f"(SELECT * FROM {raw} WHERE n IN (SELECT n FROM {REST})) rest"


def _beside(plan: Plan, raw: str, tables: Dict[str, Table], aliased: frozenset[str]) -> str:
    """Texts of the file, the known row and the rows referred to beside each."""
    key = " AND ".join(f"t.{quoted(plan.table.fields[name].column)} = b.x_{name}" for name in plan.key)
    joins = [reference_join(f, plan, tables, f.field.name in aliased) for f in plan.filled if f.reading is None]
    known = f"LEFT JOIN {quoted(plan.table.db_table)} t ON {key}"
    return f"({texts_sql(plan, raw)}) b {known} {' '.join(joins)}"


def _certain(plan: Plan) -> str:
    tests = ["b.bad IS NULL", "t.id IS NOT NULL", *(_test(f) for f in plan.filled if f.field.name not in plan.key)]
    if plan.attributes:
        tests.append("jsonb_strip_nulls(t.attributes || b.x__unknown) = t.attributes")
    return " AND ".join(tests)


def _test(filled: Filled) -> str:
    field, text, known = filled.field, f"b.x_{filled.field.name}", f"t.{quoted(filled.field.column)}"
    if filled.reading is None:
        found = f"l_{field.name}"
        equal = f"({found}.id = {known} AND NOT {found}.several)"
    else:
        equal = (_equal(filled) or "false").replace(":text:", text).replace(":known:", known)
    if filled.required is not None:
        test = f"({text} IS NOT NULL AND {equal})"
    else:
        empty = f"{known} IS NULL" if field.nullable or field.refers else f"{known} = {default_of(field)}"
        test = f"CASE WHEN {text} IS NULL THEN {empty} ELSE {equal} END"
    limits = [f"({sql.replace(':value:', known)}) IS NOT TRUE" for sql, _problem in filled.limits]
    return " AND ".join([test, *limits])


def _equal(filled: Filled) -> str | None:
    """SQL over :text: and :known: that is true only where the text reads as the known value; None: there is none."""
    field, source = filled.field, filled.source
    marks = "octet_length(:text:) <= 31 AND :text: <> '' AND translate(:text:, " + DIGITS + ", '')"
    if field.kind == "text":
        return _equal_text(filled)
    if field.kind == "date":
        iso = {"iso", "ymd"} & set(source.formats.date)
        return "(:text: LIKE '____-__-__' AND :text: = :known:::text)" if iso else None
    if field.kind == "datetime":
        valid = f":text: ~ {literal(MOMENT)} AND pg_input_is_valid(:text:, 'timestamptz')"
        iso = {"iso", "ymd"} & set(source.formats.date)
        return f"CASE WHEN {valid} THEN :text:::timestamptz = :known: ELSE false END" if iso else None
    if field.kind == "boolean":
        yes, no = (", ".join(literal(word) for word in words) for words in (TRUE, FALSE))
        return f"CASE WHEN lower(:text:) IN ({yes}) THEN :known: ELSE lower(:text:) IN ({no}) AND NOT :known: END"
    if field.kind == "integer":
        return f"CASE WHEN {marks} = '' THEN :text:::numeric = :known: ELSE false END"
    if field.kind == "decimal" and source.formats.decimal == "." and not source.multiply and not source.percent:
        return f"CASE WHEN {marks} IN ('', '.') AND :text: <> '.' THEN :text:::numeric = :known: ELSE false END"
    return None


def _equal_text(filled: Filled) -> str:
    field = filled.field
    if field.choices:
        firsts = {choice.lower(): choice for choice in reversed(field.choices)}  # the first of the same letters counts
        own = ", ".join(literal(choice) for choice in firsts.values())
        return f"(:text: = :known: AND :text: IN ({own}))"
    if field.upper:
        return f"(:text: = :known: AND octet_length(:text:) = 3 AND translate(:text:, {CAPITALS}, '') = '')"
    return ":text: = :known:"
