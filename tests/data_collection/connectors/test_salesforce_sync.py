"""Salesforce into the mirror, from the stand-in's wire to Postgres."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.services.connections import connection_save, connection_test
from data_collection.connectors.services.syncing import sync_work
from data_collection.connectors.sources.salesforce.fetch import connect
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
    StageVisit,
)
from salesops.models import Company
from tests.data_collection.connectors.held import held
from tests.data_collection.connectors.reading import tokens, world
from tests.data_collection.connectors.salesforce_org import Org, fill, play
from tests.standins.http import Plan
from tests.standins.salesforce import SalesforceStandin

pytestmark = pytest.mark.django_db
Sync = Callable[..., SyncRun]
APP = {"domain": "acme.my", "client_id": "key", "client_secret": "hush", "currency": "EUR"}


@pytest.fixture
def force() -> Iterator[SalesforceStandin]:
    standin = SalesforceStandin(page=7)
    with standin.running():
        yield standin


@pytest.fixture
def org(force: SalesforceStandin) -> Org:
    return fill(force)


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(kind="salesforce", name="Salesforce", system="salesforce")


@pytest.fixture
def sync(connection: Connection, force: SalesforceStandin) -> Sync:
    def work(what: str = "changes") -> SyncRun:
        connection.refresh_from_db()
        source = connect(APP, tokens=tokens(), world=world(force))
        return sync_work(connection=connection, what=what, cause="hand", source=source)

    return work


def counts(run: SyncRun, word: str) -> dict[str, Any]:
    return {row["object"]: row[word] for row in run.counts if row[word]}


def test_everything_comes_in(sync: Sync, force: SalesforceStandin, org: Org, rep: Rep) -> None:
    play(force, org)
    run = sync()
    assert run.state == "done" and not counts(run, "rejected") and not counts(run, "problems"), run.counts
    assert (Account.objects.count(), Contact.objects.count(), Opportunity.objects.count()) == (12, 12, 12)
    first, second = (Account.objects.get(external_id=own) for own in org.accounts[:2])
    assert second.name == "Café N°2 บริษัท" and second.parent == first and second.owner == rep
    assert (second.annual_revenue, second.employees, second.currency) == (Decimal("1250000.50"), 20, "EUR")
    assert second.attributes["Tier__c"] == "Gold;Silver" and second.attributes["Partner__c"] == "true"
    assert second.attributes["Since__c"] == "2020-02-29" and first.attributes["Signed__c"].endswith("Z")
    contact = Contact.objects.get(external_id=org.contacts[0])
    assert (contact.first_name, contact.last_name, contact.account) == ("Zoë", "Nguyễn 1 🚀", first)
    assert [Lead.objects.get(external_id=own).status for own in org.leads] == ["new", "converted", "disqualified"]
    converted = Lead.objects.get(external_id=org.leads[1])
    assert (converted.account, converted.contact, converted.converted_on) == (first, contact, date(2026, 2, 1))
    assert converted.owner is None  # a queue
    assert set(Rep.objects.exclude(pk=rep.pk).values_list("name", flat=True)) == {"Una Umbra"}
    widget = Product.objects.get()
    assert (widget.name, widget.family, widget.list_price) == ("Widget", "Tools", Decimal("10.5"))


def test_a_deal_brings_its_history(sync: Sync, force: SalesforceStandin, org: Org) -> None:
    play(force, org)
    sync()
    deal = Opportunity.objects.get(external_id=org.deals[0])
    assert (deal.status, deal.stage.name, deal.forecast_category) == ("won", "Closed Won", "closed")
    assert (deal.amount, deal.close_date, deal.probability) == (Decimal("1500"), date(2026, 4, 1), 1)
    assert deal.lead.external_id == org.leads[1] and deal.account.external_id == org.accounts[0]
    visits = [(v.stage.name, v.entered_on, v.left_on) for v in StageVisit.objects.filter(opportunity=deal)]
    assert visits == [
        ("Prospecting", date(2026, 3, 1), date(2026, 3, 5)),
        ("Negotiation", date(2026, 3, 5), date(2026, 3, 9)),
        ("Prospecting", date(2026, 3, 9), date(2026, 3, 31)),
        ("Closed Won", date(2026, 3, 31), None),
    ]
    changes = OpportunityChange.objects.filter(opportunity=deal).order_by("field", "changed_on")
    found = [(c.field, c.old_amount, c.new_amount, c.old_date, c.new_date, c.old_value, c.new_value) for c in changes]
    assert found == [
        ("amount", Decimal("1000.25"), Decimal("1500"), None, None, "", ""),
        ("category", None, None, None, None, "pipeline", "commit"),
        ("category", None, None, None, None, "commit", "pipeline"),
        ("category", None, None, None, None, "pipeline", "closed"),
        ("close_date", None, None, date(2026, 6, 30), date(2026, 4, 1), "", ""),
    ]
    owners = OpportunityOwner.objects.filter(opportunity=deal)
    assert [(o.rep.name, o.valid_from, o.valid_to) for o in owners] == [
        ("Rui Rocha", date(2026, 3, 1), date(2026, 3, 31)),
        ("Una Umbra", date(2026, 3, 31), None),
    ]
    old = Opportunity.objects.get(external_id=org.deals[1])
    assert (old.stage.name, old.stage.pipeline, old.amount) == ("Alte Phase", "Salesforce", None)
    assert len(old.name) == 200 and len(old.attributes["Name_full"]) == 308


def test_lines_and_activities(sync: Sync, org: Org) -> None:
    sync()
    line = OpportunityLine.objects.get()
    assert (line.opportunity.external_id, line.product.name, line.quantity) == (org.deals[0], "Widget", 3)
    assert (line.unit_price, line.discount, line.amount) == (Decimal("10.5"), Decimal("0.2"), Decimal("25.2"))
    found = {a.subject: a for a in Activity.objects.select_related("rep", "opportunity", "account", "lead")}
    assert {key: (a.kind, a.outcome, a.duration_minutes, a.rep.name) for key, a in found.items()} == {
        "Call": ("call", "Reached", Decimal("2.5"), "Rui Rocha"),
        "E-mail: Offer ✉": ("email", "Completed", None, "Una Umbra"),
        "Show it": ("demo", "", Decimal("45"), "Rui Rocha"),
    }
    assert found["Call"].lead.external_id == org.leads[0]
    mail = found["E-mail: Offer ✉"]
    assert (mail.opportunity.external_id, mail.account.external_id) == (org.deals[0], org.accounts[0])
    assert (mail.day, mail.at) == (date(2026, 3, 4), None) and found["Show it"].opportunity.external_id == org.deals[1]


def test_a_second_run_writes_nothing_new(sync: Sync, force: SalesforceStandin, org: Org) -> None:
    play(force, org)
    assert counts(sync(), "new")["Account"] == 12
    for what in ("changes", "full"):
        again = sync(what)
        assert not counts(again, "new") and not counts(again, "changed") and not counts(again, "deleted"), again.counts
        assert again.batch is None or not again.batch.total["new"] + again.batch.total["changed"]


def test_changes_deletions_restores_and_merges(sync: Sync, force: SalesforceStandin, org: Org) -> None:
    sync()
    force.tick(3600)
    force.update("Opportunity", org.deals[2], Amount=7.25, StageName="Negotiation", OwnerId=org.users[1])
    force.delete("Opportunity", org.deals[3])
    force.delete("Contact", org.contacts[4])
    force.merge("Account", org.accounts[11], org.accounts[10])
    run = sync()
    assert sum(counts(run, "deleted").values()) >= 3 and counts(run, "merged") == {"Account": 1}, run.counts
    deal = Opportunity.objects.get(external_id=org.deals[2])
    assert (deal.amount, deal.stage.name, deal.owner.name) == (Decimal("7.25"), "Negotiation", "Una Umbra")
    assert StageVisit.objects.filter(opportunity=deal).count() == 2
    assert Opportunity.objects.get(external_id=org.deals[3]).deleted_at
    assert Contact.objects.get(external_id=org.contacts[4]).deleted_at
    loser = Account.objects.get(external_id=org.accounts[11])
    assert loser.deleted_at and loser.merged_into.external_id == org.accounts[10]
    force.tick(3600)
    force.undelete("Opportunity", org.deals[3])
    sync()
    assert Opportunity.objects.get(external_id=org.deals[3]).deleted_at is None


def test_a_lead_of_a_deleted_deal_brings_it_not_back(sync: Sync, force: SalesforceStandin, org: Org) -> None:
    sync()
    force.tick(3600)
    force.delete("Opportunity", org.deals[0])
    sync()
    force.tick(3600)
    force.update("Lead", org.leads[1], Title="CEO")
    sync()
    assert Opportunity.objects.get(external_id=org.deals[0]).deleted_at is not None


def test_through_the_stored_connection(force: SalesforceStandin, org: Org, connection: Connection) -> None:
    connection_save(connection=connection, given=APP)
    with override_settings(CONNECTOR_ADDRESSES={"salesforce": force.address}):
        good, words = connection_test(connection=connection)
        assert good and "Acme" in words
        run = sync_work(connection=connection, what="full", cause="hand")
        force.session = "ended"
        sync_work(connection=connection, what="changes", cause="hand")
    connection.refresh_from_db()
    assert run.state == "done" and Opportunity.objects.count() == 12 and force.logins == 3
    assert "session-3" not in str(connection.token) and "session-3" in connection.token.reveal()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_faults_leave_the_same_mirror(sync: Sync, force: SalesforceStandin, org: Org, seed: int) -> None:
    force.plan = Plan(
        ("busy", "503", "502", "html", "half", "cut", "closed", "repeat", "dead cursor", "expired"),
        seed=seed,
        share=0.2,
    )
    play(force, org)
    sync()
    force.tick(3600)
    force.update("Opportunity", org.deals[2], Amount=7.25, StageName="Negotiation", OwnerId=org.users[1])
    force.delete("Opportunity", org.deals[3])
    force.merge("Account", org.accounts[11], org.accounts[10])
    sync()
    disturbed = held()
    assert len(force.plan.met) >= 3
    force.plan = Plan()
    for model in (Activity, OpportunityLine, Lead, Contact, Opportunity, Account, Product, Rep):
        model.objects.all().delete()
    connection = Connection.objects.get()
    connection.cursors.all().delete()
    sync("full")
    straight = held()
    for table, rows in straight.items():
        assert [row for row in disturbed[table] if not row["gone"]] == [row for row in rows if not row["gone"]], table
