# ruff: noqa: T201  (a bench talks to the terminal)
"""Time to find duplicates among accounts, contacts and leads, at a size and at a tenth of it, and after 1 % changed.

    python bench/duplicates.py [--rows 100000] [--kinds account,contact,lead]

Makes a database of its own beside the one DATABASE_URL names and drops it at the end.
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")

import django  # noqa: E402  (after the path)

django.setup()

from django.db import connection  # noqa: E402

from data_collection.duplicates.services.candidates import candidates_find  # noqa: E402
from data_collection.duplicates.services.keys import keys_refresh  # noqa: E402
from data_collection.duplicates.services.search import duplicates_search  # noqa: E402
from data_collection.models import Account, Contact, Lead, MatchKey  # noqa: E402
from tests.data_collection.duplicates.generator import build  # noqa: E402
from tests.data_collection.duplicates.measured import load_accounts, load_contacts, load_leads  # noqa: E402

MODELS = {"account": Account, "contact": Contact, "lead": Lead}


def timed(work: object) -> tuple[float, object]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def run(rows: int, kinds: list[str]) -> None:
    world = build(seed=7, entities=round(rows / 1.324))
    accounts = load_accounts(world)
    if "contact" in kinds:
        load_contacts(world, accounts)
    if "lead" in kinds:
        load_leads(world)
    for kind in kinds:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        keys, made = timed(lambda kind=kind: keys_refresh(kind=kind))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE data_collection_matchkey")
        candidates, found = timed(lambda kind=kind: candidates_find(kind=kind))
        whole, search = timed(lambda kind=kind: duplicates_search(kind=kind))
        score = whole - candidates
        total = keys + whole
        print(
            f"{kind:8} {made:>8,} rows: keys {keys:5.1f} s, candidates {candidates:5.1f} s ({found.pairs:,} pairs), "
            f"scoring and groups {score:5.1f} s ({search.pairs:,} pairs shown), together {total:5.1f} s; "
            f"{found.skipped_n:,} blocks skipped"
        )
        changed = list(MatchKey.objects.filter(kind=kind, row_id__endswith="7").values_list("row_id", flat=True))
        changed = changed[: made // 100]
        column = {"account": "name", "contact": "last_name", "lead": "name"}[kind]
        table = MODELS[kind]._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = {column} || ' x' WHERE id = ANY(%s)", [changed])  # noqa: S608
        again, search = timed(lambda kind=kind: duplicates_search(kind=kind))
        print(f"         {search.changed:>8,} changed: {again:5.1f} s ({search.candidates.pairs:,} pairs compared)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kinds", default="account,contact,lead")
    asked = parser.parse_args()
    for rows in (asked.rows // 10, asked.rows):
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            run(rows, asked.kinds.split(","))
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
