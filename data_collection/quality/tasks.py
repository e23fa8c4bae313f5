from datetime import date

from django.utils.translation import gettext_lazy as _

from data_collection.quality.services.checking import quality_check, rows_check
from data_collection.quality.services.nightly import quality_night
from data_collection.quality.services.notes import notes_send
from salesops.company.selectors import company_today
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle, job_kind


@nightly_step("quality", after=("sync",), title=_("Data quality"))
def check_quality(job: JobHandle) -> None:
    """Check every rule and store the day's scores."""
    _check_all(job, date.fromisoformat(job.params["as_of"]))


@nightly_step("quality_note", after=("quality",), title=_("Weekly note on data quality"))
def send_notes(job: JobHandle) -> None:
    """On the weekday of the setting: tell reps and managers what to put right."""
    job.report(rows_out=notes_send(today=date.fromisoformat(job.params["as_of"])))


@job_kind("quality_all", title=_("Check data quality"), queue="nightly")
def check_now(job: JobHandle) -> None:
    """The same as at night, now."""
    _check_all(job, company_today())


@job_kind("quality_rule", title=_("Check one quality rule"))
def check_rule(job: JobHandle) -> None:
    done = quality_check(day=company_today(), names=[job.params["rule"]])
    job.report(rows_out=sum(check.found for check in done), fixed=sum(check.fixed for check in done))


@job_kind("quality_row", title=_("Check one record"))
def check_row(job: JobHandle) -> None:
    """Every rule of a table over one row."""
    done = rows_check(day=company_today(), table=job.params["table"], row_ids=[job.params["row"]])
    job.report(rows_in=1, rows_out=sum(check.found for check in done), fixed=sum(check.fixed for check in done))


def _check_all(job: JobHandle, day: date) -> None:
    night = quality_night(day=day, progress=job.progress)
    job.report(rows_in=night.rules, rows_out=night.found, opened=night.opened, fixed=night.fixed, back=night.came_back)
