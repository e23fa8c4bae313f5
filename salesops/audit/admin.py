"""The history page of the admin, fed by the triggers instead of the admin's own log."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from salesops.audit.selectors import changes_of


class HistoryAdmin(admin.ModelAdmin):
    """Who changed what and when, old value and new; also what came from imports, jobs and raw SQL."""

    #: Models whose rows point at this one and whose changes belong to its story.
    history_with: tuple[type[models.Model], ...] = ()

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(_("There is no such row."))
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %s") % row,
            "subtitle": None,
            "changes": changes_of(row, self.history_with),
            "object": row,
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            **(extra_context or {}),
        }
        return render(request, "admin/audit_history.html", context)
