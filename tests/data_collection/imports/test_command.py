"""manage.py import_crm: what it prints and how it exits; and a kill in the middle."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from data_collection.imports.models import ImportBatch
from data_collection.models import OrderLine, Rep

STATE_WORDS = ("order_line", "rep")


@pytest.mark.django_db
def test_json_counts_and_exit_codes(folder: Callable[..., Path], capsys: pytest.CaptureFixture) -> None:
    place = folder(rep="code,name\na,A\nb,\n")
    call_command("import_crm", str(place), "--mapping", "native", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["tables"] == [
        {"table": "rep", "file": "rep.csv", "read": 2, "new": 1, "changed": 0, "same": 0, "rejected": 1, "error": ""}
    ]
    assert result["rejected"][0]["row"] == 3 and result["batch"] == ImportBatch.objects.get().pk
    folder(product="wrong\n1\n")
    with pytest.raises(SystemExit) as ended:
        call_command("import_crm", str(place), "--mapping", "native")
    assert ended.value.code == 1
    assert "refused: product.csv: Missing columns: “code”; “name”. The file has: wrong." in capsys.readouterr().out


@pytest.mark.django_db
def test_a_dry_run_writes_nothing(folder: Callable[..., Path], capsys: pytest.CaptureFixture) -> None:
    call_command("import_crm", str(folder(rep="code,name\na,A\n")), "--mapping", "native", "--dry-run")
    assert "nothing written (dry run)" in capsys.readouterr().out
    assert not Rep.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "mapping", "words"),
    [("/nowhere/at/all", "native", "neither a folder nor a file"), (".", "nonsense", "There is no mapping “nonsense”")],
)
def test_wrong_use_is_told(folder: Callable[..., Path], place: str, mapping: str, words: str) -> None:
    here = str(folder(rep="code,name\na,A\n")) if place == "." else place
    with pytest.raises(CommandError, match=words) as wrong:
        call_command("import_crm", here, "--mapping", mapping)
    assert wrong.value.returncode == 2


def _start(place: Path) -> subprocess.Popen:
    settings = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
        **{k: v or "" for k, v in settings.items() if k.isupper()}
    )
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_crm", str(place), "--mapping", "native"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DATABASE_URL": url},
    )


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("line", [3, 5, 7])
def test_killed_anywhere_and_run_again_is_as_if_never_killed(folder: Callable[..., Path], line: int) -> None:
    orders = "\n".join(f"{i},o{i % 100},2026-01-{i % 28 + 1:02},{i % 5},{i}.25,r{i % 50}" for i in range(20_000))
    place = folder(
        rep="code,name\n" + "\n".join(f"r{i},Rep {i}" for i in range(50)),
        order_line="external_id,order_id,ordered_on,quantity,amount,owner\n" + orders,
    )
    process = _start(place)
    assert process.stderr is not None
    for _ in range(line):
        process.stderr.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    partly = OrderLine.objects.count()
    assert partly in {0, 20_000}  # a target goes in whole or not at all
    again = _start(place)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert OrderLine.objects.count() == 20_000 and Rep.objects.count() == 50, out
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT external_id), sum(amount), sum(quantity), count(owner_id) "
            "FROM data_collection_orderline"
        )
        distinct, amount, quantity, owners = cursor.fetchone()
    assert (distinct, float(amount), int(quantity), owners) == (20_000, 199_995_000.0, 40_000, 20_000)
    assert not ImportBatch.objects.filter(state=ImportBatch.State.RUNNING).exists()
