"""kill -9 in the middle of a sync, at random statements, again and again: the mirror ends as without the kills.

Each attempt is a process of its own that dies just before or just after one of its statements, wherever that falls:
while a page is stored, between pages, in the import, at the end. What it left is taken up by the next.
"""

import copy
import os
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from django.db.models import Q

from data_collection.connectors.calc.source import MemoryTokens, World
from data_collection.connectors.models import Connection, SyncCursor, SyncPage, SyncRun
from data_collection.connectors.services.syncing import sync_work
from data_collection.connectors.sources.pipedrive import fetch
from data_collection.models import (
    Account,
    Activity,
    Contact,
    Lead,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OpportunityOwner,
    Rep,
    StageVisit,
)
from tests.standins.pipedrive import API_TOKEN, Pipedrive, StandIn, company, stand_in

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLS = 30
EMPTIED = (
    "connection rep product stage account contact lead opportunity importbatch referencealias activity stagevisit"
).split()


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LIMIT", 4)
    monkeypatch.setattr(fetch, "DEALS", 4)


def content() -> dict[str, Any]:
    """What the sync leaves behind, without surrogate keys and clocks."""

    def rows(model: Any, *fields: str) -> list[tuple]:
        found = model.objects.annotate(is_there=Q(deleted_at__isnull=True))
        return sorted(found.values_list("external_id", "is_there", *fields), key=str)

    return {
        "reps": sorted(Rep.objects.values_list("code", "name")),
        "accounts": rows(Account, "name", "owner__code", "merged_into__external_id", "attributes", "modified_at"),
        "contacts": rows(Contact, "first_name", "email", "account__external_id"),
        "leads": rows(Lead, "name", "status"),
        "deals": rows(Opportunity, "name", "amount", "status", "stage__name", "account__external_id", "owner__code"),
        "lines": rows(OpportunityLine, "opportunity__external_id", "product__code", "amount"),
        "visits": rows(StageVisit, "stage__name", "entered_on", "left_on"),
        "owners": rows(OpportunityOwner, "rep__code", "valid_from", "valid_to"),
        "changes": rows(OpportunityChange, "field", "old_amount", "new_amount"),
        "activities": rows(Activity, "subject", "day", "opportunity__external_id"),
        "marks": sorted(SyncCursor.objects.exclude(object="deletions").values_list("object", "mark"), key=str),
        "pages left": SyncPage.objects.count(),
        "syncs": list(SyncRun.objects.order_by("pk").values_list("what", "state")),
    }


def sync(stand: StandIn) -> None:
    source = fetch.Pipedrive(
        {"company": "acme", "api_token": API_TOKEN},
        tokens=MemoryTokens(),
        world=World(address=stand.address, now=lambda: stand.company.now),
    )
    sync_work(connection=Connection.objects.get(), what="changes", cause="hand", source=source)


class Statements:
    """Counts the statements of this process; ends it with the wanted one."""

    def __init__(self, last: int, *, before: bool) -> None:
        self.last, self.before, self.count = last, before, 0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        self.count += 1
        if self.count == self.last and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        found = execute(*given)
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


def attempt(stand: StandIn, last: int, *, before: bool) -> bool:
    """A sync in a process that dies at its `last` statement. True: it was killed; False: it came to its end."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with database.execute_wrapper(Statements(last, before=before)):
                sync(stand)
            code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the sync failed instead of being killed"
    return os.WIFSIGNALED(status)


def begin() -> None:
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'data_collection_{name}' for name in EMPTIED)} CASCADE")
    Connection.objects.create(kind="pipedrive", name="Pipedrive", system="pipedrive")


def changed(made: Pipedrive) -> None:
    made.later(days=1)
    made.change("organizations", 2, name="Renamed")
    made.change_deal(1, stage_id=6)
    made.change_deal(7, status="won")
    made.delete("deals", 3)
    made.merge("organizations", 8, 9)
    made.lines[2].pop()
    made.change("deals", 2)


def test_the_mirror_ends_as_without_the_kills() -> None:
    begun = company()
    with stand_in(copy.deepcopy(begun)) as stand:
        begin()
        counted = Statements(0, before=True)
        with database.execute_wrapper(counted):
            sync(stand)
        changed(stand.company)
        sync(stand)
        undisturbed = content()
        calls = stand.calls
        assert len(undisturbed["deals"]) == 14 and undisturbed["syncs"] == [("changes", "done")] * 2

        # Statement numbers: half of the kills while reading (the first fifth), the others in the import and at the end.
        reading, all_ = counted.count // 5, counted.count
        places = [(1, reading), (1, reading), (reading, all_ - 60), (all_ - 60, all_)]
        dice, kills = random.Random(11), 0
        while kills < KILLS:
            stand.company, stand.calls = copy.deepcopy(begun), 0
            begin()
            for part in range(2):
                if part:
                    changed(stand.company)
                for _try in range(3):
                    at = dice.randrange(*dice.choice(places))
                    if not attempt(stand, at, before=dice.random() < 0.5):
                        break
                    kills += 1
                else:
                    attempt(stand, 10**9, before=True)
            assert content() == undisturbed, f"after {kills} kills"
            assert stand.calls <= 2 * calls  # pages that were stored are not asked for again
