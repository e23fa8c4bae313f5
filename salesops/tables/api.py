"""API lists of rows: read what is visible, filter, order, choose fields; operations write one or many.

A subclass gives `model`, `serializer_class`, `filterset_class`, `ordering_fields` and, to be written in
bulk, `natural_key`.
"""

from collections import defaultdict
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import models, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin, UpdateModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from salesops.access.permissions import ReadOrOps
from salesops.tables.idempotency import answer_once
from salesops.tables.pagination import CursorPages
from salesops.tables.serializers import Link, RowSerializer
from salesops.tables.services import row_change

MOST_ROWS = 1000
PAGE_PARAMETERS = frozenset({"cursor", "page_size", "ordering", "fields"})
FIELDS = OpenApiParameter("fields", str, description="Names of the fields to give, separated by commas.")
ONCE = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Repeat a request with the same key: it is done once."
)

Rejected = inline_serializer(
    "RejectedRow",
    {
        "row": serializers.IntegerField(help_text="Counted from 1."),
        "field": serializers.CharField(allow_blank=True),
        "value": serializers.JSONField(allow_null=True),
        "reason": serializers.CharField(),
    },
    many=True,
)
BulkAnswer = inline_serializer(
    "BulkAnswer",
    {
        "created": serializers.IntegerField(),
        "changed": serializers.IntegerField(),
        "same": serializers.IntegerField(),
        "rejected": Rejected,
    },
)
BulkRows = inline_serializer(
    "BulkRows", {"rows": serializers.ListField(child=serializers.DictField(), max_length=MOST_ROWS)}
)


def model_errors(error: ModelError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}


class ReadRows(ListModelMixin, RetrieveModelMixin, GenericViewSet):
    """Rows visible to the reader; any other answers 404."""

    permission_classes = [ReadOrOps]
    pagination_class = CursorPages
    model: type[models.Model]
    ordering_fields: tuple[str, ...] = ("id",)

    def get_queryset(self) -> models.QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.model._default_manager.none()
        return self.visible().select_related(*self._links())

    def visible(self) -> models.QuerySet:
        return self.model._default_manager.visible_to(self.request.user)

    def _links(self) -> list[str]:
        names = getattr(self.serializer_class.Meta, "fields", ())
        return [f.name for f in self.model._meta.concrete_fields if f.is_relation and f.name in names]

    @extend_schema(parameters=[FIELDS])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        known = PAGE_PARAMETERS | set(self.filterset_class.base_filters if self.filterset_class else ())
        if unknown := [name for name in request.query_params if name not in known]:
            words = _("There is no such filter; there are %(names)s.") % {"names": ", ".join(sorted(known))}
            raise ValidationError({name: [words] for name in unknown})
        return super().list(request, *args, **kwargs)

    @extend_schema(parameters=[FIELDS])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)


class WriteRows(CreateModelMixin, UpdateModelMixin, ReadRows):
    """Operations create, change and load many at once. Nothing is deleted through the API."""

    http_method_names = ["get", "head", "options", "post", "patch"]
    #: Field of the serializer -> path in the model; together they name one row.
    natural_key: dict[str, str] = {"code": "code"}

    @extend_schema(parameters=[ONCE])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return answer_once(request, lambda: super(WriteRows, self).create(request, *args, **kwargs))

    def perform_create(self, serializer: serializers.ModelSerializer) -> None:
        self._save(serializer, self.model())

    def perform_update(self, serializer: serializers.ModelSerializer) -> None:
        self._save(serializer, serializer.instance)

    def _save(self, serializer: serializers.ModelSerializer, row: models.Model) -> None:
        try:
            row_change(row=row, values=serializer.validated_data)
        except ModelError as error:
            raise ValidationError(model_errors(error)) from error
        serializer.instance = row

    @extend_schema(parameters=[ONCE], request=BulkRows, responses=BulkAnswer, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk(self, request: Request) -> Response:
        """Create or change up to 1,000 rows by their natural key.

        Rows that can't go in come back with row number, field, value and reason; the others go in.
        Fields left out keep their value.
        """
        return answer_once(request, lambda: Response(self._bulk(request.data), status.HTTP_200_OK))

    def _bulk(self, data: Any) -> dict[str, Any]:
        rows = data.get("rows") if isinstance(data, dict) else None
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            raise ValidationError({"rows": [f"Send a list of 1 to {MOST_ROWS} rows."]})
        load = _Load(self)
        with transaction.atomic():
            for system, numbered in _by_system(rows).items():
                load.run(numbered, system)
        load.rejected.sort(key=lambda one: one["row"])
        return {**load.counts, "rejected": load.rejected}


def _by_system(rows: list[Any]) -> dict[str, list[tuple[int, Any]]]:
    """Rows with their numbers, apart by system: links by external id hold within one system."""
    groups: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        groups[str(row.get("system", "")) if isinstance(row, dict) else ""].append((number, row))
    return groups


class _Load:
    """One bulk request: looks links and existing rows up once each, then goes row by row."""

    def __init__(self, view: WriteRows) -> None:
        self.view = view
        self.counts = {"created": 0, "changed": 0, "same": 0}
        self.rejected: list[dict[str, Any]] = []
        self.seen: dict[tuple[str, ...], int] = {}

    def run(self, numbered: list[tuple[int, Any]], system: str) -> None:
        rows = [row for _number, row in numbered if isinstance(row, dict)]
        context = {**self.view.get_serializer_context(), "system": system, "known": {}}
        fields = self.view.serializer_class(context=context).fields
        for name, field in fields.items():
            if isinstance(field, Link):
                wanted = {str(row[name]) for row in rows if isinstance(row.get(name), str | int)}
                context["known"][name] = field.find(wanted) if wanted else {}
        existing = self._existing(rows, fields)
        for number, row in numbered:
            self._one(number, row, existing, context)

    def _existing(self, rows: list[dict], fields: Any) -> dict[tuple[str, ...], models.Model]:
        found = self.view.get_queryset()
        for name, path in self.view.natural_key.items():
            values = {_readable(fields[name], row.get(name)) for row in rows}
            if None not in values or not fields[name].allow_null:
                found = found.filter(**{f"{path}__in": values - {None}})
        shown = self.view.serializer_class(context={"known": {}})
        return {self._key(shown.to_representation(row)): row for row in found}

    def _key(self, row: dict) -> tuple[str, ...]:
        return tuple("" if row.get(name) is None else str(row[name]).strip() for name in self.view.natural_key)

    def _one(self, number: int, row: Any, existing: dict, context: dict) -> None:
        if not isinstance(row, dict):
            self._reject(number, "", row, _("Each row is an object of field and value."))
            return
        key = self._key(row)
        first = self.seen.setdefault(key, number)
        if first != number:
            names = ", ".join(self.view.natural_key)
            self._reject(number, names, " ".join(key), _("Row %(row)d has the same key.") % {"row": first})
            return
        old = existing.get(key)
        serializer: RowSerializer = self.view.serializer_class(old, data=row, partial=old is not None, context=context)
        if not serializer.is_valid():
            self._reject_all(number, row, serializer.errors)
            return
        try:
            changed = row_change(row=old or self.view.model(), values=serializer.validated_data)
        except ModelError as error:
            if old is not None:
                old.refresh_from_db()
            self._reject_all(number, row, model_errors(error))
            return
        self.counts["created" if old is None else "changed" if changed else "same"] += 1

    def _reject_all(self, number: int, row: dict, errors: dict) -> None:
        for name, reasons in errors.items():
            field = "" if name == "non_field_errors" else name
            for reason in reasons if isinstance(reasons, list) else [reasons]:
                self._reject(number, field, row.get(field), str(reason))

    def _reject(self, number: int, field: str, value: Any, reason: str) -> None:
        self.rejected.append({"row": number, "field": field, "value": value, "reason": reason})


def _readable(field: serializers.Field, value: Any) -> Any:
    """The value as the database compares it; None where it isn't one, its row is then refused by the serializer."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(field, Link):
        return str(value)
    try:
        return field.run_validation(value)
    except (serializers.ValidationError, ModelError):
        return None
