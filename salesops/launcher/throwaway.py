"""Fast servers without durability in a temporary folder, for the time of one command: tests."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from salesops.launcher.postgres import start_postgres
from salesops.launcher.processes import child_setup, end_orphans
from salesops.launcher.server import Server
from salesops.launcher.state import State, Taken, lock
from salesops.launcher.valkey import start_valkey

PREFIX = "salesops-test-"
# What a developer may have set for their own instance; tests must not depend on it.
_NOT_INHERITED = frozenset(
    ["ALLOWED_HOSTS", "API_RATE", "BEHIND_TLS", "CSRF_TRUSTED_ORIGINS", "DATABASE_CONN_MAX_AGE", "DEBUG", "EMAIL_HOST"]
    + ["JOB_TIME_LIMIT", "LOGIN_FAILURE_LIMIT", "LOG_LEVEL", "NIGHTLY_HOUR", "OIDC_SERVER_URL", "REPORTING_CURRENCY"]
    + ["ENCRYPTION_KEYS", "QUALITY_NOTE_WEEKDAY", "SALESOPS_TIME_ZONE"]
    + ["SITE_URL", "OUTGOING_ALLOW_PRIVATE", "SLACK_API_URL", "CONNECTOR_ADDRESSES"]
)


def with_path_of_python(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the virtual environment's programs first on the PATH."""
    return {**environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "")])}


def run_with_throwaway_servers(command: list[str]) -> int:
    """Run the command with servers of its own; returns its exit code. The folder is always removed.

    DATABASE_URL and REDIS_URL of the environment are ignored: tests never touch a server someone named.
    """
    signal.signal(signal.SIGTERM, _leave)
    with _throwaway_state() as state, _servers(state) as servers:
        environ = {k: v for k, v in with_path_of_python(os.environ).items() if k not in _NOT_INHERITED}
        environ |= {"DATABASE_URL": servers[0].url, "REDIS_URL": servers[1].url, "SALESOPS_STATE": str(state.folder)}
        environ |= {"SECRET_KEY": secrets.token_urlsafe(48), "SALESOPS_LOCAL": "1"}
        child = subprocess.Popen(command, env=environ, preexec_fn=child_setup(death_signal=signal.SIGTERM))
        try:
            return _wait(child)
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            code = child.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue  # the terminal told the child too; its end is ours


@contextmanager
def _servers(state: State) -> Iterator[list[Server]]:
    servers: list[Server] = []
    try:
        servers.append(start_postgres(state, fast=True))
        servers.append(start_valkey(state, fast=True))
        yield servers
    finally:
        for server in reversed(servers):
            server.process.send_signal(signal.SIGQUIT if server.name == "PostgreSQL" else signal.SIGKILL)
            server.process.wait()
            if server.outside:
                shutil.rmtree(server.outside, ignore_errors=True)


@contextmanager
def _throwaway_state() -> Iterator[State]:
    _remove_leftovers()
    state = State.opened(Path(tempfile.mkdtemp(prefix=PREFIX)).resolve())
    held = lock(state.host_lock)
    try:
        yield state
    finally:
        shutil.rmtree(state.folder, ignore_errors=True)
        held.close()


def _remove_leftovers() -> None:
    """Remove folders of test runs that were killed: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*"):
        try:
            status = folder.stat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < 60:  # may be starting just now
                continue
            lock(folder / "host.lock").close()
        except (OSError, Taken):
            continue
        for name in ("pg", "valkey"):
            end_orphans(folder / name)
        shutil.rmtree(folder, ignore_errors=True)
