"""One import: progress while it runs, then what it did or would do, names to confirm, rejected rows."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from data_collection.imports.calc.reading import FileRefused
from data_collection.imports.forms import CorrectedForm
from data_collection.imports.models import ImportBatch, ImportFile, Suggestion
from data_collection.imports.selectors import (
    known_names,
    reasons_text,
    rejected_csv,
    rejected_files,
    rejected_xlsx,
)
from data_collection.imports.services.corrections import corrected_receive
from data_collection.imports.services.drafts import DraftGone, draft_reopen
from data_collection.imports.services.suggesting import suggestion_confirm
from data_collection.imports.services.undoing import Kept, UndoPreview
from data_collection.imports.services.uploads import GIVEN_UP, batch_apply, rejected_retry
from data_collection.imports.targets import model_of
from data_collection.imports.views.rights import moved, operations_only, the_batch
from data_collection.imports.views.undo import effects
from data_collection.imports.views.words import COUNTS, LEVEL, counts_words, field_word, steps, table_word
from salesops.frame.components import Column, Table
from salesops.jobs.models import LIVE_STATES, JobRun
from salesops.jobs.services import job_cancel

MOST_XLSX_ROWS = 5_000
CHANGES_ON_A_PAGE = 50


@require_GET
@operations_only
def import_batch(request: HttpRequest, pk: int) -> HttpResponse:
    batch = the_batch(request, pk)
    if batch.state == batch.State.DRAFT:
        return redirect("import_files", batch.pk)
    part = request.htmx and not request.htmx.history_restore_request
    context = _context(request, batch)
    return render(
        request, "data_collection/imports/batch.html" + ("#live" if part and context["running"] else ""), context
    )


def _context(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    live = batch.job is not None and batch.job.is_live
    undoing = JobRun.objects.filter(kind="import_undo", key=f"import-undo-{batch.pk}", state__in=LIVE_STATES).first()
    running = (batch.state == batch.State.RUNNING and live) or undoing is not None
    files = list(batch.files.all())
    suggestions = list(batch.suggestions.all())
    rejected = Paginator(batch.rejected.select_related("file"), 50).get_page(request.GET.get("page"))
    changes = Paginator(batch.changes, CHANGES_ON_A_PAGE).get_page(request.GET.get("changes"))
    kept = any(file.stored for file in files)
    applied = batch.retries.filter(dry_run=False).exclude(state__in=GIVEN_UP).first() if batch.dry_run else None
    tried = batch.state == batch.State.TRIED
    return {
        "page_title": _title(batch),
        "page_subtitle": _subtitle(batch),
        "batch": batch,
        "steps": steps("try" if batch.dry_run else "apply", batch) if batch.source == "upload" else [],
        "level": LEVEL.get(batch.state, "neutral"),
        "running": running,
        "job": undoing or batch.job,
        "lost": batch.state == batch.State.RUNNING and batch.job is not None and not live,
        "refused": [file for file in files if file.refused],
        "broken": [row for row in batch.counts if row["error"]],
        "totals": [(label, batch.total[word], word) for word, label in zip(COUNTS, counts_words(), strict=True)],
        "counts": _counts(batch),
        "suggestions": suggestions,
        "names": _names(batch, suggestions),
        "open": [s for s in suggestions if s.target and s.state == s.State.PROPOSED],
        "confirmed": tried and any(s.state == s.State.APPLIED for s in suggestions),
        "changes": _changes(list(changes)) if batch.changes else None,
        "changes_page": changes,
        "page": rejected,
        "rejected": _rejected(list(rejected)),
        "rejected_files": rejected_files(batch) if batch.rows_rejected else [],
        "most_xlsx": MOST_XLSX_ROWS,
        "applied": applied,
        "may_apply": tried and kept and applied is None,
        "may_reopen": batch.dry_run and kept and applied is None and not running,
        "may_retry": batch.state == batch.State.APPLIED and rejected.paginator.count,
        "may_correct": batch.state in (batch.State.APPLIED, batch.State.TRIED) and rejected.paginator.count,
        "may_undo": not batch.dry_run and not running and batch.state in (batch.State.APPLIED, *GIVEN_UP - {"undone"}),
        "undone": effects(UndoPreview(**{**batch.undone, "kept": []})) if batch.undone else None,
        "undone_kept": [Kept(**one) for one in batch.undone.get("kept", [])],
        "correct_form": CorrectedForm(),
        "successors": list(batch.retries.exclude(pk=applied.pk if applied else 0).order_by("pk")),
    }


def _title(batch: ImportBatch) -> str:
    return f"{batch.mapping or _('Import')} #{batch.pk}"


def _subtitle(batch: ImportBatch) -> str:
    if batch.dry_run:
        return _("Dry run: nothing is written.")
    return _("Undone.") if batch.state == "undone" else _("Rows go into the tables.")


def _counts(batch: ImportBatch) -> Table:
    columns = [
        Column("table", _("Table")),
        Column("file", _("File")),
        *(Column(word, label, "count") for word, label in zip(COUNTS, counts_words(), strict=True)),
    ]
    rows = [{**row, "table": table_word(row["table"]).capitalize()} for row in batch.counts]
    total = {"table": _("All"), **batch.total}
    return Table(columns, rows, caption=_("Rows by table, in the order they were filled"), total=total, phone="cards")


def _changes(rows: list[dict[str, Any]]) -> Table:
    columns = [
        Column("row", _("Row"), "count", help=_("As a spreadsheet counts; the header is row 1")),
        Column("file", _("File")),
        Column("table", _("Table")),
        Column("field", _("Field")),
        Column("old", _("Before")),
        Column("new", _("After")),
    ]
    names = _referred(rows)
    lines = [
        {
            **row,
            "table": table_word(row["table"]),
            "field": field_word(row["table"], row["field"]),
            "old": _value(row, "old", names),
            "new": _value(row, "new", names),
        }
        for row in rows
    ]
    return Table(columns, lines, caption=_("Changed values"), phone="cards")


def _referred(rows: list[dict[str, Any]]) -> dict[tuple[str, str, int], str]:
    """Names of the rows that changed references point to, by table, field and id."""
    wanted: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if _refers(row) is not None:
            ids = {value for value in (row["old"], row["new"]) if isinstance(value, int)}
            wanted.setdefault((row["table"], row["field"]), set()).update(ids)
    found = {}
    for (table, field), ids in wanted.items():
        model = model_of(table)._meta.get_field(field).related_model
        for pk, one in model._default_manager.in_bulk(ids).items():
            found[table, field, pk] = str(one)
    return found


def _refers(row: dict[str, Any]) -> Any:
    try:
        return model_of(row["table"])._meta.get_field(row["field"]).related_model
    except (KeyError, LookupError):
        return None


def _value(row: dict[str, Any], which: str, names: dict[tuple[str, str, int], str]) -> str | None:
    value = row[which]
    if value is None or value == "":
        return None
    if _refers(row) is not None:
        return names.get((row["table"], row["field"], value), _("a row this import makes"))
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def _rejected(rows: list) -> Table:
    columns = [
        Column("row", _("Row"), "count", help=_("As a spreadsheet counts; the header is row 1")),
        Column("file.name", _("File")),
        Column("table", _("Table")),
        Column("reasons", _("Reasons and how to mend them")),
    ]
    lines = [{"row": r.row, "file": r.file, "table": table_word(r.table), "reasons": reasons_text(r)} for r in rows]
    return Table(columns, lines, caption=_("Rejected rows"), phone="cards", id="rejected")


def _names(batch: ImportBatch, suggestions: list[Suggestion]) -> list[dict[str, Any]]:
    """For every table referred to, names to choose from; long lists are looked up while typing."""
    wanted = {(s.table, s.by) for s in suggestions if s.state == s.State.PROPOSED}
    return [
        {"id": f"names-{table}-{by}", "table": table, "by": by, "names": known_names(batch, table, by)}
        for table, by in sorted(wanted)
    ]


# --- steering --------------------------------------------------------------------------------
@require_POST
@operations_only
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the import to stop; nothing half done stays."""
    batch = the_batch(request, pk)
    undo = Q(kind="import_undo", key=f"import-undo-{batch.pk}")
    live = list(JobRun.objects.filter(undo | Q(pk=batch.job_id), state__in=LIVE_STATES))
    for job in live:
        job_cancel(row=job)
    if live:
        messages.info(request, _("The import has been asked to stop."))
    return redirect(batch)


@require_POST
@operations_only
def import_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to matching columns, with the same files."""
    batch = the_batch(request, pk)
    try:
        draft_reopen(batch=batch)
    except DraftGone as gone:
        messages.error(request, str(gone))
        return redirect(batch)
    return redirect("import_columns", batch.pk)


@require_POST
@operations_only
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the files of a dry run for good, or the rejected rows of an applied batch again."""
    batch = the_batch(request, pk)
    if batch.state == batch.State.TRIED and (batch.files.exclude(stored="").exists() or batch.retries.exists()):
        return redirect(batch_apply(batch=batch, user=request.user))
    if batch.state == batch.State.APPLIED and batch.rejected.exists():
        return redirect(rejected_retry(batch=batch, user=request.user))
    messages.error(request, _("There is nothing left to apply: the files are gone."))
    return redirect(batch)


# --- names -----------------------------------------------------------------------------------
@require_POST
@operations_only
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm one suggestion, another name instead of it, or all; an applied import takes its rejected rows in."""
    batch = the_batch(request, pk)
    rows: QuerySet[Suggestion] = batch.suggestions.filter(state=Suggestion.State.PROPOSED)
    wanted = request.POST.get("suggestion", "")
    if wanted:
        rows = (
            rows.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19 else rows.none()
        )
        confirmed = _confirm_one(request, batch, rows.first())
    else:
        confirmed = list(rows.exclude(target=""))
        for suggestion in confirmed:
            suggestion_confirm(suggestion=suggestion, user=request.user)
    if confirmed or not wanted:
        n = len(confirmed)
        messages.success(request, ngettext("%(n)s name is confirmed.", "%(n)s names are confirmed.", n) % {"n": n})
    if confirmed and batch.state == batch.State.APPLIED:
        return redirect(rejected_retry(batch=batch, user=request.user))
    return redirect(batch)


def _confirm_one(request: HttpRequest, batch: ImportBatch, suggestion: Suggestion | None) -> list[Suggestion]:
    other = request.POST.get("other", "").strip()
    if suggestion is None or not (other or suggestion.target):
        return []
    if not other:
        suggestion_confirm(suggestion=suggestion, user=request.user)
        return [suggestion]
    found = [pair for pair in known_names(batch, suggestion.table, suggestion.by, like=other) if other in pair]
    if len({target for target, _name in found}) != 1:
        messages.error(request, _("“%s” is not the name of exactly one known row; choose one from the list.") % other)
        return []
    suggestion_confirm(suggestion=suggestion, user=request.user, target=found[0][0], shown=found[0][1])
    return [suggestion]


@require_GET
@operations_only
def import_names(request: HttpRequest, pk: int) -> HttpResponse:
    """Known names that hold what was typed, as options of a list."""
    batch = the_batch(request, pk)
    table, by = request.GET.get("table", ""), request.GET.get("by", "")
    if not batch.suggestions.filter(table=table, by=by).exists():
        raise Http404
    names = known_names(batch, table, by, like=request.GET.get("other", "").strip())
    return render(request, "data_collection/imports/_names.html", {"names": names})


# --- rejected rows ---------------------------------------------------------------------------
def _file(batch: ImportBatch, request: HttpRequest) -> ImportFile | None:
    wanted = request.GET.get("file", "")
    if not wanted:
        return None
    return get_object_or_404(batch.files, pk=int(wanted) if wanted.isascii() and wanted.isdecimal() else 0)


@require_GET
@operations_only
def import_rejected(request: HttpRequest, pk: int) -> HttpResponse:
    """Rejected rows with their own columns and the reasons, as CSV; `?file=` those of one file."""
    batch = the_batch(request, pk)
    lines = rejected_csv(batch, file=_file(batch, request))
    response = StreamingHttpResponse(_with_mark(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
    return response


def _with_mark(lines: Any) -> Any:
    """In front the mark by which spreadsheets know UTF-8."""
    yield "\ufeff"
    yield from lines


@require_GET
@operations_only
def import_rejected_xlsx(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """Rejected rows of one file as a workbook, up to a size a page can make."""
    batch = the_batch(request, pk)
    row = get_object_or_404(batch.files, pk=file)
    if row.rejected.count() > MOST_XLSX_ROWS:
        raise Http404
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = HttpResponse(rejected_xlsx(row), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}-{row.pk}.xlsx"'
    return response


@require_POST
@operations_only
def import_corrected(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the corrected rows and try them by the same mapping."""
    batch = the_batch(request, pk)
    form = CorrectedForm(request.POST, request.FILES)
    if not form.is_valid():
        for problems in form.errors.values():
            for problem in problems:
                messages.error(request, problem)
        return redirect(batch)
    try:
        return moved(request, corrected_receive(batch=batch, file=form.cleaned_data["file"], user=request.user))
    except FileRefused as why:
        messages.error(request, str(why))
        return redirect(batch)
