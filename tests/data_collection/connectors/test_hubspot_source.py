"""HubSpot over the wire: pages, changes, limits, tokens, and every way it fails."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from data_collection.connectors.calc.source import (
    CursorGone,
    MemoryTokens,
    Source,
    SourceBroken,
    SourceBusy,
    SourceRefused,
)
from data_collection.connectors.sources.hubspot.fetch import connect
from tests.data_collection.connectors.hubspot_account import fill, play
from tests.data_collection.connectors.reading import SEEDS, Clock, Read, read_all, tokens, world
from tests.standins.http import Plan
from tests.standins.hubspot import HubSpotStandin

APP = {"client_id": "client", "client_secret": "hush", "refresh_token": "refresh-1"}
#: The faults of a list, a search or a batch read that another try heals.
PASSING = ("429", "429 silent", "500", "502", "html", "half", "cut", "closed")


@pytest.fixture
def hub() -> Iterator[HubSpotStandin]:
    standin = fill(HubSpotStandin(), deals=120)
    play(standin)
    with standin.running():
        yield standin


def source(hub: HubSpotStandin, store: MemoryTokens | None = None, clock: Clock | None = None, **more: str) -> Source:
    settings = more or {"access_token": hub.token}
    return connect(settings, tokens=store or tokens(), world=world(hub, clock))


def app(hub: HubSpotStandin, store: MemoryTokens | None = None, clock: Clock | None = None) -> Source:
    return source(hub, store, clock, **APP)


def test_everything_is_read_once(hub: HubSpotStandin) -> None:
    found = read_all(source(hub))
    assert len(found.rows["deals"]) == 120 and found.pages["deals"] == 4  # 50 + 50 + 20, then the archived ones
    assert not found.problems and found.newest["deals"] == max(r["modified_at"] for r in found.rows["deals"].values())
    assert found.rows["owners"]["43"] == {"id": "43", "email": "", "name": "HubSpot owner 43", "active": "false"}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", ["companies", "deals"])
def test_a_fault_is_asked_through(hub: HubSpotStandin, name: str, fault: str) -> None:
    free = read_all(source(hub), objects=[name])
    quiet = len(hub.calls)
    clock = Clock(hub)
    hub.plan.force("", fault, "", fault)
    found = read_all(source(hub, clock=clock), objects=[name])
    assert found == free
    assert hub.plan.met[fault] == 2 and len(hub.calls) - quiet == quiet + 2
    assert len(clock.waits) == 2 and max(clock.waits) <= 2


def test_the_wait_it_asks_for_is_kept(hub: HubSpotStandin) -> None:
    clock = Clock(hub)
    hub.plan.force("429")
    read_all(source(hub, clock=clock), objects=["owners"])
    assert clock.waits == [2.0]


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_plans_of_faults_end_with_what_is_there(seed: int) -> None:
    hub = fill(HubSpotStandin(), deals=130)
    with hub.running():
        read_all(app(hub))
        quiet = len(hub.calls)
        hub.plan = Plan([*PASSING, "expired", "repeat", "change"], seed=seed, share=0.2)
        begun = hub.now
        found = read_all(app(hub))
        assert len(hub.calls) - quiet <= 1.5 * quiet and sum(hub.plan.met.values()) >= 3, hub.plan.met
        hub.plan = Plan()
        later = read_all(app(hub), since=begun - timedelta(minutes=10))
        truth = read_all(app(hub))
    for file, rows in truth.rows.items():
        assert found.rows[file] | later.rows.get(file, {}) == rows, file
    assert not found.problems and found.deleted == truth.deleted


def test_the_same_page_again_is_not_taken_for_the_next(hub: HubSpotStandin) -> None:
    free = read_all(source(hub), objects=["deals"])
    hub.plan.force("", "", "", "", "repeat")
    assert read_all(source(hub), objects=["deals"]) == free and hub.plan.met["repeat"] == 1


def test_a_silent_server_is_left_in_time(hub: HubSpotStandin) -> None:
    hub.plan.force("timeout")
    clock = Clock(hub)
    slow = connect({"access_token": hub.token}, tokens=tokens(), world=world(hub, clock, timeout=0.2))
    assert len(read_all(slow, objects=["owners"]).rows["owners"]) == 3 and len(clock.waits) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("429", SourceBusy),
        ("429 silent", SourceBusy),
        ("500", SourceBroken),
        ("html", SourceBroken),
        ("half", SourceBroken),
        ("cut", SourceBroken),
        ("closed", SourceBroken),
    ],
)
def test_what_does_not_pass_ends_within_bounds(hub: HubSpotStandin, fault: str, kind: type[Exception]) -> None:
    hub.plan.force(*[fault] * 50)
    clock = Clock(hub)
    with pytest.raises(kind) as told:
        source(hub, clock=clock).page("owners", since=None, cursor=None)
    assert len(hub.calls) <= 6 and sum(clock.waits) <= 60
    assert hub.token not in str(told.value)


def test_a_day_used_up_puts_the_sync_off_at_once(hub: HubSpotStandin) -> None:
    hub.plan.force("429 daily")
    clock = Clock(hub)
    with pytest.raises(SourceBusy) as told:
        source(hub, clock=clock).page("owners", since=None, cursor=None)
    assert told.value.retry_after == 3600 and not clock.waits and len(hub.calls) == 1


@pytest.mark.parametrize("changes", [False, True])
def test_junk_among_the_records_costs_none_of_them(hub: HubSpotStandin, changes: bool) -> None:
    since = hub.now - timedelta(days=1) if changes else None
    free = read_all(source(hub), since=since, objects=["owners", "companies", "deals"])
    quiet = [call for call in hub.calls if "/owners" in call or "/objects/" in call]
    hub.plan.force(*["junk" if call in quiet else "" for call in hub.calls])
    found = read_all(source(hub), since=since, objects=["owners", "companies", "deals"])
    assert found.rows == free.rows and hub.plan.met["junk"] == len(quiet)


def test_a_token_follows_no_redirect(hub: HubSpotStandin) -> None:
    with HubSpotStandin().running() as other:
        hub.elsewhere = f"{other.address}/crm/v3/owners/"
        hub.plan.force("redirect")
        with pytest.raises(SourceBroken, match="302"):
            source(hub).page("owners", since=None, cursor=None)
        assert other.calls == []


# What changed


def test_only_changes_come_with_links_and_history(hub: HubSpotStandin) -> None:
    everything = read_all(source(hub))
    since = hub.tick(3600)
    hub.put("deals", 305, amount="5")
    hub.put("line_items", 601, quantity="4")
    found = read_all(source(hub), since=since)
    assert set(found.rows["deals"]) == {"305"} and set(found.rows["line_items"]) == {"601"}
    assert found.rows["deals"]["305"] | {"modified_at": ""} == everything.rows["deals"]["305"] | {
        "amount": "5",
        "modified_at": "",
    }
    assert found.rows["deals"]["305"]["company_id"] == "105" and found.rows["line_items"]["601"]["deal_id"] == "301"
    assert [row["new_amount"] for row in found.rows["deal_changes"].values()] == ["5"]


def test_no_change_is_skipped_when_others_change_while_paging(hub: HubSpotStandin) -> None:
    """A search by offset would move up by one and leave a record out."""
    since = hub.tick(3600)
    for n in range(1, 121):
        hub.put("deals", 300 + n, amount=str(n))
    hub.on_search = [lambda: None, lambda: hub.put("deals", 301, amount="0")]
    found = read_all(source(hub), since=since, objects=["deals"])
    assert len(found.rows["deals"]) == 120 and not hub.on_search


def test_more_changes_than_a_search_gives(hub: HubSpotStandin) -> None:
    """All changed at the same moment, as after a bulk edit."""
    hub.window = 60
    since = hub.tick(3600)
    for n in range(1, 121):
        hub.put("deals", 300 + n, amount=str(n))["updatedAt"] = since
    assert len(read_all(source(hub), since=since, objects=["deals"]).rows["deals"]) == 120


def test_searches_keep_a_distance(hub: HubSpotStandin) -> None:
    clock = Clock(hub)
    read_all(source(hub, clock=clock), since=hub.now, objects=["companies", "contacts", "products"])
    assert clock.waits == [0.25, 0.25]


def test_archived_ones_are_deletions_from_the_day_they_count(hub: HubSpotStandin) -> None:
    hub.archive("deals", 310)
    since = hub.tick(3600)
    hub.archive("deals", 311)
    hub.archive("contacts", 202)
    hub.archive("calls", 701)
    found = read_all(source(hub), since=since)
    assert found.deleted >= {("opportunity", "311"), ("contact", "202"), ("lead", "202"), ("activity", "call-701")}
    assert ("opportunity", "310") not in found.deleted
    assert ("opportunity", "310") in read_all(source(hub)).deleted


def test_merged_ones_name_their_winner(hub: HubSpotStandin) -> None:
    since = hub.tick(3600)
    hub.merge("companies", 101, 102)
    hub.merge("companies", 103, 102)
    hub.merge("deals", 301, 302)
    hub.put("contacts", 204, hs_calculated_merged_vids="203:1768000000000;204:1768000000001")
    found = read_all(source(hub), since=since)
    assert found.merged == {
        ("account", "101", "102"),
        ("account", "103", "102"),
        ("contact", "203", "204"),
        ("lead", "203", "204"),
    }
    assert ("opportunity", "301") in found.deleted


def test_a_place_nobody_knows_begins_the_object_again(hub: HubSpotStandin) -> None:
    with pytest.raises(CursorGone):
        source(hub).page("deals", since=None, cursor='["live", "gone"]')


# Properties


def test_own_properties_come_in_and_others_when_they_are_named(hub: HubSpotStandin) -> None:
    hub.custom["deals"] = [{"name": "region", "type": "string", "hubspotDefined": False}]
    hub.put("deals", 301, region="Süd", hs_priority="high", hs_secret="no")
    row = read_all(source(hub), objects=["deals"]).rows["deals"]["301"]
    assert row["region"] == "Süd" and "hs_priority" not in row and "competitors" not in row
    more = source(hub, access_token=hub.token, properties="deals.hs_priority, contacts.hs_persona")
    assert read_all(more, objects=["deals"]).rows["deals"]["301"]["hs_priority"] == "high"


def test_more_properties_than_an_address_holds(hub: HubSpotStandin) -> None:
    plain = read_all(source(hub), objects=["deals"])
    names = [f"own_property_with_a_long_name_{n}" for n in range(300)]
    hub.custom["deals"] += [{"name": name, "type": "string", "hubspotDefined": False} for name in names]
    found = read_all(source(hub), objects=["deals"])
    assert {own: {k: row[k] for k in plain.rows["deals"][own]} for own, row in found.rows["deals"].items()} == (
        plain.rows["deals"]
    )
    assert found.rows["stage_visits"] == plain.rows["stage_visits"] and names[299] in found.rows["deals"]["301"]


def test_leads_of_their_own(hub: HubSpotStandin) -> None:
    hub.put("leads", 201, hs_lead_name="Zoë", hs_pipeline_stage="unqualified-stage-id",
            hs_lead_disqualification_reason="NO_BUDGET", links={"contacts": ["201"]})  # fmt: skip
    assert set(read_all(source(hub)).rows["leads"]) == {"201", "203", "205", "207", "209", "211"}
    found = read_all(source(hub, access_token=hub.token, leads="leads"))
    lead = found.rows["leads"]["lead-201"]
    assert len(found.rows["leads"]) == 1 and (lead["status"], lead["contact_id"]) == ("disqualified", "201")
    assert found.rows["calls"]["call-701"]["lead_id"] == ""


# Rights and tokens


def test_a_missing_scope_is_named(hub: HubSpotStandin) -> None:
    hub.forbidden = {"deals"}
    for ask in (source(hub).test, lambda: source(hub).page("deals", since=None, cursor=None)):
        with pytest.raises(SourceRefused, match=r"crm\.objects\.deals\.read"):
            ask()


def test_an_object_that_may_be_missing_is_left_out(hub: HubSpotStandin) -> None:
    hub.forbidden = {"emails", "line_items"}
    words = source(hub).test()
    assert "sales-email-read" in words and "crm.objects.line_items.read" in words and "4321" in words
    found = read_all(source(hub))
    assert [p.object for p in found.problems] == ["line_items", "emails"] and len(found.rows["deals"]) == 120


def test_a_private_app_whose_token_is_refused(hub: HubSpotStandin) -> None:
    old = source(hub)
    hub.token = "another"
    with pytest.raises(SourceRefused, match="access token"):
        old.test()
    with pytest.raises(SourceRefused, match="access token"):
        source(hub, access_token="").test()


def test_a_token_is_renewed_once_and_kept(hub: HubSpotStandin) -> None:
    store = tokens()
    found = read_all(app(hub, store), objects=["companies"])
    assert len(found.rows["companies"]) == 12 and store.load()["access_token"] == "access-1" and hub.refreshed == 1
    hub.plan.force("", "expired")
    read_all(app(hub, store), objects=["companies"])
    assert hub.refreshed == 2 and store.load()["access_token"] == "access-2"
    hub.tick(1800)  # its time is over: renewed before it is refused
    calls = len(hub.calls)
    app(hub, store).page("owners", since=None, cursor=None)
    assert hub.refreshed == 3 and len(hub.calls) == calls + 2


def test_the_token_of_another_worker_is_taken(hub: HubSpotStandin) -> None:
    store = tokens()
    first, second = app(hub, store), app(hub, store)
    first.page("owners", since=None, cursor=None)
    second.page("owners", since=None, cursor=None)
    assert hub.refreshed == 1


def test_a_refresh_token_that_is_refused(hub: HubSpotStandin) -> None:
    hub.refresh = "another"
    with pytest.raises(SourceRefused, match="missing or unknown refresh token") as told:
        app(hub).test()
    assert "hush" not in str(told.value) and len(hub.calls) == 1


def test_a_record_that_cannot_be_read_is_named_and_the_others_come(hub: HubSpotStandin) -> None:
    hub.put("deals", 305, dealstage=None)
    found: Read = read_all(source(hub), objects=["deals"])
    assert len(found.rows["deals"]) == 119
    assert [(p.object, p.id) for p in found.problems] == [("deals", "305")] and "stage" in found.problems[0].reason
