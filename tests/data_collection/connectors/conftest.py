"""A connection to a small CRM in memory."""

from collections.abc import Callable
from typing import Any

import pytest

from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.syncing import sync_work
from data_collection.models import Account, Opportunity
from tests.data_collection.connectors.memory import MAPPING, Memory


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Two owners, five accounts, five deals."""
    source = Memory()
    source.put("owners", "7", name="Rui Rocha", email="RUI@example.test", active="true")
    source.put("owners", "8", name="Una Umbra", email="una@example.test", active="true")
    for n in range(1, 6):
        source.put("accounts", f"a{n}", name=f"Account {n}", owner_id="7", region="North" if n > 2 else "")
        source.put("deals", f"d{n}", name=f"Deal {n}", amount=f"{n}00.50", account=f"a{n}", owner_id="8", stage="Open")
    return source


@pytest.fixture
def connection(db: None) -> Connection:
    return Connection.objects.create(kind="pipedrive", name="Memory", system="memory", mapping=MAPPING)


@pytest.fixture
def sync(connection: Connection, memory: Memory) -> Callable[..., SyncRun]:
    def work(what: str = "changes", **more: Any) -> SyncRun:
        connection.refresh_from_db()
        return sync_work(connection=connection, what=what, cause="hand", source=memory, **more)

    return work


def mirror() -> dict[str, dict[str, Any]]:
    """What the tables hold alive: id -> values."""
    accounts = Account.objects.present().values("external_id", "name", "owner__code", "attributes")
    deals = Opportunity.objects.present().values(
        "external_id", "name", "amount", "account__external_id", "owner__code", "stage__name"
    )
    return {
        "accounts": {row.pop("external_id"): row for row in accounts},
        "deals": {row.pop("external_id"): row for row in deals},
    }
