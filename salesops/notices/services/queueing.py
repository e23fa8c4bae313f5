"""Putting messages into the outbox, in the caller's transaction. What is not committed was never said."""

import logging
from collections.abc import Sequence
from datetime import datetime

from celery import current_app
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from salesops.access.models import User
from salesops.notices.kinds import notice_kind_of
from salesops.notices.models import Endpoint, Notice, NoticeChoice, Outbox

log = logging.getLogger(__name__)
RELAY = "salesops.notices.tasks.relay"  # by name: services do not know tasks


def notice_queue(*, user: User, kind: str, subject: str, text: str, key: str, url: str = "") -> bool:
    """Tell a person something once, in the ways they chose: in the product, by e-mail, by Slack.

    Args:
        kind: name registered by `kinds.notice_kind`; people choose the ways per kind.
        key: the same key is never told twice to the same person, e.g. "quality-2026-W47".
        url: path in this product, e.g. "/collect/quality/".

    Returns:
        False when this person was told before.
    """
    choice = choice_of(user, kind)
    with transaction.atomic():
        notice, is_new = Notice.objects.get_or_create(
            user=user,
            key=key[:200],
            defaults={
                "kind": kind,
                "subject": subject[:200],
                "text": text,
                "url": url[:500],
                "in_app": choice.in_app,
            },
        )
        if not is_new:
            return False
        if choice.in_app:
            User.objects.filter(pk=user.pk).update(unread_notices=F("unread_notices") + 1)
        ways = [way for way, wanted in ((Outbox.Way.EMAIL, choice.email), (Outbox.Way.SLACK, choice.slack)) if wanted]
        Outbox.objects.bulk_create([Outbox(way=way, notice=notice, kind=kind, key=notice.key) for way in ways])
        if ways:
            relay_wake()
    return True


def choice_of(user: User, kind: str) -> NoticeChoice:
    """The person's choice for this kind, or what the kind suggests (not saved)."""
    chosen = NoticeChoice.objects.filter(user=user, kind=kind).first()
    if chosen is not None:
        return chosen
    known = notice_kind_of(kind)
    return NoticeChoice(user=user, kind=kind, in_app=known.in_app, email=known.email, slack=known.slack)


def event_queue(
    *,
    kind: str,
    payload: dict,
    key: str,
    subject: str = "",
    occurred_at: datetime | None = None,
    endpoints: Sequence[Endpoint] | None = None,
) -> int:
    """Tell every endpoint that subscribed to this kind, once per key.

    Args:
        payload: the `data` of the webhook. For Slack its `text` (a sentence) and `url` (a path) are shown.
        key: names this event; the same key is queued once per endpoint.
        subject: what it is about, e.g. "lead:12". Events about the same subject arrive in the order they were queued.
        endpoints: instead of the subscribed ones.

    Returns:
        Number of messages queued now.
    """
    to = list(Endpoint.objects.listening(kind) if endpoints is None else endpoints)
    with transaction.atomic():
        told = set(Outbox.objects.filter(endpoint__in=to, key=key[:200]).values_list("endpoint_id", flat=True))
        rows = [
            Outbox(
                endpoint=endpoint,
                kind=kind,
                key=key[:200],
                subject=subject[:80],
                payload=payload,
                occurred_at=occurred_at or timezone.now(),
            )
            for endpoint in to
            if endpoint.pk not in told
        ]
        Outbox.objects.bulk_create(rows, ignore_conflicts=True)
        if rows:
            relay_wake()
    return len(rows)


def relay_wake() -> None:
    """Tell a worker after commit, once per transaction. A lost call is made up for by the beat's own."""
    if any(hook is wake_now for _ids, hook, _robust in connection.run_on_commit):
        return
    transaction.on_commit(wake_now)


def wake_now() -> None:
    """Ask a worker for a round of the relay."""
    try:
        current_app.send_task(RELAY, queue="interactive", retry=False, expires=60)
    except (BrokerDown, OSError) as away:
        log.warning("The outbox waits; the broker is away (%s) and will be told again.", away)
