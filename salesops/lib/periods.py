"""Fiscal calendar: named periods as half-open day ranges `[start, end)`.

The fiscal year is named after the calendar year it ends in (first month 1: the same year; first month 4:
FY2027 = April 2026 to March 2027).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    start: date  # first day in
    end: date  # first day no longer in
    name: str  # as written in the URL, e.g. "qtd", "2026-Q3"
    label: str  # as a person reads it
    grain: Grain | None = None  # None: a free range
    is_open: bool = False  # has not ended at the day it was asked for

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Calendar:
    first_month: int = 1  # of the fiscal year, 1 = January
    week_start: int = 1  # ISO weekday, 1 = Monday

    def start_of(self, day: date, grain: Grain) -> date:
        """First day of the period of this grain that holds `day`."""
        if grain == Grain.DAY:
            return day
        if grain == Grain.WEEK:
            return day - timedelta(days=(day.isoweekday() - self.week_start) % 7)
        if grain == Grain.MONTH:
            return day.replace(day=1)
        months = 3 if grain == Grain.QUARTER else 12
        into = (day.month - self.first_month) % months
        return add_months(day.replace(day=1), -into)

    def step(self, start: date, grain: Grain, count: int = 1) -> date:
        """`start`, the first day of a period, moved by `count` periods."""
        if grain == Grain.DAY:
            return start + timedelta(days=count)
        if grain == Grain.WEEK:
            return start + timedelta(weeks=count)
        return add_months(start, count * {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain])

    def fiscal_year(self, day: date) -> int:
        return (add_months(self.start_of(day, Grain.YEAR), 12) - timedelta(days=1)).year

    def period_of(self, day: date, grain: Grain) -> Period:
        """The whole period of this grain that holds `day`."""
        start = self.start_of(day, grain)
        name, label = self._names(start, grain)
        return Period(start, self.step(start, grain), name, label, grain)

    def last(self, day: date, grain: Grain, count: int) -> list[Period]:
        """The `count` periods up to and including the one that holds `day`, oldest first."""
        start = self.start_of(day, grain)
        return [self.period_of(self.step(start, grain, i), grain) for i in range(1 - count, 1)]

    def _names(self, start: date, grain: Grain) -> tuple[str, str]:
        if grain == Grain.DAY:
            return start.isoformat(), f"{start.day} {start:%b %Y}"
        if grain == Grain.WEEK:
            year, week, _day = (start + timedelta(days=3)).isocalendar()
            return f"{year}-W{week:02d}", f"Week {week}, {year}"
        if grain == Grain.MONTH:
            return f"{start:%Y-%m}", f"{start:%b %Y}"
        year = self.fiscal_year(start)
        prefix = "" if self.first_month == 1 else "FY"
        if grain == Grain.QUARTER:
            quarter = (start.month - self.first_month) % 12 // 3 + 1
            return f"{year}-Q{quarter}", f"Q{quarter} {prefix}{year}"
        return f"FY{year}", f"{prefix}{year}"

    def parse(self, text: str, today: date) -> Period:
        """A period by its name: see NAMED, plus 2026-Q3, 2026-07, 2026-W30, FY2026, 2026-07-31 and a..b.

        "To date" periods end after today. `a..b` counts both days.

        Raises:
            ValueError: no such period.
        """
        if text in _TO_DATE:
            grain, label = _TO_DATE[text]
            return Period(self.start_of(today, grain), today + timedelta(days=1), text, label, grain, is_open=True)
        if text in _TRAILING:
            days, label = _TRAILING[text]
            return Period(today - timedelta(days=days - 1), today + timedelta(days=1), text, label)
        if text == "last_12m":
            end = today + timedelta(days=1)
            return Period(add_months(end, -12), end, text, NAMED[text])
        if text in _WHOLE:
            grain, offset, label = _WHOLE[text]
            start = self.step(self.start_of(today, grain), grain, offset)
            end = self.step(start, grain)
            return Period(start, end, text, label, grain, is_open=start <= today < end)
        if ".." in text:
            return _free_range(text)
        return self._dated(text, today)

    def _dated(self, text: str, today: date) -> Period:
        if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
            year, quarter = int(match[1]), int(match[2])
            start, grain = add_months(self._year_start(year), 3 * (quarter - 1)), Grain.QUARTER
        elif match := re.fullmatch(r"FY(\d{4})|(\d{4})", text):
            start, grain = self._year_start(int(match[1] or match[2])), Grain.YEAR
        elif match := re.fullmatch(r"(\d{4})-(\d{2})", text):
            start, grain = _day(int(match[1]), int(match[2]), 1, text), Grain.MONTH
        elif match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
            start, grain = self.start_of(_week(int(match[1]), int(match[2]), text), Grain.WEEK), Grain.WEEK
        elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            start, grain = _iso(text), Grain.DAY
        else:
            raise ValueError(
                f"“{text}” is no period. Try qtd, last_90, 2026-Q3, 2026-07, FY2026 or 2026-01-01..2026-03-31."
            )
        period = self.period_of(start, grain)
        return Period(period.start, period.end, text, period.label, grain, is_open=period.start <= today < period.end)

    def _year_start(self, year: int) -> date:
        if not 1900 <= year <= 2200:
            raise ValueError(f"The year {year} is out of range; write one from 1900 to 2200.")
        return date(year if self.first_month == 1 else year - 1, self.first_month, 1)

    def previous(self, period: Period, today: date) -> Period:
        """The period before, with the same elapsed days when `period` is still open."""
        if period.grain is None:
            start = period.start - timedelta(days=period.days)
            return Period(start, period.start, "previous", "previous period")
        first = self.start_of(period.start, period.grain)
        start = self.step(first, period.grain, -1)
        return self._same_elapsed(period, start, first, today, "previous", f"previous {period.grain}")

    def year_before(self, period: Period, today: date) -> Period:
        """The same period a year earlier, with the same elapsed days when `period` is still open."""
        start = add_months(period.start, -12)
        end = add_months(period.end, -12)
        if period.grain is None or not period.is_open:
            return Period(start, end, "yoy", "same period last year")
        if period.grain in {Grain.DAY, Grain.WEEK}:
            start = period.start - timedelta(weeks=52)
        whole_end = self.step(self.start_of(start, period.grain), period.grain)
        return self._same_elapsed(period, start, whole_end, today, "yoy", "same period last year")

    def _same_elapsed(self, period: Period, start: date, end: date, today: date, name: str, label: str) -> Period:
        elapsed_end = min(period.end, today + timedelta(days=1))
        if period.is_open:
            end = min(end, start + (elapsed_end - period.start))
            days = (end - start).days
            label = f"{label}, same {days} day{'' if days == 1 else 's'}"
        return Period(start, end, name, label, period.grain)


_TO_DATE = {
    "today": (Grain.DAY, "Today"),
    "wtd": (Grain.WEEK, "This week to date"),
    "mtd": (Grain.MONTH, "This month to date"),
    "qtd": (Grain.QUARTER, "This quarter to date"),
    "ytd": (Grain.YEAR, "This year to date"),
}
_TRAILING = {
    "last_7": (7, "Last 7 days"),
    "last_30": (30, "Last 30 days"),
    "last_90": (90, "Last 90 days"),
    "last_365": (365, "Last 365 days"),
}
_WHOLE = {
    "this_month": (Grain.MONTH, 0, "This month"),
    "last_month": (Grain.MONTH, -1, "Last month"),
    "this_quarter": (Grain.QUARTER, 0, "This quarter"),
    "last_quarter": (Grain.QUARTER, -1, "Last quarter"),
    "next_quarter": (Grain.QUARTER, 1, "Next quarter"),
    "this_year": (Grain.YEAR, 0, "This year"),
    "last_year": (Grain.YEAR, -1, "Last year"),
}
#: Every named period with its label, in the order of a drop-down list.
NAMED: dict[str, str] = {
    **{name: label for name, (_grain, label) in _TO_DATE.items()},
    **{name: label for name, (_days, label) in _TRAILING.items()},
    "last_12m": "Last 12 months",
    **{name: label for name, (_grain, _offset, label) in _WHOLE.items()},
}


def add_months(day: date, months: int) -> date:
    """`day` moved by whole months; the day of the month is cut to the month's length."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def days_in_month(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def overlap_days(a: tuple[date, date], b: tuple[date, date]) -> int:
    """Days that lie in both half-open ranges."""
    return max(0, (min(a[1], b[1]) - max(a[0], b[0])).days)


def _free_range(text: str) -> Period:
    first, _dots, last = text.partition("..")
    start, end = _iso(first), _iso(last) + timedelta(days=1)
    if end <= start:
        raise ValueError(f"The range {text} ends before it starts.")
    return Period(start, end, text, f"{start:%d %b %Y} to {end - timedelta(days=1):%d %b %Y}")


def _iso(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text}” is no date; write it as 2026-07-31.") from None


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"“{text}” is no month; write it as 2026-07.") from None


def _week(year: int, week: int, text: str) -> date:
    try:
        return date.fromisocalendar(year, week, 4)
    except ValueError:
        raise ValueError(f"“{text}” is no week of that year.") from None
