"""Which steps of a start are done already, so that the second start is quick.

A step is remembered for one database (its cluster's identifier and name) together with a fingerprint of what it
depended on; another database, other migrations or other static files make it due again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import psycopg2

from salesops.launcher.state import REPOSITORY, State

FILE = "steps.json"
_APPS = ("salesops", "data_collection", "demand_planning", "supply_planning", "execution")


class Steps:
    """The steps done for one database."""

    def __init__(self, state: State, database_url: str) -> None:
        self._state = state
        self._url = database_url
        self._key = _identity(database_url)

    def value(self, step: str) -> str:
        found = self._state.read(FILE).get(self._key)
        return str(found.get(step, "")) if isinstance(found, dict) else ""

    def record(self, step: str, value: str) -> None:
        known = self._state.read(FILE)
        mine = known.get(self._key)
        self._state.write(FILE, known | {self._key: (mine if isinstance(mine, dict) else {}) | {step: value}})

    def schema(self) -> str:
        """Fingerprint of the migrations in the code and of those applied in the database."""
        return f"{_migration_files()} {_applied(self._url)}"

    def has_users(self) -> bool:
        return bool(_one(self._url, "select exists(select 1 from salesops_user)"))


def static_files() -> str:
    """Fingerprint of everything collectstatic would collect."""
    folders = [REPOSITORY / "static", *(REPOSITORY / app / "static" for app in _APPS)]
    found = [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]
    lines = (f"{p.relative_to(REPOSITORY)} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in found)
    return _digest([*lines, _requirements()])


def _migration_files() -> str:
    found = (p for app in _APPS for p in sorted((REPOSITORY / app / "migrations").glob("*.py")))
    return _digest([*(f"{p.relative_to(REPOSITORY)} {p.stat().st_mtime_ns}" for p in found), _requirements()])


def _requirements() -> str:
    path = REPOSITORY / "requirements.txt"
    return path.read_text() if path.exists() else ""


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _applied(url: str) -> str:
    if _one(url, "select to_regclass('django_migrations')") is None:
        return "none"
    return str(_one(url, "select md5(string_agg(app || '.' || name, ' ' order by app, name)) from django_migrations"))


def _identity(url: str) -> str:
    return str(_one(url, "select system_identifier || '/' || current_database() from pg_control_system()"))


def _one(url: str, query: str) -> object:
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def static_root(state: State) -> Path:
    return state.folder / "static"
