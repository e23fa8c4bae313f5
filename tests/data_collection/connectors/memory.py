"""A source in memory: a small CRM whose pages can be made to fail in known ways."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from data_collection.connectors.calc.source import Page

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
MAPPING = {
    "name": "memory",
    "title": "Memory",
    "system": "memory",
    "rows": {
        "stage": [
            {"pipeline": "memory", "name": "Open", "rank": "1", "kind": "open"},
            {"pipeline": "memory", "name": "Won", "rank": "9", "kind": "won"},
        ]
    },
    "files": [
        {
            "file": "owners.csv",
            "tables": [
                {"table": "rep", "insert_only": True, "fields": {"code": "rep", "name": "name", "email": "email"}}
            ],
        },
        {
            "file": "accounts.csv",
            "tables": [
                {
                    "table": "account",
                    "fields": {
                        "external_id": "id",
                        "name": "name",
                        "owner": {"column": "owner_id", "missing": "empty"},
                        "modified_at": "modified",
                    },
                }
            ],
        },
        {
            "file": "deals.csv",
            "tables": [
                {
                    "table": "opportunity",
                    "fields": {
                        "external_id": "id",
                        "name": "name",
                        "amount": "amount",
                        "account": {"column": "account", "missing": "empty"},
                        "owner": {"column": "owner_id", "missing": "empty"},
                        "stage": {"column": "stage", "by": "name", "within": {"pipeline": "memory"}},
                        "modified_at": "modified",
                    },
                }
            ],
        },
        {
            "file": "lines.csv",
            "optional": True,
            "tables": [
                {
                    "table": "opportunity_line",
                    "fields": {"external_id": "id", "opportunity": "deal", "product": "product", "amount": "amount"},
                },
            ],
        },
    ],
}


@dataclass
class Memory:
    """Records by object, each with an id and the time it was changed last."""

    records: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    gone: dict[str, dict[str, datetime]] = field(default_factory=dict)  # object -> id -> when
    now: datetime = START
    size: int = 2
    objects: tuple[str, ...] = ("owners", "accounts", "deals")
    complete: frozenset[str] = frozenset({"account", "opportunity"})
    asked: list[tuple[str, datetime | None, str | None]] = field(default_factory=list)
    before: Callable[[str, str | None], Page | None] = lambda object, cursor: None  # a fault: raises, or a page

    def put(self, object: str, id: str, **cells: str) -> None:
        known = self.records.setdefault(object, {}).setdefault(id, {"id": id})
        known |= cells | {"modified": self.now.isoformat()}
        self.gone.get(object, {}).pop(id, None)

    def remove(self, object: str, id: str) -> None:
        del self.records[object][id]
        self.gone.setdefault(object, {})[id] = self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def test(self) -> str:
        return "Memory answers."

    def page(self, object: str, *, since: datetime | None, cursor: str | None) -> Page:
        self.asked.append((object, since, cursor))
        page = self.before(object, cursor)
        if page is not None:
            return page
        found = [
            row
            for row in self.records.get(object, {}).values()
            if since is None or datetime.fromisoformat(row["modified"]) >= since
        ]
        start = int(cursor or 0)
        rows = sorted(found, key=lambda row: row["id"])[start : start + self.size]
        more = start + self.size < len(found)
        table = {"accounts": "account", "deals": "opportunity"}.get(object, object)
        gone = [] if cursor or since is None else [k for k, at in self.gone.get(object, {}).items() if at >= since]
        return Page(
            rows={object: [dict(row) for row in rows]},
            cursor=str(start + self.size) if more else None,
            newest=max((row["modified"] for row in rows), default=None),
            deleted=tuple((table, key) for key in gone),
            records=len(rows),
        )
