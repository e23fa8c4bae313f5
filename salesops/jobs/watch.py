"""A job's side thread: tells progress and hears of a cancel while the work sits in one long SQL statement."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from django.db import DatabaseError, OperationalError, connection

from salesops.jobs.registry import JobCancelled, JobHandle, LeaseLost

log = logging.getLogger(__name__)
PAUSE = 1.0  # seconds between two looks
PATIENCE = 3  # looks until a statement that was asked to end is asked again


class JobWatch:
    """Around work whose statements may run for minutes.

    `tell` notes progress; the thread writes it on a connection of its own, since what is written inside the work's
    transaction nobody would see. When the job is cancelled, or another worker took it over, the statement that runs
    is ended, and the block ends with JobCancelled or LeaseLost. The transaction of the work is rolled back with it.
    """

    def __init__(self, job: JobHandle) -> None:
        self._job = job
        self._plain = connection.in_atomic_block  # in a test's transaction no other connection sees the job
        self._news: tuple[int, int, str] | None = None
        self._ended: JobCancelled | LeaseLost | None = None
        self._known = False  # the work has heard of it
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name=f"watch-{job.row.pk}")
        self._backend = 0

    def tell(self, done: int, total: int, message: str) -> None:
        """Note how far the work is.

        Raises:
            JobCancelled, LeaseLost: the work must end here.
        """
        if self._plain:
            self._job.progress(done, total, message)
            return
        self._news = (done, total, message)
        self._raise_ended()

    def _raise_ended(self) -> None:
        with self._lock:
            if self._ended is not None:
                self._known = True
                raise self._ended

    def __enter__(self) -> Self:
        if not self._plain:
            connection.ensure_connection()
            self._backend = connection.connection.get_backend_pid()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._thread.ident is None:
            return
        self._stop.set()
        self._thread.join()
        if self._ended is not None and isinstance(error, DatabaseError):
            raise self._ended from error
        if error is None and self._news is not None:  # done: a cancel comes too late now
            done, total, message = self._news
            self._job.write(done=done, total=total, message=message[:300])

    def _watch(self) -> None:
        looks = 0
        with _own_connection():
            while not self._stop.wait(PAUSE):
                self._look()
                if self._ended is not None:
                    self._end_statement(looks)
                    looks += 1

    def _look(self) -> None:
        try:
            self._job.progress(*(self._news or (0, None, "")))
        except (JobCancelled, LeaseLost) as ended:
            self._ended = ended
        except OperationalError:
            log.warning("The watch of job %s lost the database for a moment.", self._job.row.pk)
            connection.close()

    def _end_statement(self, looks: int) -> None:
        with self._lock:
            if self._known or looks % PATIENCE:
                return
            with contextlib.suppress(OperationalError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_cancel_backend(%s)", [self._backend])


@contextlib.contextmanager
def _own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()
