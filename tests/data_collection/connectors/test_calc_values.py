"""JSON values as cells."""

from datetime import UTC, datetime

import pytest

from data_collection.connectors.calc.values import cell, day, fitted, instant, minutes, moment, newest, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (1e21, "1000000000000000000000"),
        (0.1, "0.1"),
        (["a", "b", None], "a;b;"),
        ({"a": 1}, ""),
        ("  Zoë 🚀 บริษัท\0 ", "Zoë 🚀 บริษัท"),
        ("\ud83d", "?"),
    ],
)
def test_any_value_is_a_cell(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-24T10:00:00.000+0000", "2026-11-24T10:00:00.000Z"),
        ("2026-11-24T17:00:00.000+0700", "2026-11-24T10:00:00.000Z"),
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000Z"),
        ("1795514400000", "2026-11-24T10:00:00.000Z"),
        ("-86400000000", "1967-04-07T00:00:00.000Z"),
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
        ("", ""),
        ("soon", "soon"),
        ("99999999999999", "5138-11-16T09:46:39.999Z"),
        ("0000-00-00T00:00:00Z", "0000-00-00T00:00:00Z"),
    ],
)
def test_times(text: str, iso: str) -> None:
    assert instant(text) == iso


def test_days() -> None:
    assert [day(t) for t in ("1796083200000", "2026-12-01", "2026-12-01T00:00:00Z", "", "soon")] == [
        "2026-12-01",
        "2026-12-01",
        "2026-12-01",
        "",
        "soon",
    ]


def test_shares_and_minutes() -> None:
    assert [share(t) for t in ("0.25", "1", "1.2", "-1", "x", "")] == ["0.25", "1", "", "", "", ""]
    start = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert minutes(start, datetime(2026, 3, 1, 9, 45, 20, tzinfo=UTC)) == "45.3"
    assert minutes(start, datetime(2026, 3, 1, 8, tzinfo=UTC)) == minutes(None, start) == minutes(start, None) == ""


def test_a_text_too_long_is_cut_and_kept_beside() -> None:
    row = fitted({"name": "x" * 12, "city": "Bern"}, {"name": 10, "city": 10, "state": 5})
    assert row == {"name": "x" * 9 + "…", "name_full": "x" * 12, "city": "Bern"}


def test_the_newest_of_mixed_forms() -> None:
    assert newest(["2026-01-01T00:00:00Z", "1795514400000", "", "x"]) == "2026-11-24T10:00:00.000Z"
    assert newest(["", "x"]) is None and moment("") is None
