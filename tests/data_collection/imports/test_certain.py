"""Rows set aside as certainly known: the same result as without setting any aside, whatever the file holds."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from data_collection.imports.calc import certain
from data_collection.imports.models import ImportBatch
from data_collection.imports.services import loading
from data_collection.models import Opportunity
from tests.data_collection.imports.conftest import counts, run_import

pytestmark = pytest.mark.django_db

HEADER = (
    "external_id,name,account,owner,stage,status,amount,currency,probability,close_date,created_on,modified_at,Region"
)
#: What a cell may become: other spellings of the same, other values, and what is none.
SPELLINGS = (
    ("X1", "", "d1 ", "x" * 300),
    ("Deal", " Deal 1 ", "", "Deal\u00a0", "x" * 300),
    ("a1", "a2", " a1", "merged", "gone", ""),
    ("ana", "boy", "ANA", "nobody", ""),
    ("Open", "Won", "open", "none", ""),
    ("open", "OPEN", "won", "perhaps", ""),
    (
        "10",
        "10.0",
        "10.00001",
        "10.4",
        "732",
        "1,000",
        "$10",
        ".",
        "10.",
        "-5",
        "1e1",
        "99999999999999999999",
        "n/a",
        "",
    ),
    ("USD", "usd", "EUR", "US", ""),
    ("0.5", ".5", "2", "-1", ""),
    ("2026-02-01", "2026-2-1", "2026-02-31", "2026-02-01T00:00:00Z", "1026-02-01", "01.02.2026", ""),
    ("2026-01-01", "2026-03-01", ""),
    ("2026-01-01T10:00:00Z", "2026-01-01T17:00:00+07:00", "2026-01-01 10:00:00", "2026-13-01T10:00:00Z", ""),
    ("EU", "Asia", "Asia ", ""),
)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows a file has and however few of them are certain."""
    monkeypatch.setattr(loading, "LEAST_ROWS", 0)
    monkeypatch.setattr(loading, "MOSTLY", 0)


@pytest.fixture
def known(folder: Callable[..., Path]) -> list[list[str]]:
    """The cells of thirty known deals; one was changed by hand to an amount no file may have."""
    dice = random.Random(1)
    cells = [_deal(n, dice) for n in range(30)]
    place = folder(
        stage="name,rank,kind\nOpen,1,open\nWon,90,won\n",
        rep="code,name\nana,Ana Lima\nboy,Boy Som\n",
        account="external_id,name\na1,One\na2,Two\nmerged,Three\ngone,Four\n",
        opportunity=_csv(cells),
    )
    assert counts(run_import(place), "opportunity") == (30, 30, 0, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE data_collection_account SET deleted_at = now(), merged_into_id = "
            "(SELECT id FROM data_collection_account WHERE external_id = 'a1') WHERE external_id = 'merged'"
        )
        cursor.execute("UPDATE data_collection_account SET deleted_at = now() WHERE external_id = 'gone'")
        cursor.execute("UPDATE data_collection_opportunity SET deleted_at = now() WHERE external_id = 'd3'")
    for name in ("stage", "rep", "account"):
        (place / f"{name}.csv").unlink()
    return cells


def _deal(n: int, dice: random.Random) -> list[str]:
    won = dice.random() < 0.3
    return [
        f"d{n}",
        f"Deal {n}",
        dice.choice(["a1", "a2", "merged", "gone", ""]),
        dice.choice(["ana", "boy", ""]),
        "Won" if won else "Open",
        "won" if won else "open",
        dice.choice(["10", "731.94", "0.5", ""]),
        dice.choice(["USD", "EUR", ""]),
        dice.choice(["0.5", ""]),
        dice.choice(["2026-02-01", "2026-03-31"]),
        dice.choice(["2026-01-01", "2026-01-02", ""]),
        dice.choice(["2026-01-01T10:00:00Z", "2026-01-01T17:00:00+07:00", ""]),
        dice.choice(["EU", "Asia", ""]),
    ]


def _csv(rows: list[list[str]]) -> str:
    return "\n".join([HEADER, *(",".join(f'"{c}"' if "," in c else c for c in row) for row in rows)]) + "\n"


def _disturbed(known: list[list[str]], dice: random.Random) -> list[list[str]]:
    """The known rows with some cells rewritten, rows repeated, cut, added, moved."""
    rows = [list(row) for row in known]
    for _time in range(dice.randrange(8)):
        rows.append(list(dice.choice(known)))
    for _time in range(dice.randrange(12)):
        place = dice.randrange(len(HEADER.split(",")))
        dice.choice(rows)[place] = dice.choice(SPELLINGS[place])
    if dice.random() < 0.3:
        dice.choice(rows).pop()
    if dice.random() < 0.3:
        rows.append(_deal(99, dice))
    if dice.random() < 0.5:
        dice.shuffle(rows)
    return rows


def _result(place: Path, **options: Any) -> dict[str, Any]:
    """All an import left, taken back afterwards."""
    with transaction.atomic():
        batch = run_import(place, **options)
        left = {
            "counts": batch.counts,
            "changes": batch.changes,
            "findings": batch.findings,
            "rejected": list(batch.rejected.order_by("row").values_list("row", "cells", "reasons")),
            "proposed": sorted(batch.suggestions.values_list("field", "value", "target", "rows", "state")),
            "table": [
                row | {"id": None, "batch_id": row["batch_id"] == batch.pk}
                for row in Opportunity.objects.order_by("system", "external_id").values()
            ],
        }
        transaction.set_rollback(True)
    return left


@pytest.fixture
def set_aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Rows set aside by each load."""
    found: list[int] = []
    load = loading.target_load
    stage = loading._Loader.stage

    def told(self: Any, cursor: Any, *, accept: bool) -> None:
        stage(self, cursor, accept=accept)
        found.append(self.whole - self.count.read if self.whole else 0)

    monkeypatch.setattr(loading._Loader, "stage", told)
    yield found
    assert load is loading.target_load


@pytest.mark.parametrize("seed", range(60))
def test_setting_rows_aside_changes_no_result(
    known: list[list[str]],
    folder: Callable[..., Path],
    set_aside: list[int],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    dice = random.Random(seed)
    place = folder(opportunity=_csv(_disturbed(known, dice)))
    options = {"accept_suggestions": dice.random() < 0.3}
    fast = _result(place, **options)
    monkeypatch.setattr(certain, "is_applicable", lambda _plan: False)
    assert fast == _result(place, **options)
    assert fast["counts"][0]["error"] == ""
    assert set_aside[0] >= 8
    assert set_aside[1] == 0


def test_every_row_of_the_same_file_is_set_aside(
    known: list[list[str]], folder: Callable[..., Path], set_aside: list[int]
) -> None:
    merged = sum(row[2] == "merged" for row in known)  # now means another account: changed
    batch = run_import(folder(opportunity=_csv(known)))
    assert merged
    assert counts(batch, "opportunity") == (30, 0, merged, 30 - merged, 0)
    assert set_aside == [30 - merged]


def test_a_later_row_that_differs_is_judged_against_a_row_set_aside(
    known: list[list[str]], folder: Callable[..., Path]
) -> None:
    other = [*known[0][:6], "12345", *known[0][7:]]
    batch: ImportBatch = run_import(folder(opportunity=_csv([known[0], known[0], other])))
    assert counts(batch, "opportunity") == (3, 0, 0, 2, 1)
    assert "row 2 has the same key; other values in amount" in batch.rejected.get().reasons[0]["reason"]


def test_a_file_of_new_rows_is_staged_at_once(
    known: list[list[str]], folder: Callable[..., Path], set_aside: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOSTLY", 0.7)
    fresh = [[f"new-{row[0]}", *row[1:]] for row in known]
    assert counts(run_import(folder(opportunity=_csv([*known[5:10], *fresh]))), "opportunity")[:2] == (35, 30)
    assert set_aside == [0]
