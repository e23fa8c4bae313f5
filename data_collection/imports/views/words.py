"""Words of the pages: tables, fields, states and steps as a person calls them."""

import re
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.imports.calc import entries
from data_collection.imports.models import ImportBatch
from data_collection.imports.targets import model_of

COUNTS = ("read", "new", "changed", "same", "rejected")
LEVEL = {
    "draft": "neutral",
    "running": "running",
    "tried": "info",
    "applied": "good",
    "failed": "bad",
    "interrupted": "warn",
    "cancelled": "warn",
    "undone": "neutral",
}
STEPS = (
    ("upload", gettext_lazy("Upload")),
    ("files", gettext_lazy("Check files")),
    ("columns", gettext_lazy("Match columns")),
    ("try", gettext_lazy("Dry run")),
    ("apply", gettext_lazy("Apply")),
)


def counts_words() -> list[str]:
    return [_("Read"), _("New"), _("Changed"), _("Same"), _("Rejected")]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the wizard, as the line of steps shows it."""

    label: Any
    state: str  # done, here, ahead
    href: str = ""


def steps(here: str, batch: ImportBatch | None = None) -> list[Step]:
    """The line of steps; of a draft, the earlier ones and the next can be opened."""
    at = [key for key, _label in STEPS].index(here)
    draft = batch is not None and batch.state == batch.State.DRAFT
    found = []
    for place, (key, label) in enumerate(STEPS):
        opens = draft and key in ("files", "columns") and key != here
        href = reverse(f"import_{key}", args=[batch.pk]) if opens else ""
        found.append(Step(label, "here" if place == at else "done" if place < at else "ahead", href))
    return found


def table_word(table: str) -> str:
    """`stage_visit` -> stage visit."""
    try:
        return str(model_of(table)._meta.verbose_name)
    except (KeyError, LookupError):
        return table.replace("_", " ")


def field_word(table: str, field: str) -> str:
    """`close_date` -> close date."""
    try:
        return str(model_of(table)._meta.get_field(field).verbose_name)
    except (KeyError, LookupError):
        return field.replace("_", " ")


def place_in_words(problem: str, document: dict[str, Any]) -> str:
    """`files[0].tables[1].fields.amount: ...` -> `deals.csv → opportunity → amount: ...`."""
    found = re.match(r"files\[(\d+)\](?:\.tables\[(\d+)\])?(?:\.fields\.([^.:]+))?(?:\.fields)?", problem)
    if found is None:
        return problem
    try:
        entry = document["files"][int(found[1])]
        parts = [str(entry["file"])]
        if found[2]:
            parts.append(table_word(str(entries.targets(entry)[int(found[2])]["table"])))
    except (KeyError, IndexError, TypeError):
        return problem
    return " → ".join([*parts, *([found[3]] if found[3] else [])]) + problem[found.end() :]
