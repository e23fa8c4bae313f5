"""Effective dating: half-open ranges `[valid_from, valid_to)`, no overlap, enforced by Postgres.

`valid_to` empty means "until further notice". A change never overwrites the past: the old row ends
on the day the new one begins.
"""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _


class DateRangeOf(Func):
    """daterange(valid_from, valid_to): lower bound included, upper bound not, NULL = open."""

    function = "DATERANGE"
    output_field = DateRangeField()


class EffectiveQuerySet(models.QuerySet):
    def on(self, day: date) -> Self:
        """Rows in force on `day`."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)

    def overlapping(self, start: date, end: date) -> Self:
        """Rows in force on at least one day of `[start, end)`."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=start), valid_from__lt=end)


class Effective(models.Model):
    """Abstract row that holds from one day until, not including, another."""

    valid_from = models.DateField(_("from"), help_text=_("First day this holds."))
    valid_to = models.DateField(
        _("until"), null=True, blank=True, help_text=_("First day it no longer holds; empty = until further notice.")
    )

    objects = EffectiveQuerySet.as_manager()

    class Meta:
        abstract = True


def ends_after_start(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
        violation_error_message=_("“Until” must be later than “from”."),
    )


def no_overlap(name: str, *fields: str, message: str, condition: Q | None = None) -> ExclusionConstraint:
    """At most one row per `fields` on any day. Needs the btree_gist extension."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            (DateRangeOf("valid_from", "valid_to"), RangeOperators.OVERLAPS),
            *((field, RangeOperators.EQUAL) for field in fields),
        ],
        condition=condition,
        violation_error_message=message,
    )
