from django.utils.translation import gettext_lazy as _

from data_collection.facts.services import Built, facts_rebuild, facts_refresh
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle, job_kind


@nightly_step("facts", after=("sync", "quality", "scores", "snapshots"), title=_("Facts"))
def refresh_facts(job: JobHandle) -> None:
    """Count again the days that changed."""
    _report(job, facts_refresh(progress=job.progress))


@job_kind("facts_rebuild", title=_("Rebuild all facts"), queue="nightly")
def rebuild_facts(job: JobHandle) -> None:
    """Count everything again."""
    _report(job, facts_rebuild(progress=job.progress))


def _report(job: JobHandle, built: Built) -> None:
    job.report(rows_out=built.rows, rebuilt=list(built.rebuilt), refreshed=list(built.refreshed))
