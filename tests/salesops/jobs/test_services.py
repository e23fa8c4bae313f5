"""Jobs survive being run twice, cut off, taken over and killed; the row tells the truth each time."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from salesops.jobs import tasks
from salesops.jobs.models import JobRun, JobState
from salesops.jobs.registry import KINDS, JobCancelled, JobError, JobHandle, JobLater, job_kind
from salesops.jobs.services import (
    WAKE_UP,
    job_cancel,
    job_claim,
    job_enqueue,
    job_retry,
    job_run,
    job_sweep,
    job_work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind() -> Iterator[Callable[..., str]]:
    """Register a handler for the length of a test."""
    made: list[str] = []

    def register(handler: Callable[[JobHandle], None], name: str = "test") -> str:
        made.append(name)
        job_kind(name, title="A test job")(handler)
        return name

    yield register
    for name in made:
        KINDS.pop(name, None)


def test_success_records_counts_and_result(kind: Callable[..., str]) -> None:
    def handler(job: JobHandle) -> None:
        job.progress(3, 4, "three of four")
        job.report(rows_in=10, rows_out=7, rejected=3)

    row = job_run(job_enqueue(kind=kind(handler)).pk)
    assert row is not None
    assert (row.state, row.attempts, row.rows_in, row.rows_out) == (JobState.SUCCEEDED, 1, 10, 7)
    assert row.result == {"rejected": 3}
    assert (row.done, row.total, row.message, row.percent) == (3, 4, "three of four", 100)
    assert row.ended_at is not None and row.lease_token is None


def test_expected_failure_is_final_and_says_why(kind: Callable[..., str]) -> None:
    def handler(job: JobHandle) -> None:
        raise JobError("The file has no header.")

    row = job_run(job_enqueue(kind=kind(handler)).pk)
    assert row is not None
    assert (row.state, row.attempts, row.error) == (JobState.FAILED, 1, "The file has no header.")


def test_unexpected_failure_is_tried_three_times_then_dead(kind: Callable[..., str]) -> None:
    starts = []

    def handler(job: JobHandle) -> None:
        starts.append(job.row.attempts)
        raise RuntimeError("disk on fire")

    pk = job_enqueue(kind=kind(handler)).pk
    for _try in range(5):
        job_run(pk)
        JobRun.objects.filter(pk=pk).update(not_before=timezone.now())
    row = JobRun.objects.get(pk=pk)
    assert starts == [1, 2, 3]
    assert row.state == JobState.FAILED and row.is_dead
    assert row.error == "RuntimeError: disk on fire" and "Traceback" in row.trace


def test_retry_waits_before_it_starts_again(kind: Callable[..., str]) -> None:
    def handler(job: JobHandle) -> None:
        raise RuntimeError("once")

    pk = job_enqueue(kind=kind(handler)).pk
    job_run(pk)
    assert JobRun.objects.get(pk=pk).state == JobState.QUEUED
    assert job_claim(pk) is None


def test_second_worker_does_not_get_a_running_job(kind: Callable[..., str]) -> None:
    pk = job_enqueue(kind=kind(lambda job: None)).pk
    assert job_claim(pk) is not None
    assert job_claim(pk) is None


def test_worker_that_lost_its_lease_changes_nothing(kind: Callable[..., str]) -> None:
    """The first worker hangs past its lease; a second takes over and ends. The first then reports: ignored."""
    pk = 0

    def handler(job: JobHandle) -> None:
        JobRun.objects.filter(pk=pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        second = job_claim(pk)
        assert second is not None and second.row.attempts == 2
        job.report(rows_out=99)

    pk = job_enqueue(kind=kind(handler)).pk
    row = job_run(pk)
    assert row is not None
    assert (row.state, row.attempts, row.rows_out) == (JobState.RUNNING, 2, None)


def test_a_job_whose_worker_dies_each_time_is_given_up(kind: Callable[..., str]) -> None:
    pk = job_enqueue(kind=kind(lambda job: None)).pk
    for _death in range(3):
        assert job_claim(pk) is not None
        JobRun.objects.filter(pk=pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert job_claim(pk) is None
    row = JobRun.objects.get(pk=pk)
    assert row.state == JobState.FAILED and "Given up after 3 attempts" in row.error


def test_one_living_job_per_key(kind: Callable[..., str]) -> None:
    name = kind(lambda job: None)
    first = job_enqueue(kind=name, key="nightly")
    assert job_enqueue(kind=name, key="nightly").pk == first.pk
    job_run(first.pk)
    assert job_enqueue(kind=name, key="nightly").pk != first.pk


def test_cancel_before_the_start_and_during_the_work(kind: Callable[..., str]) -> None:
    waiting = job_enqueue(kind=kind(lambda job: None))
    job_cancel(row=waiting)
    assert job_run(waiting.pk) is None
    assert JobRun.objects.get(pk=waiting.pk).state == JobState.CANCELLED

    def handler(job: JobHandle) -> None:
        job_cancel(row=job.row)
        with pytest.raises(JobCancelled):
            job.progress(1, 2)
        job.progress(1, 2)

    row = job_run(job_enqueue(kind=kind(handler, "test-cancel")).pk)
    assert row is not None and row.state == JobState.CANCELLED


def test_fan_out_runs_parts_then_finish_and_holds_back_what_waits(kind: Callable[..., str]) -> None:
    order: list[str] = []
    kind(lambda job: order.append(f"part {job.params['n']}"), "part")
    kind(lambda job: order.append("finish"), "finish")
    kind(lambda job: order.append("later"), "later")

    def split(job: JobHandle) -> None:
        job.fan_out([("part", f"Part {n}", {"n": n}) for n in range(3)], finish=("finish", "Finish", {}))

    kind(split, "split")
    root = JobRun.objects.create(kind="nightly", title="night", state=JobState.RUNNING)
    first = job_enqueue(kind="split", parent=root)
    later = job_enqueue(kind="later", parent=root, state=JobState.WAITING)
    later.after.add(first)
    night = job_work(root)
    assert sorted(order[:3]) == ["part 0", "part 1", "part 2"] and order[3:] == ["finish", "later"]
    assert (night.state, night.done, night.total) == (JobState.SUCCEEDED, 6, 6)


def test_failed_step_skips_only_what_depends_on_it_and_can_be_run_again(kind: Callable[..., str]) -> None:
    broken = [True]

    def fails(job: JobHandle) -> None:
        if broken[0]:
            raise JobError("No data.")

    kind(fails, "a")
    for name in ("b", "c"):
        kind(lambda job: None, name)
    root = JobRun.objects.create(kind="nightly", title="night", state=JobState.RUNNING)
    a = job_enqueue(kind="a", parent=root)
    b = job_enqueue(kind="b", parent=root, state=JobState.WAITING)
    c = job_enqueue(kind="c", parent=root)
    b.after.add(a)
    assert job_work(root).state == JobState.FAILED
    states = dict(root.children.values_list("kind", "state"))
    assert states == {"a": JobState.FAILED, "b": JobState.SKIPPED, "c": JobState.SUCCEEDED}
    broken[0] = False
    job_retry(row=a)
    assert job_work(root).state == JobState.SUCCEEDED
    assert JobRun.objects.get(pk=c.pk).attempts == 1


def test_sweep_finds_lost_messages_and_dead_workers(kind: Callable[..., str]) -> None:
    name = kind(lambda job: None)
    fresh = job_enqueue(kind=name)
    assert job_sweep() == 0
    JobRun.objects.filter(pk=fresh.pk).update(not_before=timezone.now() - timedelta(minutes=1))
    assert job_sweep() == 1
    handle = job_claim(fresh.pk)
    assert handle is not None and job_sweep() == 0
    JobRun.objects.filter(pk=fresh.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert job_sweep() == 1


def test_a_cancelled_waiting_job_that_is_run_again_still_waits(kind: Callable[..., str]) -> None:
    order: list[str] = []
    kind(lambda job: order.append("first"), "first")
    kind(lambda job: order.append("second"), "second")
    first = job_enqueue(kind="first")
    second = job_enqueue(kind="second", state=JobState.WAITING)
    second.after.add(first)
    job_cancel(row=second)
    assert JobRun.objects.get(pk=second.pk).state == JobState.CANCELLED
    assert job_retry(row=second).state == JobState.WAITING
    assert job_run(second.pk) is None
    job_run(first.pk)
    assert job_run(second.pk) is not None and order == ["first", "second"]


def test_the_wake_up_names_a_task_that_exists() -> None:
    current_app.loader.import_default_modules()
    assert WAKE_UP in current_app.tasks


def test_a_job_put_off_waits_without_losing_an_attempt(kind: Callable[..., str]) -> None:
    """Put off five times, then done: more often than the three attempts a failing job has."""
    starts = []

    def handler(job: JobHandle) -> None:
        starts.append(job.row.attempts)
        if len(starts) <= 5:
            raise JobLater(600, "The other side asks for a pause.")

    pk = job_enqueue(kind=kind(handler)).pk
    row = job_run(pk)
    assert row is not None and row.state == JobState.QUEUED and row.message == "The other side asks for a pause."
    assert row.not_before > timezone.now() + timedelta(seconds=590) and row.lease_token is None
    assert job_claim(pk) is None
    for _pause in range(5):
        JobRun.objects.filter(pk=pk).update(not_before=timezone.now())
        job_run(pk)
    assert starts == [1] * 6 and JobRun.objects.get(pk=pk).state == JobState.SUCCEEDED


def test_every_ticker_has_its_turn_even_when_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def broken(now: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(tasks, "nightly_tick", lambda now: None)
    monkeypatch.setattr(tasks, "TICKERS", {"broken": broken, "next": called.append})
    tasks.tick()
    assert len(called) == 1
