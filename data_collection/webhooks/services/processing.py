"""The inbox, worked: each message once in effect. Its rows and its mark of being done are one transaction.

A worker takes messages by a lease and counts the try before it begins; killed anywhere, the message is worked again
when the lease has run out. Bad payloads and poison are set aside with their cause, and can be replayed.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from data_collection.crm.models import Contact, Lead, MarketingEvent
from data_collection.webhooks.calc.reading import PayloadRefused, Wanted, decoded, read_payload
from data_collection.webhooks.calc.recipe import RecipeError
from data_collection.webhooks.models import InboxMessage, InboxState, WebhookSource
from data_collection.webhooks.selectors import recipe_parsed
from data_collection.webhooks.services.accepting import inbox_wake, wake_answered
from data_collection.webhooks.services.people import Row, Stamp, people_lock, person_apply

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
AT_ONCE = 20  # messages taken by one lease
ROUND_SECONDS = 20
MOST_TRIES = 3
WAITS = (timedelta(seconds=5), timedelta(seconds=30))
KEEP_DONE, KEEP_DEAD = timedelta(days=90), timedelta(days=180)

#: Called with the ids of leads a message touched, after it is committed: for scoring at once.
AFTER_EFFECT: list[Callable[[Sequence[int]], None]] = []


def after_effect(call: Callable[[Sequence[int]], None]) -> Callable[[Sequence[int]], None]:
    """Decorator: let a later suite look at leads right after a message touched them."""
    if call not in AFTER_EFFECT:
        AFTER_EFFECT.append(call)
    return call


class LeaseLost(Exception):
    """Another worker has this message now."""


@dataclass(slots=True)
class Effect:
    """What came of one message."""

    counts: Counter[str] = field(default_factory=Counter)
    leads: set[int] = field(default_factory=set)


def inbox_run(*, seconds: float = ROUND_SECONDS) -> int:
    """Work what is due until nothing is or the time is up. Returns how many messages ended."""
    wake_answered()
    until, ended = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        taken = messages_claim()
        if not taken:
            return ended
        for message in taken:
            ended += message_process(message=message)
    inbox_wake()
    return ended


def messages_claim() -> list[InboxMessage]:
    """Take some due messages, the oldest first, under one lease."""
    now, token = timezone.now(), uuid.uuid4()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    with transaction.atomic():
        due = InboxMessage.objects.filter(free, state=InboxState.QUEUED, next_try_at__lte=now)
        taken = list(due.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        InboxMessage.objects.filter(pk__in=taken).update(lease_token=token, lease_until=now + LEASE)
    return list(InboxMessage.objects.filter(pk__in=taken, lease_token=token).select_related("source").order_by("pk"))


def message_process(*, message: InboxMessage) -> bool:
    """Work one claimed message. Whether it ended here; False: it waits for another try, or another worker has it."""
    mine = InboxMessage.objects.filter(pk=message.pk, lease_token=message.lease_token, state=InboxState.QUEUED)
    if not mine.update(tries=F("tries") + 1, lease_until=timezone.now() + LEASE):
        return False
    tries = message.tries + 1
    if tries > MOST_TRIES:
        return _set_aside(mine, f"Given up after {MOST_TRIES} tries; the worker died each time.")
    try:
        with transaction.atomic():
            effect = message_effect(message=message)
            state = InboxState.DONE if effect.counts.keys() - {"ignored", "erased", "unknown"} else InboxState.IGNORED
            if not _end(mine, state, result=dict(effect.counts)):
                raise LeaseLost  # another worker took it over: what this one wrote is rolled back
            transaction.on_commit(lambda: _tell(effect.leads))
    except LeaseLost:
        return False
    except (PayloadRefused, RecipeError) as refused:
        return _set_aside(mine, str(refused))
    except Exception as broken:  # any fault of one message must not stop the others; it is kept with its cause
        log.exception("Message %s could not be processed.", message.pk)
        return _failed(mine, f"{type(broken).__name__}: {broken}", tries)
    return True


def _end(mine: QuerySet[InboxMessage], state: str, **changes: object) -> int:
    return mine.update(
        state=state, ended_at=timezone.now(), lease_token=None, lease_until=None, **{"error": "", **changes}
    )


def _set_aside(mine: QuerySet[InboxMessage], error: str) -> bool:
    _end(mine, InboxState.DEAD, error=error[:500], result={})
    return True


def _failed(mine: QuerySet[InboxMessage], error: str, tries: int) -> bool:
    if tries >= MOST_TRIES:
        return _set_aside(mine, error)
    mine.update(error=error[:500], next_try_at=timezone.now() + WAITS[tries - 1], lease_token=None, lease_until=None)
    return False


def _tell(leads: set[int]) -> None:
    for call in AFTER_EFFECT if leads else ():
        try:
            call(sorted(leads))
        except Exception:  # a look at the leads must not make the message fail that is already done
            log.exception("What follows a message failed.")


# --- the effect ----------------------------------------------------------------------------------------------------
def message_wanted(*, source: WebhookSource, message: InboxMessage) -> list[Wanted]:
    """What a message asks for by the source's recipe.

    Raises:
        PayloadRefused, RecipeError: with the cause.
    """
    recipe = recipe_parsed(source.recipe)
    payload = decoded(bytes(message.body), message.content_type)
    return read_payload(recipe, payload, dict(parse_qsl(message.query)))


def message_effect(*, message: InboxMessage) -> Effect:
    """Write what the message says, in the caller's transaction."""
    source, effect = message.source, Effect()
    wanted = message_wanted(source=source, message=message)
    if not wanted:
        effect.counts["ignored"] += 1
    people_lock(source, [person for one in wanted for person in one.people])
    for one in wanted:
        _apply(message, one, effect)
    return effect


def _apply(message: InboxMessage, one: Wanted, effect: Effect) -> None:
    stamp = Stamp(one.occurred_at or message.received_at, f"{message.key}#{one.number}")
    rows: dict[str, Row] = {}
    for person in one.people:
        row, what = person_apply(source=message.source, person=person, stamp=stamp)
        effect.counts[what if row is None else f"{person.table}s {what}"] += 1
        if row is not None:
            rows[person.table] = row
    lead, contact = rows.get("lead"), rows.get("contact")
    if isinstance(lead, Lead):
        effect.leads.add(lead.pk)
    if one.event is not None and rows:
        effect.counts["events new" if _event(message, one, stamp, lead, contact) else "events same"] += 1


def _event(message: InboxMessage, one: Wanted, stamp: Stamp, lead: Row | None, contact: Row | None) -> bool:
    """Add the marketing event, once per id. Whether it is new."""
    source = message.source
    external_id = one.event_id or f"{message.key}#{one.number}"
    if len(external_id) > 120:
        external_id = uuid.uuid5(uuid.NAMESPACE_OID, external_id).hex
    if one.event is None or MarketingEvent.objects.filter(system=source.system, external_id=external_id).exists():
        return False
    row = MarketingEvent(
        system=source.system,
        external_id=external_id,
        kind=one.event.kind,
        campaign=one.event.campaign,
        attributes=dict(one.event.attributes),
        day=stamp.day,
        modified_at=stamp.at,
        lead=lead if isinstance(lead, Lead) else None,
        contact=contact if isinstance(contact, Contact) else None,
    )
    MarketingEvent.objects.bulk_create([row], ignore_conflicts=True)
    return True


# --- by hand, and by night -----------------------------------------------------------------------------------------
def messages_replay(*, rows: QuerySet[InboxMessage]) -> int:
    """Work messages again that were set aside, by the recipe as it is now. Returns how many."""
    done = rows.filter(state=InboxState.DEAD).update(
        state=InboxState.QUEUED, tries=0, next_try_at=timezone.now(), ended_at=None, error=""
    )
    if done:
        transaction.on_commit(inbox_wake)
    return done


def inbox_tidy(*, now: datetime) -> int:
    """Remove messages that ended long ago; they hold personal data. Returns how many."""
    done = Q(state__in=[InboxState.DONE, InboxState.IGNORED], ended_at__lt=now - KEEP_DONE)
    dead = Q(state=InboxState.DEAD, ended_at__lt=now - KEEP_DEAD)
    return InboxMessage.objects.filter(done | dead).delete()[0]


def inbox_forget(*, words: Sequence[str]) -> int:
    """Empty the bodies of messages that hold one of these texts, e.g. the address of a person who is erased.

    The rows stay, so that the same message is not accepted again. Returns how many.
    """
    pks = [pk for pk, body in InboxMessage.objects.values_list("pk", "body").iterator() if _holds(bytes(body), words)]
    return InboxMessage.objects.filter(pk__in=pks).update(
        body=b"", query="", result={}, error="", state=InboxState.IGNORED
    )


def _holds(body: bytes, words: Sequence[str]) -> bool:
    text = body.decode("utf-8", "replace").lower()
    return any(word and word.lower() in text for word in words)
