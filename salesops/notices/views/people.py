"""A person's own notices, and by which ways they want them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from salesops.frame.components import Filter
from salesops.jobs.registry import load_kinds
from salesops.notices.models import Notice, NoticeChoice
from salesops.notices.selectors import choices_of
from salesops.notices.services.endpoints import notices_read


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """Newest first; unread ones stand out."""
    rows = Notice.objects.visible_to(request.user)
    show = request.GET.get("show", "")
    if show == "unread":
        rows = rows.unread()
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Notices"),
        "page_subtitle": _("What you were told. Choose in your profile what you want to hear of, and how."),
        "page": page,
        "filters": [Filter("show", _("Show"), show, [("", _("All")), ("unread", _("Unread"))])],
        "any": page.paginator.count or show,
    }
    return render(request, "salesops/notices/list.html", context)


@require_POST
def notice_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one read and go to what it is about."""
    row = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    notices_read(user=request.user, rows=Notice.objects.filter(pk=pk))
    safe = row.url.startswith("/") and url_has_allowed_host_and_scheme(row.url, {request.get_host()})
    return redirect(row.url if safe else "notices")


@require_POST
def notices_mark(request: HttpRequest) -> HttpResponse:
    """Mark all read."""
    notices_read(user=request.user, rows=Notice.objects.all())
    return redirect("notices")


@require_POST
def notice_choices(request: HttpRequest) -> HttpResponse:
    """Keep what the table of choices says."""
    load_kinds()
    with transaction.atomic():
        for line in choices_of(request.user):
            ways = {way: f"{line.name}.{way}" in request.POST for way in ("in_app", "email", "slack")}
            NoticeChoice.objects.update_or_create(user=request.user, kind=line.name, defaults=ways)
    messages.success(request, _("Saved."))
    return redirect("profile")
