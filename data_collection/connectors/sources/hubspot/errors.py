"""What an error of HubSpot means. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from data_collection.connectors.calc.patience import Again, retry_after
from data_collection.connectors.calc.source import CursorGone, SourceBroken, SourceBusy, SourceRefused

DAY_OVER = 3600.0  # seconds to wait for the next try when the day's calls are used up
USUAL_WAIT = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
MOVING = 477  # the account is being moved between data centres


class Expired(Exception):
    """The access token is used up."""


class NotAllowed(SourceRefused):
    """The account or the app has no right to this object; `scopes` it needs."""

    def __init__(self, words: str, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.scopes = scopes


def failure(what: str, status: int, body: str | None, headers: Mapping[str, str] | None, *, now: datetime) -> Exception:
    """The exception an error answer stands for.

    Args:
        what: was asked for, in words: “deals”.
    """
    told = _read(body)
    said = str(told.get("message") or "").strip()[:300]
    wait = retry_after((headers or {}).get("Retry-After"), now)
    if status == 429:
        return _limit(told, wait)
    if status == 401:
        return Expired(said)
    if status in (403, 404):
        return _refusal(what, status, told, said)
    if status == 400 and ("after" in said.lower() or "paging" in said.lower()):
        return CursorGone(f"HubSpot does not know this page of {what} any more.")
    if status == MOVING:
        return SourceBusy("HubSpot moves this account to another place.", retry_after=wait or DAY_OVER)
    if status >= 500 or status == 423:
        return Again(f"HubSpot answered with error {status} when asked for {what}.", wait=wait)
    return SourceBroken(f"HubSpot refused the question for {what} (error {status}): {said}")


def _read(body: str | None) -> dict[str, Any]:
    try:
        told = json.loads(body or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _limit(told: Mapping[str, Any], wait: float | None) -> Exception:
    policy = str(told.get("policyName") or "").upper()
    if policy == "DAILY":
        return SourceBusy("The calls HubSpot allows in a day are used up.", retry_after=wait or DAY_OVER)
    return Again(
        "HubSpot limits the number of calls.", wait=USUAL_WAIT.get(policy) if wait is None else wait, busy=True
    )


def _refusal(what: str, status: int, told: Mapping[str, Any], said: str) -> NotAllowed:
    scopes = missing_scopes(told)
    if scopes:
        words = f"HubSpot does not give {what}: the app lacks the scope {' or '.join(scopes)}. Add it to the app."
        return NotAllowed(words, scopes)
    if status == 404:
        return NotAllowed(f"This HubSpot account has no {what}.")
    return NotAllowed(f"HubSpot does not give {what}: {said or 'no right to it'}")


def missing_scopes(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Scopes an error of the category MISSING_SCOPES names, in either of its two places."""
    found: list[str] = []
    for error in told.get("errors") or []:
        context = error.get("context") or {} if isinstance(error, dict) else {}
        found += context.get("requiredGranularScopes") or context.get("requiredScopes") or []
    found += (told.get("context") or {}).get("requiredGranularScopes") or []
    return tuple(dict.fromkeys(str(scope) for scope in found))
