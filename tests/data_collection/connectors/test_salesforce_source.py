"""Salesforce over the wire: queries, pages, histories, limits, logins, and every way it fails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from data_collection.connectors.calc.source import (
    MemoryTokens,
    Source,
    SourceBroken,
    SourceBusy,
    SourceRefused,
    World,
)
from data_collection.connectors.sources.salesforce.calls import Calls
from data_collection.connectors.sources.salesforce.fetch import connect
from tests.data_collection.connectors.reading import SEEDS, Clock, read_all, tokens, world
from tests.data_collection.connectors.salesforce_org import Org, fill, play
from tests.standins.http import Plan
from tests.standins.salesforce import SalesforceStandin

APP = {"domain": "acme.my", "client_id": "key", "client_secret": "hush"}
#: The faults another try heals.
PASSING = ("busy", "503", "500", "502", "html", "half", "cut", "closed")


@pytest.fixture
def force() -> Iterator[SalesforceStandin]:
    standin = SalesforceStandin(page=25)
    with standin.running():
        yield standin


@pytest.fixture
def org(force: SalesforceStandin) -> Org:
    org = fill(force, deals=60)
    play(force, org)
    return org


def source(
    force: SalesforceStandin, store: MemoryTokens | None = None, clock: Clock | None = None, **more: str
) -> Source:
    return connect(more or APP, tokens=store or tokens(), world=world(force, clock))


def test_everything_is_read_once(force: SalesforceStandin, org: Org) -> None:
    found = read_all(source(force))
    assert len(found.rows["opportunities"]) == 60 and found.pages["Opportunity"] == 3 and not found.problems
    assert found.newest["Opportunity"] == max(r["modified_at"] for r in found.rows["opportunities"].values())
    assert found.rows["opportunities"][org.deals[2]]["Amount"] == "3000.75"
    assert set(found.rows["owners"]) == set(org.users[:2])


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", ["Account", "OpportunityHistory"])
def test_a_fault_is_asked_through(force: SalesforceStandin, org: Org, name: str, fault: str) -> None:
    free = read_all(source(force), objects=[name])
    quiet = len(force.calls)
    clock = Clock(force)
    force.plan.force(fault, "", fault)
    assert read_all(source(force, clock=clock), objects=[name]) == free
    assert force.plan.met[fault] == 2 and len(force.calls) - quiet == quiet + 2
    assert len(clock.waits) == 2 and max(clock.waits) <= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_plans_of_faults_end_with_what_is_there(seed: int) -> None:
    force = SalesforceStandin(page=10)
    org = fill(force, deals=60)
    play(force, org)
    with force.running():
        read_all(source(force))
        quiet = len(force.calls)
        force.plan = Plan([*PASSING, "expired", "repeat", "change", "dead cursor"], seed=seed, share=0.2)
        begun = force.now
        found = read_all(source(force))
        assert len(force.calls) - quiet <= 1.5 * quiet and sum(force.plan.met.values()) >= 3, force.plan.met
        force.plan = Plan()
        later = read_all(source(force), since=begun - timedelta(minutes=10))
        truth = read_all(source(force))
    for file, rows in truth.rows.items():
        assert found.rows[file] | later.rows.get(file, {}) == rows, file
    assert not found.problems


@pytest.mark.parametrize("name", ["Opportunity", "OpportunityHistory"])
def test_a_place_salesforce_forgot_is_asked_for_anew(force: SalesforceStandin, org: Org, name: str) -> None:
    force.page = 7
    free = read_all(source(force), objects=[name])
    force.plan.force(*["", ""], *["", "dead cursor", ""] * 3)
    found = read_all(source(force), objects=[name])
    assert force.plan.met["dead cursor"] == 3 and (found.rows, found.problems) == (free.rows, [])
    again = [text for text in force.asked_for if " OR (" in text or "OpportunityId >= " in text]
    assert len(again) >= 2  # goes on where it was, not from the start


def test_records_of_one_moment_are_all_read(force: SalesforceStandin, org: Org) -> None:
    """As after a mass update, where the place is lost in the middle of them."""
    for record in force.records["Account"].values():
        record["SystemModstamp"] = force.now
    force.page = 5
    force.plan.force("", "", "", "dead cursor", "", "dead cursor")
    found = read_all(source(force), objects=["Account"])
    assert len(found.rows["accounts"]) == found.records["Account"] == 12 and force.plan.met["dead cursor"] == 2


def test_the_same_page_again_is_not_taken_for_the_next(force: SalesforceStandin, org: Org) -> None:
    free = read_all(source(force), objects=["Opportunity"])
    force.plan.force("", "", "", "", "", "repeat")
    assert read_all(source(force), objects=["Opportunity"]) == free and force.plan.met["repeat"] == 1


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_a_history_is_whole_wherever_a_page_ends(force: SalesforceStandin, org: Org, page: int) -> None:
    force.page = page
    found = read_all(source(force), objects=["OpportunityHistory", "OpportunityFieldHistory"])
    deal = org.deals[0]
    stays = [row for row in found.rows["stage_visits"].values() if row["opportunity_id"] == deal]
    assert [row["stage"].partition("/")[2] for row in stays] == [
        "Prospecting",
        "Negotiation",
        "Prospecting",
        "Closed Won",
    ]
    assert [row["left_at"] for row in stays] == [row["entered_at"] for row in stays[1:]] + [""]
    assert len(found.rows["stage_visits"]) == 64 and len(found.rows["opportunity_owners"]) == 2


def test_a_silent_server_is_left_in_time(force: SalesforceStandin, org: Org) -> None:
    force.plan.force("", "timeout")
    clock = Clock(force)
    slow = connect(APP, tokens=tokens(), world=world(force, clock, timeout=0.2))
    assert len(read_all(slow, objects=["User"]).rows["owners"]) == 2 and len(clock.waits) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("busy", SourceBusy),
        *((fault, SourceBroken) for fault in ("503", "500", "502", "html", "half", "cut", "closed")),
    ],
)
def test_what_does_not_pass_ends_within_bounds(force: SalesforceStandin, fault: str, kind: type[Exception]) -> None:
    force.plan.force("", *[fault] * 50)
    clock = Clock(force)
    with pytest.raises(kind) as told:
        source(force, clock=clock).page("User", since=None, cursor=None)
    assert len(force.calls) <= 7 and sum(clock.waits) <= 60 and force.session not in str(told.value)


@pytest.mark.parametrize("fault", ["502", "html", "half", "closed", "503"])
def test_a_login_is_asked_for_again(force: SalesforceStandin, org: Org, fault: str) -> None:
    force.plan.force(fault, fault)
    assert "Acme" in source(force).test()
    for settings in ({"username": force.user[0], "password": force.user[1], "security_token": force.user[2]},):
        force.plan.force(fault)
        assert "Acme" in source(force, **settings).test()


def test_a_day_used_up_puts_the_sync_off_at_once(force: SalesforceStandin) -> None:
    force.plan.force("", "day over")
    clock = Clock(force)
    with pytest.raises(SourceBusy) as told:
        source(force, clock=clock).page("User", since=None, cursor=None)
    assert told.value.retry_after == 3600 and not clock.waits and len(force.calls) == 2


@pytest.mark.parametrize("name", ["Account", "OpportunityHistory"])
def test_junk_among_the_records_costs_none_of_them(force: SalesforceStandin, org: Org, name: str) -> None:
    free = read_all(source(force), objects=[name])
    force.plan.force(*["junk" if "/query" in call else "" for call in force.calls])
    found = read_all(source(force), objects=[name])
    assert found.rows == free.rows and force.plan.met["junk"] >= 2


def test_a_token_follows_no_redirect(force: SalesforceStandin, org: Org) -> None:
    with SalesforceStandin().running() as other:
        force.elsewhere = f"{other.address}/services/data/v62.0/queryAll/"
        force.plan.force("", "redirect")
        with pytest.raises(SourceBroken, match="302"):
            source(force).page("User", since=None, cursor=None)
        assert other.calls == []


# What changed


def test_only_changes_come_with_whole_histories(force: SalesforceStandin, org: Org) -> None:
    everything = read_all(source(force))
    since = force.tick(3600)
    force.update("Opportunity", org.deals[4], StageName="Negotiation")
    found = read_all(source(force), since=since)
    assert set(found.rows["opportunities"]) == {org.deals[4]} and "accounts" not in found.rows
    stays = found.rows["stage_visits"]
    assert len(stays) == 2 and next(iter(stays)) in everything.rows["stage_visits"]


def test_deleted_and_merged_ones(force: SalesforceStandin, org: Org) -> None:
    since = force.tick(3600)
    force.delete("Opportunity", org.deals[5])
    force.merge("Account", org.accounts[0], org.accounts[1])
    task = next(own for own, record in force.records["Task"].items() if record["Subject"] == "Call")
    force.update("Task", task, IsClosed=False)
    found = read_all(source(force), since=since)
    assert found.deleted == {
        ("opportunity", org.deals[5]),
        ("account", org.accounts[0]),
        ("activity", f"task-{task}"),
    }
    assert found.merged == {("account", org.accounts[0], org.accounts[1])}
    assert org.deals[5] not in found.rows["opportunities"]


def test_a_record_changed_while_paging_is_met_by_the_next_run(force: SalesforceStandin, org: Org) -> None:
    force.page = 25
    begun = force.now
    first = source(force)
    page = first.page("Opportunity", since=None, cursor=None)
    force.update("Opportunity", org.deals[59], NextStep="now")
    while page.cursor:
        page = first.page("Opportunity", since=None, cursor=page.cursor)
    again = read_all(source(force), since=begun, objects=["Opportunity"])
    assert again.rows["opportunities"][org.deals[59]]["NextStep"] == "now"


# Fields and rights


def test_own_fields_come_in_and_hidden_ones_do_not(force: SalesforceStandin, org: Org) -> None:
    force.hidden = {"Account.Tier__c", "Account.AnnualRevenue", "Account.MasterRecordId"}
    found = read_all(source(force), objects=["Account"])
    row = found.rows["accounts"][org.accounts[1]]
    assert "Tier__c" not in row and "AnnualRevenue" not in row and row["Partner__c"] == "true"
    force.update("Account", org.accounts[1], Neu__c="ü")
    assert read_all(source(force), objects=["Account"]).rows["accounts"][org.accounts[1]]["Neu__c"] == "ü"


def test_a_field_refused_in_a_query_is_left_out(force: SalesforceStandin, org: Org) -> None:
    force.surprise = {"Account.Tier__c", "Account.Ghost__c"}
    found = read_all(source(force), objects=["Account"])
    assert len(found.rows["accounts"]) == 12 and "Partner__c" in found.rows["accounts"][org.accounts[1]]
    force.surprise = {"Account.SystemModstamp"}
    with pytest.raises(SourceRefused, match="SystemModstamp"):
        read_all(source(force), objects=["Account"])


def test_more_fields_than_a_query_has_room_for_are_named(force: SalesforceStandin, org: Org) -> None:
    force.update("Account", org.accounts[0], **{f"A_field_with_quite_a_long_name_{n:03}__c": n for n in range(500)})
    found = read_all(source(force), objects=["Account"])
    assert len(found.rows["accounts"]) == 12 and max(map(len, force.asked_for)) < 13_000
    left = 504 - sum(name.endswith("__c") for name in found.rows["accounts"][org.accounts[0]])
    assert len(found.problems) == 1 and f"{left} were left out: A_field_with_quite_a_" in found.problems[0].reason


def test_an_object_that_may_be_missing_is_left_out(force: SalesforceStandin, org: Org) -> None:
    force.hidden = {"Product2", "OpportunityStage", "OpportunityFieldHistory"}
    assert "Product2, OpportunityStage, OpportunityFieldHistory" in source(force).test()
    found = read_all(source(force))
    assert [p.object for p in found.problems] == ["Product2", "OpportunityStage", "OpportunityFieldHistory"]
    assert {row["name"]: row["kind"] for row in found.rows["unknown_stages"].values()}["Prospecting"] == "open"
    force.hidden = {"Opportunity"}
    with pytest.raises(SourceRefused, match="Opportunity"):
        source(force).test()


# Logins


@pytest.mark.parametrize(
    "settings",
    [
        APP,
        {"domain": "https://acme.my.salesforce.com/", "client_id": "key", "client_secret": "hush"},
        {"client_id": "key", "refresh_token": "refresh-1"},
        {"username": "ops@acme.test", "password": "pass<word", "security_token": "TOKEN"},
        {
            "username": "ops@acme.test",
            "password": "pass<word",
            "security_token": "TOKEN",
            "client_id": "key",
            "client_secret": "hush",
        },
    ],
)
def test_ways_to_log_in(force: SalesforceStandin, org: Org, settings: dict[str, str]) -> None:
    store = tokens()
    assert "Acme" in source(force, store, **settings).test()
    assert store.load()["session_id"] == force.session and store.load()["instance"] == "acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"username": "ops@acme.test", "password": "wrong", "security_token": "TOKEN"}, "INVALID_LOGIN"),
        ({"client_id": "key", "refresh_token": "wrong"}, "invalid_grant"),
        (APP | {"client_secret": "wrong"}, "invalid_grant"),
        (APP | {"domain": "evil.test/?"}, "no domain of Salesforce"),
        (APP | {"domain": "login"}, "My Domain"),
        ({"username": "ops@acme.test"}, "security token"),
    ],
)
def test_a_login_that_needs_a_person(force: SalesforceStandin, settings: dict[str, str], words: str) -> None:
    clock = Clock(force)
    with pytest.raises(SourceRefused, match=words) as told:
        source(force, clock=clock, **settings).test()
    assert len(force.calls) <= 1 and not clock.waits
    assert not any(secret in str(told.value) for secret in ("hush", "pass<word", "refresh-1"))


def test_a_session_is_renewed_once_and_kept(force: SalesforceStandin, org: Org) -> None:
    store = tokens()
    source(force, store).page("User", since=None, cursor=None)
    logins = force.logins
    force.session = "ended"
    source(force, store).page("User", since=None, cursor=None)
    assert force.logins == logins + 1 and store.load()["session_id"] == force.session
    other = source(force, store)
    other.page("User", since=None, cursor=None)
    assert force.logins == logins + 1


def test_a_token_goes_to_salesforce_only(force: SalesforceStandin) -> None:
    calls = Calls(APP, tokens=tokens(session_id="s", instance="acme.my.salesforce.com"), world=World())
    for host in ("evil.test", "salesforce.com.evil.test", "evilsalesforce.com", "a.salesforce.com:x@evil.test"):
        with pytest.raises(SourceRefused, match="not Salesforce's"):
            calls._own_host(host)
    assert calls._own_host("acme--dev.sandbox.my.salesforce.com")
    with pytest.raises(SourceRefused, match="another server"):
        calls.more("Account", "@evil.test/services/data/v62.0/query/01g-2000")


def test_a_record_that_cannot_be_read_is_named_and_the_others_come(force: SalesforceStandin, org: Org) -> None:
    force.update("Opportunity", org.deals[3], StageName=None)
    found = read_all(source(force), objects=["Opportunity"])
    assert len(found.rows["opportunities"]) == 59
    problem: Any = found.problems[0]
    assert (problem.object, problem.id) == ("Opportunity", org.deals[3]) and "stage" in problem.reason
