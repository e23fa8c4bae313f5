"""Asking again: how often, how long to wait, and when to hand the wait on. Shared by every source."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from data_collection.connectors.calc.source import SourceBroken, SourceBusy, World

T = TypeVar("T")
LONGEST_PAUSE = 3600.0  # seconds; a longer Retry-After is not believed


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of one page."""

    tries: int = 5
    longest: float = 60.0  # seconds waited in all; more is the job's to wait
    first: float = 0.5  # seconds before the second try, doubled each time


class Again(Exception):
    """This try gave nothing; another may. The text is for a person."""

    def __init__(self, words: str, *, wait: float | None = None, busy: bool = False) -> None:
        super().__init__(words)
        self.wait = wait  # seconds the other side asks for
        self.busy = busy  # a rate limit, not a failure


def patiently(ask: Callable[[], T], *, world: World, patience: Patience | None = None) -> T:
    """What `ask` gives; while it raises `Again`, wait and ask again.

    Raises:
        SourceBusy: a rate limit outlasts the bounds.
        SourceBroken: the tries are used up.
    """
    bounds, waited = patience or Patience(), 0.0
    for number in range(1, bounds.tries + 1):
        try:
            return ask()
        except Again as again:
            pause = bounds.first * 2 ** (number - 1) * random.uniform(0.5, 1.0)  # noqa: S311  jitter, no secret
            pause = pause if again.wait is None else again.wait
            if number == bounds.tries or waited + pause > bounds.longest:
                if again.busy:
                    raise SourceBusy(str(again), retry_after=min(max(pause, 1.0), LONGEST_PAUSE)) from None
                raise SourceBroken(str(again)) from None
            world.sleep(pause)
            waited += pause
    raise AssertionError("the last try returns or raises")


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds a Retry-After header asks for (a number or an HTTP date); None where it says nothing usable."""
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None
