"""HubSpot into the mirror, from the stand-in's wire to Postgres."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.connections import connection_save, connection_test
from data_collection.connectors.services.syncing import sync_work
from data_collection.connectors.sources.hubspot.fetch import connect
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
from salesops.models import Company
from tests.data_collection.connectors.held import held
from tests.data_collection.connectors.hubspot_account import fill, play
from tests.data_collection.connectors.reading import tokens, world
from tests.standins.http import Plan
from tests.standins.hubspot import HubSpotStandin

pytestmark = pytest.mark.django_db
Sync = Callable[..., SyncRun]


@pytest.fixture
def hub() -> Iterator[HubSpotStandin]:
    standin = fill(HubSpotStandin())
    with standin.running():
        yield standin


@pytest.fixture
def connection(company: Company) -> Connection:
    company.time_zone = "Asia/Bangkok"
    company.save()
    return Connection.objects.create(kind="hubspot", name="HubSpot", system="hubspot")


@pytest.fixture
def sync(connection: Connection, hub: HubSpotStandin) -> Sync:
    def work(what: str = "changes") -> SyncRun:
        connection.refresh_from_db()
        source = connect({"access_token": hub.token}, tokens=tokens(), world=world(hub, zone=ZoneInfo("Asia/Bangkok")))
        return sync_work(connection=connection, what=what, cause="hand", source=source)

    return work


def counts(run: SyncRun, word: str) -> dict[str, Any]:
    return {row["object"]: row[word] for row in run.counts if row[word]}


def rejected(run: SyncRun) -> list[Any]:
    return list(run.batch.rejects.values_list("file", "row", "reasons")) if counts(run, "rejected") else []


def test_everything_comes_in(sync: Sync, hub: HubSpotStandin) -> None:
    play(hub)
    run = sync()
    assert run.state == "done" and not counts(run, "rejected") and not counts(run, "problems"), run.counts
    assert (Account.objects.count(), Contact.objects.count(), Opportunity.objects.count()) == (12, 12, 12)
    company = Account.objects.get(external_id="102")
    assert company.name == "Café N°2 บริษัท" and company.parent.external_id == "101" and company.currency == "EUR"
    assert company.annual_revenue == Decimal("1250000.50") and company.employees == 20 and company.founded_year is None
    assert company.attributes["is_partner"] == "true" and company.attributes["renewal_day"] == "2026-12-01"
    assert company.attributes["founded_year_text"] == "long ago"
    contact = Contact.objects.get(external_id="201")
    assert (contact.first_name, contact.last_name, contact.account.external_id) == ("Zoë", "Nguyễn 1 🚀", "101")
    lead = Lead.objects.get(external_id="201")
    assert Lead.objects.count() == 6 and lead.contact == contact and lead.status == "sql"
    assert (lead.created_on, lead.sql_on) == (date(2026, 1, 5), date(2026, 1, 10))


def test_a_deal_brings_its_history(sync: Sync, hub: HubSpotStandin) -> None:
    play(hub)
    sync()
    deal = Opportunity.objects.get(external_id="301")
    assert (deal.status, deal.stage.name, deal.stage.pipeline) == ("won", "Closed Won", "Sales Pipeline")
    assert (deal.amount, deal.currency, deal.close_date) == (Decimal("1500"), "EUR", date(2026, 4, 1))
    assert (deal.account.external_id, deal.contact.external_id, deal.lead.external_id) == ("101", "201", "201")
    assert (deal.kind, deal.forecast_category, deal.attributes["competitors"]) == ("new", "closed", "Acme;Globex")
    visits = [(v.stage.name, v.entered_on, v.left_on) for v in StageVisit.objects.filter(opportunity=deal)]
    assert visits == [
        ("Appointment scheduled", date(2026, 3, 1), date(2026, 3, 5)),
        ("Contract sent", date(2026, 3, 5), date(2026, 3, 9)),
        ("Appointment scheduled", date(2026, 3, 9), date(2026, 4, 1)),
        ("Closed Won", date(2026, 4, 1), None),
    ]
    changes = OpportunityChange.objects.filter(opportunity=deal).order_by("field")
    assert [(c.field, c.changed_on, c.old_amount, c.new_amount, c.old_date, c.new_date) for c in changes] == [
        ("amount", date(2026, 3, 9), Decimal("1000.5"), Decimal("1500"), None, None),
        ("close_date", date(2026, 4, 1), None, None, date(2026, 6, 30), date(2026, 4, 1)),
    ]
    # 23:30 in London is the next day in Bangkok.
    owners = OpportunityOwner.objects.filter(opportunity=deal)
    assert [(o.rep.code, o.valid_from, o.valid_to) for o in owners] == [
        ("hubspot-41", date(2026, 3, 1), date(2026, 3, 21)),
        ("hubspot-42", date(2026, 3, 21), None),
    ]


def test_a_deal_in_a_pipeline_long_gone_still_comes_in(sync: Sync, hub: HubSpotStandin) -> None:
    play(hub)
    sync()
    deal = Opportunity.objects.get(external_id="302")
    assert (deal.stage.pipeline, deal.stage.name, deal.status, deal.amount) == ("gone", "9999", "open", None)
    assert len(deal.name) == 200 and len(deal.attributes["dealname_full"]) == 308
    assert Stage.objects.get(pipeline="พันธมิตร").name == "Erstgespräch"


def test_lines_and_activities(sync: Sync) -> None:
    sync()
    lines = OpportunityLine.objects.filter(opportunity__external_id="301").order_by("external_id")
    assert [(line.product.name, line.quantity, line.discount, line.amount) for line in lines] == [
        ("Widget", 3, Decimal("0.2"), Decimal("31.5")),
        ("Workshop", 1, None, Decimal("900")),
    ]
    assert Product.objects.get(name="Widget").list_price == Decimal("10.5")
    found = {a.external_id: a for a in Activity.objects.select_related("rep", "opportunity", "account", "lead")}
    assert {key: (a.kind, a.outcome, a.duration_minutes) for key, a in found.items()} == {
        "call-701": ("call", "Connected", Decimal("2.5")),
        "meeting-702": ("demo", "COMPLETED", Decimal("45")),
        "email-703": ("email", "SENT", None),
        "email-704": ("other", "Incoming", None),
        "note-705": ("other", "", None),
        "task-706": ("other", "COMPLETED", None),
    }
    call = found["call-701"]
    assert (call.rep.name, call.opportunity.external_id, call.account.external_id) == ("Rui Rocha", "301", "101")
    assert call.lead.external_id == "201" and found["task-706"].day == date(2026, 3, 6)


def test_owners_become_reps_once(sync: Sync, rep: Rep) -> None:
    """Rui is known by his address; the one who left the account has neither name nor address."""
    sync()
    assert Account.objects.filter(owner=rep).count() == 12
    assert set(Rep.objects.exclude(pk=rep.pk).values_list("code", "name")) == {
        ("hubspot-42", "Una"),
        ("hubspot-43", "HubSpot owner 43"),
    }


def test_a_second_run_writes_nothing_new(sync: Sync, hub: HubSpotStandin) -> None:
    play(hub)
    first = sync()
    for what in ("changes", "full"):
        again = sync(what)
        assert not counts(again, "new") and not counts(again, "changed"), again.counts
        assert not counts(again, "deleted")
        assert again.batch is None or not again.batch.total["new"] + again.batch.total["changed"]
    assert counts(first, "new")["companies"] == 12


def test_changes_deletions_restores_and_merges(sync: Sync, hub: HubSpotStandin) -> None:
    sync()
    hub.tick(3600)
    hub.put("deals", 303, amount="7.25", dealstage="contractsent", hubspot_owner_id="42")
    hub.archive("deals", 304)
    hub.archive("contacts", 201)
    hub.merge("companies", 112, 111)
    hub.put("tasks", 706, hs_task_status="NOT_STARTED")
    run = sync()
    assert sum(counts(run, "deleted").values()) == 4 and counts(run, "merged") == {"companies": 1}, run.counts
    deal = Opportunity.objects.get(external_id="303")
    assert (deal.amount, deal.stage.name, deal.owner.code) == (Decimal("7.25"), "Contract sent", "hubspot-42")
    assert StageVisit.objects.filter(opportunity=deal).count() == 2
    assert Opportunity.objects.get(external_id="304").deleted_at is not None
    assert Contact.objects.get(external_id="201").deleted_at and Lead.objects.get(external_id="201").deleted_at
    loser = Account.objects.get(external_id="112")
    assert loser.deleted_at and loser.merged_into.external_id == "111"
    assert Activity.objects.get(external_id="task-706").deleted_at
    hub.tick(3600)
    hub.restore("deals", 304)
    sync()
    assert Opportunity.objects.get(external_id="304").deleted_at is None


def test_a_longer_owner_history_replaces_the_open_end(sync: Sync, hub: HubSpotStandin) -> None:
    play(hub)
    sync()
    hub.tick(3600)
    hub.put("deals", 301, hubspot_owner_id="41")
    spans = [("2026-03-01T08:00:00Z", "41"), ("2026-03-20T23:30:00Z", "42"), ("2026-04-10T08:00:00Z", "41")]
    hub.history("deals", 301, "hubspot_owner_id", spans)
    run = sync()
    assert not counts(run, "rejected")
    owners = OpportunityOwner.objects.present().filter(opportunity__external_id="301")
    assert [(o.rep.code, o.valid_to) for o in owners] == [
        ("hubspot-41", date(2026, 3, 21)),
        ("hubspot-42", date(2026, 4, 10)),
        ("hubspot-41", None),
    ]


def test_through_the_stored_connection_with_a_public_app(hub: HubSpotStandin, connection: Connection) -> None:
    given = {"client_id": "client", "client_secret": "hush", "refresh_token": "refresh-1"}
    connection_save(connection=connection, given=given)
    with override_settings(CONNECTOR_ADDRESSES={"hubspot": hub.address}):
        good, words = connection_test(connection=connection)
        assert good and "4321" in words and "EUR" in words
        run = sync_work(connection=connection, what="full", cause="hand")
    connection.refresh_from_db()
    assert run.state == "done" and Opportunity.objects.count() == 12 and hub.refreshed == 1
    assert "access-1" not in str(connection.token) and "access-1" in connection.token.reveal()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_faults_leave_the_same_mirror(sync: Sync, hub: HubSpotStandin, seed: int) -> None:
    hub.plan = Plan(
        ("429", "429 silent", "500", "502", "html", "half", "cut", "closed", "repeat"), seed=seed, share=0.2
    )
    play(hub)
    sync()
    hub.tick(3600)
    hub.put("deals", 303, amount="7.25", dealstage="contractsent", hubspot_owner_id="42")
    hub.archive("deals", 304)
    hub.merge("companies", 112, 111)
    sync()
    disturbed = held()
    assert len(hub.plan.met) >= 3
    hub.plan = Plan()
    for model in (Activity, OpportunityLine, Lead, Contact, Opportunity, Account, Product, Rep):
        model.objects.all().delete()
    connection = Connection.objects.get()
    connection.cursors.all().delete()
    sync("full")
    straight = held()
    for table, rows in straight.items():
        assert [row for row in disturbed[table] if not row["gone"]] == [row for row in rows if not row["gone"]], table


def test_an_owner_nobody_knows_costs_no_deal(sync: Sync, hub: HubSpotStandin) -> None:
    hub.put("deals", 303, hubspot_owner_id="99")
    hub.tick(86400)
    hub.put("deals", 304, hubspot_owner_id="99")
    run = sync()
    assert Opportunity.objects.count() == 12
    assert Opportunity.objects.get(external_id="303").owner is None
    # Whose days they were is not known; the days before are.
    owners = OpportunityOwner.objects.filter(opportunity__external_id="304")
    assert [o.rep.code for o in owners] == ["hubspot-41"] and sum(counts(run, "rejected").values()) == 1
