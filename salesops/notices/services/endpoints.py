"""Endpoints by hand: make, change the secret, test, resume; and sending again what was given up."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from salesops.access.models import User
from salesops.notices.calc.signing import new_secret
from salesops.notices.kinds import EVENT_KINDS, TEST_EVENT
from salesops.notices.models import Endpoint, Notice, Outbox, OutboxState
from salesops.notices.services.queueing import event_queue, relay_wake

OVERLAP = timedelta(hours=24)  # both secrets sign so long
KEEP_SENT, KEEP_DEAD, KEEP_NOTICES = timedelta(days=30), timedelta(days=90), timedelta(days=180)


def endpoint_rotate(*, endpoint: Endpoint, now: datetime | None = None) -> str:
    """Give a webhook a new signing secret; the one before goes on signing beside it for a day.

    Returns:
        The secret, to be shown once.
    """
    secret = new_secret()
    with transaction.atomic():
        row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        if row.secret:
            row.secret_before, row.secret_before_until = row.secret, (now or timezone.now()) + OVERLAP
        row.secret = secret
        row.save(update_fields=["secret", "secret_before", "secret_before_until"])
    endpoint.refresh_from_db()
    return secret


def endpoint_test(*, endpoint: Endpoint) -> Outbox:
    """Queue a message that says it is a test, in the form of the first kind the endpoint subscribed to."""
    sample = next((EVENT_KINDS[kind].sample for kind in endpoint.events if kind in EVENT_KINDS), {})
    payload = {"text": _("This is a test from sales operations.")} | sample | {"test": True}
    key = f"test-{uuid.uuid4().hex}"
    event_queue(kind=TEST_EVENT, payload=payload, key=key, endpoints=[endpoint])
    return Outbox.objects.get(endpoint=endpoint, key=key)


def endpoint_resume(*, endpoint: Endpoint) -> None:
    """Go on with a paused endpoint: everything that waits is due at once."""
    now = timezone.now()
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(
            paused_at=None, paused_because="", failing_since=None, failures=0, not_before=now
        )
        endpoint.outbox.filter(state=OutboxState.QUEUED).update(next_try_at=now)
        relay_wake()


def outbox_replay(*, rows: QuerySet[Outbox]) -> int:
    """Send again, under the same id, what was given up. Returns how many."""
    with transaction.atomic():
        done = rows.filter(state=OutboxState.DEAD).update(
            state=OutboxState.QUEUED, tries=0, next_try_at=timezone.now(), ended_at=None
        )
        relay_wake()
    return done


def notices_read(*, user: User, rows: QuerySet[Notice]) -> int:
    """Mark a person's notices read and count again what is left."""
    with transaction.atomic():
        done = rows.filter(user=user, read_at__isnull=True).update(read_at=timezone.now())
        unread_count(users=User.objects.filter(pk=user.pk))
    return done


def unread_count(*, users: QuerySet[User]) -> None:
    """The number on the bell, from the notices themselves. It lies on the person's row: no page asks for it twice."""
    unread = Notice.objects.filter(user=OuterRef("pk"), in_app=True, read_at__isnull=True).order_by()
    number = Subquery(unread.values("user").annotate(n=Count("pk")).values("n"))
    users.select_for_update().order_by("pk").first()
    users.update(unread_notices=Coalesce(number, 0))


def outbox_forget(*, subject: str) -> int:
    """Remove every message about a subject, e.g. "lead:12", sent or not: for a person whose data is erased."""
    return Outbox.objects.filter(subject=subject).delete()[0]


def outbox_tidy(*, now: datetime) -> int:
    """Remove what ended long ago. Returns how many rows."""
    ended = Outbox.objects.filter(state__in=[OutboxState.SENT, OutboxState.DROPPED], ended_at__lt=now - KEEP_SENT)
    dead = Outbox.objects.filter(state=OutboxState.DEAD, ended_at__lt=now - KEEP_DEAD)
    gone = ended.delete()[0] + dead.delete()[0]
    gone += Notice.objects.filter(created_at__lt=now - KEEP_NOTICES).delete()[0]
    with transaction.atomic():
        unread_count(users=User.objects.all())
    return gone
