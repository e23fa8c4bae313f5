"""What a recipe would do with a message: done for real, and rolled back."""

from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.utils import timezone

from data_collection.webhooks.calc.reading import PayloadRefused, Wanted
from data_collection.webhooks.calc.recipe import RecipeError
from data_collection.webhooks.models import InboxMessage, WebhookSource
from data_collection.webhooks.services.processing import message_effect, message_wanted

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of a try; `error` says why there is none."""

    wanted: tuple[Wanted, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    error: str = ""


def recipe_try(
    *, source: WebhookSource, document: dict, message: InboxMessage | None = None, body: bytes = b""
) -> Tried:
    """Try a recipe on a message that came, or on a body; nothing is kept.

    Args:
        source: saved or not; its system decides which rows are found.
    """
    copy = WebhookSource(slug=source.slug, system=source.system, name=source.name, recipe=document)
    tried = InboxMessage(
        source=copy,
        key=message.key if message else "try",
        body=bytes(message.body) if message else body,
        content_type=message.content_type if message else "application/json",
        query=message.query if message else "",
        received_at=message.received_at if message else timezone.now(),
    )
    try:
        wanted = message_wanted(source=copy, message=tried)
        with transaction.atomic():
            counts = message_effect(message=tried).counts
            transaction.set_rollback(True)
    except (PayloadRefused, RecipeError, DatabaseError) as refused:
        return Tried(error=str(refused))
    return Tried(tuple(wanted[:MOST_SHOWN]), tuple(sorted(counts.items())))
