"""What an error of Salesforce means. Pure."""

import re
from typing import Any

from data_collection.connectors.calc.patience import Again
from data_collection.connectors.calc.source import SourceBroken, SourceBusy, SourceRefused

DAY_OVER = 3600.0  # seconds to wait for the next try when the calls of 24 hours are used up
#: Codes of a login that failed for no fault of the entries; the client makes up the last where it finds none.
UNREADABLE = ("SERVER_UNAVAILABLE", "temporarily_unavailable", "UNKNOWN_EXCEPTION_CODE")
NO_SUCH_COLUMN = re.compile(r"No such column '([^']+)'")
NO_RELATION = re.compile(r"Didn't understand relationship '([^']+)'")


class Expired(Exception):
    """The session is over."""


class NotThere(SourceRefused):
    """The org has no such object, or the user may not see it."""


class NoField(Exception):
    """A field of a query is unknown or forbidden; its name, "" where the error does not tell."""


class LocatorGone(Exception):
    """The place in a long result is no longer known."""


def failure(what: str, status: int, content: Any, *, wait: float | None = None) -> Exception:
    """The exception an error answer stands for.

    Args:
        what: was asked for, in words: “Opportunity”.
        content: of the answer: a list of errors, or text.
        wait: seconds of the header Retry-After.
    """
    code, said = _told(content)
    if status == 401:
        return Expired(said)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limit(said, wait)
    if code in ("INVALID_QUERY_LOCATOR", "QUERY_LOCATOR_EXPIRED"):
        return LocatorGone(said)
    if code == "INVALID_FIELD":
        found = NO_SUCH_COLUMN.search(said) or NO_RELATION.search(said)
        return NoField(found.group(1) if found else "")
    if code in ("INVALID_TYPE", "NOT_FOUND") or status == 404:
        return NotThere(f"This Salesforce org has no {what}, or the user behind the connection may not see it.")
    if status == 429:
        return Again("Salesforce limits the number of calls.", wait=wait, busy=True)
    if status >= 500 or code in ("QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"):
        return Again(f"Salesforce answered with error {status} when asked for {what}.", wait=wait)
    if status == 403:
        return SourceRefused(f"Salesforce does not give {what}: {said or 'no right to it'} ({code or status}).")
    return SourceBroken(f"Salesforce refused the question for {what} ({code or status}): {said}")


def _told(content: Any) -> tuple[str, str]:
    """Code and message of the first error."""
    error = content[0] if isinstance(content, list) and content else content
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("errorCode") or ""), " ".join(str(error.get("message") or "").split())[:500]


def _limit(said: str, wait: float | None) -> Exception:
    """The day's calls are gone for long; too many at the same time only for a moment."""
    if "concurrent" in said.lower():
        return Again("Salesforce runs too many calls of this org at the same time.", wait=wait or 5.0, busy=True)
    return SourceBusy("The calls Salesforce allows in 24 hours are used up.", retry_after=wait or DAY_OVER)


def login_failure(code: Any, said: str) -> Exception:
    """A login that failed: an error of the server is worth another try, anything else needs a person."""
    text = str(code or "")
    if not text or text.isdigit() or text in UNREADABLE:
        return Again(f"Salesforce's login answered with something unreadable ({text or 'no code'}).")
    if text in ("LOGIN_RATE_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"):
        return SourceBusy("Too many logins of this user; Salesforce asks for a pause.", retry_after=DAY_OVER)
    words = "Salesforce does not accept the login: check domain, key and secret, or user, password and security token."
    return SourceRefused(f"{words} It says: {said or text} ({text}).")
