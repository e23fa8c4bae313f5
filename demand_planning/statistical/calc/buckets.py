"""Time buckets of the file door: D, W, M, Q. Dates as text in, positions out, dates as text back."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Frequency:
    code: str
    season: int  # periods in a season
    year: int  # periods in a year
    name: str
    months: int = 0  # months of one period; 0 = counted in days
    days: int = 0

    def season_for(self, n: int) -> int:
        """52 weeks only with two years of history; the rest keep their season."""
        return 1 if self.code == "W" and n < 2 * self.season else self.season


FREQUENCIES = {
    "D": Frequency("D", 7, 365, "day", days=1),
    "W": Frequency("W", 52, 52, "week", days=7),
    "M": Frequency("M", 12, 12, "month", months=1),
    "Q": Frequency("Q", 4, 4, "quarter", months=3),
}


def read_date(text: str) -> date:
    """YYYY-MM-DD, or YYYY-MM for its first day.

    Raises:
        ValueError: it is neither.
    """
    return date.fromisoformat(f"{text}-01" if len(text) == 7 else text)


def position(day: date, frequency: Frequency, anchor: date) -> int:
    """Number of the period that holds `day`, counted from the one that holds `anchor`.

    Raises:
        ValueError: weekly dates that are no whole number of weeks apart.
    """
    if frequency.months:
        return _month(day) // frequency.months - _month(anchor) // frequency.months
    apart = (day - anchor).days
    if apart % frequency.days:
        raise ValueError(f"{day} is no whole number of weeks from {anchor}")
    return apart // frequency.days


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How a file writes its dates, so that the answer writes them alike."""

    is_month: bool  # YYYY-MM
    at_end: bool  # last day of the period

    @classmethod
    def of(cls, texts: Sequence[str], frequency: Frequency) -> "DateStyle":
        days = [read_date(text) for text in texts]
        last = [day.day == monthrange(day.year, day.month)[1] for day in days]
        is_month = all(len(text) == 7 for text in texts)
        return cls(is_month, bool(frequency.months) and not is_month and all(last))

    def write(self, day: date) -> str:
        if self.is_month:
            return f"{day:%Y-%m}"
        return (day.replace(day=monthrange(day.year, day.month)[1]) if self.at_end else day).isoformat()


def later(day: date, frequency: Frequency, count: int) -> date:
    """`day` moved by `count` periods; the 31st becomes the last day of a shorter month."""
    if not frequency.months:
        return day + timedelta(days=frequency.days * count)
    number = _month(day) + frequency.months * count
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
