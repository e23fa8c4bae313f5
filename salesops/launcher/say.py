"""What the launcher tells the person at the terminal."""

import sys
import time

_STARTED = time.monotonic()


def say(text: str) -> None:
    """One line with the seconds since the start."""
    print(f"{time.monotonic() - _STARTED:6.1f} s  {text}", flush=True)


def show_progress(text: str) -> None:
    """Rewrite the current line on a terminal; elsewhere nothing."""
    if sys.stdout.isatty():
        print(f"\r\033[K          {text}", end="", flush=True)


def clear_progress() -> None:
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
