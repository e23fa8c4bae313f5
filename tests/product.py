"""The whole product on a database of its own, for tests that need real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Product:
    """A database, a broker number, a state folder; processes are started on demand and ended with it."""

    environ: dict[str, str]
    state: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def manage(self, *words: str) -> str:
        return self.python("manage.py", *words)

    def python(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def run(self, code: str) -> str:
        """Python lines inside the product."""
        return self.python("-c", f"import django; django.setup()\n{code}")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A long-running module in a process group of its own."""
        log = (self.state / f"{words[0]}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=self.environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        queues = ["-Q", "interactive,nightly,heavy", "-c", "2", "-l", "WARNING"]
        return self.start("celery", "-A", "salesops", "worker", *queues)

    def web(self) -> str:
        """Start the web server; its address, once it answers."""
        port = _free_port()
        bind = ["-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", "4"]
        server = self.start("gunicorn", "salesops.wsgi", *bind)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(f"{url}/readyz") or server.poll() is not None, what=f"{url} answers")
        assert server.poll() is None, (self.state / "gunicorn.log").read_text()[-3000:]
        return url

    def connect(self) -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(self.environ["DATABASE_URL"])
        connection.autocommit = True
        return connection

    def sql(self, statement: str) -> list[tuple]:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def product(name: str, state: Path, *, broker: int) -> Iterator[Product]:
    """A migrated, empty product on the test servers; `broker` is the number of its Valkey database."""
    url = os.environ["DATABASE_URL"]
    name = f"{name}_{os.getpid()}"
    _on_server(url, f'CREATE DATABASE "{name}"')
    environ = {
        **os.environ,
        "DATABASE_URL": urlunsplit(urlsplit(url)._replace(path=f"/{name}")),
        "REDIS_URL": os.environ["REDIS_URL"].rsplit("/", 1)[0] + f"/{broker}",
        "SALESOPS_STATE": str(state),
        "SALESOPS_LOCAL": "1",
        "DJANGO_SETTINGS_MODULE": "salesops.settings",
    }
    made = Product(environ, state)
    try:
        made.manage("migrate", "-v0")
        yield made
    finally:
        for process in made.processes:
            kill_group(process)
        _on_server(url, f'DROP DATABASE "{name}" WITH (FORCE)')


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of a process and all it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait_until(probe: Callable[[], object], *, what: str, seconds: float = 60) -> None:
    """Poll until `probe` is true; fails with `what` otherwise."""
    end = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.05)  # a poll of another process, not a guess of its speed


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _on_server(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
