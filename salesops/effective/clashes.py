"""Says in words which row stands in the way when effective dates overlap.

Postgres refuses the overlap (the exclusion constraints of `models.py`); this finds the other row, so
that a person reads its dates and what it is about.
"""

from collections.abc import Iterable
from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from salesops.effective.models import Effective

DATES = ("valid_from", "valid_to")


def day_words(day: date | None) -> str:
    """`1 Jul 2026`, or nothing."""
    return date_format(day, "j M Y") if day else ""


def span_words(start: date, end: date | None) -> str:
    """`from 1 Jan 2026 until 1 Jul 2026`; the end is the first day no longer meant."""
    if end is None:
        return _("from %(start)s until further notice") % {"start": day_words(start)}
    return _("from %(start)s until %(end)s") % {"start": day_words(start), "end": day_words(end)}


def spans_overlap(a: Effective, b: Effective) -> bool:
    """Do two half-open ranges share a day?"""
    return a.valid_from < (b.valid_to or date.max) and b.valid_from < (a.valid_to or date.max)


def exclusions(model: type[models.Model]) -> list[ExclusionConstraint]:
    return [c for c in model._meta.constraints if isinstance(c, ExclusionConstraint)]


def subject_fields(constraint: ExclusionConstraint) -> list[str]:
    """The fields besides the dates, e.g. `["rep"]`: one row a day for each value of them."""
    return [str(name) for name, _operator in constraint.expressions if isinstance(name, str)]


def applies(constraint: ExclusionConstraint, row: Effective) -> bool:
    """Is `row` under this constraint: dates present, its condition met, no subject empty?"""
    if row.valid_from is None or (row.valid_to and row.valid_to <= row.valid_from):
        return False
    if any(getattr(row, row._meta.get_field(name).attname) in (None, "") for name in subject_fields(constraint)):
        return False
    wanted = dict(constraint.condition.children) if constraint.condition else {}
    return all(getattr(row, name) == value for name, value in wanted.items() if "__" not in name)


def clash(constraint: ExclusionConstraint, row: Effective, ignore: Iterable[int] = ()) -> Effective | None:
    """The stored row that `row` would overlap under this constraint."""
    if not applies(constraint, row):
        return None
    same = {name: getattr(row, row._meta.get_field(name).attname) for name in subject_fields(constraint)}
    model = type(row)
    others = model._default_manager.filter(**same).overlapping(row.valid_from, row.valid_to or date.max)
    if constraint.condition:
        others = others.filter(constraint.condition)
    return others.exclude(pk__in={row.pk, *ignore} - {None}).order_by("valid_from").first()


def both_clash(constraint: ExclusionConstraint, a: Effective, b: Effective) -> bool:
    """Would the two unsaved rows overlap under this constraint?"""
    same = all(
        getattr(a, a._meta.get_field(name).attname) == getattr(b, b._meta.get_field(name).attname)
        for name in subject_fields(constraint)
    )
    return same and applies(constraint, a) and applies(constraint, b) and spans_overlap(a, b)


def clash_error(constraint: ExclusionConstraint, other: Effective) -> ValidationError:
    """`This rep is already in a team … Already there: North, from 1 Jan 2026 until further notice.`"""
    words = _("%(rule)s Already there: %(what)s, %(span)s.") % {
        "rule": constraint.get_violation_error_message(),
        "what": describe(other, subject_fields(constraint)),
        "span": span_words(other.valid_from, other.valid_to),
    }
    return ValidationError(words, code="overlap")


def describe(row: Effective, subjects: Iterable[str] = ()) -> str:
    """What the row links to besides the subject itself, e.g. the other team; else its amount."""
    names, numbers = [], []
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.name in subjects or value is None:
            continue
        if field.many_to_one or field.one_to_one:
            names.append(str(getattr(row, field.name)))
        elif isinstance(field, models.DecimalField):
            numbers.append(f"{value.normalize():f}")
    return ", ".join(names) or " ".join([*numbers[:1], getattr(row, "currency", "")]).strip() or str(row)


def check_dated(
    row: Effective, *, ignore: Iterable[int] = (), exclude: Iterable[str] = (), unreadable: Iterable[str] = ()
) -> None:
    """All constraints of the row; an overlap names the row in the way.

    Args:
        ignore: ids of rows that are judged elsewhere.
        exclude: fields whose constraints the caller leaves out; overlaps are judged all the same.
        unreadable: fields that hold no valid value; overlaps over them are left out.

    Raises:
        ValidationError: everything that is wrong, in words.
    """
    errors: list[ValidationError] = []
    for constraint in row._meta.constraints:
        if isinstance(constraint, ExclusionConstraint):
            readable = not {*DATES, *subject_fields(constraint)} & set(unreadable)
            other = clash(constraint, row, ignore) if readable else None
            if other is not None:
                errors.append(clash_error(constraint, other))
            continue
        try:
            constraint.validate(type(row), row, exclude=set(exclude))
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise ValidationError(errors)
