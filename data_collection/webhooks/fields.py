"""Which fields of a lead or contact a recipe may fill, and reading a text into one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from data_collection.crm.models import Account, Contact, Lead
from data_collection.organisation.models import Product, Rep, Segment
from data_collection.webhooks.calc.reading import PayloadRefused, moment

TABLES: dict[str, type[models.Model]] = {"lead": Lead, "contact": Contact}
NAMES: Mapping[str, frozenset[str]] = {
    "lead": frozenset(
        ["name", "company", "email", "phone", "title", "industry", "country", "employees", "lead_source", "campaign"]
        + ["status", "owner", "segment", "product", "account", "created_on", "mql_on", "sql_on", "converted_on"]
        + ["disqualified_on", "disqualified_reason", "first_touch_at"]
    ),
    "contact": frozenset(["first_name", "last_name", "email", "phone", "title", "country", "account"]),
}


def column(table: str, name: str) -> str:
    """The attribute that holds a field: `owner` -> `owner_id`."""
    field = TABLES[table]._meta.get_field(name)
    return str(field.attname)  # type: ignore[union-attr]


def read_value(table: str, name: str, text: str, *, system: str) -> Any:
    """A text as the value of a field's column.

    Raises:
        PayloadRefused: the field can't hold it, or nothing is known by it.
    """
    field = TABLES[table]._meta.get_field(name)
    if isinstance(field, models.ForeignKey):
        return _reference(field, name, text, system)
    if not text:
        return None if field.null else field.get_default()  # type: ignore[union-attr]
    if isinstance(field, models.DateTimeField):
        return moment(text)
    if isinstance(field, models.DateField):
        return _day(text)
    try:
        value = field.to_python(text)  # type: ignore[union-attr]
    except ValidationError as wrong:
        raise PayloadRefused(f"{name}: {' '.join(wrong.messages)}") from None
    return _fitting(field, name, value)


def _fitting(field: Any, name: str, value: Any) -> Any:
    if field.choices and value not in dict(field.flatchoices):
        known = ", ".join(str(code) for code, _label in field.flatchoices)
        raise PayloadRefused(f"{name}: “{value}” is none of {known}; map it in the recipe with values.")
    if field.max_length and len(str(value)) > field.max_length:
        raise PayloadRefused(f"{name}: longer than {field.max_length} characters.")
    if isinstance(field, models.PositiveIntegerField) and not 0 <= value <= 2_147_483_647:
        raise PayloadRefused(f"{name}: {value} is out of range.")
    return value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return moment(text).date()


def _reference(field: models.ForeignKey, name: str, text: str, system: str) -> int | None:
    if not text:
        return None
    to = field.related_model
    found: Any
    if to is Rep:
        found = Rep.objects.filter(code=text) or Rep.objects.filter(email__iexact=text)
    elif to in (Segment, Product):
        found = to.objects.filter(code=text)
    else:
        rows = Account.objects.filter(system=system, external_id=text).values_list("merged_into_id", "pk").first()
        return (rows[0] or rows[1]) if rows else None  # the account may come later; the lead need not wait
    first = found.values_list("pk", flat=True).first()
    if first is None:
        raise PayloadRefused(f"{name}: nothing is known by “{text[:80]}”.")
    return int(first)
