"""When to try again: exponential, with jitter, for about a day."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
GROWTH = 4
LONGEST = timedelta(hours=8)
MOST_TRIES = 10  # waits of 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 5.7 h, 8 h, 8 h: 23.6 h in all
LONGEST_ASKED = timedelta(hours=1)  # a receiver's Retry-After beyond this is not believed


def wait(tries: int, *, chance: float) -> timedelta:
    """Pause after the `tries`-th failed try.

    Args:
        tries: tries made so far, from 1.
        chance: uniform in [0, 1); spreads the pause over 80 to 120 % of its length.
    """
    seconds = min(FIRST.total_seconds() * float(GROWTH) ** (tries - 1), LONGEST.total_seconds())
    return timedelta(seconds=seconds * (0.8 + 0.4 * chance))


def asked(retry_after: str) -> timedelta:
    """The pause a receiver asked for in seconds, zero when it asked for none or made no sense."""
    text = retry_after.strip()
    if not (text.isascii() and text.isdecimal()):
        return timedelta(0)
    return min(timedelta(seconds=int(text[:9])), LONGEST_ASKED)
