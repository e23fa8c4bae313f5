"""Forms of a new import: the files, how one is written, corrected rows."""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.imports.calc.reading import ENDINGS, FileRefused, check_size, first_bytes_problem, name_problem
from data_collection.imports.models import ImportFile
from data_collection.imports.selectors import import_limits
from salesops.company.models import known_time_zone


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


@dataclass(frozen=True, slots=True)
class Given:
    """Files that came together: those to keep, and by name why others are not kept."""

    good: list[UploadedFile] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class ManyFilesField(forms.FileField):
    """Several files; each is checked for ending, size and first bytes. One good file is enough."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Given:
        files = data if isinstance(data, list | tuple) else [data]
        given = Given()
        for file in files:
            try:
                checked = super().clean(file, initial)
                problem = _problem(checked)
            except forms.ValidationError as wrong:
                if file is None:
                    raise
                problem = " ".join(wrong.messages)
            if problem:
                given.refused[file.name] = problem
            else:
                given.good.append(checked)
        names = [file.name for file in given.good]
        twice = [_("“%s” was chosen twice.") % name for name in {n for n in names if names.count(n) > 1}]
        if twice or not given.good:
            raise forms.ValidationError([*given.refused.values(), *twice])
        return given


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
    files = ManyFilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy("All files of one source together: CSV, XLSX or JSON lines, also packed with gzip."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].widget.attrs["accept"] = ",".join(ENDINGS)


class CorrectedForm(forms.Form):
    """The file of rejected rows, corrected."""

    file = forms.FileField(label=gettext_lazy("Corrected file"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(ENDINGS)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if problem := _problem(file):
            raise forms.ValidationError(problem)
        return file


ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("utf-8-sig", gettext_lazy("UTF-8 with a mark in front")),
    ("utf-16", "UTF-16"),
    ("utf-16-le", gettext_lazy("UTF-16, low byte first")),
    ("utf-16-be", gettext_lazy("UTF-16, high byte first")),
    ("cp1252", gettext_lazy("Windows-1252 (Western Europe)")),
    ("cp1250", gettext_lazy("Windows-1250 (Central Europe)")),
    ("cp1251", gettext_lazy("Windows-1251 (Cyrillic)")),
    ("cp874", gettext_lazy("Windows-874 (Thai)")),
    ("latin-1", "ISO 8859-1"),
    ("shift_jis", "Shift JIS"),
    ("gb18030", "GB 18030"),
)
SEPARATORS = (
    (",", gettext_lazy("Comma ,")),
    (";", gettext_lazy("Semicolon ;")),
    ("\t", gettext_lazy("Tab")),
    ("|", gettext_lazy("Bar |")),
)
DATES = (
    ("iso", gettext_lazy("Year first: 2026-12-31")),
    ("dmy", gettext_lazy("Day first: 31.12.2026")),
    ("mdy", gettext_lazy("Month first: 12/31/2026")),
    ("ymd", gettext_lazy("Year first, other signs: 2026/12/31")),
    ("excel", gettext_lazy("Excel day numbers: 46387")),
)
DECIMALS = ((".", gettext_lazy("Point: 1,234.50")), (",", gettext_lazy("Comma: 1.234,50")))
FORM_WORDS = ("encoding", "separator", "date", "decimal", "time_zone")


class FileForm(forms.Form):
    """How one file is written. What was left as it was seen is not taken as chosen."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=ENCODINGS, required=False)
    separator = forms.ChoiceField(label=gettext_lazy("Separator"), choices=SEPARATORS, required=False)
    date = forms.ChoiceField(label=gettext_lazy("Dates"), choices=DATES, required=False)
    decimal = forms.ChoiceField(label=gettext_lazy("Numbers"), choices=DECIMALS, required=False)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=40,
        required=False,
        validators=[known_time_zone],
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, file: ImportFile, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"f{file.pk}", **kwargs)
        self._seen = form_seen(file)
        self.initial = {**self._seen, **file.chosen}
        seen = self.initial["encoding"]
        if seen and seen not in dict(ENCODINGS):
            self.fields["encoding"].choices = [(seen, seen), *ENCODINGS]
        if file.format not in ("", "csv"):
            del self.fields["encoding"], self.fields["separator"]

    def chosen(self, before: dict[str, str]) -> dict[str, str]:
        """What differs from what was seen, or was chosen before."""
        given = {word: text for word, text in self.cleaned_data.items() if text}
        return {w: t for w, t in given.items() if t != self._seen.get(w) or w in before}


def form_seen(file: ImportFile) -> dict[str, str]:
    """How the file is written as far as it shows."""
    formats = file.detection.get("formats", {})
    return {
        "encoding": file.encoding,
        "separator": file.separator,
        "date": next(iter(formats.get("date", ())), ""),
        "decimal": formats.get("decimal", ""),
        "time_zone": formats.get("time_zone", ""),
    }
