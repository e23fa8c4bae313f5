"""Reads a source to its end, as the framework does, and keeps what it gave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from data_collection.connectors.calc.source import CursorGone, MemoryTokens, RecordProblem, Source, World
from tests.standins.http import Standin

Row = dict[str, str]
#: Seeds of fault plans: a few always, all of them with the slow tests.
SEEDS = [pytest.param(seed, marks=pytest.mark.slow) if seed >= 4 else seed for seed in range(20)]


@dataclass
class Clock:
    """Sleeping only moves it on."""

    standin: Standin
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        at: datetime = self.standin.now  # type: ignore[attr-defined]
        return at

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass
class Read:
    """Everything a source gave, rows by file and id; of rows met twice the one read last."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)
    merged: set[tuple[str, str, str]] = field(default_factory=set)
    problems: list[RecordProblem] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)


def world(standin: Standin, clock: Clock | None = None, **more: object) -> World:
    clock = clock or Clock(standin)
    return World(address=standin.address, now=clock.now, sleep=clock.sleep, **more)  # type: ignore[arg-type]


def tokens(**token: str) -> MemoryTokens:
    return MemoryTokens(token)


def read_all(source: Source, *, since: datetime | None = None, objects: Iterable[str] = ()) -> Read:
    found = Read()
    for name in objects or source.objects:
        cursor: str | None = None
        while True:
            try:
                page = source.page(name, since=since, cursor=cursor)
            except CursorGone:
                cursor = None
                continue
            for file, rows in page.rows.items():
                found.rows.setdefault(file, {}).update({row["id"]: row for row in rows})
            found.deleted |= set(page.deleted)
            found.merged |= set(page.merged)
            found.problems += page.problems
            found.pages[name] = found.pages.get(name, 0) + 1
            found.records[name] = found.records.get(name, 0) + page.records
            if page.newest:
                found.newest[name] = max(page.newest, found.newest.get(name, ""))
            if page.cursor is None:
                break
            cursor = page.cursor
    return found
