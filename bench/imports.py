# ruff: noqa: S311, S608, T201  (a bench talks to the terminal, throws dice and writes SQL)
"""Import of deals beside a bare COPY of the same file and beside hand-written staging SQL, in the same run.

    python -m salesops.launcher exec -- python bench/imports.py [--rows 100000,1000000] [--note "idle machine"]

Each size gets a database of its own on the server of DATABASE_URL, which says itself how durable it is (`launcher
exec` is durable, `launcher test` is not). The file has references to four tables and 0.5 % bad rows. The peer writes
to a table with the same columns, indexes, checks and foreign keys. Results are appended to bench/RESULTS.md.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COLUMNS = (
    "external_id,name,account,owner,product,stage,status,amount,currency,close_date,created_on,lead_source,next_step"
).split(",")
STAGES = ("Discovery", "Proposal", "Negotiation", "Won", "Lost")
GROWN = (("first load", "first"), ("1 % changed", "again"), ("COPY", "copy"))
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "work_mem", "max_wal_size")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took. Processor seconds tell more where others use the machine too."""

    seconds: float
    cpu: float  # of this process and of its server process, where that is on this machine


def timed(work: Callable[[], object]) -> Cost:
    from django.db import connection

    connection.ensure_connection()
    server = connection.connection.get_backend_pid()
    start, cpu = time.perf_counter(), time.process_time() + _cpu_of(server)
    work()
    return Cost(time.perf_counter() - start, time.process_time() + _cpu_of(server) - cpu)


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- files ----------------------------------------------------------------------------------
def generate(folder: Path, rows: int) -> None:
    """A company with rows / 10 accounts, and two files of deals: the second with 1 % changed."""
    dice = random.Random(5)
    accounts, reps = rows // 10, max(20, rows // 500)
    small = folder / "base"
    small.mkdir()
    _write(small / "rep.csv", ["code", "name"], ([f"r{n}", f"Rep {n}"] for n in range(reps)))
    _write(small / "product.csv", ["code", "name"], ([f"p{n}", f"Product {n}"] for n in range(50)))
    kinds = {"Won": "won", "Lost": "lost"}
    stages = ([name, n + 1, kinds.get(name, "open")] for n, name in enumerate(STAGES))
    _write(small / "stage.csv", ["name", "rank", "kind"], stages)
    names = ([f"A{n:07d}", f"Account {n}"] for n in range(accounts))
    _write(small / "account.csv", ["external_id", "name"], names)
    deals = [_deal(n, dice, accounts, reps) for n in range(rows)]
    _write(folder / "opportunity.csv", COLUMNS, deals)
    for n in dice.sample(range(rows), rows // 100):
        deals[n][12] = "Changed since"
    (folder / "again").mkdir()
    _write(folder / "again" / "opportunity.csv", COLUMNS, deals)


def _write(path: Path, header: Any, rows: Any) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _deal(n: int, dice: random.Random, accounts: int, reps: int) -> list[object]:
    stage = dice.choice(STAGES)
    created = date(2023, 1, 1) + timedelta(days=dice.randrange(1000))
    row: list[object] = [
        f"D{n:08d}",
        f"Deal {n} of the season",
        f"A{dice.randrange(accounts):07d}",
        f"r{dice.randrange(reps)}",
        f"p{dice.randrange(50)}",
        stage,
        {"Won": "won", "Lost": "lost"}.get(stage, "open"),
        f"{dice.randrange(100, 9_000_000) / 100:.2f}",
        dice.choice(["USD", "EUR"]),
        created + timedelta(days=dice.randrange(10, 200)),
        created,
        dice.choice(["web", "event", "partner", ""]),
        dice.choice(["", "Call back", "Send the proposal"]),
    ]
    if n % 200 == 7:
        place, text = [(2, "nobody"), (7, "n/a"), (9, "2024-02-31"), (3, "r-none")][n // 200 % 4]
        row[place] = text
    return row


# --- floor and peer -------------------------------------------------------------------------
def bare_copy(path: Path) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute(f"CREATE UNLOGGED TABLE bare ({', '.join(f'{name} text' for name in COLUMNS)})")
        cursor.copy_expert("COPY bare FROM STDIN WITH (FORMAT csv, HEADER)", file)


PEER = """
    CREATE TABLE peer (LIKE data_collection_opportunity INCLUDING ALL);
    ALTER TABLE peer ADD FOREIGN KEY (account_id) REFERENCES data_collection_account DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (owner_id) REFERENCES data_collection_rep DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (product_id) REFERENCES data_collection_product DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (stage_id) REFERENCES data_collection_stage DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (lead_id) REFERENCES data_collection_lead DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (contact_id) REFERENCES data_collection_contact DEFERRABLE INITIALLY DEFERRED;
"""
TYPED = """
    CREATE TEMP TABLE typed ON COMMIT DROP AS
    SELECT b.external_id, b.name, a.id AS account_id, r.id AS owner_id, p.id AS product_id, s.id AS stage_id, b.status,
           CASE WHEN pg_input_is_valid(b.amount, 'numeric') THEN b.amount::numeric(20, 4) END AS amount, b.currency,
           CASE WHEN pg_input_is_valid(b.close_date, 'date') THEN b.close_date::date END AS close_date,
           CASE WHEN pg_input_is_valid(b.created_on, 'date') THEN b.created_on::date END AS created_on,
           coalesce(b.lead_source, '') AS lead_source, coalesce(b.next_step, '') AS next_step,
           (b.account IS NOT NULL AND a.id IS NULL) OR (b.owner IS NOT NULL AND r.id IS NULL)
           OR (b.product IS NOT NULL AND p.id IS NULL) OR s.id IS NULL
           OR NOT pg_input_is_valid(b.amount, 'numeric') OR NOT pg_input_is_valid(b.close_date, 'date')
           OR NOT pg_input_is_valid(b.created_on, 'date') AS bad
    FROM bare b
    LEFT JOIN data_collection_account a ON a.system = 'native' AND a.external_id = b.account
    LEFT JOIN data_collection_rep r ON r.code = b.owner
    LEFT JOIN data_collection_product p ON p.code = b.product
    LEFT JOIN data_collection_stage s ON s.pipeline = 'default' AND s.name = b.stage;
    ANALYZE typed;
"""
OTHERS = "attributes, kind, forecast_category, lost_reason, system"
OTHER_VALUES = "'{}', 'new', 'pipeline', '', 'native'"
FILLED = (
    "external_id, name, account_id, owner_id, product_id, stage_id, status, amount, currency, close_date, created_on, "
    "lead_source, next_step"
)
PEER_FIRST = f"""
    INSERT INTO peer ({FILLED}, {OTHERS}) SELECT {FILLED}, {OTHER_VALUES} FROM typed WHERE NOT bad
    ON CONFLICT (system, external_id) DO UPDATE SET name = excluded.name, account_id = excluded.account_id,
        owner_id = excluded.owner_id, product_id = excluded.product_id, stage_id = excluded.stage_id,
        status = excluded.status, amount = excluded.amount, currency = excluded.currency,
        close_date = excluded.close_date, created_on = excluded.created_on, lead_source = excluded.lead_source,
        next_step = excluded.next_step;
"""
_NAMES = [name.strip() for name in FILLED.split(",")][1:]
PEER_AGAIN = f"""
    UPDATE peer t SET {", ".join(f"{name} = s.{name}" for name in _NAMES)} FROM typed s
    WHERE t.system = 'native' AND t.external_id = s.external_id AND NOT s.bad
      AND ({", ".join(f"t.{name}" for name in _NAMES)}) IS DISTINCT FROM ({", ".join(f"s.{name}" for name in _NAMES)});
    INSERT INTO peer ({FILLED}, {OTHERS}) SELECT {FILLED}, {OTHER_VALUES} FROM typed s WHERE NOT bad
    AND NOT EXISTS (SELECT 1 FROM peer t WHERE t.system = 'native' AND t.external_id = s.external_id);
"""


def peer(path: Path, write: str) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        bare_copy(path)
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(TYPED)
        cursor.execute(write)


def run_sql(statement: str) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


# --- ours, each in a process of its own so that its memory is seen ------------------------------
def load(folder: Path) -> dict[str, Any]:
    from data_collection.imports.models import ImportBatch
    from data_collection.imports.selectors import files_at, mapping_document, mapping_parsed
    from data_collection.imports.services.batches import import_run

    paths, single = files_at(str(folder))
    document = mapping_document("native")
    mapping = mapping_parsed(document, name="native")
    batch = ImportBatch.objects.create(mapping="native", definition=document, system=mapping.system)
    start = time.perf_counter()
    phases: list[tuple[float, str]] = []

    def told(_done: int, _total: int, message: str) -> None:
        phases.append((round(time.perf_counter() - start, 2), message))

    cost = timed(lambda: import_run(batch=batch, mapping=mapping, paths=paths, partial=single, progress=told))
    return asdict(cost) | {"batch": batch.pk, "phases": phases} | batch.total


def undo(batch: int) -> dict[str, Any]:
    from data_collection.imports.models import ImportBatch
    from data_collection.imports.services.undoing import batch_undo

    found = ImportBatch.objects.get(pk=batch)
    return asdict(timed(lambda: batch_undo(batch=found, user=None)))


def peak_mb() -> int:
    """Most memory this process had since it began (ru_maxrss would count the parent it was forked from)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


def in_process(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def step(words: list[str]) -> None:
    found = load(Path(words[1])) if words[0] == "load" else undo(int(words[1]))
    print(json.dumps(found | {"mb": peak_mb()}))


# --- one size -------------------------------------------------------------------------------
def measure(rows: int) -> dict[str, Any]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, rows)
        file, again = folder / "opportunity.csv", folder / "again" / "opportunity.csv"
        in_process("--step", "load", str(folder / "base"))
        run_sql("VACUUM ANALYZE")
        run_sql(PEER)
        floor = min((asdict(timed(lambda: bare_copy(file))) for _run in range(3)), key=lambda cost: cost["cpu"])
        found: dict[str, Any] = {"rows": rows, "mb": file.stat().st_size / 1e6, "copy": floor}
        found["peer first"] = asdict(timed(lambda: peer(file, PEER_FIRST)))
        found["first"] = in_process("--step", "load", str(file))
        run_sql("VACUUM ANALYZE")
        found["peer again"] = asdict(timed(lambda: peer(again, PEER_AGAIN)))
        run_sql("CHECKPOINT")
        found["again"] = in_process("--step", "load", str(again))
        found["same"] = in_process("--step", "load", str(again))
        found["copy last"] = asdict(timed(lambda: bare_copy(file)))
        found["undo again"] = in_process("--step", "undo", str(found["again"]["batch"]))
        found["undo first"] = in_process("--step", "undo", str(found["first"]["batch"]))
        found["left"] = run_sql("SELECT count(*) FROM data_collection_opportunity")[0][0]
    return found


def table(results: list[dict[str, Any]], settings: str, note: str) -> str:
    lines = [f"\n## Import, {date.today()}", "", f"Server: {settings}. {note}".strip(), ""]
    heads = [f"{r['rows']:,} rows ({r['mb']:.0f} MB)" for r in results]
    lines += ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]

    def line(words: str, cell: Callable[[dict[str, Any]], str]) -> None:
        lines.append(f"| {words} | " + " | ".join(cell(r) for r in results) + " |")

    def ratio(key: str, peer_name: str = "") -> Callable[[dict[str, Any]], str]:
        def cell(r: dict[str, Any]) -> str:
            cost, parts = r[key], [f"{r[key]['seconds']:.2f} s"]
            for name in filter(None, ("copy", peer_name)):
                word = "COPY" if name == "copy" else "SQL"
                parts.append(f"{cost['seconds'] / r[name]['seconds']:.2f} x {word}")
            parts.append(f"CPU {cost['cpu']:.2f} s")
            for name in filter(None, ("copy", peer_name)):
                word = "COPY" if name == "copy" else "SQL"
                parts.append(f"{cost['cpu'] / r[name]['cpu']:.2f} x {word}")
            return ", ".join(parts)

        return cell

    line("bare COPY, best of three before", lambda r: f"{r['copy']['seconds']:.2f} s, CPU {r['copy']['cpu']:.2f} s")
    line("bare COPY, after", lambda r: f"{r['copy last']['seconds']:.2f} s, CPU {r['copy last']['cpu']:.2f} s")
    line("hand-written SQL, first load", ratio("peer first"))
    line("**import, first load**", ratio("first", "peer first"))
    line("hand-written SQL, 1 % changed", ratio("peer again"))
    line("**import, 1 % changed**", ratio("again", "peer again"))
    line("import, nothing changed", ratio("same"))
    line("undo of the 1 %", ratio("undo again"))
    line("undo of the first load", ratio("undo first"))
    line(
        "rows written: first, 1 % changed, nothing changed",
        lambda r: ", ".join(f"{r[k]['new'] + r[k]['changed']:,}" for k in ("first", "again", "same")),
    )
    line("rows rejected", lambda r: f"{r['first']['rejected']:,}")
    line("memory of the importing process", lambda r: f"{max(r[k]['mb'] for k in ('first', 'again'))} MB")
    if len(results) > 1:
        a, b = results[0], results[-1]
        times = [f"{word} {b[key]['cpu'] / a[key]['cpu']:.1f} x" for word, key in GROWN]
        lines += ["", f"Growth for {b['rows'] / a['rows']:.0f} x the rows, in CPU: {', '.join(times)}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="100000,1000000")
    parser.add_argument("--note", default="", help="What else the machine was doing.")
    parser.add_argument("--phases", action="store_true", help="Print when each phase of our import began.")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    import django

    django.setup()
    if options.step:
        step(options.step)
        return
    if options.one:
        print(json.dumps(measure(int(options.one))))
        return
    import psycopg2

    base, results = os.environ["DATABASE_URL"], []
    server = psycopg2.connect(base)
    server.autocommit = True
    cursor = server.cursor()
    settings = []
    for name in SETTINGS:
        cursor.execute(f"SHOW {name}")
        settings.append(f"{name} {cursor.fetchone()[0]}")
    for rows in options.rows.split(","):
        cursor.execute(f"DROP DATABASE IF EXISTS bench_imports_{rows} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE bench_imports_{rows}")
        environ = {**os.environ, "DATABASE_URL": f"{base.rpartition('/')[0]}/bench_imports_{rows}"}
        done = subprocess.run([sys.executable, __file__, "--one", rows], env=environ, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        results.append(json.loads(done.stdout.splitlines()[-1]))
        cursor.execute(f"DROP DATABASE bench_imports_{rows} WITH (FORCE)")
        if options.phases:
            for step_name in ("first", "again"):
                print(step_name, *results[-1][step_name]["phases"], sep="\n  ")
    text = table(results, ", ".join(settings), options.note)
    print(text)
    with (ROOT / "bench" / "RESULTS.md").open("a") as file:
        file.write(text)


if __name__ == "__main__":
    main()
