"""Setting up a connection: what was entered, whether it answers, its mapping."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from data_collection.connectors.calc.source import Settings, Source, SourceError, SourceRefused, World
from data_collection.connectors.models import Connection, SyncCursor, SyncPage
from data_collection.connectors.services.tokens import StoredTokens
from data_collection.connectors.sources.registry import KINDS, shipped_mapping, source_connect
from data_collection.imports.selectors import mapping_parsed
from salesops.access.models import User
from salesops.company.models import Company
from salesops.jobs.services import job_cancel
from salesops.secrets.cipher import Unreadable


def connection_save(
    *, connection: Connection, given: Mapping[str, str], clear: frozenset[str] = frozenset(), user: User | None = None
) -> Connection:
    """Store a new or changed connection.

    Args:
        given: fields of the vendor's form by name; a secret that is empty stays as it was.
        clear: secrets to forget.
    """
    fields = KINDS[connection.kind].fields
    plain = {
        field.name: (given.get(field.name, "").strip() or field.default) for field in fields if field.kind != "secret"
    }
    secrets = _readable_secrets(connection)
    before = dict(secrets), dict(connection.settings)
    for field in fields:
        if field.kind != "secret":
            continue
        if given.get(field.name, "").strip():
            secrets[field.name] = given[field.name].strip()
        elif field.name in clear:
            secrets.pop(field.name, None)
    connection.settings, connection.secrets = plain, json.dumps(secrets)
    if before != (secrets, plain):
        connection.token = ""  # what the vendor handed out belongs to the old entries
    if connection.pk is None:
        connection.created_by = user
    connection.plan_next(timezone.now())
    connection.save()
    return connection


def _readable_secrets(connection: Connection) -> dict[str, str]:
    try:
        return connection.secret_values()
    except Unreadable:
        return {}


def connection_source(connection: Connection) -> Source:
    """The source behind a connection; no request is made yet.

    Raises:
        SourceRefused: its secrets can no longer be read.
    """
    try:
        entered: Settings = {**connection.settings, **connection.secret_values()}
    except Unreadable as why:
        raise SourceRefused(str(why)) from None
    world = World(address=settings.CONNECTOR_ADDRESSES.get(connection.kind, ""), zone=Company.get().zone)
    return source_connect(connection.kind, entered, tokens=StoredTokens(connection), world=world)


def connection_test(*, connection: Connection) -> tuple[bool, str]:
    """Whether it answers, and the words for it; both are kept."""
    try:
        good, words = True, connection_source(connection).test()
    except SourceError as why:
        good, words = False, str(why)
    connection.tested_at, connection.test_good, connection.test_words = timezone.now(), good, words
    connection.save(update_fields=["tested_at", "test_good", "test_words"])
    if good and connection.state == Connection.State.ATTENTION:
        state_set(connection=connection, state=Connection.State.NEW if not connection.cursors.exists() else "ok")
    return good, words


def state_set(*, connection: Connection, state: str, words: str = "") -> bool:
    """Keep what is so now. Returns whether the state is another one than before."""
    changed = connection.state != state
    connection.state, connection.words = state, words
    if changed or connection.state_at is None:
        connection.state_at = timezone.now()
    connection.save(update_fields=["state", "words", "state_at"])
    return changed


def connection_pause(*, connection: Connection, active: bool) -> None:
    """Off: a sync that runs ends at its next page, no other starts."""
    connection.active = active
    connection.plan_next(timezone.now())
    connection.save(update_fields=["active", "next_at"])
    if not active:
        _stop(connection)


def connection_delete(*, connection: Connection) -> None:
    """The rows it brought stay; so do its imports."""
    _stop(connection)
    with transaction.atomic():
        SyncPage.objects.filter(run__connection=connection).delete()
        connection.delete()


def _stop(connection: Connection) -> None:
    for run in connection.runs.filter(state__in=("reading", "applying"), job__isnull=False).select_related("job"):
        if run.job.is_live:
            job_cancel(row=run.job)


def mapping_set(*, connection: Connection, document: dict[str, Any] | None) -> None:
    """Use an own mapping; None: the shipped one again. Fields that are new to it fill with the next full sync.

    Raises:
        MappingError: with every mistake.
    """
    if document is not None:
        mapping_parsed(document, name=connection.kind, system=connection.system)
    connection.mapping = None if document == shipped_mapping(connection.kind) else document
    connection.save(update_fields=["mapping"])


def cursors_forget(*, connection: Connection) -> None:
    """The next sync reads everything."""
    SyncCursor.objects.filter(connection=connection).delete()
