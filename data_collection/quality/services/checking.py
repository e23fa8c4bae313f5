"""The check: each rule's query against the findings known, in one statement a rule.

New rows open a finding, known ones are seen again, a fixed one that is found again came back, and what is no longer
found is fixed. An accepted finding stays quiet until a field the rule reads changes, or its day passes.
The statement leaves the same rows when it runs twice, and nothing half done when it is killed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from data_collection.quality.models import Severity
from data_collection.quality.rules import rules_now
from data_collection.quality.rules.base import Basis, Rule
from data_collection.quality.selectors.basis import basis_of, kept
from data_collection.quality.selectors.rows import COLUMNS, found_sql

LOCK_SPACE = 7_310_002  # advisory locks: one check of a rule at a time
Progress = Callable[[int, int, str], None]

_NOTHING = (
    "SELECT NULL::bigint, ''::text, NULL::numeric, ''::text, ''::text, NULL::bigint, NULL::bigint, NULL::date,"
    " NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint WHERE false"
)
_BACK = (
    "(known.state = 'fixed' OR known.state = 'accepted' AND"
    " (known.accepted_value <> excluded.value OR known.accepted_until < excluded.last_seen))"
)
_MERGE = f"""
WITH found ({", ".join(COLUMNS)}) AS MATERIALIZED ({{query}}),
kept AS (
    INSERT INTO data_collection_qualityfinding AS known (
        rule, "table", severity, state, first_seen, last_seen, state_since, accepted_reason, accepted_value, team_id,
        {", ".join(COLUMNS)})
    SELECT %(rule)s, %(table)s, %(severity)s, 'open', %(day)s, %(day)s, %(day)s, '', '', member.team_id,
        {", ".join(f"found.{name}" for name in COLUMNS)}
    FROM found LEFT JOIN data_collection_teammembership member ON member.rep_id = found.owner_id
        AND member.valid_from <= %(day)s AND (member.valid_to IS NULL OR member.valid_to > %(day)s)
    ON CONFLICT (rule, row_id) DO UPDATE SET
        state = CASE WHEN {_BACK} THEN 'came_back' ELSE known.state END,
        state_since = CASE WHEN {_BACK} THEN excluded.last_seen ELSE known.state_since END,
        claimed_on = CASE WHEN {_BACK} THEN NULL ELSE known.claimed_on END,
        last_seen = GREATEST(known.last_seen, excluded.last_seen), severity = excluded.severity,
        team_id = excluded.team_id, {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
    RETURNING known.id, old.state AS was, new.state AS state
),
gone AS (
    UPDATE data_collection_qualityfinding known
    SET state = 'fixed', state_since = %(day)s, claimed_on = NULL
    WHERE known.rule = %(rule)s AND known.state <> 'fixed' AND {{which}}
        AND NOT EXISTS (SELECT 1 FROM found WHERE found.row_id = known.row_id)
    RETURNING known.id, old.state AS was, new.state AS state
),
changed AS (SELECT * FROM kept WHERE was IS DISTINCT FROM state UNION ALL SELECT * FROM gone),
history AS (
    INSERT INTO data_collection_findingevent (finding_id, day, state, step, note)
    SELECT id, %(day)s, state, CASE WHEN state <> 'fixed' THEN 1 WHEN was = 'accepted' THEN 0 ELSE -1 END, ''
    FROM changed
    RETURNING 1
)
SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM changed WHERE was IS NULL),
    (SELECT count(*) FROM gone), (SELECT count(*) FROM changed WHERE state = 'came_back')
"""


@dataclass(frozen=True, slots=True)
class Check:
    """What checking one rule did."""

    rule: str
    found: int  # rows that break it, accepted ones too
    opened: int
    fixed: int
    came_back: int


def quality_check(
    *, day: date, names: Iterable[str] | None = None, basis: Basis | None = None, progress: Progress | None = None
) -> list[Check]:
    """Check every rule, or those named, over all rows. Findings of rules no longer in force end."""
    rules, known = rules_now(), kept()
    basis = basis or basis_of(day)
    wanted = [rules[name] for name in names if name in rules] if names is not None else list(rules.values())
    done = []
    for i, rule in enumerate(wanted):
        if progress:
            progress(i, len(wanted), str(rule.title))
        done.append(rule_check(rule=rule, basis=basis, asked=known.get(rule.needs, True)))
    _end_others(list(rules), day)
    return done


def rows_check(*, day: date, table: str, row_ids: Sequence[int]) -> list[Check]:
    """Check every rule of a table over a few rows."""
    known, basis = kept(), basis_of(day)
    rules = [rule for rule in rules_now().values() if rule.table == table]
    return [rule_check(rule=rule, basis=basis, asked=known.get(rule.needs, True), row_ids=row_ids) for rule in rules]


def rule_check(*, rule: Rule, basis: Basis, asked: bool = True, row_ids: Sequence[int] | None = None) -> Check:
    """Bring the findings of one rule up to the day of `basis`; a rule that is not asked finds nothing."""
    query = found_sql(rule, basis, row_ids) if asked else None
    sql, params = query or (_NOTHING, [])
    values = {
        "rule": rule.name,
        "table": rule.table,
        "severity": Severity(rule.severity).value,
        "day": basis.today,
        "rows": list(row_ids or ()),
        **{f"p{i}": value for i, value in enumerate(params)},
    }
    named = _named(sql, len(params))
    which = "true" if row_ids is None else "known.row_id = ANY(%(rows)s)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, rule.name])
        cursor.execute(_MERGE.format(query=named, which=which), values)
        return Check(rule.name, *cursor.fetchone())


def _named(sql: str, count: int) -> str:
    """The query with named places instead of counted ones."""
    parts = sql.split("%s")
    assert len(parts) == count + 1
    return "".join(part + (f"%(p{i})s" if i < count else "") for i, part in enumerate(parts))


def _end_others(names: list[str], day: date) -> None:
    """A rule that was switched off leaves no open findings behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH gone AS (
                UPDATE data_collection_qualityfinding SET state = 'fixed', state_since = %(day)s
                WHERE state <> 'fixed' AND NOT rule = ANY(%(names)s) RETURNING id, old.state AS was
            )
            INSERT INTO data_collection_findingevent (finding_id, day, state, step, note)
            SELECT id, %(day)s, 'fixed', CASE WHEN was = 'accepted' THEN 0 ELSE -1 END, %(note)s FROM gone
            """,
            {"day": day, "names": names, "note": "The rule is no longer checked."},
        )
