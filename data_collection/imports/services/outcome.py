"""What an import found out, kept outside the database until it is over, so that a dry run can be told too."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_REJECTED = 100_000  # rows stored with their cells; more are counted only


@dataclass(slots=True)
class TableCount:
    """One table filled from one file."""

    table: str
    file: str
    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0
    error: str = ""  # the whole table of this file was left out

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Proposed:
    """A reference nothing is known by."""

    file: str
    field: str
    table: str
    by: str
    value: str
    rows: int
    target: str = ""
    shown: str = ""
    confidence: float = 0.0
    applied: bool = False


@dataclass(slots=True)
class Outcome:
    counts: list[TableCount] = field(default_factory=list)
    proposed: list[Proposed] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    rejected: "Spool" = field(default_factory=lambda: Spool())

    def note(self, text: str, **detail: Any) -> None:
        self.findings.append({"text": text, "values": [], "file": "", **detail})


class Spool:
    """Rejected rows on disk, one JSON text a line, so that memory stays flat."""

    def __init__(self) -> None:
        self.stored = self.count = 0
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  closed with the spool

    @property
    def room(self) -> int:
        return MOST_REJECTED - self.stored

    def add(self, row: dict[str, Any]) -> None:
        if self.room > 0:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self.stored += 1

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        yield from map(json.loads, self._file)
