"""Waiting, merging and reading of pages, without a database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_collection.connectors.calc.merges import flattened
from data_collection.connectors.calc.patience import Again, Patience, patiently, retry_after
from data_collection.connectors.calc.source import MemoryTokens, SourceBroken, SourceBusy, World, token_renewed
from data_collection.connectors.sources.pipedrive.calls import company_of
from data_collection.connectors.sources.pipedrive.fields import custom_fields
from data_collection.connectors.sources.pipedrive.history import changes_of, day_of, owners_by_day, stays

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", 0),
        ("99999", 3600),  # at most an hour is believed
        ("Tue, 24 Nov 2026 10:00:30 GMT", 30),  # the date form of RFC 9110, section 10.2.3
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0),
        ("soon", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_a_wait_that_is_asked_for_is_kept() -> None:
    waits: list[float] = []
    answers = iter([Again("busy", wait=7, busy=True), Again("broken"), "here"])

    def ask() -> str:
        found = next(answers)
        if isinstance(found, Again):
            raise found
        return found

    assert patiently(ask, world=World(sleep=waits.append)) == "here"
    assert waits[0] == 7 and 0.5 <= waits[1] <= 1.0


def test_a_long_wait_is_handed_on_at_once() -> None:
    waits: list[float] = []

    def ask() -> str:
        raise Again("daily limit", wait=1800, busy=True)

    with pytest.raises(SourceBusy) as busy:
        patiently(ask, world=World(sleep=waits.append))
    assert busy.value.retry_after == 1800 and waits == []


def test_failures_end_after_the_tries() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        raise Again("still broken")

    with pytest.raises(SourceBroken, match="still broken"):
        patiently(ask, world=World(sleep=lambda s: None), patience=Patience(tries=3))
    assert len(asked) == 3


def test_merge_chains_are_flat() -> None:
    assert flattened([("a", "b"), ("b", "c"), ("d", "c")]) == {"a": "c", "b": "c", "d": "c"}
    assert flattened([("a", "b"), ("b", "a"), ("x", "a"), ("y", "y")]) == {}


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=12))
def test_no_winner_is_a_loser(pairs: list[tuple[str, str]]) -> None:
    found = flattened(pairs)
    assert not set(found) & set(found.values())


def test_a_token_another_worker_renewed_is_taken() -> None:
    store = MemoryTokens({"access_token": "new"})
    asked: list[dict[str, str]] = []
    assert token_renewed(store, used="old", ask=lambda t: asked.append(t) or {})["access_token"] == "new"
    assert asked == []
    assert token_renewed(store, used="new", ask=lambda t: {**t, "access_token": "newer"})["access_token"] == "newer"
    assert store.load() == {"access_token": "newer"}


@pytest.mark.parametrize("text", ["acme", " ACME ", "acme.pipedrive.com", "https://acme.pipedrive.com/deals"])
def test_company_domain(text: str) -> None:
    assert company_of(text) == "acme"


@pytest.mark.parametrize(
    "text", ["", "evil.example.com", "http://127.0.0.1:8000/", "a b", "acme@evil", "acme.pipedrive.com.evil.test"]
)
def test_other_hosts_are_no_company(text: str) -> None:
    with pytest.raises(Exception, match="company domain"):
        company_of(text)


def flow(*changes: tuple[int, str, str, str | None, str | None]) -> list[dict]:
    return [
        {
            "object": "dealChange",
            "timestamp": at,
            "data": {"id": key, "field_key": name, "old_value": a, "new_value": b, "log_time": at},
        }
        for key, at, name, a, b in changes
    ]


DEAL = {"id": 7, "stage_id": 3, "status": "open", "add_time": "2026-01-01T09:00:00Z"}


def test_stays_of_a_reopened_deal() -> None:
    """1 → 2, lost, reopened in 2, → 3."""
    found = stays(
        DEAL,
        changes_of(
            flow(
                (14, "2026-01-20 10:00:00", "stage_id", "2", "3"),
                (11, "2026-01-05 10:00:00", "stage_id", "1", "2"),
                (12, "2026-01-10 10:00:00", "status", "open", "lost"),
                (13, "2026-01-15 10:00:00", "status", "lost", "open"),
                (15, "2026-01-21 10:00:00", "title", "a", "b"),
            )
        ),
    )
    assert [(s.id, s.stage, s.status, s.entered[:10], s.left[:10]) for s in found] == [
        ("7-0", "1", "open", "2026-01-01", "2026-01-05"),
        ("7-11", "2", "open", "2026-01-05", "2026-01-10"),
        ("7-12", "", "lost", "2026-01-10", "2026-01-15"),
        ("7-13", "2", "open", "2026-01-15", "2026-01-20"),
        ("7-14", "3", "open", "2026-01-20", ""),
    ]


def test_a_won_deal_without_changes_was_in_its_stage_until_it_was_won() -> None:
    deal = DEAL | {"status": "won", "won_time": "2026-02-01T08:00:00Z"}
    assert [(s.stage, s.status, s.left[:10]) for s in stays(deal, [])] == [("3", "open", "2026-02-01"), ("", "won", "")]


def test_the_last_owner_of_a_local_day_has_the_whole_day() -> None:
    """20:00 UTC is the next day in Bangkok (UTC+7)."""
    moves = changes_of(
        flow(
            (1, "2026-01-05 20:00:00", "user_id", "1", "2"),
            (2, "2026-01-06 09:00:00", "user_id", "2", "3"),
            (3, "2026-01-09 09:00:00", "user_id", "3", "1"),
        )
    )
    found = owners_by_day(DEAL, moves, ZoneInfo("Asia/Bangkok"))
    assert [(r["owner_id"], r["valid_from"], r["valid_to"]) for r in found] == [
        ("1", "2026-01-01", "2026-01-06"),
        ("3", "2026-01-06", "2026-01-09"),
        ("1", "2026-01-09", ""),
    ]
    assert day_of("2026-01-05T20:00:00Z", ZoneInfo("Asia/Bangkok")) == "2026-01-06"


def test_custom_fields_get_their_names_and_choices() -> None:
    a, b = "a" * 40, "b" * 40
    found = custom_fields(
        [
            {"key": "title", "name": "Title"},
            {"key": a, "name": "title", "options": [{"id": 5, "label": "Blue"}, {"id": 6, "label": "Red"}]},
            {"key": b, "name": "Contract"},
        ],
        taken={"title"},
    )
    values = {a: [5, 6], b: {"value": 10.0, "currency": "EUR"}, "c" * 40: True}
    assert found.flat(values) == {"title aaaaaa": "Blue;Red", "Contract": "10 EUR", "c" * 40: "true"}
    assert found.flat(None) == {}
