"""The nightly search, the search on demand, and merging many groups."""

from django.utils.translation import gettext_lazy as _

from data_collection.duplicates.models import Kind
from data_collection.duplicates.services.bulk import groups_merge
from data_collection.duplicates.services.leads import lead_matches_rebuild
from data_collection.duplicates.services.merging import strays_repoint
from data_collection.duplicates.services.search import search_all
from salesops.access.models import User
from salesops.jobs.nightly import nightly_step
from salesops.jobs.registry import JobHandle, job_kind


@nightly_step("duplicates", after=("sync",), title=_("Duplicates"))
def nightly_duplicates(job: JobHandle) -> None:
    """Look at the rows that changed since the last search."""
    search(job)


@job_kind("duplicates_search", title=_("Search for duplicates"), queue="interactive")
def search_duplicates(job: JobHandle) -> None:
    """The same, on demand."""
    search(job)


def search(job: JobHandle) -> None:
    strays = strays_repoint()
    found = search_all(progress=job.progress)
    leads = lead_matches_rebuild()
    result: dict[str, object] = {"strays_repointed": strays, "leads_known_already": leads}
    for one in found:
        result[f"{one.kind}_pairs"] = one.pairs
        result[f"{one.kind}_groups"] = one.groups
        result[f"{one.kind}_blocks_skipped"] = one.candidates.skipped_n
    skipped = [[one.kind, _nameable(block), rows] for one in found for block, rows in one.candidates.skipped]
    job.report(
        rows_in=sum(one.changed for one in found), rows_out=sum(one.groups for one in found), skipped=skipped, **result
    )


def _nameable(block: str) -> str:
    """What rows share, as a job may say it: addresses and numbers of people only by their beginning."""
    return f"{block[:4]}…" if block[:1] in "emp" else block


@job_kind("duplicates_merge", title=_("Merge duplicates"), queue="interactive")
def merge_duplicates(job: JobHandle) -> None:
    """Merge all groups of a kind in which every pair reaches the score."""
    user = User.objects.filter(pk=job.params.get("user")).first()
    kind = Kind(job.params["kind"])
    done = groups_merge(kind=kind, score=float(job.params["score"]), user=user, progress=job.progress)
    job.report(rows_in=done.groups + done.left, rows_out=done.rows, groups_merged=done.groups, left_alone=done.left)
