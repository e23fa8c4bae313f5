"""Pages of an API list by cursor: stable while rows come and go, as quick on page 1,000 as on the first."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import F, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView


class CursorPages(BasePagination):
    """`?ordering=-close_date&page_size=100&cursor=…`; rows without the value come last either way.

    The cursor names the last row given (its value and id), so the next page is one index range.
    """

    page_size = 100
    max_page_size = 1000

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: APIView | None = None) -> list[Model]:
        name, down = self._ordering(request, view)
        size = self._size(request)
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(self._after(queryset.model, name, down, cursor))
        rows = list(queryset.order_by(*self._order(name, down))[: size + 1])
        self._next = None
        if len(rows) > size:
            rows = rows[:size]
            cursor = self._cursor(rows[-1], name)
            self._next = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        return rows

    def get_paginated_response(self, data: list) -> Response:
        return Response({"next": self._next, "results": data})

    def get_paginated_response_schema(self, schema: dict) -> dict:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": "string", "format": "uri", "nullable": True, "description": "Empty on the last page."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict]:
        names = getattr(view, "ordering_fields", ())
        orders = [word for name in names for word in (name, f"-{name}")]
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            _parameter("cursor", {"type": "string"}, "From `next` of the page before."),
            _parameter("page_size", size, "Rows a page."),
            _parameter("ordering", {"type": "string", "enum": orders}, "Minus = descending; ties by id."),
        ]

    def _ordering(self, request: Request, view: APIView | None) -> tuple[str, bool]:
        allowed = getattr(view, "ordering_fields", ("id",))
        asked = request.query_params.get("ordering") or getattr(view, "default_ordering", allowed[0])
        if asked.lstrip("-") not in allowed or asked.startswith("--"):
            raise ValidationError({"ordering": [f"Choose one of {', '.join(allowed)}, with a minus for descending."]})
        return asked.lstrip("-"), asked.startswith("-")

    def _size(self, request: Request) -> int:
        asked = request.query_params.get("page_size", str(self.page_size))
        if not asked.isdecimal() or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"page_size": [f"Write a number from 1 to {self.max_page_size}."]})
        return int(asked)

    @staticmethod
    def _order(name: str, down: bool) -> Iterator[Any]:
        if name != "id":
            yield F(name).desc(nulls_last=True) if down else F(name).asc(nulls_last=True)
        yield "-pk" if down else "pk"

    @staticmethod
    def _cursor(row: Model, name: str) -> str:
        value = getattr(row, name)
        raw = json.dumps([None if value is None else str(value), row.pk])
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @staticmethod
    def _after(model: type[Model], name: str, down: bool, cursor: str) -> Q:
        try:
            raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            text, pk = raw
            value = None if text is None else model._meta.get_field(name).to_python(text)
            further = Q(pk__lt=int(pk)) if down else Q(pk__gt=int(pk))
        except (ValueError, TypeError, binascii.Error, ModelError) as error:
            raise ValidationError({"cursor": ["Not a cursor of this list; begin without one."]}) from error
        if name == "id":
            return further
        empty = Q(**{f"{name}__isnull": True})
        if value is None:
            return empty & further
        beyond = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
        return beyond | (Q(**{name: value}) & further) | empty


def _parameter(name: str, schema: dict, words: str) -> dict:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words}
