"""Reads a source page by page. A page, its cursor and its problems are one transaction, so a kill costs one page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from data_collection.connectors.calc.cells import clean_rows
from data_collection.connectors.calc.source import CursorGone, Page, Source, SourceBroken
from data_collection.connectors.models import Connection, SyncPage, SyncProblem, SyncRun
from salesops.access.models import User
from salesops.jobs.models import JobRun

OVERLAP = timedelta(minutes=10)  # read again: clocks differ, and a change may show late
TOO_OLD = timedelta(days=3)  # an open sync older than this begins again
MOST_REPEATS = 5  # pages of one object whose cursor led nowhere new
MOST_RESTARTS = 3  # of one object

Tell = Callable[[str], None]  # words for the job's page; raises when the work must stop


class TimeIsUp(Exception):
    """The job has worked long enough; the next goes on from the page after."""


def run_open(
    *, connection: Connection, what: str, cause: str, objects: tuple[str, ...], user: User | None, job: JobRun | None
) -> SyncRun:
    """The open sync to go on with, else a new one."""
    now = timezone.now()
    with transaction.atomic():
        run = connection.runs.select_for_update().filter(state__in=SyncRun.OPEN).first()
        if run is not None and _useless(run, what, now):
            run_drop(run=run, why="A sync of everything was asked for." if what == "full" else "It was too old.")
            run = None
        if run is None:
            run = SyncRun(connection=connection, what=what, cause=cause, user=user, started_at=now)
            run.since = _since(connection, what, objects)
        run.job, run.error = job, ""
        run.save()
    return run


def _useless(run: SyncRun, what: str, now: datetime) -> bool:
    if run.state == SyncRun.State.APPLYING:
        return False
    return (what == SyncRun.What.FULL and run.what != what) or now - run.started_at > TOO_OLD


def _since(connection: Connection, what: str, objects: tuple[str, ...]) -> dict[str, str | None]:
    marks = {} if what == SyncRun.What.FULL else dict(connection.cursors.values_list("object", "mark"))
    return {name: (marks[name] - OVERLAP).isoformat() if marks.get(name) else None for name in objects}


def run_drop(*, run: SyncRun, why: str) -> None:
    """Give an open sync up; what it read is discarded, the marks stay."""
    run.state, run.ended_at, run.error = SyncRun.State.DROPPED, timezone.now(), why
    run.save()
    run.pages.all().delete()


def pages_read(*, run: SyncRun, source: Source, tell: Tell, time_is_up: Callable[[], bool] = lambda: False) -> None:
    """Read every object to its end, going on where the pages stop.

    Raises:
        SourceError, TimeIsUp: what was read so far stays.
    """
    for name in source.objects:
        if name not in run.objects_done:
            for _page in _object_pages(run, source, name, tell):
                if time_is_up():
                    raise TimeIsUp


def _object_pages(run: SyncRun, source: Source, name: str, tell: Tell) -> Iterator[int]:
    """Read and store the pages of one object; gives the number of each once it is stored."""
    since = datetime.fromisoformat(run.since[name]) if run.since.get(name) else None
    number, cursor = _place(run, name)
    while True:
        try:
            page = source.page(name, since=since, cursor=cursor)
        except CursorGone as why:
            _restart(run, name, str(why))
            number, cursor = 0, None
            continue
        number += 1
        with transaction.atomic():
            _page_store(run, name, number, page)
            tell(f"{name}: page {number}, {page.records} records")
        yield number
        if page.cursor is None:
            return
        if page.cursor == cursor or number % 50 == 0:
            _must_move(run, name)
        cursor = page.cursor


def _place(run: SyncRun, name: str) -> tuple[int, str | None]:
    """Number of the last stored page, and the cursor that asks for the next."""
    last = run.pages.filter(object=name).order_by("-number").values_list("number", "cursor").first()
    return last or (0, None)


def _must_move(run: SyncRun, name: str) -> None:
    """The same page sent again is harmless; one that always leads to itself would never end."""
    cursors = run.pages.filter(object=name, cursor__isnull=False)
    repeats = cursors.count() - cursors.values("cursor").distinct().count()
    if repeats > MOST_REPEATS:
        raise SourceBroken(f"{name}: the other side sends the same page again and again.")


def _restart(run: SyncRun, name: str, why: str) -> None:
    with transaction.atomic():
        run.restarts[name] = run.restarts.get(name, 0) + 1
        if run.restarts[name] > MOST_RESTARTS:
            raise SourceBroken(f"{name}: {why}")
        run.notes.append(f"{name} was read again from its beginning: {why}")
        run.pages.filter(object=name).delete()
        run.problems.filter(object=name).delete()
        run.save(update_fields=["restarts", "notes"])


def _page_store(run: SyncRun, name: str, number: int, page: Page) -> None:
    rows, problems = clean_rows(page.rows, object=name)
    SyncPage.objects.create(
        run=run,
        object=name,
        number=number,
        rows=rows,
        cursor=page.cursor,
        newest=_moment(page.newest),
        deleted=[list(row) for row in page.deleted],
        merged=[list(row) for row in page.merged],
        whole=[[part.table, part.parent, part.parent_id, list(part.ids)] for part in page.whole],
        records=page.records,
    )
    SyncProblem.objects.bulk_create(
        SyncProblem(run=run, object=name, record=p.id[:120], reason=p.reason, text=p.text[:300])
        for p in (*page.problems, *problems)
    )
    if page.cursor is None:
        run.objects_done = [*run.objects_done, name]
    run.requests += 1
    run.save(update_fields=["requests", "objects_done"])


def _moment(text: str | None) -> datetime | None:
    """A time of change; one that cannot be read moves no mark."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
