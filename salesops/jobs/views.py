"""Every run with its rows, time and error; cancel, run again, download."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import connection
from django.db.utils import OperationalError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from salesops.frame.components import Choice, Column, Filter, Table
from salesops.jobs.models import JobRun, JobState
from salesops.jobs.services import job_cancel, job_retry


def _line(row: JobRun) -> dict[str, object]:
    return {
        "title": row.title,
        "href": reverse("job", args=[row.pk]),
        "state": row.get_state_display(),
        "level": row.state,
        "created_at": row.created_at,
        "seconds": row.seconds,
        "rows_in": row.rows_in,
        "rows_out": row.rows_out,
        "attempts": row.attempts or None,
        "by": str(row.started_by) if row.started_by else _("schedule"),
        "error": row.error,
    }


def _table(rows: list[JobRun], caption: str) -> Table:
    columns = [
        Column("title", _("Job"), href="href"),
        Column("state", _("State"), kind="badge", level="level"),
        Column("created_at", _("Queued"), kind="datetime"),
        Column("seconds", _("Seconds"), kind="number", places=1),
        Column("rows_in", _("Rows in"), kind="count"),
        Column("rows_out", _("Rows out"), kind="count"),
        Column("attempts", _("Attempts"), kind="count"),
        Column("by", _("Started by")),
        Column("error", _("Error")),
    ]
    return Table(columns, [_line(row) for row in rows], caption, phone="cards")


@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    rows = JobRun.objects.visible_to(request.user).filter(parent__isnull=True).select_related("started_by")
    state = request.GET.get("state", "")
    if state in JobState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows.defer("trace", "result"), 50).get_page(request.GET.get("page"))
    states = [Choice("", _("All")), *(Choice(value, label) for value, label in JobState.choices)]
    context = {
        "page": page,
        "table": _table(list(page), _("Jobs, newest first")),
        "filters": [Filter("state", _("State"), state, states)],
        "any": page.paginator.count or state,
    }
    return render(request, "salesops/jobs/list.html", context)


def _job(request: HttpRequest, pk: int) -> JobRun:
    return get_object_or_404(JobRun.objects.visible_to(request.user).select_related("started_by", "parent"), pk=pk)


@require_GET
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    row = _job(request, pk)
    steps = list(row.children.select_related("started_by").order_by("started_at", "pk"))
    context = {
        "job": row,
        "steps": _table(steps, _("Steps of this job")) if steps else None,
        "may_steer": _may_steer(request, row),
        "result": [(name.replace("_", " "), value) for name, value in row.result.items() if _is_plain(value)],
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, "salesops/jobs/detail.html" + ("#live" if part else ""), context)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _may_steer(request: HttpRequest, row: JobRun) -> bool:
    return request.user.is_ops or row.started_by_id == request.user.pk


@require_POST
def job_steer(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a living job, run a failed one again."""
    row = _job(request, pk)
    if not _may_steer(request, row):
        raise Http404
    if request.POST.get("do") == "cancel":
        job_cancel(row=row)
        messages.info(request, _("“%s” has been asked to stop.") % row.title)
    elif request.POST.get("do") == "retry":
        for job in [row] if row.kind != "nightly" else row.children.filter(state=JobState.FAILED):
            job_retry(row=job)
        messages.info(request, _("“%s” runs again.") % row.title)
    return redirect("job", pk)


@require_GET
def job_file(request: HttpRequest, pk: int) -> FileResponse:
    row = _job(request, pk)
    if not row.result_file:
        raise Http404
    return FileResponse(row.result_file.open("rb"), as_attachment=True)


@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """The web process answers."""
    return JsonResponse({"ok": True})


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers too; 503 with the reason when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"ok": False, "database": "no answer"}, status=503)
    return JsonResponse({"ok": True})
