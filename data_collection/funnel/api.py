from dataclasses import asdict
from math import isnan
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from data_collection.funnel.selectors import COHORTS, FunnelGroup, funnel_of
from data_collection.kpis.api import FILTER_PARAMETERS, filters_of
from data_collection.kpis.sums import BY


class FunnelView(APIView):
    """How far the leads or deals that came in during the period got by now."""

    @extend_schema(
        operation_id="funnel",
        parameters=[
            *FILTER_PARAMETERS,
            OpenApiParameter("cohort", str, enum=list(COHORTS), default="deals"),
            OpenApiParameter("by", str, enum=list(BY)),
        ],
        responses=inline_serializer("FunnelTable", {
            "from": serializers.DateField(), "to": serializers.DateField(), "cohort": serializers.CharField(),
            "by": serializers.CharField(allow_null=True), "total": serializers.DictField(),
            "groups": serializers.ListField(child=serializers.DictField()),
            "leak": serializers.DictField(allow_null=True),
        }),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        filters = filters_of(request)
        cohort, by = request.GET.get("cohort") or "deals", request.GET.get("by") or None
        if cohort not in COHORTS:
            raise ValidationError({"cohort": [_("Write one of: %s.") % ", ".join(COHORTS)]})
        if by is not None and by not in BY:
            raise ValidationError({"by": [_("Write one of: %s.") % ", ".join(BY)]})
        found = funnel_of(request.user, filters, cohort, by)
        return Response(
            {
                "from": filters.period.start,
                "to": filters.period.end,
                "cohort": cohort,
                "by": by,
                "total": _group(found.total, found.labels),
                "groups": [_group(group, found.labels) for group in found.groups],
                "leak": None if found.leak is None else _plain(asdict(found.leak)),
            }
        )


def _group(group: FunnelGroup, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "key": group.key,
        "label": group.label,
        "won": group.won,
        "open": group.open,
        "worst": group.worst and group.worst.name,
        "steps": [{"label": labels[step.name], **_plain(asdict(step))} for step in group.steps],
    }


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Undefined is null: JSON has no NaN."""
    return {name: None if isinstance(v, float) and isnan(v) else v for name, v in fields.items()}
