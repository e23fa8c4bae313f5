"""What an import leaves behind so that it can be undone: whose writes these are, and what was there before."""

import contextlib
from collections.abc import Iterator

from django.db import connection


@contextlib.contextmanager
def import_writes(batch: int) -> Iterator[None]:
    """Inside, changed mirror rows keep the batch number they are given; elsewhere a change takes it away.

    The caller holds the transaction.
    """
    _say(str(batch))
    yield
    _say("")  # not after an error: the rollback takes it back


def _say(batch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('salesops.import_writes', %s, true)", [batch])
