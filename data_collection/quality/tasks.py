from datetime import date

from django.utils.translation import gettext_lazy as _

from data_collection.quality.rules import RULES
from data_collection.quality.services import quality_count
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle


@nightly_step("quality", after=("sync",), title=_("Data quality"))
def count_quality(job: JobHandle) -> None:
    """Count what each quality rule finds today, so that trends can be shown."""
    found = quality_count(day=date.fromisoformat(job.params["as_of"]))
    job.report(rows_in=len(RULES), rows_out=found)
