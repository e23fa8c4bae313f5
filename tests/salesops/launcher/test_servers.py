"""Embedded servers under real kills: shared, repaired, and gone afterwards."""

import json
import os
import signal
import stat
import subprocess

import psycopg2
import pytest

from salesops.launcher import valkey
from tests.salesops.launcher.conftest import Launcher

# Prints its addresses, then runs until its stdin closes.
SHOW = """
import json, os, sys
print(json.dumps([os.environ["DATABASE_URL"], os.environ["REDIS_URL"]]), flush=True)
sys.stdin.read()
"""


def using(launcher: Launcher, **environ: str) -> tuple[subprocess.Popen[str], str, str]:
    """A running command with its two addresses."""
    process = launcher.start("exec", "--", "python", "-c", SHOW, **environ)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    database, broker = json.loads(line)
    return process, database, broker


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)
    assert process.returncode == 0


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def mode(launcher: Launcher, name: str) -> int:
    return stat.S_IMODE((launcher.state / name).stat().st_mode)


def test_commands_share_one_pair_of_servers_and_the_last_one_out_stops_it(launcher: Launcher) -> None:
    first, database, broker = using(launcher)
    second, *addresses = using(launcher)
    assert addresses == [database, broker]
    assert str(execute(database, "show server_version_num")[0][0]).startswith("18")
    assert valkey.answers(broker)
    assert not valkey.answers(broker.replace(":", ":x", 2))  # a wrong password

    assert mode(launcher, "") == 0o700
    secrets = [(launcher.state / name).read_text() for name in ("pg.password", "valkey.password", "secret.key")]
    shown = " ".join(" ".join(process.cmdline()) for process in launcher.processes())
    assert not [secret for secret in secrets if secret in shown]
    for name in ("servers.json", "pg.password", "valkey.password", "secret.key"):
        assert mode(launcher, name) == 0o600, name

    finish(first)
    assert execute(database, "select 1") == [(1,)]
    finish(second)
    launcher.assert_all_end()
    assert not (launcher.state / "servers.json").exists()


@pytest.mark.faults
def test_whatever_is_killed_the_rows_stay_and_no_process_is_left(launcher: Launcher) -> None:
    rows = "select count(*), sum(n) from kept"
    process, database, broker = using(launcher)
    execute(database, "create table kept as select generate_series(1, 500) as n")

    # both servers: the host starts them again at the same addresses, and waiting commands get them
    for program in ("postgres", "valkey-server"):
        os.kill(launcher.pid_of(program), signal.SIGKILL)
    again, *addresses = using(launcher)
    assert addresses == [database, broker]
    assert execute(database, rows) == [(500, 125_250)]
    finish(again)

    # the host: the kernel tells its servers, the next command starts new ones
    os.kill(json.loads((launcher.state / "servers.json").read_text())["pid"], signal.SIGKILL)
    finish(process)
    launcher.assert_all_end()
    process, database, broker = using(launcher)
    assert execute(database, rows) == [(500, 125_250)]

    # everything at once, as in a power cut: stale files stay behind
    for victim in launcher.processes():
        victim.kill()
    process.communicate(timeout=30)
    assert (launcher.state / "servers.json").exists()
    assert (launcher.state / "pg/postmaster.pid").exists()
    process, database, broker = using(launcher)
    assert execute(database, rows) == [(500, 125_250)]
    assert valkey.answers(broker)
    finish(process)
    launcher.assert_all_end()


def test_given_addresses_start_nothing(launcher: Launcher) -> None:
    given = {"DATABASE_URL": "postgresql://a:b@db.example/x", "REDIS_URL": "redis://broker.example/0"}
    process = launcher.start("exec", "--", "python", "-c", SHOW, **given)
    out, _ = process.communicate(timeout=30)
    assert json.loads(out) == list(given.values())
    assert not launcher.state.exists()


def test_given_database_starts_the_broker_only(launcher: Launcher) -> None:
    given = "postgresql://a:b@db.example/x"
    process, database, broker = using(launcher, DATABASE_URL=given)
    assert database == given
    assert valkey.answers(broker)
    assert not (launcher.state / "pg").exists()
    code, _, err = launcher.run("exec", "--", "true")  # wants a database, which this host was told not to start
    assert code == 7
    assert "DATABASE_URL" in err
    finish(process)
    launcher.assert_all_end()


@pytest.mark.parametrize("arguments", [["version"], ["migrate", "--help"]])
def test_manage_commands_without_need_start_nothing(launcher: Launcher, arguments: list[str]) -> None:
    process = launcher.manage(*arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out
    assert not launcher.state.exists()


def test_manage_command_gets_servers_for_its_time(launcher: Launcher) -> None:
    code = "from django.db import connection as c; c.ensure_connection(); print(c.settings_dict['HOST'])"
    process = launcher.manage("shell", "--no-imports", "-c", code)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.strip()) == (0, "127.0.0.1"), err
    launcher.assert_all_end()


def test_broken_binaries_are_one_clear_line(launcher: Launcher) -> None:
    code, _, err = launcher.run("exec", "--", "true", SALESOPS_PG_BIN="/nowhere")
    assert code == 7
    assert err.strip() == "SALESOPS_PG_BIN='/nowhere' holds no postgres program."
    launcher.assert_all_end()
