"""Pairs worth comparing, found in Postgres: rows that share a block, neighbours in the alphabet, likeness of names.

A block that many rows share says nothing about any two of them; it is skipped and told.
"""

from dataclasses import dataclass

from django.db import connection

from data_collection.duplicates.services.keys import KEYS

MOST_IN_BLOCK = 60
WINDOW = 4  # neighbours in the alphabet a row is compared with
CANDIDATES = "duplicates_candidates"
LIKE = 0.5  # trigram likeness at which a changed row is compared with another
NEAR = 0.35  # trigram likeness below which neighbours and rows of one place or company are not compared
#: Blocks that say little by themselves: beginnings, places, words.
WEAK_BLOCKS = "'a', 'c', 'd', 'k', 's', 'w', 'z', 'm'"
FEW = 200  # changed rows up to which the trigram index is asked for each; it takes about 30 ms among 100,000 rows
EVERYTHING_AT = 0.2  # share of changed rows from which on all are compared with all
SKIPPED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    pairs: int
    everything: bool  # every row was looked at, not only the changed ones
    skipped: tuple[tuple[str, int], ...]  # blocks left out with their rows, largest first
    skipped_n: int


def candidates_find(*, kind: str) -> Candidates:
    """Fill the temporary table of pairs: n, left_id, right_id."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), count(*) FILTER (WHERE NOT checked) FROM {KEYS} WHERE kind = %s", [kind])
        total, changed = cursor.fetchone()
        everything = changed > max(2000, EVERYTHING_AT * total)
        cursor.execute(f"DROP TABLE IF EXISTS {CANDIDATES}, duplicates_blocks")
        cursor.execute(_blocks_sql(everything), {"kind": kind})
        cursor.execute("ANALYZE duplicates_blocks")
        skipped, skipped_n = _skipped(cursor)
        by_name = _alike_sql(kind) if changed <= FEW else _neighbours_sql(everything)
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, false)", [str(LIKE)])
        cursor.execute(
            f"CREATE TEMP TABLE {CANDIDATES} AS SELECT row_number() OVER () AS n, left_id, right_id FROM "
            f"(SELECT DISTINCT left_id, right_id FROM ({_shared_sql(everything)} UNION ALL {by_name}) u) d",
            {"kind": kind},
        )
        pairs = cursor.rowcount
        cursor.execute(f"CREATE UNIQUE INDEX ON {CANDIDATES} (n)")
        cursor.execute(f"ANALYZE {CANDIDATES}")
    return Candidates(pairs, everything, skipped, skipped_n)


def _blocks_sql(everything: bool) -> str:
    """Temporary table of (block, row_id, checked, size) for blocks at least one looked-at row is in."""
    rows = f"SELECT unnest(blocks) AS block, row_id, checked FROM {KEYS} WHERE kind = %(kind)s"
    if not everything:
        changed = f"SELECT DISTINCT unnest(blocks) AS block FROM {KEYS} WHERE kind = %(kind)s AND NOT checked"
        rows = f"SELECT r.* FROM ({rows} OFFSET 0) r JOIN ({changed} OFFSET 0) c ON c.block = r.block"
    return (
        "CREATE TEMP TABLE duplicates_blocks AS SELECT * FROM "
        f"(SELECT block, row_id, checked, count(*) OVER (PARTITION BY block) AS size FROM ({rows}) r) s WHERE size > 1"
    )


def _skipped(cursor: object) -> tuple[tuple[tuple[str, int], ...], int]:
    where = f"FROM duplicates_blocks WHERE size > {MOST_IN_BLOCK}"
    cursor.execute(f"SELECT count(DISTINCT block) {where}")
    count = cursor.fetchone()[0]
    cursor.execute(f"SELECT block, max(size) {where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {SKIPPED_SHOWN}")
    return tuple(cursor.fetchall()), count


def _shared_sql(everything: bool) -> str:
    """Pairs that share a block; where the block says little, only those with names a bit alike."""
    asked = "true" if everything else "NOT (a.checked AND b.checked)"
    return (
        "SELECT a.row_id AS left_id, b.row_id AS right_id FROM duplicates_blocks a "
        f"JOIN duplicates_blocks b ON b.block = a.block AND b.row_id > a.row_id "
        f"JOIN {KEYS} x ON x.kind = %(kind)s AND x.row_id = a.row_id "
        f"JOIN {KEYS} y ON y.kind = %(kind)s AND y.row_id = b.row_id "
        f"WHERE a.size <= {MOST_IN_BLOCK} AND {asked} "
        f"AND (left(a.block, 1) NOT IN ({WEAK_BLOCKS}) OR similarity(x.name, y.name) >= {NEAR} OR x.name = '')"
    )


def _neighbours_sql(everything: bool) -> str:
    """Neighbours in the alphabet, from the first letter and from the last: a slip leaves one end whole."""
    parts = []
    for order in ("replace(name, ' ', '')", "mirrored"):
        others = ", ".join(
            f"lead(row_id, {i}) OVER w AS r{i}, lead(name, {i}) OVER w AS n{i}, lead(checked, {i}) OVER w AS k{i}"
            for i in range(1, WINDOW + 1)
        )
        near = (
            f"SELECT row_id, name, checked, {others} FROM {KEYS} WHERE kind = %(kind)s AND name <> '' "
            f'WINDOW w AS (ORDER BY {order} COLLATE "C", row_id)'
        )
        parts += [
            f"SELECT least(row_id, r{i}), greatest(row_id, r{i}) FROM ({near}) s "
            f"WHERE r{i} IS NOT NULL AND similarity(name, n{i}) >= {NEAR}"
            + ("" if everything else f" AND NOT (checked AND k{i})")
            for i in range(1, WINDOW + 1)
        ]
    return " UNION ALL ".join(parts)


def _alike_sql(kind: str) -> str:
    """For each changed row the rows whose names share half of its trigrams, by the index."""
    return (
        f"SELECT least(u.row_id, o.row_id), greatest(u.row_id, o.row_id) FROM {KEYS} u CROSS JOIN LATERAL "
        f"(SELECT k.row_id FROM {KEYS} k WHERE k.kind = '{kind}' AND k.name %% u.name AND k.row_id <> u.row_id "
        f"ORDER BY similarity(k.name, u.name) DESC LIMIT 20) o "
        f"WHERE u.kind = %(kind)s AND NOT u.checked AND length(u.name) >= 4"
    )
