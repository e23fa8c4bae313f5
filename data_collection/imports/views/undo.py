"""Undo of an applied import: first what would go, come back and stay, then a job does it."""

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from data_collection.imports.services.undoing import UndoPreview, UndoRefused, undo_preview, undo_queue
from data_collection.imports.views.rights import operations_only, the_batch
from data_collection.imports.views.words import table_word
from salesops.frame.components import Column, Table


@require_http_methods(["GET", "POST"])
@operations_only
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    batch = the_batch(request, pk)
    try:
        if request.method == "POST":
            undo_queue(batch=batch, user=request.user)
            return redirect(batch)
        preview = undo_preview(batch)
    except UndoRefused as why:
        messages.warning(request, str(why))
        return redirect(batch)
    context = {
        "page_title": _("Undo %(mapping)s #%(pk)s") % {"mapping": batch.mapping, "pk": batch.pk},
        "page_subtitle": _("What would be removed and restored. Rows that were changed since are kept as they are."),
        "batch": batch,
        "effects": effects(preview),
        "kept": _kept(preview),
        "kept_count": preview.kept_count,
        "shown": len(preview.kept),
        "nothing": not preview.remove and not preview.restore,
    }
    return render(request, "data_collection/imports/undo.html", context)


def effects(preview: UndoPreview) -> Table:
    """By table, rows that go and rows that get their earlier values back."""
    kept = Counter(one.table for one in preview.kept)
    columns = [
        Column("table", _("Table")),
        Column("remove", _("Removed"), "count"),
        Column("restore", _("Restored"), "count"),
        Column("kept", _("Kept as it is now"), "count"),
    ]
    names = dict.fromkeys([*preview.remove, *preview.restore, *kept])
    rows = [
        {
            "table": table_word(name).capitalize(),
            "remove": preview.remove.get(name, 0),
            "restore": preview.restore.get(name, 0),
            "kept": kept.get(name, 0),
        }
        for name in names
    ]
    return Table(columns, rows, caption=_("What undoing would do"), phone="cards")


def _kept(preview: UndoPreview) -> Table | None:
    if not preview.kept:
        return None
    columns = [Column("key", _("Row")), Column("table", _("Table")), Column("reason", _("Why it is kept"))]
    rows = [{"key": one.key, "table": table_word(one.table), "reason": one.reason} for one in preview.kept]
    return Table(columns, rows, caption=_("Rows that are kept"), phone="cards")
