# ruff: noqa: T201  (a bench talks to the terminal)
"""Import, facts and dashboard queries beside plain SQL on the same rows, at one size and at ten times it.

    python -m salesops.launcher test -- python bench/load.py [--sizes small,medium]

Each size is a demo company in a fresh database of the throw-away servers (fsync off, so the ratios count, not the
seconds). Floors: COPY of the same files into text tables; two plain GROUP BY tables of activities and deals.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
UNTIL = "2026-06-30"

FLOOR_ACTIVITIES = """
    CREATE TEMP TABLE f1 ON COMMIT DROP AS
    SELECT day, rep_id, count(*) AS n, count(*) FILTER (WHERE kind = 'email') AS emails,
           count(*) FILTER (WHERE kind = 'call') AS calls, count(*) FILTER (WHERE kind = 'meeting') AS meetings,
           sum(duration_minutes) AS minutes
    FROM data_collection_activity GROUP BY 1, 2
"""
FLOOR_DEALS = """
    CREATE TEMP TABLE f2 ON COMMIT DROP AS
    SELECT e.day, e.owner_id, e.product_id, a.segment_id, count(*) AS n, sum(amount) AS amount
    FROM (SELECT created_on AS day, owner_id, product_id, account_id, amount FROM data_collection_opportunity
          UNION ALL
          SELECT close_date, owner_id, product_id, account_id, amount FROM data_collection_opportunity
          WHERE status <> 'open') e
    LEFT JOIN data_collection_account a ON a.id = e.account_id GROUP BY 1, 2, 3, 4
"""


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bare_copy(files: list[Path]) -> None:
    """The same bytes into text tables without a key or a check."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for number, path in enumerate(files):
            with path.open() as file:
                columns = ", ".join(f"c{i} text" for i, _name in enumerate(file.readline().split(",")))
                file.seek(0)
                cursor.execute(f"CREATE TEMP TABLE bare{number} ({columns}) ON COMMIT DROP")
                cursor.copy_expert(f"COPY bare{number} FROM STDIN WITH (FORMAT csv, HEADER)", file)


def load(folder: Path) -> tuple[int, int]:
    """Import the folder as `import_crm` does: rows read, rows written."""
    from data_collection.imports.models import ImportBatch
    from data_collection.imports.selectors import files_at, mapping_document, mapping_parsed
    from data_collection.imports.services.batches import import_run

    paths, single = files_at(str(folder))
    document = mapping_document("native")
    mapping = mapping_parsed(document, name="native", system="demo")
    batch = ImportBatch.objects.create(mapping="native", definition=document, system="demo")
    import_run(batch=batch, mapping=mapping, paths=paths, partial=single)
    batch.refresh_from_db()
    return batch.rows_read, batch.total["new"] + batch.total["changed"]


def floor_facts() -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (FLOOR_ACTIVITIES, FLOOR_DEALS):
            cursor.execute(statement)


def queries() -> dict[str, float]:
    """Milliseconds of what the main pages ask, second call."""
    from data_collection.kpis.filters import parse
    from data_collection.kpis.selectors import kpi_series, kpi_values
    from salesops.models import User

    ops, today = User(role="ops"), date.fromisoformat(UNTIL)
    asked: dict[str, Callable[[], object]] = {
        "quarter by team": lambda: kpi_values(
            ops, parse({"period": "qtd"}, today=today), ["bookings", "win_rate"], "team"
        ),
        "12-month trend": lambda: kpi_series(ops, parse({"period": "mtd"}, today=today), ["bookings"], "month", 12),
        "by rep": lambda: kpi_values(ops, parse({"period": "qtd"}, today=today), ["bookings", "calls"], "rep"),
        "open pipeline": lambda: kpi_values(ops, parse({"period": "qtd"}, today=today), ["open_pipeline", "coverage"]),
    }
    found = {}
    for name, ask in asked.items():
        ask()
        found[name] = 1000 * timed(ask)
    return found


def measure(size: str) -> None:
    """One size, in a process and a database of its own."""
    import django

    django.setup()
    from django.core.management import call_command

    from data_collection.facts.services import facts_rebuild, facts_refresh

    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = timed(
            lambda: call_command("demo_company", "--size", size, "--until", UNTIL, "--out", name, stdout=io.StringIO())
        )
        files = sorted(folder.glob("*.csv"))
        floor = timed(lambda: bare_copy(files))
        counts: list[tuple[int, int]] = []
        first, again = (timed(lambda: counts.append(load(folder))) for _run in range(2))
    (read, _new), (_read, rewritten) = counts
    plain = min(timed(floor_facts) for _run in range(2))
    whole = min(timed(facts_rebuild) for _run in range(2))
    idle = timed(facts_refresh)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{size}: {read:,} rows in {len(files)} files, generated in {made:.1f} s")
    print(f"  import       {first:8.2f} s = {first / floor:5.1f} x bare COPY ({floor:.2f} s)")
    print(f"  import again {again:8.2f} s = {again / floor:5.1f} x bare COPY, {rewritten} rows written")
    print(f"  facts, whole {whole:8.2f} s = {whole / plain:5.1f} x two plain tables ({plain:.2f} s)")
    print(f"  facts, nothing changed {idle:.2f} s; memory of the process {memory} MB")
    for words, milliseconds in queries().items():
        print(f"  {words:16} {milliseconds:6.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="small,medium")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    if options.one:
        measure(options.one)
        return
    import psycopg2

    for size in options.sizes.split(","):
        base = os.environ["DATABASE_URL"]
        url = f"{base.rpartition('/')[0]}/bench_{size}"
        connection = psycopg2.connect(base)
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE bench_{size}")
        connection.close()
        subprocess.run([sys.executable, __file__, "--one", size], env={**os.environ, "DATABASE_URL": url}, check=True)


if __name__ == "__main__":
    main()
