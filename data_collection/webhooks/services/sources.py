"""Sources by hand: a new secret, the one before it still valid for a while."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from data_collection.webhooks.models import WebhookSource
from salesops.notices.calc.signing import new_secret

OVERLAP = timedelta(days=7)


def source_rotate(*, source: WebhookSource, secret: str = "", overlap: timedelta = OVERLAP) -> str:
    """Give a source a new secret; the one before stays valid for the overlap.

    Args:
        secret: one the other side made, e.g. the client secret of a HubSpot app; empty = a fresh one.

    Returns:
        The secret, to be shown once.
    """
    fresh = secret or (new_secret() if source.scheme == WebhookSource.Scheme.STANDARD else secrets.token_urlsafe(32))
    with transaction.atomic():
        row = WebhookSource.objects.select_for_update().get(pk=source.pk)
        if row.secret:
            row.secret_before, row.secret_before_until = row.secret, timezone.now() + overlap
        row.secret = fresh
        row.save(update_fields=["secret", "secret_before", "secret_before_until"])
    source.refresh_from_db()
    return fresh


def source_forget_before(*, source: WebhookSource) -> None:
    """End the old secret now, for one that became known."""
    WebhookSource.objects.filter(pk=source.pk).update(secret_before="", secret_before_until=None)
