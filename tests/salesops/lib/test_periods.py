"""Named periods against a wall calendar, and properties of the fiscal year."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops.lib.periods import NAMED, Calendar, Grain, add_months, overlap_days

TODAY = date(2026, 11, 23)  # a Monday
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("qtd", date(2026, 10, 1), date(2026, 11, 24)),
        ("wtd", date(2026, 11, 23), date(2026, 11, 24)),
        ("last_quarter", date(2026, 7, 1), date(2026, 10, 1)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 10, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 5)),
        ("FY2025", date(2025, 1, 1), date(2026, 1, 1)),
        ("last_12m", date(2025, 11, 24), date(2026, 11, 24)),
        ("2026-01-01..2026-03-31", date(2026, 1, 1), date(2026, 4, 1)),
    ],
)
def test_named_periods(name: str, start: date, end: date) -> None:
    period = Calendar().parse(name, TODAY)
    assert (period.start, period.end) == (start, end)


def test_fiscal_year_from_april_is_named_after_its_end() -> None:
    calendar = Calendar(first_month=4)
    assert calendar.parse("FY2027", TODAY).start == date(2026, 4, 1)
    assert calendar.period_of(TODAY, Grain.QUARTER).label == "Q3 FY2027"
    assert calendar.parse("2027-Q3", TODAY).start == date(2026, 10, 1)


def test_open_quarter_is_compared_with_the_same_elapsed_days() -> None:
    calendar = Calendar()
    qtd = calendar.parse("qtd", TODAY)
    before = calendar.previous(qtd, TODAY)
    assert (before.start, before.end, before.days) == (date(2026, 7, 1), date(2026, 8, 24), 54)
    assert before.label == "previous quarter, same 54 days"
    last_year = calendar.year_before(qtd, TODAY)
    assert (last_year.start, last_year.end) == (date(2025, 10, 1), date(2025, 11, 24))
    whole = calendar.previous(calendar.parse("this_quarter", TODAY), TODAY)
    assert (whole.start, whole.end) == (date(2026, 7, 1), date(2026, 8, 24))


def test_a_period_to_come_is_compared_whole() -> None:
    calendar = Calendar()
    before = calendar.previous(calendar.parse("next_quarter", TODAY), TODAY)
    assert (before.start, before.end) == (date(2026, 10, 1), date(2027, 1, 1))


@pytest.mark.parametrize("text", ["", "2026-13", "2026-02-30", "2026-W60", "soon", "2026-03-01..2026-01-01", "FY0001"])
def test_nonsense_is_named_in_the_refusal(text: str) -> None:
    with pytest.raises(ValueError, match=r"no |range|out of"):
        Calendar().parse(text, TODAY)


@given(days, st.sampled_from(list(Grain)), st.integers(1, 12), st.integers(1, 7))
def test_periods_tile_the_calendar(day: date, grain: Grain, first_month: int, week_start: int) -> None:
    calendar = Calendar(first_month, week_start)
    period = calendar.period_of(day, grain)
    assert period.start <= day < period.end
    assert calendar.period_of(period.end, grain).start == period.end
    assert calendar.period_of(period.end - timedelta(days=1), grain) == period
    assert calendar.parse(period.name, day).start == period.start


@given(days, st.integers(-600, 600))
def test_months_added_and_taken_away_return_to_the_month(day: date, months: int) -> None:
    there = add_months(day, months)
    back = add_months(there, -months)
    assert (back.year, back.month) == (day.year, day.month) and back.day <= day.day


@given(days, st.sampled_from(sorted(NAMED)))
def test_comparison_never_overlaps_the_period_before_today(day: date, name: str) -> None:
    calendar = Calendar()
    period = calendar.parse(name, day)
    before = calendar.previous(period, day)
    assert before.start < before.end <= period.start
    assert overlap_days((before.start, before.end), (period.start, period.end)) == 0
