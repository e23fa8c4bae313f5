"""People's data: find a person, export and erase, what was erased, who seems to have come back. Operations only."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from data_collection.imports.views import operations_only
from data_collection.privacy.forms import EraseForm, SearchForm
from data_collection.privacy.models import ErasedReturn, Erasure, PersonExport
from data_collection.privacy.selectors import TABLES, Person, linked_to, people_find, person_of
from data_collection.privacy.services import return_keep
from salesops.frame.components import Column, Table
from salesops.jobs.services import job_enqueue

WORDS = {"contact": gettext_lazy("Contact"), "lead": gettext_lazy("Lead")}


@require_http_methods(["GET", "POST"])
@operations_only
def people_data(request: HttpRequest) -> HttpResponse:
    """Find a person; below it the erasures made, exports and returns."""
    form = SearchForm(request.POST or None)
    found = (
        people_find(request.user, form.cleaned_data["query"]) if request.method == "POST" and form.is_valid() else None
    )
    page = Paginator(Erasure.objects.visible_to(request.user).select_related("user"), 25).get_page(
        request.GET.get("page")
    )
    returns = ErasedReturn.objects.visible_to(request.user).filter(settled_at=None).select_related("erasure")
    exports = PersonExport.objects.visible_to(request.user).select_related("user")
    context = {
        "page_title": _("People's data"),
        "page_subtitle": _("Give a person everything held about them, or erase it."),
        "form": form,
        "found": None if found is None else _found_table(found),
        "page": page,
        "erasures": _erasures_table(list(page)),
        "returns": [_return_line(row) for row in returns[:100]],
        "exports": [
            {"pk": e.pk, "table": WORDS[e.table], "row": e.row_id, "who": e.user, "at": e.at} for e in exports[:20]
        ],
    }
    return render(request, "data_collection/privacy/people.html", context, status=400 if form.errors else 200)


def _found_table(found: list[tuple[str, Any]]) -> Table:
    lines = [
        {
            "name": str(row) or f"#{row.pk}",
            "url": reverse("person", args=[table, row.pk]),
            "kind": WORDS[table],
            "email": row.email,
            "phone": row.phone,
            "system": f"{row.system}, {row.external_id}",
            "state": _("Erased") if row.erased_at else _("Deleted") if row.deleted_at else _("Here"),
            "level": "neutral" if row.erased_at or row.deleted_at else "good",
        }
        for table, row in found
    ]
    columns = [
        Column("name", _("Name"), href="url"),
        Column("kind", _("Kind")),
        Column("email", _("E-mail")),
        Column("phone", _("Phone")),
        Column("system", _("System and id")),
        Column("state", _("State"), "badge", level="level"),
    ]
    return Table(columns, lines, caption=_("Rows found"), phone="cards", empty=_("Nobody was found by this."))


def _erasures_table(rows: list[Erasure]) -> Table:
    lines = [
        {
            "name": row.pseudonym,
            "url": reverse("erasure", args=[row.pk]),
            "at": row.at,
            "who": row.user,
            "reason": row.reason,
            "rows": sum(len(ids) for ids in row.rows.values()),
            "files": len(row.files),
        }
        for row in rows
    ]
    columns = [
        Column("name", _("Now called"), href="url"),
        Column("at", _("When"), "datetime"),
        Column("who", _("By")),
        Column("reason", _("Why")),
        Column("rows", _("Rows"), "count"),
        Column("files", _("Files to look at"), "count"),
    ]
    return Table(columns, lines, caption=_("Erasures, newest first"), phone="cards", empty=_("Nobody was erased yet."))


def _return_line(row: ErasedReturn) -> dict[str, Any]:
    return {
        "pk": row.pk,
        "kind": WORDS[row.table],
        "row": row.row_id,
        "url": reverse("person", args=[row.table, row.row_id]),
        "erasure": row.erasure,
        "found_at": row.found_at,
    }


@require_http_methods(["GET", "POST"])
@operations_only
def person(request: HttpRequest, table: str, pk: int) -> HttpResponse:
    """One person: the rows that are theirs and what hangs on them; POST erases after the word is typed."""
    if table not in TABLES:
        raise Http404
    row = get_object_or_404(TABLES[table].objects.visible_to(request.user), pk=pk)
    found = person_of(table, pk)
    if found is None:
        return render(request, "data_collection/privacy/erased.html", {"page_title": str(row), "row": row})
    choices = [(f"{name}-{one.pk}", _row_words(name, one)) for name, one in found.all]
    form = EraseForm(request.POST or None, choices=choices, initial={"rows": [value for value, _label in choices]})
    if request.method == "POST" and form.is_valid():
        return _erase(request, form)
    context = {
        "page_title": found.name or _("Person"),
        "page_subtitle": _("Everything that is known as this person."),
        "table": table,
        "pk": pk,
        "rows": _found_table(found.all),
        "linked": _linked_table(found),
        "form": form,
    }
    return render(request, "data_collection/privacy/person.html", context, status=400 if form.errors else 200)


def _row_words(table: str, row: Any) -> str:
    return f"{WORDS[table]}: {row}, {row.email or '–'} ({row.system} {row.external_id})"


def _linked_table(found: Person) -> Table:
    counts = [
        {"words": str(model._meta.verbose_name_plural).capitalize(), "rows": count}
        for model, rows in linked_to(found).items()
        if (count := rows.count())
    ]
    columns = [Column("words", _("What hangs on the person")), Column("rows", _("Rows"), "count")]
    return Table(columns, counts, caption=_("What hangs on the person"), empty=_("Nothing hangs on these rows."))


def _erase(request: HttpRequest, form: EraseForm) -> HttpResponse:
    rows: dict[str, list[int]] = {}
    for value in form.cleaned_data["rows"]:
        name, _dash, number = value.partition("-")
        rows.setdefault(name, []).append(int(number))
    # The reason apart: where it names the person, the erasure empties what holds it, and a second run needs the ids.
    params = {"rows": rows, "why": {"reason": form.cleaned_data["reason"]}, "user": request.user.pk}
    job = job_enqueue(kind="people_erase", params=params, user=request.user)
    messages.info(request, _("The erasure has started; the job tells when it is done."))
    return redirect("job", job.pk)


@require_POST
@operations_only
def person_export(request: HttpRequest, table: str, pk: int) -> HttpResponse:
    """Start the export; the file is for operations only and kept for a week."""
    if table not in TABLES:
        raise Http404
    get_object_or_404(TABLES[table].objects.visible_to(request.user), pk=pk)
    params = {"table": table, "row": pk, "user": request.user.pk}
    job_enqueue(kind="people_export", params=params, key=f"{table}-{pk}", user=request.user)
    messages.info(request, _("The export is being made; it appears here in a moment."))
    return redirect("people_data")


@require_GET
@operations_only
def export_file(request: HttpRequest, pk: int) -> FileResponse:
    row = get_object_or_404(PersonExport.objects.visible_to(request.user), pk=pk)
    try:
        stored = row.file.open("rb")
    except OSError:
        raise Http404 from None
    return FileResponse(stored, as_attachment=True, filename=f"person-{row.table}-{row.row_id}.json")


@require_GET
@operations_only
def erasure(request: HttpRequest, pk: int) -> HttpResponse:
    """What one erasure did."""
    row = get_object_or_404(Erasure.objects.visible_to(request.user).select_related("user"), pk=pk)
    tables = [
        {"table": name.removeprefix("data_collection_").removeprefix("salesops_"), "rows": count}
        for name, count in sorted(row.scrubbed.items())
    ]
    columns = [Column("table", _("Table")), Column("rows", _("Rows changed or removed"), "count")]
    context = {
        "page_title": row.pseudonym,
        "page_subtitle": _("What was erased. It can't be undone."),
        "erasure": row,
        "own": sum(len(ids) for ids in row.rows.values()),
        "tables": Table(
            columns, tables, caption=_("Other rows it was taken out of"), empty=_("No other row named them.")
        ),
    }
    return render(request, "data_collection/privacy/erasure.html", context)


@require_POST
@operations_only
def return_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a row of a person who came back, with a reason."""
    row = get_object_or_404(ErasedReturn.objects.visible_to(request.user), pk=pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say in a few words why the row may stay."))
    else:
        return_keep(row=row, reason=reason)
        messages.success(request, _("The row stays."))
    return redirect("people_data")
