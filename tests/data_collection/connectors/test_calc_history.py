"""Histories of a field become stays, changes and owners."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from data_collection.connectors.calc.history import (
    Moment,
    amount_changes,
    category_changes,
    date_changes,
    owner_spans,
    stage_visits,
)


def at(text: str, value: str) -> Moment:
    return Moment(datetime.fromisoformat(text), value)


def test_a_stage_that_was_gone_back_to_is_visited_twice() -> None:
    moments = [at("2026-03-09T08:00Z", "A"), at("2026-03-01T08:00Z", "A"), at("2026-03-05T08:00Z", "B")]
    rows = stage_visits("7", moments, lambda stage: f"P/{stage}")
    assert [(r["stage"], r["entered_at"][:10], r["left_at"][:10]) for r in rows] == [
        ("P/A", "2026-03-01", "2026-03-05"),
        ("P/B", "2026-03-05", "2026-03-09"),
        ("P/A", "2026-03-09", ""),
    ]
    assert rows[0]["id"] == "7:1772352000000" and len({r["id"] for r in rows}) == 3


def test_a_repeated_value_is_no_change_and_of_one_instant_the_last_counts() -> None:
    moments = [at("2026-03-01T08:00Z", "A"), at("2026-03-02T08:00Z", "A"), at("2026-03-02T08:00Z", "B")]
    assert [r["stage"] for r in stage_visits("7", moments, str)] == ["A", "B"]
    assert stage_visits("7", [], str) == [] and stage_visits("7", [at("2026-03-01T08:00Z", "")], str) == []


def test_amounts_are_compared_as_numbers() -> None:
    values = ["", "100", "100.00", "1E2", "250.5", ""]
    moments = [at(f"2026-03-0{n}T08:00Z", value) for n, value in enumerate(values, start=1)]
    assert [(r["old_amount"], r["new_amount"]) for r in amount_changes("7", moments)] == [
        ("", "100"),
        ("100", "250.5"),
        ("250.5", ""),
    ]


def test_close_dates_are_compared_as_days() -> None:
    moments = [at("2026-03-01T08:00Z", "2026-06-30"), at("2026-03-02T08:00Z", "2026-06-30T18:00:00Z")]
    assert date_changes("7", moments) == []
    moved = date_changes("7", [*moments, at("2026-03-03T08:00Z", "2026-07-31")])
    assert [(r["new_date"], r["changed_at"]) for r in moved] == [("2026-07-31", "2026-03-03T08:00:00.000Z")]


def test_categories() -> None:
    rows = category_changes("7", [at("2026-03-01T08:00Z", "pipeline"), at("2026-03-02T08:00Z", "commit")])
    assert [(r["field"], r["old_value"], r["new_value"]) for r in rows] == [("category", "pipeline", "commit")]


def test_a_deal_that_never_changed_hands_has_no_owner_rows() -> None:
    assert owner_spans("7", [at("2026-03-01T08:00Z", "1")], UTC) == []
    assert owner_spans("7", [at("2026-03-01T08:00Z", "1"), at("2026-03-01T09:00Z", "2")], UTC) == []


def test_a_day_belongs_to_its_last_owner_where_the_company_is() -> None:
    moments = [
        at("2026-03-01T08:00Z", "1"),
        at("2026-03-05T10:00Z", "2"),
        at("2026-03-05T16:59Z", "3"),
        at("2026-03-05T17:01Z", "4"),  # after midnight in Bangkok
        at("2026-03-09T08:00Z", ""),
        at("2026-03-11T08:00Z", "1"),
    ]
    rows = owner_spans("7", moments, ZoneInfo("Asia/Bangkok"))
    assert [(r["owner_id"], r["valid_from"], r["valid_to"]) for r in rows] == [
        ("1", "2026-03-01", "2026-03-05"),
        ("3", "2026-03-05", "2026-03-06"),
        ("4", "2026-03-06", "2026-03-09"),
        ("1", "2026-03-11", ""),
    ]


def test_a_change_taken_back_on_its_day_keeps_the_row_it_made() -> None:
    before = [at("2026-03-01T08:00Z", "1"), at("2026-03-05T08:00Z", "2")]
    after = owner_spans("7", [*before, at("2026-03-05T09:00Z", "1")], UTC)
    assert [r["id"] for r in owner_spans("7", before, UTC)] == [r["id"] for r in after]
    assert [r["owner_id"] for r in after] == ["1", "1"]


moments_of = st.lists(
    st.builds(
        Moment,
        st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)),
        st.sampled_from(["", "1", "2", "3"]),
    ),
    max_size=12,
)


@given(moments_of, st.sampled_from(["UTC", "Asia/Bangkok", "America/New_York"]))
def test_owners_never_overlap_and_a_longer_history_only_adds_days(moments: list[Moment], zone: str) -> None:
    rows = owner_spans("7", moments, ZoneInfo(zone))
    for row, following in pairwise(rows):
        assert row["valid_from"] < row["valid_to"] <= following["valid_from"]
    if rows:
        later = owner_spans("7", [*moments, Moment(datetime(2026, 6, 1, tzinfo=UTC), "9")], ZoneInfo(zone))
        assert {row["id"] for row in rows} <= {row["id"] for row in later}


@given(moments_of)
def test_stays_follow_each_other(moments: list[Moment]) -> None:
    rows = stage_visits("7", moments, str)
    assert [row["left_at"] for row in rows] == [row["entered_at"] for row in rows[1:]] + [""] * bool(rows)
    assert all(row["entered_at"] < row["left_at"] for row in rows[:-1])
