"""`make run`: refusals in one line, children that come back, and the whole product started, killed and stopped."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from pytest_django import Settings

from salesops.launcher.checks import check_python, check_space
from salesops.launcher.problems import NoSpace, WrongPython
from salesops.launcher.processes import free_port
from salesops.launcher.progress import Steps
from salesops.launcher.run import COLLECT
from salesops.launcher.state import State, lock
from salesops.launcher.supervisor import Supervisor, pause_after
from tests.salesops.launcher.conftest import Launcher


def test_wrong_python_says_which_one() -> None:
    with pytest.raises(WrongPython, match=r"Python 3\.11 is needed, this is 3\.9\.2"):
        check_python((3, 9, 2))
    check_python((3, 11, 0))


def test_no_space_says_how_much(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match=f"{tmp_path} has [0-9]+ MB free, 900000000 MB are needed"):
        check_space(tmp_path, needed_megabytes=900_000_000)
    check_space(tmp_path, needed_megabytes=0)


def test_taken_port_is_one_line_and_nothing_starts(launcher: Launcher) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        code, _, err = launcher.run("run", "--port", str(port))
    assert code == 5
    assert err == f"127.0.0.1:{port} can't be used (Address already in use). Try another: make run PORT={port + 1}\n"
    assert not (launcher.state / "pg").exists()


def test_second_launcher_names_the_first(launcher: Launcher) -> None:
    state = State.opened(launcher.state)
    with lock(state.run_lock):
        state.write("run.json", {"pid": 4711, "url": "http://127.0.0.1:8000"})
        code, _, err = launcher.run("run")
    assert code == 6
    assert err.startswith(f"Already running at http://127.0.0.1:8000 (pid 4711), state folder {launcher.state}.")
    assert len(err.splitlines()) == 1


def test_pauses_grow_and_have_an_end() -> None:
    assert [pause_after(deaths) for deaths in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(State.opened(tmp_path / "state"), {"PATH": "/usr/bin:/bin"})
    yield made
    made.stop()


@pytest.mark.faults
def test_a_dead_child_is_started_again_after_a_pause(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    child = supervisor.add("web", ["sleep", "1000"], grace_seconds=5)
    assert child.process is not None
    first = child.process
    first.kill()
    first.wait()
    supervisor.look()
    assert child.process is None
    assert "web ended (signal 9); it starts again in 1 s." in capsys.readouterr().out
    supervisor.look()
    assert child.process is None  # not before its time
    child.due = time.monotonic()
    supervisor.look()
    assert child.running()


@pytest.mark.faults
def test_stopping_ends_the_whole_group_of_a_child_that_does_not_listen(supervisor: Supervisor) -> None:
    stubborn = "trap '' TERM; sleep 1000 & echo started; wait; wait"
    child = supervisor.add("worker", ["sh", "-c", stubborn], grace_seconds=0.1)
    assert child.process is not None
    leader = psutil.Process(child.process.pid)
    log = supervisor.state.folder / "logs/worker.log"
    with subprocess.Popen(["tail", "-f", "-n", "+1", log], stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline() == b"started\n"
        tail.kill()
    family = [leader, *leader.children(recursive=True)]
    assert len(family) == 2
    supervisor.stop()
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_static_files_refer_only_to_files_that_exist(settings: Settings, tmp_path: Path) -> None:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}  # as in `make run`, without compression
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", *COLLECT)  # fails on a url() or source map that leads nowhere
    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert (tmp_path / staticfiles_storage.url("admin/css/base.css").removeprefix("/static/")).exists()
    assert not [name for name in names if name.startswith("rest_framework/")]


class Product:
    """The whole product without demo data, on a free port."""

    def __init__(self, launcher: Launcher) -> None:
        self.port = free_port()
        self.started = time.monotonic()
        # DEBUG: static files from their sources; compressing them takes longer than all else together
        self.process = launcher.start("run", "--port", str(self.port), "--empty", DEBUG="1")
        self.said: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if f"ready: http://127.0.0.1:{self.port}" in line:
                break
        else:
            raise AssertionError(self.said + [self.process.communicate()[1]])
        self.ready_after = time.monotonic() - self.started

    def get(self, path: str) -> tuple[int, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(link):
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read()


@pytest.mark.faults
@pytest.mark.slow
def test_product_starts_survives_a_kill_and_stops(launcher: Launcher) -> None:
    first = Product(launcher)
    assert first.get("/readyz") == (200, b'{"ok": true}')
    roles = {p.environ().get("SALESOPS_CHILD") for p in launcher.processes()}
    assert {"web", "worker", "beat"} <= roles
    shell = launcher.manage("shell", "--no-imports", "-c", "import os; print(os.environ['DATABASE_URL'])")
    url = json.loads((launcher.state / "servers.json").read_text())["DATABASE_URL"]
    assert shell.communicate(timeout=60)[0].strip() == url
    assert Steps(State(launcher.state), url).value("schema") == Steps(State(launcher.state), url).schema()

    first.process.kill()
    first.process.communicate(timeout=30)
    launcher.assert_all_end()

    second = Product(launcher)
    assert second.get("/readyz")[0] == 200
    assert not [line for line in second.said if "migrations" in line]
    second.process.send_signal(signal.SIGTERM)
    out, err = second.process.communicate(timeout=40)
    assert second.process.returncode == 0
    assert out.strip().splitlines()[-1].endswith("stopped")
    assert err == ""
    assert launcher.processes() == []
    print(f"ready after {first.ready_after:.1f} s, then {second.ready_after:.1f} s", file=sys.stderr)
