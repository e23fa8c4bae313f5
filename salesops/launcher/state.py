"""The state folder: locks, secrets, ports and the addresses of the running embedded servers.

Convention: two locks rule the folder. `host.lock` is held exclusively by the one process that keeps the embedded
servers; `users.lock` is held shared by everyone who uses them. The host stops when it can have `users.lock` alone.
Locks are flock(2): the kernel drops them when their holder dies, however it dies.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SERVER_VARIABLES = ("DATABASE_URL", "REDIS_URL")


def state_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("SALESOPS_STATE", "").strip() or REPOSITORY / ".salesops").resolve()


class Taken(Exception):
    """Someone else holds the lock."""


def lock(path: Path, *, shared: bool = False, wait: bool = False) -> TextIOWrapper:
    """Take an flock and return the open file that holds it; closing the file releases it.

    Raises:
        Taken: not waiting, and another process holds it.
    """
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - the open file is the lock
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Taken(str(path)) from None
    return file


def is_locked(path: Path) -> bool:
    try:
        lock(path, shared=True).close()
    except Taken:
        return True
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read; readers see the old text or the new, never half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@dataclass(frozen=True, slots=True)
class State:
    """One state folder; everything the launcher keeps is below it."""

    folder: Path

    @classmethod
    def opened(cls, folder: Path) -> "State":
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        return cls(folder)

    @property
    def host_lock(self) -> Path:
        return self.folder / "host.lock"

    @property
    def users_lock(self) -> Path:
        return self.folder / "users.lock"

    @property
    def run_lock(self) -> Path:
        return self.folder / "run.lock"

    @property
    def servers_file(self) -> Path:
        return self.folder / "servers.json"

    def log(self, name: str) -> Path:
        """The log file of one process; past 5 MB the old text moves to NAME.log.1."""
        path = self.folder / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > 5 * 2**20:
            path.replace(path.with_name(f"{path.name}.1"))
        return path

    def secret(self, name: str) -> str:
        """A random secret, made on first use and kept in a file of mode 0600."""
        path = self.folder / name
        if not path.exists() or not path.read_text().strip():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def read(self, name: str) -> dict[str, object]:
        """A small JSON file of the folder; missing or broken text counts as empty."""
        try:
            found = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, name: str, values: Mapping[str, object]) -> None:
        write_private(self.folder / name, json.dumps(values, indent=1))
