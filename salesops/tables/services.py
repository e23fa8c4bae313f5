"""Writes of rows that come from outside: what the database refuses is said in words."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from salesops.effective.clashes import clash, clash_error


def row_save(*, row: models.Model) -> None:
    """Check the row's own rules and save it; the constraints have the last word.

    Raises:
        ValidationError: in words, with the row in the way where dates overlap.
    """
    row.clean()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise _explained(row, error) from error


def row_change(*, row: models.Model, values: dict[str, Any]) -> bool:
    """Set `values` and save when one of them is new; returns whether it was."""
    new = row.pk is None
    different = [name for name, value in values.items() if new or getattr(row, name) != value]
    for name in different:
        setattr(row, name, values[name])
    if different or new:
        row_save(row=row)
    return bool(different)


def _explained(row: models.Model, error: IntegrityError) -> ValidationError:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    constraint = next((c for c in row._meta.constraints if c.name == name), None)
    if constraint is None:
        return ValidationError(_("A row with this key already exists, or a row it points at is gone."))
    if isinstance(constraint, ExclusionConstraint):
        other = clash(constraint, row)
        if other is not None:
            return clash_error(constraint, other)
    return ValidationError(constraint.get_violation_error_message(), code="constraint")
