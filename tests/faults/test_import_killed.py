"""Imports and undos killed at random statements, or cancelled at random steps, end as without it when run again.

The work runs in a fork of the test and kills itself: before a statement, after it, or some milliseconds into it.
"""

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from data_collection.imports.calc.expressions import quoted
from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import files_at, mapping_document, mapping_parsed
from data_collection.imports.services.batches import import_run
from data_collection.imports.services.undoing import batch_undo
from data_collection.imports.targets import tables
from salesops.jobs.registry import JobCancelled

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SEED, ROUNDS = 20261124, 10  # three kills a round
_PARENTS: list[object] = []  # connections of the test; a fork must neither use nor close them


# --- files ----------------------------------------------------------------------------------
def write(folder: Path, *, later: bool) -> Path:
    """A small company; `later` changes a part of every table and adds to it."""
    folder.mkdir()
    new = 40 if later else 0
    word = " II" if later else ""
    end = "2026-01-01" if later else ""
    files = {
        "team": ["code,name,parent", "all,All,", f"north,North{word},all", *(["south,South,north"] if later else [])],
        "rep": ["code,name", *(f"r{n},Rep {n}{word if n % 3 == 0 else ''}" for n in range(8 + later))],
        "team_membership": [
            "rep,team,valid_from,valid_to",
            *(f"r{n},north,2025-01-01,{end}" for n in range(8)),
            *(f"r{n},south,2026-01-01," for n in range(8) if later),
        ],
        "product": ["code,name,list_price", *(f"p{n},Product {n},{n}.5{int(later)}" for n in range(5 + later))],
        "stage": ["name,rank,kind", "Open,1,open", "Won,90,won"],
        "account": [
            "external_id,name,parent",
            *(f"A{n},Account {n}{word if n % 5 == 0 else ''},{f'A{n // 2}' if n else ''}" for n in range(60 + new)),
        ],
        "opportunity": [
            "external_id,name,account,owner,product,stage,status,amount,close_date,created_on,Region",
            *(
                f"D{n},Deal {n},A{n % 60},r{n % 8},p{n % 5},Won,won,"
                f"{'x' if n % 50 == 9 else n + later * (n % 10 == 0)},"
                f"2026-02-0{n % 9 + 1},2026-01-05,{'EU' if n % 2 else 'Asia'}"
                for n in range(300 + new)
            ),
        ],
        "activity": ["external_id,kind,rep,day", *(f"C{n},call,r{n % 8},2026-01-1{n % 9}" for n in range(500 + new))],
    }
    for name, lines in files.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "first", later=False), write(tmp_path / "later", later=True)


# --- work -----------------------------------------------------------------------------------
def batch_of() -> ImportBatch:
    return ImportBatch.objects.create(mapping="native", definition=mapping_document("native"), system="native")


def load(batch: ImportBatch, folder: Path, progress: Callable[..., None] = lambda *_told: None) -> None:
    paths, single = files_at(str(folder))
    mapping = mapping_parsed(batch.definition, name="native")
    import_run(batch=batch, mapping=mapping, paths=paths, partial=single, progress=progress)


def empty() -> None:
    names = ", ".join(quoted(table.db_table) for table in tables().values())
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {names}, data_collection_rowbefore, data_collection_newrows CASCADE")


def content() -> dict[str, list[str]]:
    """Every row by what it says: references by natural key, without ids and batch numbers."""
    found = {}
    with connection.cursor() as cursor:
        for name, table in tables().items():
            columns = [value(field) for field in table.fields.values()]
            cursor.execute(f"SELECT ROW({', '.join(columns)})::text FROM {quoted(table.db_table)} t ORDER BY 1")
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def value(field: Any) -> str:
    column = f"t.{quoted(field.column)}"
    if not field.refers:
        return column
    other = tables()[field.refers]
    key = quoted(other.fields[other.lookup[0]].column)
    return f"(SELECT p.{key} FROM {quoted(other.db_table)} p WHERE p.id = {column})"


def dump() -> dict[str, list[str]]:
    """Every row with its id and batch number."""
    with connection.cursor() as cursor:
        found = {}
        for name, table in tables().items():
            cursor.execute(f"SELECT t::text FROM {quoted(table.db_table)} t ORDER BY id")
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


# --- kills ----------------------------------------------------------------------------------
class Counting:
    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        self.statements += 1
        return execute(*given)


class Killing(Counting):
    """Ends its process at one statement."""

    def __init__(self, at: int, how: str, delay: float) -> None:
        super().__init__()
        self.at, self.how, self.delay = at, how, delay

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        self.statements += 1
        if self.statements < self.at:
            return execute(*given)
        if self.how == "before":
            die()
        if self.how == "within":
            threading.Timer(self.delay, die).start()
            return execute(*given)
        execute(*given)
        die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], object], dice: random.Random, statements: int) -> str:
    """Do the work in a fork that dies in the middle. Returns where, for the message of a failure."""
    killer = Killing(dice.randrange(1, statements + 1), dice.choice(["before", "after", "within"]), dice.random() / 20)
    pid = os.fork()
    if pid == 0:
        try:
            _PARENTS.append(connection.connection)
            connection.connection = None
            with connection.execute_wrapper(killer):
                work()
            threading.Event().wait(1)  # the timer of the last statements
        finally:
            os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"{killer.how} {killer.at}: {status}"
    return f"{killer.how} statement {killer.at} of {statements}"


def counted(work: Callable[[], object]) -> int:
    counting = Counting()
    with connection.execute_wrapper(counting):
        work()
    return counting.statements


def test_imports_and_undos_killed_anywhere_end_as_undisturbed(files: tuple[Path, Path]) -> None:
    first, later = files
    one, two = batch_of(), batch_of()
    n_first = counted(lambda: load(one, first))
    after_first = content()
    n_later = counted(lambda: load(two, later))
    after_later = content()
    assert len(after_first["opportunity"]) == 294 and len(after_later["opportunity"]) == 333
    n_undo = counted(lambda: batch_undo(batch=two, user=None))
    assert content() == after_first

    dice = random.Random(SEED)
    for round_number in range(ROUNDS):
        empty()
        one, two = batch_of(), batch_of()
        where = killed(lambda: load(one, first), dice, n_first)  # noqa: B023  run at once
        if round_number % 2:
            one = batch_of()  # somebody starts it anew instead of the job that goes on
        load(one, first)
        assert content() == after_first, where
        before = dump()
        where = killed(lambda: load(two, later), dice, n_later)  # noqa: B023  run at once
        load(two, later)
        assert content() == after_later, where
        where = killed(lambda: batch_undo(batch=two, user=None), dice, n_undo)  # noqa: B023  run at once
        two.refresh_from_db()
        if two.state != ImportBatch.State.UNDONE:  # it died after its commit
            batch_undo(batch=two, user=None)
        assert dump() == before, where


def test_imports_and_undos_cancelled_anywhere_end_as_undisturbed(files: tuple[Path, Path]) -> None:
    first, later = files
    steps: list[str] = []
    load(batch_of(), first, lambda _done, _total, message: steps.append(message))
    before = dump()
    load(batch_of(), later)
    after_later = content()

    dice = random.Random(SEED)
    for _round in range(5):
        empty()
        load(batch_of(), first)
        before, batch = dump(), batch_of()
        with pytest.raises(JobCancelled):
            load(batch, later, cancelling_at(dice.randrange(1, len(steps))))
        assert batch.state == ImportBatch.State.CANCELLED
        if dice.random() < 0.5:  # what it did until then can be taken back
            batch_undo(batch=batch, user=None)
            assert dump() == before
            continue
        load(batch, later)
        assert content() == after_later
        with pytest.raises(JobCancelled):
            batch_undo(batch=batch, user=None, progress=cancelling_at(dice.randrange(1, 9)))
        assert content() == after_later
        batch_undo(batch=batch, user=None)
        assert dump() == before


def cancelling_at(step: int) -> Callable[..., None]:
    told = 0

    def progress(_done: int, _total: int, _message: str) -> None:
        nonlocal told
        told += 1
        if told >= step:
            raise JobCancelled

    return progress
