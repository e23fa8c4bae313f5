"""Reads of the history the triggers keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

MOST = 500  # rows shown of one history


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    old: str  # empty when the row was made
    new: str  # empty when the row was deleted


@dataclass(frozen=True, slots=True)
class Change:
    """One insert, update or delete."""

    at: datetime
    who: str  # empty = a job or a command
    what: str  # "created", "changed" or "deleted", in words
    row: str  # which row, e.g. "team membership: Rui in North from 2026-01-01"
    fields: tuple[FieldChange, ...]


def changes_of(row: models.Model, with_rows_of: Iterable[type[models.Model]] = ()) -> list[Change]:
    """History of a row, newest first, with that of the rows of other models that point at it."""
    changes = _model_changes(type(row), {"pgh_obj_id": row.pk})
    for model in with_rows_of:
        links = [f.attname for f in model._meta.concrete_fields if f.many_to_one and f.related_model is type(row)]
        for link in links:
            changes += _model_changes(model, {link: row.pk})
    return sorted(changes, key=lambda change: change.at, reverse=True)[:MOST]


def is_audited(model: type[models.Model]) -> bool:
    return _event_model(model) is not None


def _event_model(model: type[models.Model]) -> type[models.Model] | None:
    found = [m for m in model._meta.apps.get_models() if getattr(m, "pgh_tracked_model", None) is model]
    return found[0] if found else None


def _model_changes(model: type[models.Model], wanted: dict[str, Any]) -> list[Change]:
    events = _event_model(model)
    if events is None:
        return []
    touched = events.objects.filter(**wanted).values("pgh_obj_id")
    rows = list(events.objects.filter(pgh_obj_id__in=touched).select_related("pgh_context").order_by("pgh_id"))
    people = _people(rows)
    names = _Names(model)
    before: dict[int, models.Model] = {}
    changes = []
    for event in rows:
        old = before.get(event.pgh_obj_id)
        if event.pgh_label == "delete":
            before.pop(event.pgh_obj_id, None)
            fields, what = names.differences(event, None), _("deleted")
        else:
            before[event.pgh_obj_id] = event
            fields, what = (
                names.differences(old, event),
                _("changed") if old or event.pgh_label == "update" else _("created"),
            )
        if fields:
            metadata = event.pgh_context.metadata if event.pgh_context else {}
            who = people.get(metadata.get("user"), "")
            changes.append(Change(event.pgh_created_at, who, what, names.row(event), tuple(fields)))
    return changes


def _people(rows: list) -> dict[int, str]:
    wanted = {row.pgh_context.metadata.get("user") for row in rows if row.pgh_context} - {None}
    return {user.pk: str(user) for user in get_user_model().objects.filter(pk__in=wanted)}


class _Names:
    """Turns stored values of one model into words; names of linked rows are read once each."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.known: dict[tuple[type, Any], str] = {}

    def row(self, event: models.Model) -> str:
        fields = {f.attname: getattr(event, f.attname) for f in self._kept(event)}
        return f"{self.model._meta.verbose_name}: {self.model(**fields)}"

    def _kept(self, event: models.Model | None) -> list[models.Field]:
        """Fields the history keeps; secrets and what changes by itself are left out of some."""
        return [f for f in self.model._meta.concrete_fields if event is not None and hasattr(event, f.attname)]

    def differences(self, old: models.Model | None, new: models.Model | None) -> list[FieldChange]:
        found = []
        for field in self._kept(new or old):
            if field.primary_key:
                continue
            was = self.words(field, getattr(old, field.attname)) if old else ""
            now = self.words(field, getattr(new, field.attname)) if new else ""
            if was != now:
                found.append(FieldChange(str(field.verbose_name), was, now))
        return found

    def words(self, field: models.Field, value: Any) -> str:
        if value is None or value == "":
            return ""
        if field.is_relation:
            key = (field.related_model, value)
            if key not in self.known:
                linked = field.related_model._base_manager.filter(pk=value).first()
                self.known[key] = str(linked) if linked else f"#{value}"
            return self.known[key]
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, datetime):
            return date_format(value, "j M Y H:i")
        if isinstance(value, date):
            return date_format(value, "j M Y")
        if isinstance(field, models.DecimalField):
            return f"{value.normalize():,f}"
        return str(dict(field.flatchoices).get(value, value) if field.choices else value)
