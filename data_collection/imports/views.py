"""Sources & imports: upload, follow, look at what came of it, confirm suggestions. Operations only."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from data_collection.imports.forms import UploadForm
from data_collection.imports.models import ImportBatch, Suggestion
from data_collection.imports.selectors import reasons_text, rejected_csv
from data_collection.imports.services.suggesting import suggestion_confirm
from data_collection.imports.services.uploads import batch_apply, rejected_retry, upload_receive
from salesops.frame.components import Column, Table

WORDS = ("read", "new", "changed", "same", "rejected")
LEVEL = {
    "draft": "info",
    "running": "running",
    "tried": "info",
    "applied": "good",
    "failed": "bad",
    "interrupted": "warn",
    "cancelled": "info",
    "undone": "info",
}
View = Callable[..., HttpResponse]


def operations_only(view: View) -> View:
    """An import reads and writes rows of everybody."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_ops:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@require_http_methods(["GET", "POST"])
@operations_only
def sources(request: HttpRequest) -> HttpResponse:
    """The batches, newest first, and the upload form."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        batch = upload_receive(
            files=form.cleaned_data["files"],
            mapping_name=form.cleaned_data["mapping"],
            dry_run=form.cleaned_data["dry_run"],
            accept_suggestions=form.cleaned_data["accept_suggestions"],
            user=request.user,
        )
        return redirect("import_batch", batch.pk)
    rows = ImportBatch.objects.visible_to(request.user).select_related("user").defer("definition", "changes")
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Sources & imports"),
        "page_subtitle": _("CSV files come in by a mapping; what could not go in is listed with its reason."),
        "form": form,
        "page": page,
        "table": _batches(list(page)),
    }
    return render(request, "data_collection/imports/sources.html", context, status=400 if form.errors else 200)


def _batches(rows: list[ImportBatch]) -> Table:
    columns = [
        Column("name", _("Import"), href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("started_at", _("Started"), "datetime"),
        *(Column(word, label, "count") for word, label in zip(WORDS, _words(), strict=True)),
        Column("by", _("Started by")),
    ]
    lines = [
        {
            "name": f"{row.mapping} #{row.pk}",
            "href": reverse("import_batch", args=[row.pk]),
            "state": row.get_state_display(),
            "level": LEVEL[row.state],
            "started_at": row.started_at,
            "by": str(row.user) if row.user else _("command"),
            **row.total,
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Imports, newest first"), phone="cards", id="batches")


def _words() -> list[str]:
    return [_("Read"), _("New"), _("Changed"), _("Same"), _("Rejected")]


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    return get_object_or_404(
        ImportBatch.objects.visible_to(request.user).select_related("job", "user", "retry_of"), pk=pk
    )


@require_GET
@operations_only
def import_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: progress while it runs, then counts, suggestions and rejected rows."""
    batch = _batch(request, pk)
    running = batch.state == batch.State.RUNNING and batch.job is not None and batch.job.is_live
    files = list(batch.files.all())
    suggestions = list(batch.suggestions.all())
    page = Paginator(batch.rejected.select_related("file"), 50).get_page(request.GET.get("page"))
    context = {
        "page_title": f"{batch.mapping} #{batch.pk}",
        "page_subtitle": _("Dry run: nothing is written.") if batch.dry_run else _("Rows go into the tables."),
        "batch": batch,
        "level": LEVEL[batch.state],
        "running": running,
        "lost": batch.state == batch.State.RUNNING and batch.job is not None and not batch.job.is_live,
        "refused": [file for file in files if file.refused],
        "broken": [row for row in batch.counts if row["error"]],
        "counts": _counts(batch),
        "suggestions": suggestions,
        "open": [s for s in suggestions if s.target and s.state == s.State.PROPOSED],
        "changes": _changes(batch) if batch.changes else None,
        "page": page,
        "rejected": _rejected(list(page)),
        "may_apply": batch.state == batch.State.TRIED and any(file.stored for file in files),
        "may_retry": batch.state == batch.State.APPLIED and page.paginator.count,
    }
    part = request.htmx and not request.htmx.history_restore_request and running
    return render(request, "data_collection/imports/batch.html" + ("#live" if part else ""), context)


def _counts(batch: ImportBatch) -> Table:
    columns = [
        Column("table", _("Table")),
        Column("file", _("File")),
        *(Column(word, label, "count") for word, label in zip(WORDS, _words(), strict=True)),
    ]
    total = {"table": _("All"), **batch.total}
    return Table(columns, batch.counts, caption=_("Rows by table"), total=total, phone="cards")


def _changes(batch: ImportBatch) -> Table:
    columns = [
        Column("table", _("Table")),
        Column("row", _("Row"), "count"),
        Column("field", _("Field")),
        Column("old", _("Before")),
        Column("new", _("After")),
    ]
    return Table(columns, batch.changes[:100], caption=_("Sample of changed values"))


def _rejected(rows: list) -> Table:
    columns = [
        Column("row", _("Row"), "count", help=_("As a spreadsheet counts; the header is row 1")),
        Column("file.name", _("File")),
        Column("table", _("Table")),
        Column("reasons", _("Reasons and how to mend them")),
    ]
    lines = [{"row": r.row, "file": r.file, "table": r.table, "reasons": reasons_text(r)} for r in rows]
    return Table(columns, lines, caption=_("Rejected rows"), phone="cards", id="rejected")


@require_GET
@operations_only
def import_rejected(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Rejected rows with their own columns and the reasons, as CSV."""
    batch = _batch(request, pk)
    response = StreamingHttpResponse(rejected_csv(batch), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
    return response


@require_POST
@operations_only
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm one suggestion or all; after an applied import its rejected rows go in at once."""
    batch = _batch(request, pk)
    rows = batch.suggestions.filter(state=Suggestion.State.PROPOSED).exclude(target="")
    wanted = request.POST.get("suggestion", "")
    if wanted:
        rows = rows.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdecimal() else rows.none()
    confirmed = list(rows)
    for suggestion in confirmed:
        suggestion_confirm(suggestion=suggestion, user=request.user)
    words = ngettext("%(n)s name is confirmed.", "%(n)s names are confirmed.", len(confirmed)) % {"n": len(confirmed)}
    messages.success(request, words)
    if confirmed and batch.state == batch.State.APPLIED:
        return redirect("import_batch", rejected_retry(batch=batch, user=request.user).pk)
    return redirect("import_batch", batch.pk)


@require_POST
@operations_only
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the files of a dry run for good, or the rejected rows of an applied batch again."""
    batch = _batch(request, pk)
    if batch.state == batch.State.TRIED and batch.files.exclude(stored="").exists():
        return redirect("import_batch", batch_apply(batch=batch, user=request.user).pk)
    if batch.state == batch.State.APPLIED and batch.rejected.exists():
        return redirect("import_batch", rejected_retry(batch=batch, user=request.user).pk)
    messages.error(request, _("There is nothing left to apply: the files are gone."))
    return redirect("import_batch", batch.pk)
