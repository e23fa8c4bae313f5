"""One import or undo at a time, and its early end."""

import contextlib
from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection
from psycopg2.errors import QueryCanceled

LOCK = 7_236_001  # advisory lock


@contextlib.contextmanager
def imports_alone(progress: Callable[[int, int, str], None]) -> Iterator[None]:
    """Hold the lock of imports; it goes with the connection when the process is killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            progress(0, 1, "Waiting for another import to end.")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def is_ended_statement(broken: BaseException) -> bool:
    """The database ended a statement because it was asked to from outside."""
    return isinstance(broken.__cause__, QueryCanceled)
