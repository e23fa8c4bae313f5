"""The relay's Celery task, and the night's tidying of what was sent long ago."""

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle
from salesops.notices.services.endpoints import outbox_tidy
from salesops.notices.services.relay import relay_run


@shared_task
def relay() -> None:
    relay_run()


@nightly_step("notices_tidy", title=_("Tidy sent messages"))
def notices_tidy(job: JobHandle) -> None:
    """Remove what was sent long ago; messages hold names of people."""
    job.report(rows_out=outbox_tidy(now=timezone.now()))
