"""The Celery task that works the inbox, and the night's tidying. Importing it registers the collector of changes."""

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.webhooks.services import changes
from data_collection.webhooks.services.processing import inbox_run, inbox_tidy
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle

__all__ = ["changes", "inbox", "webhooks_tidy"]


@shared_task
def inbox() -> None:
    inbox_run()


@nightly_step("webhooks_tidy", title=_("Tidy received messages"))
def webhooks_tidy(job: JobHandle) -> None:
    """Remove received messages that ended long ago."""
    job.report(rows_out=inbox_tidy(now=timezone.now()))
