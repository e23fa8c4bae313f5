"""Which kinds of job exist, and what a handler holds while it works."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.files.base import ContentFile
from django.utils import timezone

from salesops.jobs.models import JobRun, JobState

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)


class JobError(Exception):
    """An expected failure that trying again will not mend; the text is for a person."""


class JobCancelled(Exception):
    """Somebody asked this job to stop."""


class JobLater(Exception):
    """Not now: the job goes on after a pause, from where its rows say it is. Costs no attempt."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds


class LeaseLost(Exception):
    """Another worker has taken over; whatever this one did is not committed under its name."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """Jobs to start when this one has succeeded, and one to run after all of them."""

    parts: list[tuple[str, str, dict]]  # (kind, title, params)
    finish: tuple[str, str, dict] | None


@dataclass(slots=True)
class JobHandle:
    """A claimed job, as its handler sees it."""

    row: JobRun
    token: uuid.UUID
    fanned: FanOut | None = None
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def params(self) -> dict[str, Any]:
        return self.row.params

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Show how far the work is, and keep the lease.

        Raises:
            JobCancelled: somebody pressed cancel.
            LeaseLost: another worker has taken over.
        """
        changes = {"done": done, "lease_until": timezone.now() + LEASE}
        if total is not None:
            changes["total"] = total
        if message:
            changes["message"] = message[:300]
        self.write(**changes)
        if JobRun.objects.filter(pk=self.row.pk, cancel_asked=True).exists():
            raise JobCancelled

    def write(self, **changes: object) -> None:
        """Change the row, if this worker still holds the lease."""
        mine = JobRun.objects.filter(pk=self.row.pk, lease_token=self.token, state=JobState.RUNNING)
        if mine.update(**changes) != 1:
            raise LeaseLost(f"job {self.row.pk}")

    def report(self, *, rows_in: int | None = None, rows_out: int | None = None, **result: Any) -> None:
        """Counts and findings shown on the job page; stored when the job ends."""
        if rows_in is not None:
            self.row.rows_in = rows_in
        if rows_out is not None:
            self.row.rows_out = rows_out
        self.results |= result

    def result_file(self, name: str, content: bytes) -> None:
        self.row.result_file.save(name, ContentFile(content), save=False)

    def fan_out(self, parts: Sequence[tuple[str, str, dict]], finish: tuple[str, str, dict] | None = None) -> None:
        """Hand parts of the work to other workers once this job has succeeded.

        Whatever waits for this job then waits for `finish` too.
        """
        self.fanned = FanOut(list(parts), finish)


Handler = Callable[[JobHandle], None]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str
    queue: str
    run: Handler


KINDS: dict[str, Kind] = {}


def job_kind(name: str, *, title: str, queue: str = "interactive") -> Callable[[Handler], Handler]:
    """Register a handler. It must give the same result when it runs twice or was cut off anywhere."""

    def register(handler: Handler) -> Handler:
        known = KINDS.get(name)
        if known is not None and known.run is not handler and known.run.__module__ != handler.__module__:
            raise ValueError(f"Two handlers for the job kind {name!r}: {known.run} and {handler}.")
        KINDS[name] = Kind(name, title, queue, handler)
        return handler

    return register


TICKERS: dict[str, Callable[[datetime], None]] = {}


def each_tick(ticker: Callable[[datetime], None]) -> Callable[[datetime], None]:
    """Call this with the time whenever beat ticks, about once a minute and from any number of beats at once.

    It looks at rows and enqueues what is due; the work itself is a job.
    """
    TICKERS[f"{ticker.__module__}.{ticker.__qualname__}"] = ticker
    return ticker


def load_kinds() -> None:
    """Import every app's tasks, where the handlers register."""
    for config in apps.get_app_configs():
        if (config.module.__file__ or "").startswith(str(_root())) and _has_tasks(config.name):
            import_module(f"{config.name}.tasks")


def _root() -> str:
    return str(apps.get_app_config("salesops").path).removesuffix("/salesops")


def _has_tasks(app: str) -> bool:
    from importlib.util import find_spec

    return find_spec(f"{app}.tasks") is not None


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        load_kinds()
    if name not in KINDS:
        raise JobError(f"No handler is registered for jobs of kind “{name}”.")
    return KINDS[name]
