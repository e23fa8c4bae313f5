"""The search for duplicates: keys, candidates, scores, pairs, groups. Only what changed since the last one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from psycopg2.extras import execute_values

from data_collection.duplicates.calc.groups import groups_of
from data_collection.duplicates.calc.records import Record
from data_collection.duplicates.calc.scoring import OPEN_AT, Score, compare
from data_collection.duplicates.models import DuplicateGroup, DuplicatePair, Kind, MatchKey
from data_collection.duplicates.selectors import money_touched
from data_collection.duplicates.services.candidates import CANDIDATES, Candidates, candidates_find
from data_collection.duplicates.services.keys import KEYS, Progress, keys_refresh
from salesops.company.models import Company

CHUNK = 20_000
LOCK = 7_310_021  # advisory lock: one search at a time
_FIELDS = "name, company, email, phone, domain, country, place, account_id"


@dataclass(frozen=True, slots=True)
class Found:
    """What one search of one kind did."""

    kind: str
    changed: int  # rows whose key was made anew
    candidates: Candidates
    pairs: int  # at or above the score they are shown from
    groups: int  # open, after the search


def duplicates_search(*, kind: str, progress: Progress | None = None) -> Found:
    """Bring pairs and groups of one kind up to date. May be cut off anywhere and run again."""
    changed = keys_refresh(kind=kind, progress=progress)
    candidates = candidates_find(kind=kind)
    _count_namesakes(kind)
    pairs = list(_scored(kind, candidates.pairs, progress))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        _pairs_write(kind, pairs, candidates.everything)
        groups = groups_rebuild(kind=kind)
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {KEYS} SET checked = true WHERE kind = %s AND NOT checked", [kind])
    return Found(kind, changed, candidates, len(pairs), groups)


def search_all(*, progress: Progress | None = None) -> list[Found]:
    return [duplicates_search(kind=kind, progress=progress) for kind in Kind.values]


def _count_namesakes(kind: str) -> None:
    """Names and numbers that several rows have."""
    with connection.cursor() as cursor:
        for table, column in (("duplicates_names", "name"), ("duplicates_phones", "phone")):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(
                f"CREATE TEMP TABLE {table} AS SELECT {column}, count(*) AS n FROM {KEYS} "
                f"WHERE kind = %s AND {column} <> '' GROUP BY 1 HAVING count(*) > 2",
                [kind],
            )
            cursor.execute(f"CREATE INDEX ON {table} ({column})")
            cursor.execute(f"ANALYZE {table}")


def _side(letter: str) -> str:
    columns = ", ".join(f"{letter}.{name}" for name in _FIELDS.split(", "))
    return f"{columns}, coalesce({letter}n.n, 1), coalesce({letter}p.n, 1)"


def _scored(kind: str, total: int, progress: Progress | None) -> Iterator[tuple[int, int, Score]]:
    """Candidates that reach the score, read a chunk at a time."""
    joins = " ".join(
        f"JOIN {KEYS} {s} ON {s}.kind = %s AND {s}.row_id = c.{side} "
        f"LEFT JOIN duplicates_names {s}n ON {s}n.name = {s}.name "
        f"LEFT JOIN duplicates_phones {s}p ON {s}p.phone = {s}.phone"
        for s, side in (("x", "left_id"), ("y", "right_id"))
    )
    for start in range(0, total, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT c.left_id, c.right_id, {_side('x')}, {_side('y')} FROM {CANDIDATES} c {joins} "
                "WHERE c.n > %s AND c.n <= %s",
                [kind, kind, start, start + CHUNK],
            )
            rows = cursor.fetchall()
        for left, right, *values in rows:
            half = len(values) // 2
            score = compare(kind, Record(*values[:half]), Record(*values[half:]))
            if score.value >= OPEN_AT:
                yield left, right, score
        if progress:
            progress(min(total, start + CHUNK), total, f"Comparing {kind}s")


def _pairs_write(kind: str, pairs: list[tuple[int, int, Score]], everything: bool) -> None:
    """Found pairs become open, decided ones stay decided while both rows are as they were, others go."""
    table = DuplicatePair._meta.db_table
    values = [(left, right, score.value, json.dumps(evidence_as_json(score))) for left, right, score in pairs]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS duplicates_found")
        cursor.execute("CREATE TEMP TABLE duplicates_found (l bigint, r bigint, score float8, evidence jsonb)")
        if values:
            execute_values(cursor.cursor, "INSERT INTO duplicates_found VALUES %s", values, page_size=2000)
        cursor.execute("CREATE UNIQUE INDEX ON duplicates_found (l, r)")
        both = f"SELECT count(*) FROM {KEYS} k WHERE k.kind = p.kind AND k.row_id IN (p.left_id, p.right_id)"
        looked_at = "true" if everything else f"2 > ({both} AND k.checked)"  # changed or gone
        cursor.execute(
            f"DELETE FROM {table} p WHERE p.kind = %s AND p.state = 'open' AND ({looked_at}) "
            "AND NOT EXISTS (SELECT 1 FROM duplicates_found f WHERE f.l = p.left_id AND f.r = p.right_id)",
            [kind],
        )
        cursor.execute(
            f"INSERT INTO {table} AS p (kind, left_id, right_id, score, evidence, state, decided_on, reason, found_at) "
            "SELECT %(kind)s, f.l, f.r, f.score, f.evidence, 'open', '', '', now() FROM duplicates_found f "
            "ON CONFLICT (kind, left_id, right_id) DO UPDATE SET score = excluded.score, evidence = excluded.evidence, "
            f"state = CASE WHEN p.state <> 'open' AND p.decided_on = {as_it_is('p')} THEN p.state ELSE 'open' END",
            {"kind": kind},
        )
        cursor.execute("DROP TABLE duplicates_found")


def as_it_is(pair: str) -> str:
    """SQL of the state of both rows of a pair: it changes when either row does."""
    one = f"(SELECT source_hash FROM {KEYS} k WHERE k.kind = {pair}.kind AND k.row_id = {pair}.{{}})"
    return f"(coalesce({one.format('left_id')}, '') || '|' || coalesce({one.format('right_id')}, ''))"


def evidence_as_json(score: Score) -> list[dict]:
    """Fields and verdicts without any value of the rows, so that nothing personal is kept twice."""
    return [
        {"field": e.field, "verdict": e.verdict, "weight": round(e.weight, 2)}
        | ({"likeness": round(e.likeness, 2)} if e.likeness is not None else {})
        for e in score.evidence
    ]


def groups_rebuild(*, kind: str) -> int:
    """All groups of a kind anew from the open pairs. Returns how many there are."""
    DuplicateGroup.objects.filter(kind=kind).delete()
    return _groups_make(kind, DuplicatePair.objects.filter(kind=kind, state=DuplicatePair.State.OPEN))


def rows_forget(*, kind: str, rows: list[int]) -> None:
    """These rows are no longer looked for: their keys and open pairs go, and groups are made without them."""
    MatchKey.objects.filter(kind=kind, row_id__in=rows).delete()
    open_pairs = DuplicatePair.objects.filter(kind=kind, state=DuplicatePair.State.OPEN)
    open_pairs.filter(Q(left_id__in=rows) | Q(right_id__in=rows)).delete()
    groups_refresh(kind=kind, rows=rows)


def groups_refresh(*, kind: str, rows: list[int]) -> None:
    """The groups these rows are in, anew."""
    groups = DuplicateGroup.objects.filter(kind=kind, members__overlap=rows)
    members = {row for group in groups for row in group.members} | set(rows)
    groups.delete()
    open_pairs = DuplicatePair.objects.filter(kind=kind, state=DuplicatePair.State.OPEN)
    _groups_make(kind, open_pairs.filter(left_id__in=members, right_id__in=members))


def _groups_make(kind: str, open_pairs: QuerySet) -> int:
    pairs = list(open_pairs.values_list("left_id", "right_id", "score"))
    found = groups_of((left, right) for left, right, _score in pairs)
    of_row = {row: number for number, rows in enumerate(found) for row in rows}
    scores = [0.0] * len(found)
    for left, _right, score in pairs:
        scores[of_row[left]] = max(scores[of_row[left]], score)
    money = money_touched(kind, list(of_row), Company.get().reporting_currency)
    systems = _systems(kind, list(of_row))
    rows = []
    for number, members in enumerate(found):
        touched = sum((money.get(row, Decimal(0)) for row in members), start=Decimal(0))
        rows.append(
            DuplicateGroup(
                kind=kind,
                members=members,
                size=len(members),
                score=scores[number],
                money=touched,
                weight=scores[number] * (1 + float(touched)),
                systems=sorted({systems.get(row, "") for row in members} - {""}),
            )
        )
    made = DuplicateGroup.objects.bulk_create(rows, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE data_collection_duplicatepair p SET group_id = m.id FROM "
            "(SELECT id, unnest(members) AS row_id FROM data_collection_duplicategroup WHERE id = ANY(%s)) m "
            "WHERE p.kind = %s AND p.state = 'open' AND p.left_id = m.row_id",
            [[group.pk for group in made], kind],
        )
    return len(found)


def _systems(kind: str, rows: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_id, system FROM {KEYS} WHERE kind = %s AND row_id = ANY(%s)", [kind, rows])
        return dict(cursor.fetchall())
