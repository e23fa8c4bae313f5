"""The whole product on a database of its own: demo company, one night, gunicorn, Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
PASSWORD = "demo-Sales-2026"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Product:
    """A running product and the environment its commands need."""

    url: str
    environ: dict[str, str]

    def manage(self, *words: str) -> str:
        return _manage(self.environ, *words)


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def product(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    state = tmp_path_factory.mktemp("product")
    with _database(os.environ["DATABASE_URL"], f"browser_{os.getpid()}") as database_url:
        port = _free_port()
        environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/9",
            "SALESOPS_STATE": str(state),
            "SALESOPS_LOCAL": "1",
        }
        for words in (
            ["migrate", "-v0"],
            ["collectstatic", "--noinput", "-v0"],
            ["demo_company", "--seed", "7"],
            ["nightly"],
        ):
            _manage(environ, *words)
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "salesops.wsgi",
                "-b",
                f"127.0.0.1:{port}",
                "-k",
                "gthread",
                "--threads",
                "4",
            ],
            cwd=ROOT,
            env=environ,
            stderr=(state / "web.log").open("wb"),
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/readyz", server)
            yield Product(url, environ)
        finally:
            server.terminate()
            server.wait()


class _database:
    """A database of its own on the test server, dropped at the end."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name

    def _run(self, statement: str) -> None:
        connection = psycopg2.connect(self._url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def __enter__(self) -> str:
        self._run(f'CREATE DATABASE "{self._name}"')
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{self._name}"))

    def __exit__(self, *_exc: object) -> None:
        self._run(f'DROP DATABASE "{self._name}" WITH (FORCE)')


def _manage(environ: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"manage.py {' '.join(words)}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _try in range(300):
        assert server.poll() is None, "gunicorn ended at once"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            try:
                server.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError(f"{url} did not answer")
