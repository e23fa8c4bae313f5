"""The upload form."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.imports.calc.reading import ENDINGS, FileRefused, check_size, first_bytes_problem, name_problem
from data_collection.imports.selectors import import_limits, mapping_names


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; each is checked for ending, size and first bytes."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data]
        files = [super(ManyFilesField, self).clean(one, initial) for one in given]
        problems = [problem for file in files if (problem := _problem(file))]
        names = [file.name for file in files]
        problems += [_("“%s” was chosen twice.") % name for name in {n for n in names if names.count(n) > 1}]
        if problems:
            raise forms.ValidationError(problems)
        return files


def _problem(file: UploadedFile) -> str:
    """Why a file is not taken, by its name, size and first bytes; "" when it is."""
    name = file.name or ""
    first = file.read(16)
    file.seek(0)
    why = name_problem(name) or first_bytes_problem(name, first)
    try:
        check_size(file.size or 0, import_limits())
    except FileRefused as too_large:
        why = str(too_large)
    return _("“%(name)s”: %(why)s") % {"name": name, "why": why} if why else ""


class UploadForm(forms.Form):
    mapping = forms.ChoiceField(
        label=gettext_lazy("Mapping"), help_text=gettext_lazy("Which column fills which field.")
    )
    files = ManyFilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy("All files of one source together: CSV, XLSX or JSON lines."),
    )
    dry_run = forms.BooleanField(
        label=gettext_lazy("Dry run: only show what would change"), required=False, initial=True
    )
    accept_suggestions = forms.BooleanField(label=gettext_lazy("Apply sure suggestions at once"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mapping"].choices = mapping_names()
        self.fields["files"].widget.attrs["accept"] = ",".join(ENDINGS)
