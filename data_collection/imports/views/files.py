"""Second step: how each file is written, as it was seen and as a person says, with its first rows."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from data_collection.imports.forms import FileForm
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.services.drafts import file_drop, file_form
from data_collection.imports.views.rights import of_a_draft
from data_collection.imports.views.words import steps

PAGE = "data_collection/imports/files.html"
KINDS = {
    "integer": gettext_lazy("whole number"),
    "number": gettext_lazy("number"),
    "percent": gettext_lazy("percent"),
    "date": gettext_lazy("date"),
    "datetime": gettext_lazy("date and time"),
    "boolean": gettext_lazy("yes/no"),
    "id": gettext_lazy("id"),
    "email": gettext_lazy("e-mail"),
    "phone": gettext_lazy("phone"),
    "url": gettext_lazy("web address"),
    "text": gettext_lazy("text"),
    "empty": gettext_lazy("empty"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing about the form of a file, and whether the file itself decided it."""

    field: BoundField
    sure: bool
    words: str


@dataclass(frozen=True, slots=True)
class FileCard:
    """A file as the page shows it."""

    row: ImportFile
    settings: list[Setting]
    headers: list[tuple[str, str]]  # name and kind of the column
    sample: list[list[str]]
    rows: int | None  # None: more than were looked at
    looked_at: int
    notes: list[str]

    @property
    def open_questions(self) -> int:
        return sum(not setting.sure for setting in self.settings)


@require_GET
@of_a_draft
def import_files(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    rows = list(batch.files.all())
    context = {
        "page_title": _("Check files"),
        "page_subtitle": _(
            "How each file is written. What the file itself did not decide is marked; please confirm it."
        ),
        "batch": batch,
        "steps": steps("files", batch),
        "cards": [_card(row) for row in rows if row.stored],
        "refused": [row for row in rows if not row.stored],
        "zones": sorted(available_timezones()),
    }
    return render(request, PAGE, context)


@require_POST
@of_a_draft
def import_file(request: HttpRequest, batch: ImportBatch, file: int) -> HttpResponse:
    """Read one file as it is said to be written, or take it out."""
    row = get_object_or_404(batch.files, pk=file)
    if request.POST.get("do") == "drop":
        file_drop(row=row)
        return redirect("import_files", batch.pk)
    form = FileForm(request.POST, file=row)
    if form.is_valid():
        file_form(row=row, chosen=form.chosen(row.chosen))
        form = None
    if not request.htmx:
        return redirect("import_files", batch.pk) if form is None else _whole(request, batch, row, form)
    return render(request, PAGE + "#card", {"batch": batch, "card": _card(row, form), "changed": form is None})


def _whole(request: HttpRequest, batch: ImportBatch, row: ImportFile, form: FileForm) -> HttpResponse:
    context = {
        "page_title": _("Check files"),
        "batch": batch,
        "steps": steps("files", batch),
        "cards": [_card(other, form if other.pk == row.pk else None) for other in batch.files.all() if other.stored],
        "zones": sorted(available_timezones()),
    }
    return render(request, PAGE, context, status=400)


def _card(row: ImportFile, form: FileForm | None = None) -> FileCard:
    seen: dict[str, Any] = row.detection
    form = form or FileForm(file=row)
    kinds = [KINDS.get(column["kind"], column["kind"]) for column in seen.get("columns", [])]
    return FileCard(
        row,
        [_setting(form[name], row) for name in form.fields if _asked(name, seen)],
        list(zip(seen.get("headers", []), kinds, strict=False)),
        seen.get("sample", []),
        seen.get("rows_total"),
        seen.get("rows_seen", 0),
        seen.get("notes", []),
    )


def _asked(name: str, seen: dict[str, Any]) -> bool:
    """Dates, numbers and zones matter only in a file that has some."""
    kinds = {column["kind"] for column in seen.get("columns", [])}
    needed = {
        "date": {"date", "datetime"},
        "decimal": {"number", "percent", "integer"},
        "time_zone": {"datetime"},
    }
    return name not in needed or bool(kinds & needed[name])


def _setting(field: BoundField, row: ImportFile) -> Setting:
    name = field.name
    if row.chosen.get(name):
        return Setting(field, True, _("chosen by you"))
    sure = bool(row.detection.get("sure", {}).get(name, _sure_by_itself(name, row)))
    return Setting(field, sure, _("certain") if sure else _("please confirm"))


def _sure_by_itself(name: str, row: ImportFile) -> bool:
    if name == "encoding":
        return row.encoding.startswith("utf")
    return name == "separator" and len(row.headers) > 1
