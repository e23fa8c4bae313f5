"""Who may open the pages of imports, and the rows they are about."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from data_collection.imports.models import ImportBatch
from data_collection.imports.services.drafts import DraftGone

View = Callable[..., HttpResponse]


def operations_only(view: View) -> View:
    """An import reads and writes rows of everybody."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_ops:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def of_a_draft(view: View) -> View:
    """A step of a draft. One that was started or thrown away meanwhile sends to what became of it."""

    @operations_only
    @wraps(view)
    def checked(request: HttpRequest, pk: int, *args: object, **kwargs: object) -> HttpResponse:
        batch = the_batch(request, pk)
        if batch.state != batch.State.DRAFT:
            return moved(request, batch)
        try:
            return view(request, batch, *args, **kwargs)
        except DraftGone as gone:
            messages.warning(request, str(gone))
            return redirect("sources")

    return checked


def moved(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """To the page of an import that has left its draft; htmx is told to load it whole."""
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = batch.get_absolute_url()
        return response
    return redirect(batch)


def the_batch(request: HttpRequest, pk: int) -> ImportBatch:
    visible = ImportBatch.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("job", "user", "retry_of"), pk=pk)
