"""The upload form."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.imports.calc.reading import MAGIC
from data_collection.imports.selectors import ENDINGS, mapping_names, upload_limits


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several CSV files; each is checked for ending, size and first bytes."""

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
    name, most = file.name or "", upload_limits()[0]
    if not name.lower().endswith(ENDINGS):
        return _("“%(name)s” is no CSV file; the name must end in %(endings)s.") % {
            "name": name,
            "endings": ", ".join(ENDINGS),
        }
    if (file.size or 0) > most:
        return _("“%(name)s” is larger than %(most)s MB.") % {"name": name, "most": most // 2**20}
    first = file.read(16)
    file.seek(0)
    packed = name.lower().endswith(".gz")
    if packed != first.startswith(b"\x1f\x8b"):
        return _("“%(name)s”: content and name ending do not fit each other.") % {"name": name}
    what = next((what for magic, what in MAGIC.items() if not packed and first.startswith(magic)), None)
    return _("“%(name)s” is %(what)s, not a CSV file.") % {"name": name, "what": what} if what else ""


class UploadForm(forms.Form):
    mapping = forms.ChoiceField(
        label=gettext_lazy("Mapping"), help_text=gettext_lazy("Which column fills which field.")
    )
    files = ManyFilesField(
        label=gettext_lazy("Files"), help_text=gettext_lazy("All CSV files of one source together; .csv or .csv.gz.")
    )
    dry_run = forms.BooleanField(
        label=gettext_lazy("Dry run: only show what would change"), required=False, initial=True
    )
    accept_suggestions = forms.BooleanField(label=gettext_lazy("Apply sure suggestions at once"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mapping"].choices = mapping_names()
        self.fields["files"].widget.attrs["accept"] = ",".join(ENDINGS)
