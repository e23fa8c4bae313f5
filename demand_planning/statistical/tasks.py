from datetime import date

from django.utils.translation import gettext_lazy as _

from demand_planning.statistical.services import chunk_forecast, chunks, run_create, run_publish
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle, job_kind


@nightly_step("forecasts", after=("facts",), title=_("Forecasts"))
def forecasts(job: JobHandle) -> None:
    """Write the histories, then let the workers fit them in parts and one of them publish."""
    run = run_create(as_of=date.fromisoformat(job.params["as_of"]), job=job.row)
    if run is None:
        job.report(rows_out=0, series=0)
        return
    parts = [
        ("forecast_chunk", f"Forecasts {start + 1}-{end} of {run.series_n}", {"run": run.pk, "from": start, "to": end})
        for start, end in chunks(run)
    ]
    job.fan_out(parts, finish=("forecast_publish", "Publish forecasts", {"run": run.pk}))
    job.report(rows_in=run.series_n, series=run.series_n, run=run.pk)


@job_kind("forecast_chunk", title=_("Forecasts, part"), queue="nightly")
def forecast_part(job: JobHandle) -> None:
    params = job.params
    done = chunk_forecast(run_id=params["run"], start=params["from"], end=params["to"], progress=job.progress)
    job.report(rows_in=params["to"] - params["from"], rows_out=done)


@job_kind("forecast_publish", title=_("Publish forecasts"), queue="nightly")
def publish_forecasts(job: JobHandle) -> None:
    run = run_publish(run_id=job.params["run"])
    job.report(rows_out=run.series_n, coverage_80=run.coverage_80, coverage_95=run.coverage_95)
