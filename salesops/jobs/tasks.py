"""The three Celery tasks: work one job, sweep up lost ones, tick the schedule."""

from celery import shared_task
from django.utils import timezone

from salesops.jobs.nightly import nightly_tick
from salesops.jobs.services import job_run, job_sweep


@shared_task
def work(pk: int) -> None:
    job_run(pk)


@shared_task
def sweep() -> None:
    job_sweep()


@shared_task
def tick() -> None:
    nightly_tick(now=timezone.now())
