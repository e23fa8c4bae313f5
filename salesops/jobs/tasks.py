"""The three Celery tasks: work one job, sweep up lost ones, tick the schedules."""

import logging

from celery import shared_task
from django.utils import timezone

from salesops.jobs.nightly import nightly_tick
from salesops.jobs.registry import TICKERS, load_kinds
from salesops.jobs.services import job_run, job_sweep

log = logging.getLogger(__name__)


@shared_task
def work(pk: int) -> None:
    job_run(pk)


@shared_task
def sweep() -> None:
    job_sweep()


@shared_task
def tick() -> None:
    now = timezone.now()
    nightly_tick(now=now)
    load_kinds()
    for name, ticker in TICKERS.items():
        try:
            ticker(now)
        except Exception:  # one that fails must not keep the others from their turn
            log.exception("%s failed at a tick.", name)
