"""Leads that are known already: as a contact, or by their company as an account. Information; nothing is merged."""

import json
from collections.abc import Iterator

from django.db import connection, transaction
from psycopg2.extras import execute_values

from data_collection.duplicates.calc.records import Record
from data_collection.duplicates.calc.scoring import OPEN_AT, Score, compare
from data_collection.duplicates.models import LeadMatch
from data_collection.duplicates.services.keys import KEYS
from data_collection.duplicates.services.search import evidence_as_json

MOST_PER_KEY = 20  # contacts or accounts that share one key with a lead; more say nothing
CHUNK = 20_000
#: Keys by which a lead may be known: SQL over lead keys l and the others o.
_CONTACT_KEYS = (
    "o.email = l.email AND l.email <> ''",
    "right(o.phone, 8) = right(l.phone, 8) AND l.phone <> ''",
    "o.name = l.name AND l.name <> ''",
)
_ACCOUNT_KEYS = ("o.domain = l.domain AND l.domain <> ''", "o.name = l.company AND l.company <> ''")


def lead_matches_rebuild() -> int:
    """Match all leads that are neither converted nor linked anew. Needs the keys to be up to date."""
    best: dict[tuple[int, str], tuple[Score, int]] = {}
    for other, keys in (("contact", _CONTACT_KEYS), ("account", _ACCOUNT_KEYS)):
        for lead, row, score in _scored(other, keys):
            known = best.get((lead, other))
            if score.value >= OPEN_AT and (known is None or score.value > known[0].value):
                best[lead, other] = (score, row)
    rows = [
        (lead, row if other == "account" else None, row if other == "contact" else None, score.value,
         json.dumps(evidence_as_json(score)))
        for (lead, other), (score, row) in best.items()
    ]  # fmt: skip
    with transaction.atomic():
        LeadMatch.objects.all().delete()
        if rows:
            with connection.cursor() as cursor:
                execute_values(
                    cursor.cursor,
                    "INSERT INTO data_collection_leadmatch (lead_id, account_id, contact_id, score, evidence) "
                    "VALUES %s",
                    rows,
                    page_size=2000,
                )
    return len(rows)


def _scored(other: str, keys: tuple[str, ...]) -> Iterator[tuple[int, int, Score]]:
    linked = "d.contact_id IS NULL" if other == "contact" else "d.account_id IS NULL"
    # a key at a time, so that each is a hash join
    pairs = " UNION ".join(
        f"SELECT lead, row_id FROM (SELECT l.row_id AS lead, o.row_id, count(*) OVER (PARTITION BY l.row_id) AS n "
        f"FROM {KEYS} l JOIN {KEYS} o ON {key} WHERE l.kind = 'lead' AND o.kind = '{other}') s "
        f"WHERE n <= {MOST_PER_KEY}"
        for key in keys
    )
    columns = "{0}.name, {0}.company, {0}.email, {0}.phone, {0}.domain, {0}.country, {0}.place"
    last = (0, 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT p.lead, p.row_id, {columns.format('l')}, {columns.format('o')} FROM ({pairs}) p "
                f"JOIN data_collection_lead d ON d.id = p.lead AND d.status <> 'converted' AND {linked} "
                f"JOIN {KEYS} l ON l.kind = 'lead' AND l.row_id = p.lead "
                f"JOIN {KEYS} o ON o.kind = '{other}' AND o.row_id = p.row_id "
                f"WHERE (p.lead, p.row_id) > (%s, %s) ORDER BY 1, 2 LIMIT {CHUNK}",
                last,
            )
            rows = cursor.fetchall()
        for lead, row, *values in rows:
            left, right = Record(*values[:7]), Record(*values[7:])
            if other == "account":
                left = Record(name=left.company, domain=left.domain, country=left.country)
            yield lead, row, compare(other, left, right)
        if len(rows) < CHUNK:
            return
        last = (rows[-1][0], rows[-1][1])
