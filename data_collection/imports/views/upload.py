"""First step: the files. Without script a plain form; with it they can be dropped, and a bar shows how far they are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from data_collection.imports.forms import UploadForm
from data_collection.imports.models import ImportBatch
from data_collection.imports.services.drafts import draft_add, draft_discard, draft_receive
from data_collection.imports.views.rights import of_a_draft, operations_only
from data_collection.imports.views.words import steps

PAGE = "data_collection/imports/upload.html"


@require_http_methods(["GET", "POST"])
@operations_only
def import_new(request: HttpRequest) -> HttpResponse:
    """Take files in; at least one must be readable."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["files"]
        batch = draft_receive(files=given.good, refused=given.refused, user=request.user)
        return _on(request, batch)
    return _page(request, form)


@require_http_methods(["GET", "POST"])
@of_a_draft
def import_upload(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """More files for a draft."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["files"]
        draft_add(batch=batch, files=given.good, refused=given.refused)
        return _on(request, batch)
    return _page(request, form, batch)


def _on(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    if not request.htmx:
        return redirect("import_files", batch.pk)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("import_files", args=[batch.pk])
    return response


def _page(request: HttpRequest, form: UploadForm, batch: ImportBatch | None = None) -> HttpResponse:
    context = {
        "page_title": _("Add files") if batch else _("New import"),
        "page_subtitle": _("Nothing is written before you have seen what would change."),
        "form": form,
        "batch": batch,
        "steps": steps("upload", batch),
        "most_mb": settings.IMPORT_MAX_MB,
    }
    part = request.htmx and not request.htmx.history_restore_request
    # htmx puts in what answers 200 only; without it the status says that the form was refused
    return render(request, PAGE + ("#form" if part else ""), context, status=400 if form.errors and not part else 200)


@require_POST
@of_a_draft
def import_discard(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    draft_discard(batch=batch)
    return redirect("sources")
