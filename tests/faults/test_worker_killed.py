"""kill -9 of the worker in the middle of import, facts and forecast: the tables end as without the kill.

A lock held by the test stops the work at a known place, so that the kill always hits the middle.
"""

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.product import Product, kill_group, product, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
AS_OF = date(2026, 6, 30)

# What a table holds, without surrogate keys and clocks; text, so that any two tables can be compared.
CONTENT = {
    "data_collection_opportunity": "external_id, name, amount, status, created_on, close_date",
    "data_collection_activity": "external_id, kind, day, duration_minutes",
    "data_collection_dealfact": "*",
    "data_collection_activityfact": "*",
    "data_collection_dealmonth": "*",
    "data_collection_activitymonth": "*",
}


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four reps, 3 years, 800 deals and 6,000 activities in the native format."""
    folder, dice = tmp_path_factory.mktemp("files"), random.Random(7)
    reps = [f"r{n}" for n in range(4)]
    write(folder, "team", [{"code": "t", "name": "Team"}])
    write(folder, "rep", [{"code": code, "name": code.upper()} for code in reps])
    write(folder, "team_membership", [{"rep": code, "team": "t", "valid_from": "2020-01-01"} for code in reps])
    write(folder, "territory", [{"code": "w", "name": "West"}, {"code": "e", "name": "East"}])
    homes = [{"rep": code, "territory": "we"[n % 2], "valid_from": "2020-01-01"} for n, code in enumerate(reps)]
    write(folder, "territory_member", homes)
    write(folder, "product", [{"code": f"p{n}", "name": f"Product {n}"} for n in range(3)])
    write(
        folder,
        "stage",
        [
            {"pipeline": "default", "name": "Open", "rank": 1, "kind": "open", "probability": "0.3"},
            {"pipeline": "default", "name": "Won", "rank": 9, "kind": "won", "probability": "1"},
            {"pipeline": "default", "name": "Lost", "rank": 10, "kind": "lost", "probability": "0"},
        ],
    )
    deals = []
    for n in range(800):
        created = AS_OF - timedelta(days=dice.randrange(60, 1095))
        status = dice.choice(["won", "won", "lost", "open"])
        deals.append(
            {
                "external_id": f"d{n}",
                "name": f"Deal {n}",
                "owner": dice.choice(reps),
                "product": f"p{dice.randrange(3)}",
                "stage": {"won": "Won", "lost": "Lost", "open": "Open"}[status],
                "status": status,
                "amount": dice.randrange(1000, 90000),
                "created_on": created,
                "close_date": created + timedelta(days=dice.randrange(10, 59)),
            }
        )
    write(folder, "opportunity", deals)
    kinds = ["email", "call", "meeting", "demo"]
    acts = [
        {
            "external_id": f"a{n}",
            "kind": dice.choice(kinds),
            "rep": dice.choice(reps),
            "day": AS_OF - timedelta(days=dice.randrange(1095)),
            "duration_minutes": dice.randrange(5, 60),
        }
        for n in range(6000)
    ]
    write(folder, "activity", acts)
    return folder


KEYS = ["id", "rep_id", "team_id", "territory_id", "product_id", "segment_id"]
NAMES = """(SELECT code FROM data_collection_rep r WHERE r.id = t.rep_id),
    (SELECT code FROM data_collection_territory y WHERE y.id = t.territory_id)"""


def content(made: Product) -> dict[str, list[str]]:
    """Every row of every table as text, sorted, surrogate keys replaced by what they stand for."""
    found = {}
    for table, columns in CONTENT.items():
        chosen = f"to_jsonb(t) - ARRAY{KEYS}::text[], {NAMES}" if columns == "*" else columns
        found[table] = sorted(map(str, made.sql(f"SELECT {chosen} FROM {table} t")))
    found["forecast"] = sorted(map(str, made.sql(FORECAST)))
    return found


FORECAST = """
    SELECT s.measure, s.level, s.item, s.place, f.month, f.expected, f.lo_80, f.hi_95
    FROM demand_planning_forecastpoint f JOIN demand_planning_forecastseries s ON s.id = f.series_id
    JOIN demand_planning_forecastrun r ON r.id = s.run_id
    WHERE r.is_current
"""

START_IMPORT = """
from pathlib import Path
from django.core.files.uploadedfile import SimpleUploadedFile
from data_collection.imports.services.uploads import upload_receive
from salesops.models import User
ops, made = User.objects.get_or_create(username="ops", email="ops@example.test", role="ops")
files = [SimpleUploadedFile(f.name, f.read_bytes()) for f in sorted(Path({folder!r}).glob("*.csv"))]
upload_receive(files=files, mapping_name="native", dry_run=False, accept_suggestions=False, user=ops)
"""
START_NIGHT = """
from datetime import date
from salesops.jobs.nightly import nightly_start
nightly_start(as_of=date({day}))
"""
LEASE_RAN_OUT = (
    "UPDATE salesops_jobrun SET lease_until = now() - interval '1 second' WHERE state = 'running' AND kind <> 'nightly'"
)
SWEEP = "from salesops.jobs.services import job_sweep; print(job_sweep())"


@pytest.fixture(scope="module")
def undisturbed(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    with product("undisturbed", tmp_path_factory.mktemp("undisturbed"), broker=10) as made:
        made.manage("import_crm", str(files), "--mapping", "native")
        made.manage("nightly", "--as-of", AS_OF.isoformat())
        return content(made)


@contextmanager
def stopped_at(made: Product, table: str) -> Iterator[None]:
    """Nobody gets past the first write to `table` until the block ends."""
    connection = made.connect()
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def waits_for(made: Product, table: str) -> bool:
    return bool(made.sql(f"SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"))


def living(made: Product) -> int:
    return int(made.sql("SELECT count(*) FROM salesops_jobrun WHERE state IN ('waiting', 'queued', 'running')")[0][0])


def killed_in_the_middle(made: Product, start: str, table: str) -> None:
    """Start work, kill the worker while it waits at `table`, start another, and see the work end well."""
    with stopped_at(made, table):
        worker = made.worker()
        made.run(start)
        wait_until(lambda: waits_for(made, table), what=f"the worker reaches {table}")
        kill_group(worker)
    wait_until(lambda: not waits_for(made, table), what="the killed worker's statement ends")
    made.sql(LEASE_RAN_OUT)
    worker = made.worker()
    assert int(made.run(SWEEP)) >= 1
    wait_until(lambda: living(made) == 0, what="all jobs end", seconds=120)
    kill_group(worker)
    bad = made.sql("SELECT title, state, error FROM salesops_jobrun WHERE state <> 'succeeded'")
    assert not bad
    assert made.sql("SELECT max(attempts) FROM salesops_jobrun") == [(2,)]


def test_tables_end_as_without_the_kill(
    files: Path, undisturbed: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    night = START_NIGHT.format(day=f"{AS_OF.year}, {AS_OF.month}, {AS_OF.day}")
    with product("killed", tmp_path_factory.mktemp("killed"), broker=11) as made:
        killed_in_the_middle(made, START_IMPORT.format(folder=str(files)), "data_collection_activity")
        killed_in_the_middle(made, night, "data_collection_dealfact")
        killed_in_the_middle(made, night, "demand_planning_forecastpoint")
        after = content(made)
    for table, rows in undisturbed.items():
        assert len(rows) > 10, f"{table} has too few rows for this test to mean anything"
        assert after[table] == rows, f"{table} differs"
