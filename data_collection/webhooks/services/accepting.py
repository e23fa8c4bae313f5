"""Taking a message in: prove, count, write one row. The rest happens later, so the sender gets its answer fast."""

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from celery import current_app
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown
from redis import Redis
from redis.exceptions import RedisError

from data_collection.webhooks.calc.paths import Place
from data_collection.webhooks.calc.reading import PayloadRefused, decoded, value_of
from data_collection.webhooks.calc.recipe import Recipe, RecipeError
from data_collection.webhooks.calc.signatures import Arrived, Proof, check
from data_collection.webhooks.models import WebhookSource
from data_collection.webhooks.selectors import recipe_parsed

log = logging.getLogger(__name__)
PROCESS = "data_collection.webhooks.tasks.inbox"  # by name: services do not know tasks
WAKE = "webhooks-awake"  # in the cache: a worker has been called and has not begun yet
WAKE_SECONDS = 15
SOURCE_SECONDS = 2.0  # after a change of a source the old one is good for so long
KEY_HEADERS = ("idempotency-key", "x-idempotency-key", "webhook-id")

INSERT = """
    INSERT INTO data_collection_inboxmessage
        (source_id, key, seal, received_at, content_type, query, body, state, tries, next_try_at, error, result)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 'queued', 0, %s, '', '{}')
    ON CONFLICT DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    message_id: int | None  # None: it had been accepted before

    @property
    def is_new(self) -> bool:
        return self.message_id is not None


def message_prove(*, source: WebhookSource, arrived: Arrived) -> Proof | None:
    """The proof that the message comes from the source, by the secret in force or the one before it."""
    now = time.time()
    for secret in source.secrets():
        proof = check(source.scheme, arrived, secret, now=now, window=source.window_seconds)
        if proof is not None:
            return proof
    return None


def message_accept(*, source: WebhookSource, arrived: Arrived, proof: Proof, query: str) -> Accepted:
    """Write the message into the inbox, once per key, and wake a worker."""
    content_type = arrived.headers.get("content-type", "")[:80]
    key = message_key(source=source, arrived=arrived, proof=proof, content_type=content_type, query=query)
    now = timezone.now()
    values = [source.pk, key, proof.seal or None, now, content_type, query[:500], arrived.body, now]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        row = cursor.fetchone()
    if row is not None:
        inbox_wake()
    return Accepted(row[0] if row else None)


def message_key(*, source: WebhookSource, arrived: Arrived, proof: Proof, content_type: str, query: str) -> str:
    """What makes a second delivery the same message: the sender's id, the event's id, else the body itself."""
    given = proof.key or next((arrived.headers[name] for name in KEY_HEADERS if arrived.headers.get(name)), "")
    if given:
        return f"id:{given}" if len(given) <= 190 else f"id:{_digest(given.encode())}"
    event = _event_id(source.recipe, arrived.body, content_type, query)
    if event:
        return f"event:{event}" if len(event) <= 190 else f"event:{_digest(event.encode())}"
    return f"body:{_digest(query.encode() + b'?' + arrived.body)}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _event_id(document: Mapping[str, Any], body: bytes, content_type: str, query: str) -> str:
    """The event's own id, where the payload is one event; a list is known by its body, its members when processed."""
    try:
        recipe = _recipe(orjson.dumps(document))
        if not (recipe.event_id.paths or recipe.event_id.join):
            return ""
        payload = decoded(body, content_type)
    except (PayloadRefused, RecipeError):
        return ""  # the worker says what is wrong, and keeps the message
    if not isinstance(payload, dict):
        return ""
    return value_of(recipe.event_id, Place(payload, payload, dict(parse_qsl(query))))


_known_recipes: dict[bytes, Recipe] = {}


def _recipe(document: bytes) -> Recipe:
    if document not in _known_recipes:
        if len(_known_recipes) > 100:
            _known_recipes.clear()
        _known_recipes[document] = recipe_parsed(orjson.loads(document))
    return _known_recipes[document]


_sources: dict[str, tuple[float, WebhookSource | None]] = {}


def source_by_slug(slug: str) -> WebhookSource | None:
    """The active source of an address; each process asks again after `SOURCE_SECONDS`."""
    now = time.monotonic()
    known = _sources.get(slug)
    if known is None or now - known[0] >= SOURCE_SECONDS:
        if len(_sources) > 1000:  # addresses that strangers made up
            _sources.clear()
        known = _sources[slug] = now, WebhookSource.objects.filter(slug=slug, is_active=True).first()
    return known[1]


@cache
def _counter() -> Redis:
    """A connection of our own: counting costs one round trip instead of the three of the framework's cache."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def over_limit(*, source: WebhookSource) -> bool:
    """Whether this source has sent more than its share of this minute. Without the broker's server nobody counts."""
    name = caches["default"].make_key(f"webhooks-{source.pk}-{int(time.time() // 60)}")
    try:
        both = _counter().pipeline(transaction=False).incr(name).expire(name, 120)
        return int(both.execute()[0]) > source.most_per_minute
    except RedisError:
        log.warning("The cache is away; webhooks of “%s” are not counted.", source.slug)
        return False


def inbox_wake() -> None:
    """Call a worker, unless one has been called that has not begun. A lost call is made up for by the beat's own."""
    try:
        if _counter().set(caches["default"].make_key(WAKE), 1, ex=WAKE_SECONDS, nx=True):
            current_app.send_task(PROCESS, queue="interactive", retry=False, expires=60)
    except (RedisError, BrokerDown, OSError) as away:
        log.warning("Messages wait in the inbox; the broker is away (%s).", away)


def wake_answered() -> None:
    """A worker begins: whoever comes from now on calls again."""
    try:
        _counter().delete(caches["default"].make_key(WAKE))
    except RedisError:
        pass  # the mark ends by itself
