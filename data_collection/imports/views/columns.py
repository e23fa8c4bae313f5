"""Third step: what each column is used for. The mapping document is the truth; every change is stored at once."""

from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from data_collection.imports.calc import entries
from data_collection.imports.calc.documents import GivenTwice, read_document
from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.selectors import NotFound, mapping_names, mapping_parsed
from data_collection.imports.services.drafts import (
    draft_document,
    draft_mapping,
    draft_start,
    draft_use_mapping,
    mapping_save,
    readable,
)
from data_collection.imports.targets import tables
from data_collection.imports.views import posted
from data_collection.imports.views.matching import entry_of, sheet
from data_collection.imports.views.rights import of_a_draft
from data_collection.imports.views.words import place_in_words, steps, table_word

PAGE = "data_collection/imports/columns.html"


@require_http_methods(["GET", "POST"])
@of_a_draft
def import_columns(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """One file at a time, fifty columns at a time; a POST stores what the page shows and goes where it is told."""
    files = readable(batch)
    if not files:
        messages.error(request, _("There is no file to import; add one."))
        return redirect("import_files", batch.pk)
    row = _chosen_file(files, request.GET.get("file", ""))
    page = _number(request.GET.get("page", "1"), 1)
    if request.method == "GET":
        return _page(request, batch, files, row, page)
    clashes = posted.store(batch, row, request.POST)
    for clash in clashes:
        messages.error(request, clash)
    return _then(request, batch, files, row, page, stay=bool(clashes))


def _then(
    request: HttpRequest, batch: ImportBatch, files: list[ImportFile], row: ImportFile, page: int, *, stay: bool
) -> HttpResponse:
    do, _colon, what = request.POST.get("do", "").partition(":")
    if do == "go" and not stay:
        return redirect(_address(batch, *what.split(".", 1)))
    if do == "try" and not stay:
        return _try(request, batch, row, page)
    if do == "remember" and not stay:
        _remember(request, batch)
    if request.htmx or do == "also":
        return _page(request, batch, files, row, page, also=_number(what, -1) if do == "also" else None)
    return redirect(_address(batch, str(row.pk), str(page)))


def _try(request: HttpRequest, batch: ImportBatch, row: ImportFile, page: int) -> HttpResponse:
    try:
        return redirect(draft_start(batch=batch, user=request.user))
    except MappingError as wrong:
        messages.error(request, _("The dry run can't start yet; what is missing is listed below."))
        for problem in wrong.problems if not entries.entry_place(batch.definition, row.name) else ():
            messages.error(request, place_in_words(problem, batch.definition))
        return redirect(_address(batch, str(row.pk), str(page)))


def _remember(request: HttpRequest, batch: ImportBatch) -> None:
    try:
        saved = mapping_save(batch=batch, name=request.POST.get("name", ""))
        messages.success(request, _("Saved as “%s”. Choose it for the next file of this kind.") % saved.name)
    except MappingError as wrong:
        for problem in wrong.problems:
            messages.error(request, place_in_words(problem, batch.definition))


@require_POST
@of_a_draft
def import_mapping(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """Begin the matching again from a mapping, or from the guess."""
    try:
        left = draft_use_mapping(batch=batch, name=request.POST.get("mapping", ""))
    except (NotFound, MappingError) as wrong:
        messages.error(request, str(wrong))
    else:
        if left:
            messages.warning(request, _("The mapping has no use for: %s.") % ", ".join(left))
    return redirect("import_columns", batch.pk)


@require_http_methods(["GET", "POST"])
@of_a_draft
def import_document(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """The mapping as text, for what the page of columns does not show."""
    text = yaml.safe_dump(entries.in_order(batch.definition), allow_unicode=True, sort_keys=False, width=110)
    problems: list[str] = []
    if request.method == "POST":
        text = request.POST.get("text", "").replace("\r\n", "\n")
        document, problems = _read(text)
        if not problems:
            draft_document(batch=batch, document=document)
            messages.success(request, _("The mapping is changed."))
            return redirect("import_columns", batch.pk)
    context = {
        "page_title": _("Mapping as text"),
        "page_subtitle": _("For templates, conditions and rows written in the mapping; YAML or JSON."),
        "batch": batch,
        "steps": steps("columns", batch),
        "text": text,
        "problems": problems,
    }
    return render(request, "data_collection/imports/document.html", context, status=400 if problems else 200)


def _read(text: str) -> tuple[dict[str, Any], list[str]]:
    """The document, and every mistake in it."""
    try:
        found = read_document(text, is_json=text.lstrip().startswith("{"))
        mapping_parsed(found, name="import")
    except MappingError as wrong:
        return {}, wrong.problems
    except GivenTwice as wrong:
        return {}, [str(wrong)]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as wrong:
        return {}, [_("This is no valid YAML or JSON: %s") % " ".join(str(wrong).split())]
    return found, []


# --- the page --------------------------------------------------------------------------------
def _page(
    request: HttpRequest,
    batch: ImportBatch,
    files: list[ImportFile],
    row: ImportFile,
    page: int,
    *,
    also: int | None = None,
) -> HttpResponse:
    shown = sheet(batch, row, tables(), page=page, also=also)
    context = {
        "page_title": _("Match columns"),
        "page_subtitle": _("What each column fills. Nothing is written yet."),
        "batch": batch,
        "steps": steps("columns", batch),
        "tabs": [_tab(batch, other, other.pk == row.pk) for other in files],
        "sheet": shown,
        "address": _address(batch, str(row.pk), str(shown.page)),
        "page_numbers": range(1, shown.pages + 1),
        "problems": _problems(batch),
        "mappings": mapping_names(),
        "base": batch.guess.get("base", ""),
        "preset": batch.guess.get("preset", ""),
        "notes": batch.guess.get("notes", []),
        "order": _order(batch),
        "free_tables": [(name, table_word(name)) for name in tables()],
        "blank": ", ".join(str(text) for text in shown.entry.get("blank") or []),
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, PAGE + ("#match" if part else ""), {**context, "part": part})


def _tab(batch: ImportBatch, row: ImportFile, here: bool) -> dict[str, Any]:
    _place, entry = entry_of(batch, row)
    fills = [table_word(str(target.get("table"))) for target in entries.targets(entry)]
    return {
        "row": row,
        "here": here,
        "fills": ", ".join(dict.fromkeys(fills)),
        "lacks": len(entries.lacks(entry, tables())),
    }


def _problems(batch: ImportBatch) -> list[str]:
    try:
        draft_mapping(batch)
    except MappingError as wrong:
        return [place_in_words(problem, batch.definition) for problem in wrong.problems]
    return []


def _order(batch: ImportBatch) -> list[str]:
    """Tables in the order they will be filled, so that a row comes after what it refers to."""
    filled = {
        str(target.get("table")) for row in readable(batch) for target in entries.targets(entry_of(batch, row)[1])
    } | set(batch.definition.get("rows") or {})
    return [table_word(name) for name in tables() if name in filled]


def _chosen_file(files: list[ImportFile], wanted: str) -> ImportFile:
    return next((row for row in files if str(row.pk) == wanted), files[0])


def _address(batch: ImportBatch, file: str, page: str = "1") -> str:
    query = QueryDict(mutable=True)
    query["file"], query["page"] = file, page
    return f"{reverse('import_columns', args=[batch.pk])}?{query.urlencode()}"


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else otherwise
