"""Connections: set up, try, sync, pause, map, look at what came. Operations only."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from data_collection.connectors import selectors
from data_collection.connectors.forms import ConnectionForm
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.presentation import (
    LEVEL,
    RUN_LEVEL,
    connection_cards,
    counts_table,
    facts_of,
    problems_table,
    runs_table,
)
from data_collection.connectors.services import connections as service
from data_collection.connectors.services.syncing import sync_enqueue
from data_collection.connectors.sources.registry import KINDS
from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.views import operations_only

FOLDER = "data_collection/connectors"


def _connection(request: HttpRequest, pk: int) -> Connection:
    return get_object_or_404(Connection.objects.visible_to(request.user), pk=pk)


@require_GET
@operations_only
def connections(request: HttpRequest) -> HttpResponse:
    """Every connection with its state and its last sync; the vendors that can be added."""
    context = {
        "page_title": _("Connections"),
        "page_subtitle": _("Systems that are read by themselves: every night, every few minutes, or now."),
        "cards": connection_cards(selectors.connections_overview(request.user)),
        "kinds": list(KINDS.values()),
    }
    return render(request, f"{FOLDER}/connections.html", context)


@require_http_methods(["GET", "POST"])
@operations_only
def connection_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Add a connection to this vendor."""
    if kind not in KINDS:
        raise Http404
    title = _("Connect %s") % KINDS[kind].title
    return _form(request, Connection(kind=kind), title, reverse("connections"))


@require_http_methods(["GET", "POST"])
@operations_only
def connection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was entered; secrets are never shown, and kept where nothing is entered."""
    row = _connection(request, pk)
    return _form(request, row, _("Change %s") % row.name, reverse("connection", args=[pk]))


def _form(request: HttpRequest, row: Connection, title: str, back: str) -> HttpResponse:
    form = ConnectionForm(request.POST or None, connection=row)
    if request.method == "POST" and form.is_valid():
        saved = service.connection_save(
            connection=form.filled(), given=form.given, clear=form.forgotten, user=request.user
        )
        good, words = service.connection_test(connection=saved)
        (messages.success if good else messages.error)(request, words)
        return redirect("connection", saved.pk)
    context = {
        "page_title": title,
        "page_subtitle": _("Secrets are stored encrypted and never shown again."),
        "form": form,
        "back": back,
        "kind": KINDS[row.kind],
    }
    return render(request, f"{FOLDER}/form.html", context, status=400 if form.errors else 200)


@require_GET
@operations_only
def connection_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection: state, the last sync by object, earlier syncs."""
    row = _connection(request, pk)
    job = selectors.jobs_alive().get(row.pk)
    page = Paginator(row.runs.select_related("user"), 20).get_page(request.GET.get("page"))
    last = next(iter(page.object_list), None) if page.number == 1 else row.runs.first()
    done = last if last is None or last.counts else row.runs.exclude(counts=[]).first()
    context = {
        "page_title": row.name,
        "page_subtitle": selectors.vendor(row.kind),
        "row": row,
        "level": LEVEL[row.state] if row.active else "info",
        "state": row.get_state_display() if row.active else _("Paused"),
        "facts": facts_of(row, done),
        "job": job,
        "open": last if last is not None and last.is_open and job is None else None,
        "last": done,
        "counts": counts_table(done) if done is not None else None,
        "runs": runs_table(list(page)) if page.paginator.count else None,
        "page": page,
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, f"{FOLDER}/connection.html" + ("#live" if part else ""), context)


@require_GET
@operations_only
def sync_page(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """One sync: counts by object, notes, records with problems."""
    row = _connection(request, pk)
    found = get_object_or_404(row.runs.select_related("batch", "job", "user"), pk=run)
    problems = Paginator(found.problems.all(), 50).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Sync of %s") % row.name,
        "page_subtitle": f"{found.get_what_display()} · {found.get_cause_display()}",
        "row": row,
        "run": found,
        "level": RUN_LEVEL[found.state],
        "counts": counts_table(found) if found.counts else None,
        "problems": problems_table(list(problems)) if problems.paginator.count else None,
        "page": problems,
    }
    return render(request, f"{FOLDER}/run.html", context)


@require_POST
@operations_only
def connection_try(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the vendor who we are, and say it in words."""
    row = _connection(request, pk)
    good, words = service.connection_test(connection=row)
    if request.htmx:
        return render(request, f"{FOLDER}/_test.html", {"row": row})
    (messages.success if good else messages.error)(request, words)
    return redirect("connection", pk)


@require_POST
@operations_only
def connection_sync(request: HttpRequest, pk: int) -> HttpResponse:
    """Sync now: what changed, or everything."""
    row = _connection(request, pk)
    if not row.active:
        messages.error(request, _("The connection is paused. Let it go on first."))
        return redirect("connection", pk)
    what = SyncRun.What.FULL if request.POST.get("what") == SyncRun.What.FULL else SyncRun.What.CHANGES
    sync_enqueue(connection=row, what=what, user=request.user)
    return redirect("connection", pk)


@require_POST
@operations_only
def connection_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause, or go on."""
    row = _connection(request, pk)
    service.connection_pause(connection=row, active=request.POST.get("do") == "resume")
    return redirect("connection", pk)


@require_http_methods(["GET", "POST"])
@operations_only
def connection_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column fills which field: one field at a time, or the whole document as text."""
    row = _connection(request, pk)
    problems: list[str] = []
    text = selectors.document_text(row.document)
    if request.method == "POST":
        try:
            _map(request, row)
            messages.success(request, _("The mapping is stored. New fields fill with the next sync of everything."))
            return redirect("connection_mapping", pk)
        except MappingError as wrong:
            problems = wrong.problems
            text = request.POST.get("document") or text
    lines = selectors.lines_of(row)
    targets = list(dict.fromkeys((line.file, line.table) for line in lines))
    context = {
        "page_title": _("Mapping of %s") % row.name,
        "page_subtitle": _("Which column of the other system fills which field here."),
        "row": row,
        "text": text,
        "lines": lines,
        "groups": [
            (
                f"{file} → {table.replace('_', ' ')}",
                [line for line in lines if (line.file, line.table) == (file, table)],
            )
            for file, table in targets
        ],
        "targets": [(f"{file}/{table}", f"{file} → {table.replace('_', ' ')}") for file, table in targets],
        "fields": sorted({name for _file, table in targets for name in selectors.fields_of(table)}),
        "problems": problems,
        "is_own": row.mapping is not None,
    }
    return render(request, f"{FOLDER}/mapping.html", context, status=400 if problems else 200)


def _map(request: HttpRequest, row: Connection) -> None:
    """
    Raises:
        MappingError: with every mistake.
    """
    do = request.POST.get("do")
    if do == "reset":
        service.mapping_set(connection=row, document=None)
    elif do == "field":
        file, _slash, table = request.POST.get("target", "").partition("/")
        document = selectors.column_set(
            row.document,
            file=file,
            table=table,
            field=request.POST.get("field", "").strip(),
            column=request.POST.get("column", "").strip(),
        )
        service.mapping_set(connection=row, document=document)
    else:
        document = selectors.document_read(request.POST.get("document", ""), row)
        service.mapping_set(connection=row, document=document)


@require_http_methods(["GET", "POST"])
@operations_only
def connection_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete the connection; the rows it brought stay."""
    row = _connection(request, pk)
    if request.method == "POST":
        service.connection_delete(connection=row)
        messages.success(request, _("The connection “%s” is deleted; the rows it brought are still here.") % row.name)
        return redirect("connections")
    context = {"page_title": _("Delete %s") % row.name, "page_subtitle": selectors.vendor(row.kind), "row": row}
    return render(request, f"{FOLDER}/delete.html", context)
