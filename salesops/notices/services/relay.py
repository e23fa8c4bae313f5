"""The relay: takes due rows one by one, sends them, and writes what came of it under its lease.

Each receiver is a lane of its own, so that a slow one keeps nobody else waiting. Killed anywhere, a row stays in
the outbox and is sent again under the same id when its lease has run out.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from salesops.access.models import Role, User
from salesops.jobs.registry import load_kinds
from salesops.notices.calc import backoff
from salesops.notices.kinds import ENDPOINT_PAUSED
from salesops.notices.models import Endpoint, Outbox, OutboxState, SlackMember
from salesops.notices.services.queueing import notice_queue, wake_now
from salesops.notices.services.sending import Outcome, send

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=90)  # longer than any one try
ROUND_SECONDS = 20
LANES = 8
PAUSE_AFTER = timedelta(hours=6)  # of nothing but failures
LONGEST_PROBE = timedelta(minutes=15)  # a failing receiver is asked at least this often

#: Called at the start of each round; they bring what happened elsewhere into the outbox and return how much.
COLLECTORS: list[Callable[[], int]] = []


def collector(collect: Callable[[], int]) -> Callable[[], int]:
    """Decorator: let a later suite put its events into the outbox at every round."""
    if collect not in COLLECTORS:
        COLLECTORS.append(collect)
    return collect


@dataclass(frozen=True, slots=True)
class Lane:
    """One receiver: an endpoint, or all e-mail, or all direct messages."""

    way: str
    endpoint_id: int | None


@dataclass(slots=True)
class Relayed:
    sent: int = 0
    failed: int = 0


def relay_run(*, seconds: float = ROUND_SECONDS) -> Relayed:
    """Collect, then send what is due until nothing is or the time is up."""
    load_kinds()  # the suites register their collectors and kinds of events
    for collect in COLLECTORS:
        _collected(collect)
    until = time.monotonic() + seconds
    lanes = _lanes()
    if connection.in_atomic_block or len(lanes) < 2:  # inside a test's transaction other threads would see nothing
        done = [_work(lane, until) for lane in lanes]
    else:
        with ThreadPoolExecutor(min(LANES, len(lanes))) as pool:
            done = list(pool.map(lambda lane: _work_apart(lane, until), lanes))
    if time.monotonic() > until and _lanes():
        wake_now()
    return Relayed(sum(d.sent for d in done), sum(d.failed for d in done))


def _collected(collect: Callable[[], int]) -> None:
    try:
        collect()
    except Exception:  # what another suite brings must not keep the rest from being sent
        log.exception("Events could not be collected.")


def _ready(now: datetime) -> Q:
    """Rows to people always; rows to endpoints that are on and not paused or resting."""
    open_ = Q(endpoint__is_active=True, endpoint__paused_at__isnull=True, endpoint__not_before__lte=now)
    return Q(endpoint__isnull=True) | open_


def _lanes() -> list[Lane]:
    now = timezone.now()
    rows = Outbox.objects.due(now).filter(_ready(now)).order_by().values_list("way", "endpoint_id").distinct()
    return [Lane(way, endpoint) for way, endpoint in rows]


def _work_apart(lane: Lane, until: float) -> Relayed:
    try:
        return _work(lane, until)
    finally:
        connection.close()  # this thread's own


def _work(lane: Lane, until: float) -> Relayed:
    done = Relayed()
    while time.monotonic() < until:
        row = outbox_claim(lane)
        if row is None:
            break
        outcome = _tried(row)
        outbox_settle(row=row, outcome=outcome)
        if outcome.fault:
            done.failed += 1
        else:
            done.sent += 1
    return done


def _tried(row: Outbox) -> Outcome:
    try:
        return send(row)
    except Exception as broken:  # a fault of ours must not end the lane; the row says what it was
        log.exception("Outbox row %s could not be sent.", row.pk)
        return Outcome("message", answer=f"{type(broken).__name__}: {broken}"[:300])


def outbox_claim(lane: Lane) -> Outbox | None:
    """Take the next due row of a lane, counting the try before it is made. None: nothing is due."""
    now = timezone.now()
    with transaction.atomic():
        due = Outbox.objects.due(now).filter(_ready(now), way=lane.way, endpoint=lane.endpoint_id)
        row = due.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
        if row is None:
            return None
        row.tries, row.lease_token, row.lease_until = row.tries + 1, uuid.uuid4(), now + LEASE
        row.save(update_fields=["tries", "lease_token", "lease_until"])
    return Outbox.objects.select_related("endpoint", "notice__user").get(pk=row.pk)


def outbox_settle(*, row: Outbox, outcome: Outcome) -> bool:
    """Write what came of a try, if this relay still holds the row. False: another took it over; nothing is written."""
    now = timezone.now()
    changes = _next(row, outcome, now) | {
        "code": outcome.code,
        "answer": outcome.answer[:300],
        "took_ms": outcome.took_ms,
        "lease_token": None,
        "lease_until": None,
    }
    with transaction.atomic():
        mine = Outbox.objects.filter(pk=row.pk, lease_token=row.lease_token, state=OutboxState.QUEUED)
        if not mine.update(**changes):
            return False
        if outcome.member and row.notice is not None:
            SlackMember.objects.update_or_create(user=row.notice.user, defaults={"member": outcome.member})
        if row.endpoint is not None:
            _endpoint_after(row.endpoint, outcome, now)
            if changes["state"] == OutboxState.DEAD:
                _tell_given_up(row.endpoint, now)
    return True


def _next(row: Outbox, outcome: Outcome, now: datetime) -> dict:
    """The row's state after this try."""
    if not outcome.fault:
        return {"state": OutboxState.SENT, "ended_at": now}
    if outcome.fault == "unwanted":
        return {"state": OutboxState.DROPPED, "ended_at": now}
    if outcome.fault == "setup" and row.endpoint is not None:  # the endpoint is paused; this try does not count
        return {"state": OutboxState.QUEUED, "tries": row.tries - 1, "next_try_at": now}
    if outcome.fault == "refused" or row.tries >= backoff.MOST_TRIES:
        return {"state": OutboxState.DEAD, "ended_at": now}
    pause = max(backoff.wait(row.tries, chance=random.random()), backoff.asked(outcome.retry_after))  # noqa: S311
    return {"state": OutboxState.QUEUED, "next_try_at": now + pause}


def _endpoint_after(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    mine = Endpoint.objects.filter(pk=endpoint.pk)
    if not outcome.fault:
        mine.update(failures=0, failing_since=None, last_sent_at=now, not_before=now)
        if endpoint.failing_since is not None:  # it is back: what waited for it goes now
            endpoint.outbox.filter(state=OutboxState.QUEUED, next_try_at__gt=now).update(next_try_at=now)
    elif outcome.fault in ("message", "refused"):  # it answered: only this message is at fault
        mine.update(failures=0, failing_since=None)
    elif outcome.fault == "setup":
        endpoint_pause(endpoint=endpoint, because=outcome.answer or f"HTTP {outcome.code}", now=now)
    elif outcome.fault == "receiver":
        pause = min(backoff.wait(min(endpoint.failures + 1, 10), chance=random.random()), LONGEST_PROBE)  # noqa: S311
        rest = max(pause, backoff.asked(outcome.retry_after))
        mine.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", now), not_before=now + rest)
        if endpoint.failing_since is not None and now - endpoint.failing_since > PAUSE_AFTER:
            hours = round(PAUSE_AFTER.total_seconds() / 3600)
            words = _("Nothing but failures for %(hours)s hours; the last: %(answer)s")
            endpoint_pause(endpoint=endpoint, because=words % {"hours": hours, "answer": outcome.answer}, now=now)


def endpoint_pause(*, endpoint: Endpoint, because: str, now: datetime) -> None:
    """Try nothing more until a person has looked; messages go on being collected. Operations are told once."""
    fresh = Endpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=True)
    if not fresh.update(paused_at=now, paused_because=because[:300]):
        return
    subject = _("Outgoing “%(name)s” is paused") % {"name": endpoint.name}
    _tell_operations(subject, because, f"endpoint-paused-{endpoint.pk}-{now:%Y%m%d%H%M}", endpoint)


def _tell_given_up(endpoint: Endpoint, now: datetime) -> None:
    subject = _("Messages to “%(name)s” were given up") % {"name": endpoint.name}
    text = _("They stay in the log and can be sent again.")
    _tell_operations(subject, text, f"endpoint-dead-{endpoint.pk}-{now:%Y%m%d}", endpoint)


def _tell_operations(subject: str, text: str, key: str, endpoint: Endpoint) -> None:
    for user in User.objects.filter(Q(role=Role.OPS) | Q(is_superuser=True), is_active=True):
        url = reverse("endpoint", args=[endpoint.pk])
        notice_queue(user=user, kind=ENDPOINT_PAUSED.name, subject=subject, text=text, key=key, url=url)
