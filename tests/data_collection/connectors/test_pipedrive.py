"""Pipedrive against a stand-in that speaks its wire format."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from data_collection.connectors.calc.source import MemoryTokens, SourceBusy, World
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.syncing import sync_work
from data_collection.connectors.sources.pipedrive import fetch
from data_collection.connectors.sources.pipedrive.fetch import Pipedrive as Source
from data_collection.models import (
    Account,
    Activity,
    Contact,
    Lead,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OpportunityOwner,
    Product,
    Rep,
    Stage,
    StageVisit,
)
from tests.standins.pipedrive import API_TOKEN, Pipedrive, StandIn, company, fault_plan, stand_in

pytestmark = pytest.mark.django_db
Sync = Callable[..., SyncRun]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LIMIT", 4)
    monkeypatch.setattr(fetch, "DEALS", 4)


@pytest.fixture
def stand() -> Iterator[StandIn]:
    with stand_in(company()) as found:
        yield found


@pytest.fixture
def connection(db: None) -> Connection:
    return Connection.objects.create(kind="pipedrive", name="Pipedrive", system="pipedrive")


def source_of(stand: StandIn, **settings: str) -> Source:
    settings = {"company": "acme", "api_token": API_TOKEN, **settings}
    world = World(address=stand.address, sleep=lambda seconds: None, now=lambda: stand.company.now, timeout=0.2)
    return Source(settings, tokens=MemoryTokens(), world=world)


@pytest.fixture
def sync(connection: Connection, stand: StandIn) -> Sync:
    def work(what: str = "changes", **settings: str) -> SyncRun:
        connection.refresh_from_db()
        return sync_work(connection=connection, what=what, cause="hand", source=source_of(stand, **settings))

    return work


def mirror() -> dict[str, Any]:
    """What the tables hold alive, as plain values."""

    def rows(model: type, *fields: str) -> dict[str, tuple]:
        return {row[0]: row[1:] for row in model.objects.present().values_list("external_id", *fields)}

    return {
        "accounts": rows(Account, "name", "owner__name"),
        "contacts": rows(Contact, "first_name", "email", "account__external_id"),
        "leads": rows(Lead, "name", "status"),
        "deals": rows(Opportunity, "name", "amount", "status", "stage__name", "account__external_id", "owner__name"),
        "lines": rows(OpportunityLine, "opportunity__external_id", "quantity", "amount"),
        "activities": rows(Activity, "subject", "opportunity__external_id"),
        "visits": sorted(StageVisit.objects.values_list("opportunity__external_id", "stage__name", "entered_on")),
    }


def expected(made: Pipedrive) -> dict[str, Any]:
    """What the mirror must hold, told from the company's records alone."""
    people = {user["id"]: user["name"] for user in made.users}
    stages = {stage["id"]: stage["name"] for stage in made.stages}

    def text(value: Any) -> str | None:
        return None if value is None else str(value)

    def there(records: dict) -> list[dict]:
        return [r for r in records.values() if not r.get("is_deleted")]

    deals = there(made.deals)
    held = {
        "accounts": {
            str(o["id"]): (" ".join(o["name"].split())[:200], people[o["owner_id"]]) for o in there(made.organizations)
        },
        "contacts": {
            str(p["id"]): (p["first_name"], f"main{p['id']}@org.test" if p["emails"] else "", text(p["org_id"]))
            for p in there(made.persons)
        },
        "leads": {
            x["id"]: (x["title"], "disqualified" if x["is_archived"] else "working" if x["was_seen"] else "new")
            for x in made.leads.values()
        },
        "deals": {
            str(d["id"]): (
                d["title"],
                None if d["value"] is None else Decimal(str(d["value"])),
                d["status"],
                {"won": "Won", "lost": "Lost"}.get(d["status"]) or stages[d["stage_id"]],
                text(d["org_id"]),
                people[d["owner_id"]],
            )
            for d in deals
        },
        "lines": {
            str(x["id"]): (str(d["id"]), Decimal(x["quantity"]), Decimal(x["sum"]))
            for d in deals
            for x in made.lines.get(d["id"], [])
        },
        "activities": {
            str(a["id"]): (a["subject"] or "", text(a["deal_id"])) for a in there(made.activities) if a["done"]
        },
    }
    return held


def assert_same(made: Pipedrive) -> None:
    held, wanted = mirror(), expected(made)
    for name, rows in wanted.items():
        assert held[name] == rows, name


def test_everything_comes_in_as_it_is_there(sync: Sync, stand: StandIn, rep: Rep) -> None:
    run = sync()
    assert_same(stand.company)
    assert run.state == "done" and not run.notes and run.total["rejected"] == 0 and run.total["problems"] == 0
    account = Account.objects.get(external_id="1")
    assert account.attributes["Colour"] == "Blue" and account.attributes["Size"] == "12.5 EUR"
    assert account.city == "กรุงเทพฯ" and account.postal_code == "10110" and account.owner.name == "Żaneta Ödegård"
    assert Opportunity.objects.filter(owner=rep).exists()  # the owner whose e-mail address the rep's login has
    assert Account.objects.get(external_id="4").attributes["name_full"].endswith("x")
    assert Product.objects.get(code="pipedrive-2").list_price == Decimal("201.00")
    stages = Stage.objects.filter(pipeline="Renewals").values_list("name", "kind", "probability")
    assert set(stages) == {
        ("Qualified", "open", Decimal("0.2")),
        ("Proposal", "open", Decimal("0.5")),
        ("Negotiation", "open", Decimal("0.8")),
        ("Won", "won", Decimal(1)),
        ("Lost", "lost", Decimal(0)),
    }
    line = OpportunityLine.objects.get(external_id="21")
    assert (line.discount, line.unit_price, line.product.code) == (Decimal("0.1"), Decimal(50), "pipedrive-2")
    call = Activity.objects.get(external_id="1")
    assert (call.kind, call.day, call.duration_minutes) == ("meeting", date(2026, 3, 5), Decimal(75))


def test_history_of_a_deal(sync: Sync, stand: StandIn) -> None:
    """Deal 12: entered a stage, moved after 20 hours, changed hands and amount 30 hours later, then was won."""
    sync()
    deal = Opportunity.objects.get(external_id="12")
    begun = date.fromisoformat(stand.company.deals[12]["add_time"][:10])
    flow = [date.fromisoformat(c["data"]["log_time"][:10]) for c in stand.company.flow[12]]
    visits = list(deal.visits.values_list("stage__name", "stage__pipeline", "entered_on", "left_on"))
    assert visits == [
        ("Qualified", "Sales", begun, flow[0]),
        ("Proposal", "Sales", flow[0], flow[3]),
        ("Won", "Sales", flow[3], None),
    ]
    owners = list(OpportunityOwner.objects.filter(opportunity=deal).values_list("rep__name", "valid_from", "valid_to"))
    assert owners == [("Rui Rocha", begun, flow[1]), ("Żaneta Ödegård", flow[1], None)]
    change = OpportunityChange.objects.get(opportunity=deal)
    assert (change.field, change.old_amount, change.new_amount) == ("amount", Decimal("12003.00"), Decimal(2222))


def test_changes_deletions_and_merges(sync: Sync, stand: StandIn) -> None:
    sync()
    made = stand.company
    made.later(days=1)
    made.change("organizations", 2, name="Renamed")
    made.change_deal(1, stage_id=6)
    made.change_deal(7, status="won")
    made.delete("deals", 3)
    made.delete("persons", 5)
    made.merge("organizations", 8, 9)
    made.lines[2].pop()
    made.change("deals", 2)
    made.change("activities", 4, done=True)  # was planned
    made.change("activities", 1, done=False)
    made.change("deals", 10, is_archived=True)
    made.change("leads", next(iter(made.leads)), title="Warm")
    calls = stand.calls
    run = sync()
    assert_same(made)
    assert stand.calls - calls < calls
    loser = Account.objects.get(external_id="8")
    assert loser.merged_into == Account.objects.get(external_id="9") and loser.deleted_at
    counted = {row["object"]: (row["deleted"], row["merged"]) for row in run.counts}
    assert counted["deals"] == (1, 0) and counted["contacts"] == (1, 0) and counted["accounts"] == (0, 1)
    assert counted["lines"] == (1, 0)


def test_what_vanishes_without_a_sign_is_found_by_reading_everything(sync: Sync, stand: StandIn) -> None:
    sync()
    made = stand.company
    made.later(days=1)
    made.delete("leads", next(iter(made.leads)))
    del made.organizations[11]
    sync("full")
    assert_same(made)


@pytest.mark.parametrize(
    ("fault", "at"),
    [("429", 3), ("500", 14), ("502", 2), ("timeout", 20), ("html", 9), ("cut", 31), ("again", 14), ("dead", 14)],
)
def test_each_fault_is_survived(sync: Sync, stand: StandIn, fault: str, at: int) -> None:
    stand.faults = {at: [fault]}
    sync()
    assert not stand.faults[at]
    assert_same(stand.company)


def plan_run(sync: Sync, stand: StandIn, plan: dict[int, list[str]], seed: int) -> int:
    """First load, then changes, both with faults and a record changed while paging. Returns the number of requests."""
    made = stand.company
    stand.faults = plan

    def before(number: int, request: Any) -> None:
        if number == 9 + seed % 7:
            made.later(minutes=1)
            made.change("organizations", 1 + seed % 11, name=f"Changed while paging {seed}")
            made.change_deal(1 + seed % 14, value=777)

    stand.before = before
    for _round in range(2):
        for _try in range(6):
            try:
                sync()
                break
            except SourceBusy:
                continue
        made.later(days=1)
        made.change("persons", 3, first_name="New")
        made.delete("deals", 9)
    sync()
    return stand.calls


USUAL = 90  # requests of a round without faults


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
def test_fault_plans_end_with_the_same_mirror(sync: Sync, stand: StandIn, seed: int) -> None:
    calls = plan_run(sync, stand, fault_plan(seed, calls=USUAL, faults=8), seed)
    assert_same(stand.company)
    assert calls <= 1.5 * USUAL


def test_the_number_of_requests_without_faults(sync: Sync, stand: StandIn) -> None:
    calls = plan_run(sync, stand, {}, 0)
    assert_same(stand.company)
    assert calls == USUAL
