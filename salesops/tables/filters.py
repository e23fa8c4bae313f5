"""Filters of API lists, named alike everywhere: exact by name, dates half-open as `_from` and `_to`."""

import django_filters
from django.db import models


def row_filters(
    model: type[models.Model],
    *,
    exact: tuple[str, ...] = (),
    links: dict[str, str] | None = None,
    dates: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
) -> type[django_filters.FilterSet]:
    """A filter set.

    Args:
        exact: fields compared as they are; choices are checked.
        links: parameter -> path to the linked row's key, e.g. `{"owner": "owner__code"}`.
        dates: `close_date` gives `close_date_from` (that day on) and `close_date_to` (before that day).
        numbers: `amount` gives `amount_min` and `amount_max`, both included.
    """
    filters: dict[str, object] = {}
    for name, path in (links or {}).items():
        filters[name] = django_filters.CharFilter(field_name=path)
    for name in dates:
        filters[f"{name}_from"] = django_filters.DateFilter(field_name=name, lookup_expr="gte")
        filters[f"{name}_to"] = django_filters.DateFilter(field_name=name, lookup_expr="lt")
    for name in numbers:
        filters[f"{name}_min"] = django_filters.NumberFilter(field_name=name, lookup_expr="gte")
        filters[f"{name}_max"] = django_filters.NumberFilter(field_name=name, lookup_expr="lte")
    meta = type("Meta", (), {"model": model, "fields": list(exact)})
    return type(f"{model.__name__}Filters", (django_filters.FilterSet,), {**filters, "Meta": meta})


class OnDay(django_filters.DateFilter):
    """`?on=2026-07-01`: rows in force on that day."""

    def filter(self, queryset: models.QuerySet, value: object) -> models.QuerySet:
        return queryset.filter(pk__in=queryset.model._default_manager.on(value).values("pk")) if value else queryset


def dated_filters(model: type[models.Model], **wanted: object) -> type[django_filters.FilterSet]:
    """Filters of effective-dated rows: `on` a day besides the usual ones."""
    base = row_filters(model, dates=("valid_from",), **wanted)
    return type(base.__name__, (base,), {"on": OnDay(), "Meta": base.Meta})
