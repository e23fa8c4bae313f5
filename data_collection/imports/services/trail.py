"""What an import leaves behind so that it can be undone: whose writes these are, which rows it added.

What changed rows held before is kept by the statement that changes them (`calc.upserts`).
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.backends.utils import CursorWrapper

from data_collection.imports.calc.tables import Table
from data_collection.imports.models import NewRows, RowBefore

KEPT_FOR = timedelta(days=90)


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


@contextlib.contextmanager
def rows_added(cursor: CursorWrapper, table: Table, *, batch: int) -> Iterator[None]:
    """Remember the ids given out meanwhile. Others may add rows too; theirs do not carry the batch number."""
    if not table.mirror:
        yield
        return
    after = _last_id(cursor, table)
    yield
    last = _last_id(cursor, table)
    if last > after:
        NewRows.objects.create(batch_id=batch, table=table.name, after=after, last=last)


def _last_id(cursor: CursorWrapper, table: Table) -> int:
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table.db_table])
    sequence = cursor.fetchone()[0]
    cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}")
    return cursor.fetchone()[0]


def images_tidy(*, now: datetime) -> int:
    """Forget earlier values too old to go back to. Returns how many rows they were of."""
    old = now - KEPT_FOR
    NewRows.objects.filter(batch__started_at__lt=old).delete()
    return RowBefore.objects.filter(batch__started_at__lt=old).delete()[0]
