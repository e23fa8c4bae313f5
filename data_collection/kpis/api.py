"""KPIs by API: the same numbers, filters and rights as the pages.

The filter parameters are those of the pages (kpis/filters.py); `from` and `to` are half-open.
"""

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from data_collection.kpis.catalogue import CATALOGUE, GROUPS, Kpi
from data_collection.kpis.filters import COMPARE, DIMENSIONS, Filters, parse
from data_collection.kpis.rows import Part
from data_collection.kpis.selectors import GROUPINGS, KpiRow, kpi_rows, kpi_series, kpi_values
from salesops.company.models import Company
from salesops.lib.periods import Grain

MOST_PERIODS = 120

FILTER_PARAMETERS = [
    OpenApiParameter("period", str, description="qtd, mtd, last_90, 2026-Q3, 2026-07, FY2026, 2026-01-01..2026-03-31"),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day; together with `to`, instead of `period`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="First day no longer in."),
    OpenApiParameter("cmp", str, enum=list(COMPARE), description="Period to compare with."),
    *(
        OpenApiParameter(name, str, many=True, description=f"Code of the {name}; “-” = without one.")
        for name in DIMENSIONS
    ),
]
NAMES = OpenApiParameter("kpi", str, many=True, enum=list(CATALOGUE), description="Only these; default all.")


class KpiValueSerializer(serializers.Serializer):
    value = serializers.DecimalField(max_digits=None, decimal_places=None, allow_null=True)
    n = serializers.IntegerField(allow_null=True, help_text="Rows it rests on.")
    reason = serializers.CharField(help_text="Why there is no value; empty where there is one.")
    note = serializers.CharField(help_text="Rows left out, or too few to judge.")
    few = serializers.BooleanField()
    unit = serializers.CharField()


class KpiRowSerializer(serializers.Serializer):
    key = serializers.CharField(allow_null=True)
    label = serializers.CharField()
    values = serializers.DictField(child=KpiValueSerializer())  # type: ignore[assignment]  # the name of the API
    before = serializers.DictField(child=KpiValueSerializer(), allow_null=True)

    def to_representation(self, row: KpiRow) -> dict[str, Any]:
        return {
            "key": row.key,
            "label": row.label,
            "values": _values(row.values),
            "before": None if row.before is None else _values(row.before),
        }


def _values(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "value": None if v.value is None else exact(v.value), "n": v.n, "reason": v.reason,
            "note": v.note, "few": v.few, "unit": v.unit,
        }
        for name, v in found.items()
    }  # fmt: skip


def exact(value: Any) -> str:
    """A decimal as text, without trailing zeros and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def filters_of(request: Request) -> Filters:
    """The filter of this request; unlike a page, the API refuses what it can't read."""
    filters = parse(request.GET)
    if filters.errors:
        raise ValidationError({"filter": list(filters.errors)})
    return filters


def names_of(request: Request) -> list[str]:
    names = [name for given in request.GET.getlist("kpi") for name in given.split(",") if name]
    for name in names:
        kpi_of(name)
    return names or list(CATALOGUE)


def kpi_of(name: str) -> Kpi:
    if name not in CATALOGUE:
        raise NotFound(_("There is no KPI “%s”.") % name)
    return CATALOGUE[name]


def head(filters: Filters) -> dict[str, Any]:
    return {
        "from": filters.period.start,
        "to": filters.period.end,
        "compare_from": filters.compare and filters.compare.start,
        "compare_to": filters.compare and filters.compare.end,
        "currency": Company.get().reporting_currency,
    }


_HEAD = {
    "from": serializers.DateField(),
    "to": serializers.DateField(),
    "compare_from": serializers.DateField(allow_null=True),
    "compare_to": serializers.DateField(allow_null=True),
    "currency": serializers.CharField(),
}


class KpisView(APIView):
    """KPI values over a period, whole or by a dimension."""

    @extend_schema(
        operation_id="kpi_values",
        parameters=[
            *FILTER_PARAMETERS, NAMES, OpenApiParameter("by", str, enum=list(GROUPINGS)),
            OpenApiParameter("rollup", bool, description="Teams and territories with all below them."),
        ],
        responses=inline_serializer(
            "KpiTable", {**_HEAD, "by": serializers.CharField(allow_null=True), "rows": KpiRowSerializer(many=True)}
        ),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        filters, by = filters_of(request), request.GET.get("by") or None
        if by is not None and by not in GROUPINGS:
            raise ValidationError({"by": [_("Write one of: %s.") % ", ".join(GROUPINGS)]})
        rollup = request.GET.get("rollup", "") in ("1", "true")
        names = names_of(request)
        try:
            rows = kpi_values(request.user, filters, names, by, rollup=rollup)
        except ValueError as error:
            raise ValidationError({"by": [str(error)]}) from None
        return Response({**head(filters), "by": by, "rows": KpiRowSerializer(rows, many=True).data})


class KpiSeriesView(APIView):
    """One KPI over the last periods."""

    @extend_schema(
        operation_id="kpi_series",
        parameters=[
            *FILTER_PARAMETERS,
            OpenApiParameter("grain", str, enum=[g.value for g in Grain], default="month"),
            OpenApiParameter("count", int, default=12, description=f"Periods, {MOST_PERIODS} at most."),
        ],
        responses=inline_serializer("KpiSeries", {
            **_HEAD, "kpi": serializers.CharField(), "grain": serializers.CharField(),
            "rows": KpiRowSerializer(many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request, name: str) -> Response:
        kpi, filters = kpi_of(name), filters_of(request)
        grain, count = request.GET.get("grain", "month"), request.GET.get("count", "12")
        if grain not in set(Grain):
            raise ValidationError({"grain": [_("Write one of: %s.") % ", ".join(Grain)]})
        if not count.isdecimal() or len(count) > 4 or not 1 <= int(count) <= MOST_PERIODS:
            raise ValidationError({"count": [_("Write a number from 1 to %d.") % MOST_PERIODS]})
        rows = kpi_series(request.user, filters, [kpi.name], grain, int(count))
        return Response({**head(filters), "kpi": name, "grain": grain, "rows": KpiRowSerializer(rows, many=True).data})


class RowsPages(CursorPagination):
    """By id, newest first: ids of events are unique in their view."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = ("-id",)


class KpiRowsView(APIView):
    """The rows behind a KPI; `total` is the measure their `value` sums to."""

    @extend_schema(
        operation_id="kpi_rows",
        parameters=[
            *FILTER_PARAMETERS,
            OpenApiParameter("part", str, description="Measure of the formula; default its first. See `parts`."),
            OpenApiParameter("cursor", str), OpenApiParameter("page_size", int),
        ],
        responses=inline_serializer("KpiRows", {
            **_HEAD, "kpi": serializers.CharField(), "part": serializers.CharField(allow_null=True),
            "parts": serializers.ListField(child=serializers.DictField()),
            "next": serializers.URLField(allow_null=True), "previous": serializers.URLField(allow_null=True),
            "rows": serializers.ListField(child=serializers.DictField()),
        }),
    )  # fmt: skip
    def get(self, request: Request, name: str) -> Response:
        kpi, filters = kpi_of(name), filters_of(request)
        found = kpi_rows(request.user, filters, kpi.name)
        parts = {part.measure: part for part in found.parts}
        wanted = request.GET.get("part") or next(iter(parts), None)
        if wanted is not None and wanted not in parts:
            raise ValidationError({"part": [_("Write one of: %s.") % ", ".join(parts)]})
        body = {**head(filters), "kpi": name, "part": wanted, "parts": [_part(part) for part in found.parts]}
        if wanted is None:
            return Response({**body, "next": None, "previous": None, "rows": []})
        return Response({**body, **_page(request, parts[wanted], self)})


def _part(part: Part) -> dict[str, Any]:
    return {
        "measure": part.measure, "label": str(part.label), "how": part.how, "field": part.field,
        "total": exact(part.total()) if part.how in ("sum", "distinct", "count") else None,
    }  # fmt: skip


#: ids a client may want to follow
LINKS = ("opportunity_id", "account_id", "lead_id", "order_line_id", "activity_id", "rep_id", "team_id")


def _page(request: Request, part: Part, view: APIView) -> dict[str, Any]:
    names = {f.attname for f in part.rows.model._meta.fields}
    fields = ["id", *(link for link in LINKS if link in names), *(c.field for c in part.columns)]
    pages = RowsPages()
    rows = pages.paginate_queryset(part.rows.values(*dict.fromkeys(fields), value_=F(part.field)), request, view)
    return {
        "next": pages.get_next_link(),
        "previous": pages.get_previous_link(),
        "rows": [{(k if k != "value_" else "value"): v for k, v in row.items()} for row in rows or []],
    }


class KpiCatalogueView(APIView):
    """Every KPI with its formula, unit and glossary text."""

    @extend_schema(
        operation_id="kpi_catalogue",
        responses=inline_serializer("KpiDefinition", {
            **{name: serializers.CharField() for name in ("name", "label", "group", "unit", "better", "formula",
                                                          "meaning", "choices", "check", "owner")},
        }, many=True),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "name": kpi.name, "label": str(kpi.label), "group": str(GROUPS[kpi.group]), "unit": kpi.unit,
                    "better": kpi.better, "formula": kpi.formula.text, "meaning": str(kpi.meaning),
                    "choices": str(kpi.choices), "check": kpi.check, "owner": str(kpi.owner),
                }
                for kpi in CATALOGUE.values()
            ]
        )  # fmt: skip
