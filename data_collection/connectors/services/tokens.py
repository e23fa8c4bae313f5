"""Tokens a vendor hands out: encrypted, shared by all workers, renewed by one of them at a time."""

import contextlib
import json
from collections.abc import Iterator

from django.db import DatabaseError
from django.db import connection as database

from data_collection.connectors.calc.source import SourceRefused
from data_collection.connectors.models import Connection
from salesops.secrets.cipher import Unreadable

LOCK = 7_236_003  # advisory lock with the connection's id: one renewal at a time


class StoredTokens:
    """The token of one connection; see `calc.source.TokenStore`."""

    def __init__(self, connection: Connection) -> None:
        self._pk = connection.pk

    def load(self) -> dict[str, str]:
        row = Connection.objects.filter(pk=self._pk).only("token").first()
        if row is None:
            raise SourceRefused("The connection was deleted.")
        try:
            return json.loads(row.token.reveal() or "{}")
        except Unreadable:
            return {}  # a new one can be had

    def save(self, token: dict[str, str]) -> None:
        Connection.objects.filter(pk=self._pk).update(token=json.dumps(token))

    @contextlib.contextmanager
    def renewing(self) -> Iterator[dict[str, str]]:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, self._pk])
        try:
            yield self.load()
        finally:
            with contextlib.suppress(DatabaseError), database.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, self._pk])
