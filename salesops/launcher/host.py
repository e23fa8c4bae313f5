"""The process that keeps the embedded servers for as long as anyone uses them.

`make run` and every `manage.py` command are users alike: each holds `users.lock` shared. Whoever comes first starts
this process; it restarts a server that dies, on the same port with the same password, and stops both servers when the
last user is gone, however that user went.
"""

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime
from io import TextIOWrapper

from salesops.launcher.postgres import start_postgres
from salesops.launcher.problems import LaunchProblem
from salesops.launcher.server import Server
from salesops.launcher.state import SERVER_VARIABLES, State, Taken, lock, state_folder
from salesops.launcher.valkey import start_valkey

START = {"DATABASE_URL": start_postgres, "REDIS_URL": start_valkey}
LINGER_SECONDS = 1.0  # two commands in a row share the servers
POLL_SECONDS = 0.2


def host(arguments: list[str]) -> int:
    """Keep the servers of the named variables until nobody uses them."""
    parser = argparse.ArgumentParser(prog="launcher host")
    parser.add_argument("variables", nargs="+", choices=SERVER_VARIABLES)
    variables = parser.parse_args(arguments).variables
    state = State.opened(state_folder(os.environ))
    held = _take(state)
    if held is None:
        return 0  # another host was quicker
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _Host(state, variables).keep()
    except LaunchProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    finally:
        held.close()
    return 0


def _leave(number: int, frame: object) -> None:
    sys.exit(0)


def _take(state: State) -> TextIOWrapper | None:
    """The host lock; a few tries, since a user's look at the lock holds it for an instant."""
    for _ in range(10):
        try:
            return lock(state.host_lock)
        except Taken:
            time.sleep(0.05)
    return None


class _Host:
    def __init__(self, state: State, variables: list[str]) -> None:
        self.state = state
        self.variables = variables
        self.servers: dict[str, Server] = {}
        self.failures = 0
        self.last_start = 0.0

    def keep(self) -> None:
        idle_since = None
        try:
            while self.state.host_lock.exists():
                self._start_missing()
                if self._used():
                    idle_since = None
                elif idle_since is None:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > LINGER_SECONDS and self._close_the_door():
                    return
                time.sleep(POLL_SECONDS)
        finally:
            self._stop()

    def _start_missing(self) -> None:
        dead = [name for name in self.variables if not self._alive(name)]
        if not dead:
            return
        self.failures = self.failures + 1 if time.monotonic() - self.last_start < 60 else 0
        if self.failures > 1:
            time.sleep(min(2**self.failures, 30) / 2)
        self.last_start = time.monotonic()
        for name in dead:
            if name in self.servers:
                said = f"{datetime.now(UTC):%F %T} {self.servers[name].name} ended by itself; started again."
                print(said, file=sys.stderr, flush=True)
            self.servers[name] = START[name](self.state, fast=False)
        addresses = {name: server.url for name, server in self.servers.items()}
        self.state.write("servers.json", {"pid": os.getpid(), **addresses})

    def _alive(self, name: str) -> bool:
        return name in self.servers and self.servers[name].process.poll() is None

    def _used(self) -> bool:
        try:
            lock(self.state.users_lock).close()
        except Taken:
            return True
        return False

    def _close_the_door(self) -> bool:
        """Keep newcomers waiting while the servers stop; they start their own afterwards."""
        try:
            self.door = lock(self.state.users_lock)
        except Taken:
            return False
        return True

    def _stop(self) -> None:
        self.state.servers_file.unlink(missing_ok=True)
        for server in reversed(self.servers.values()):
            server.stop()
