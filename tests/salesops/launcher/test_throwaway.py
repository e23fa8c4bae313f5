"""Throw-away servers leave nothing."""

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.salesops.launcher.conftest import Launcher

ASK = """
import json, os, psycopg2
cursor = psycopg2.connect(os.environ["DATABASE_URL"]).cursor()
cursor.execute("select current_setting('fsync'), current_setting('synchronous_commit')")
print(json.dumps([os.environ["SALESOPS_STATE"], os.environ["DATABASE_URL"], *cursor.fetchone()]))
raise SystemExit(3)
"""


def servers_below(folder: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cwd"]) if (p.info["cwd"] or "").startswith(folder)]


def test_the_command_gets_fast_servers_and_its_exit_code_is_handed_on(launcher: Launcher) -> None:
    given = "postgresql://a:b@db.example/x"
    code, out, err = launcher.run("test", "--", "python", "-c", ASK, DATABASE_URL=given, DEBUG="nonsense")
    assert code == 3, err
    folder, database, fsync, commit = json.loads(out)
    assert (fsync, commit) == ("off", "off")
    assert database != given
    assert not Path(folder).exists()
    assert servers_below(folder) == []
    assert not launcher.state.exists()


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_removes_its_folder(launcher: Launcher, number: signal.Signals) -> None:
    process = launcher.start("test", "--", "sh", "-c", "trap 'exit 9' INT TERM; echo $SALESOPS_STATE; read line")
    assert process.stdout is not None
    folder = process.stdout.readline().strip()
    assert Path(folder).exists()
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode != 0
    assert not Path(folder).exists()
    assert servers_below(folder) == []


@pytest.mark.faults
def test_the_next_run_removes_what_a_killed_one_left(launcher: Launcher) -> None:
    process = launcher.start("test", "--", "sh", "-c", "echo $SALESOPS_STATE; read line")
    assert process.stdout is not None
    folder = process.stdout.readline().strip()
    process.kill()
    process.communicate(timeout=20)
    psutil.wait_procs(servers_below(folder), timeout=10)
    assert servers_below(folder) == []  # the kernel told them
    assert Path(folder).exists()
    an_hour_ago = time.time() - 3600
    os.utime(folder, (an_hour_ago, an_hour_ago))
    assert launcher.run("test", "--", "true")[0] == 0
    assert not Path(folder).exists()
