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

from data_collection.imports.models import ImportBatch, SavedMapping
from data_collection.models import Opportunity, OrderLine, Rep

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


# --- without a mapping, and back out ---------------------------------------------------------
DEALS = "Deal ID,Deal name,Stage,Amount,Close date\n1,One,Won,10,2026-01-02\n2,Two,Talk,20,2026-05-01\n"


@pytest.mark.django_db
def test_a_guessed_mapping_is_shown_and_asks_first(folder: Callable[..., Path], capsys: pytest.CaptureFixture) -> None:
    place = str(folder(deals=DEALS))
    with pytest.raises(CommandError, match="Nothing was imported") as wrong:  # nobody is there to say yes
        call_command("import_crm", place)
    assert wrong.value.returncode == 2 and not ImportBatch.objects.exists()
    shown = capsys.readouterr().err
    assert "Deal ID -> opportunity.external_id" in shown and "files:" in shown
    call_command("import_crm", place, "--dry-run")
    assert not Opportunity.objects.exists()
    call_command("import_crm", place, "--yes", "--system", "mine")
    assert dict(Opportunity.objects.filter(system="mine").values_list("external_id", "amount")) == {"1": 10, "2": 20}


@pytest.mark.django_db
def test_a_guessed_mapping_is_kept_by_name(folder: Callable[..., Path]) -> None:
    place = str(folder(deals=DEALS))
    call_command("import_crm", place, "--save-mapping", "Our deals")
    assert SavedMapping.objects.get().name == "our-deals" and Opportunity.objects.count() == 2
    call_command("import_crm", place, "--mapping", "our-deals")
    assert ImportBatch.objects.first().total["same"] >= 2


@pytest.mark.django_db
def test_undo_by_command(folder: Callable[..., Path], capsys: pytest.CaptureFixture) -> None:
    call_command("import_crm", str(folder(rep="code,name\na,A\nb,B\n")), "--mapping", "native")
    batch = ImportBatch.objects.get().pk
    call_command("import_crm", "--undo", str(batch), "--dry-run")
    with pytest.raises(CommandError, match="Nothing was undone"):
        call_command("import_crm", "--undo", str(batch))
    assert Rep.objects.count() == 2
    capsys.readouterr()
    call_command("import_crm", "--undo", str(batch), "--yes")
    assert not Rep.objects.exists() and "rep                                2           0" in capsys.readouterr().out
    for number, words in ((batch, "undone already"), (batch + 1, "There is no import")):
        with pytest.raises(CommandError, match=words):
            call_command("import_crm", "--undo", str(number), "--yes")


@pytest.mark.django_db
def test_without_a_place_there_is_nothing_to_do() -> None:
    with pytest.raises(CommandError, match="Name a folder or file"):
        call_command("import_crm")
