from dataclasses import dataclass
from datetime import datetime

from salesops.jobs.models import JobRun, JobState


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the numbers on the pages are."""

    at: datetime | None  # when the facts were last brought up to date
    failed: str  # title of the last night's failed step, empty when all is well
    running: bool  # a night is running now


def freshness() -> Freshness:
    """From the latest finished facts step and the latest night."""
    counted = JobRun.objects.filter(kind="facts", state=JobState.SUCCEEDED).order_by("-ended_at")[:1]
    latest = {job.kind: job for job in counted.union(JobRun.objects.filter(kind="nightly").order_by("-created_at")[:1])}
    facts, night = latest.get("facts"), latest.get("nightly")
    failed = None
    if night is not None and night.state == JobState.FAILED:
        failed = night.children.filter(state=JobState.FAILED).order_by("pk").first()
    return Freshness(
        at=facts.ended_at if facts else None,
        failed=failed.title if failed else "",
        running=night is not None and night.is_live,
    )
