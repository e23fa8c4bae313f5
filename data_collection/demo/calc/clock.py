"""The demo's calendar: working days, quarters, and the hours of the day.

Days are whole numbers since 1970-01-01 here, since every draw is arithmetic on days; `as_date` turns them back.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from data_collection.demo.calc.draws import Ints
from salesops.lib.periods import add_months

MONTHS = 36
WARM_UP_DAYS = 300  # deals created before the first day that are still alive on it
LOOK_AHEAD_DAYS = 500
NEVER = np.iinfo(np.int64).min  # "no such day"; becomes an empty field
ZONE = "Europe/Berlin"
_EPOCH = date(1970, 1, 1)
_FIXED_HOLIDAYS = ((1, 1, "New Year"), (5, 1, "Labour Day"), (12, 25, "Christmas Day"))


def number(day: date) -> int:
    return (day - _EPOCH).days


def day_of(value: int) -> date:
    return _EPOCH + timedelta(days=int(value))


def as_date(days: Ints) -> NDArray[np.datetime64]:
    """Day numbers as datetime64[s]; NEVER becomes NaT."""
    return np.where(days == NEVER, np.datetime64("NaT"), days.astype("datetime64[D]")).astype("datetime64[s]")


@dataclass(frozen=True)
class Clock:
    until: date  # last day with data

    @cached_property
    def start(self) -> int:
        """First day of the 36 whole months before the month of `until`."""
        return number(add_months(self.until.replace(day=1), -MONTHS))

    @cached_property
    def end(self) -> int:
        return number(self.until)

    @cached_property
    def early(self) -> int:
        return self.start - WARM_UP_DAYS

    @cached_property
    def last(self) -> int:
        return self.end + LOOK_AHEAD_DAYS

    @cached_property
    def days(self) -> Ints:
        """Every day the simulation knows, [early, last)."""
        return np.arange(self.early, self.last)

    @cached_property
    def is_working(self) -> NDArray[np.bool_]:
        weekday = (self.days + 3) % 7  # 1970-01-01 was a Thursday
        off = {number(day) for day, _name in self.holidays()}
        return (weekday < 5) & ~np.isin(self.days, list(off))

    def holidays(self) -> list[tuple[date, str]]:
        """Days off everywhere, in every year the simulation touches."""
        years = range(day_of(self.early).year, day_of(self.last).year + 1)
        return [(date(year, month, day), name) for year in years for month, day, name in _FIXED_HOLIDAYS]

    @cached_property
    def _forward(self) -> Ints:
        place = np.where(self.is_working, np.arange(len(self.days)), len(self.days) - 1)
        return np.minimum.accumulate(place[::-1])[::-1] + self.early

    @cached_property
    def _backward(self) -> Ints:
        return np.maximum.accumulate(np.where(self.is_working, np.arange(len(self.days)), 0)) + self.early

    def _place(self, days: Ints) -> Ints:
        return np.clip(days - self.early, 0, len(self.days) - 1)

    def working_from(self, days: Ints) -> Ints:
        """The day itself if worked, else the next working day."""
        return self._forward[self._place(days)]

    def working_until(self, days: Ints) -> Ints:
        """The day itself if worked, else the working day before."""
        return self._backward[self._place(days)]

    @cached_property
    def month_of_day(self) -> Ints:
        return self.days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1

    @cached_property
    def quarter_of_day(self) -> Ints:
        """Quarters since 1970 of every day."""
        return self.days.astype("datetime64[D]").astype("datetime64[M]").astype(int) // 3

    def worked(self, days: Ints, rng: np.random.Generator) -> Ints:
        """Working days alone: a day off becomes one of the working days of the week before."""
        off = days != self.working_until(days)
        return self.working_until(days - off * rng.integers(0, 6, days.shape))

    def month(self, days: Ints) -> Ints:
        return self.month_of_day[self._place(days)]

    def quarter(self, days: Ints) -> Ints:
        return self.quarter_of_day[self._place(days)]

    @cached_property
    def _utc_minutes(self) -> Ints:
        zone = ZoneInfo(ZONE)
        noons = (datetime.combine(day_of(day), time(12), zone) for day in self.days.tolist())
        return np.array([int((noon.utcoffset() or timedelta()).total_seconds()) // 60 for noon in noons])

    def moment(self, days: Ints, minutes: Ints) -> NDArray[np.datetime64]:
        """Local day and minute of the day as UTC datetime64[s]; NEVER becomes NaT."""
        seconds = days * 86_400 + (minutes - self._utc_minutes[self._place(days)]) * 60
        return np.where(days == NEVER, np.datetime64("NaT"), seconds.astype("datetime64[s]")).astype("datetime64[s]")


def quarter_start(quarter: int) -> int:
    """First day of a quarter counted since 1970."""
    return number(date(1970 + quarter // 4, quarter % 4 * 3 + 1, 1))


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
