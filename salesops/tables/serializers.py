"""API rows: links by the names people and other systems know, fields chosen by the reader, costs kept from most."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from salesops.access.models import Role

READS_COSTS = frozenset({Role.OPS, Role.FINANCE, Role.EXECUTIVE})


@extend_schema_field(OpenApiTypes.STR)
class Link(serializers.RelatedField):
    """A link written as the linked row's key: its `code`, or its `external_id` within the same system."""

    default_error_messages = {
        "missing": _("There is no {model} “{value}”."),
        "no_text": _("Write the key as text."),
    }

    def __init__(self, key: str = "code", **kwargs: Any) -> None:
        self.key = key
        super().__init__(**kwargs)

    def to_representation(self, value: models.Model) -> str:
        return str(getattr(value, self.key))

    def to_internal_value(self, data: Any) -> models.Model:
        if not isinstance(data, str | int) or isinstance(data, bool):
            self.fail("no_text")
        known = self.context.get("known", {}).get(self.field_name)
        found = known.get(str(data)) if known is not None else self.find([str(data)]).get(str(data))
        if found is None:
            self.fail("missing", value=data, model=self.get_queryset().model._meta.verbose_name)
        return found

    def find(self, values: Iterable[str]) -> dict[str, models.Model]:
        """The linked rows with these keys; one query."""
        rows = self.get_queryset().filter(**{f"{self.key}__in": list(values)})
        if self.key == "external_id":
            rows = rows.filter(system=self.system())
        return {self.to_representation(row): row for row in rows}

    def system(self) -> str:
        """The system of the row being written; a list is written system by system."""
        row = self.root.instance
        given = self.context.get("system") or (self.root.initial_data or {}).get("system")
        return str(given or getattr(row, "system", ""))

    def use_pk_only_optimization(self) -> bool:
        return False


class RowSerializer(serializers.ModelSerializer):
    """A row with links by key. `?fields=a,b` chooses fields; `Meta.costs` are for those who read costs."""

    serializer_related_field = Link

    def build_relational_field(self, field_name: str, relation_info: Any) -> tuple[type, dict]:
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        if issubclass(field_class, Link):
            names = {field.name for field in relation_info.related_model._meta.concrete_fields}
            kwargs["key"] = next(key for key in ("code", "external_id", "name") if key in names)
        return field_class, kwargs

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and not (user.is_superuser or user.role in READS_COSTS):
            for name in getattr(self.Meta, "costs", ()):
                fields.pop(name, None)
        asked = request.query_params.get("fields", "") if request is not None and request.method == "GET" else ""
        if asked:
            chosen = [name for name in asked.split(",") if name]
            unknown = [name for name in chosen if name not in fields]
            if unknown:
                words = f"No field {', '.join(unknown)}; there are {', '.join(fields)}."
                raise serializers.ValidationError({"fields": [words]})
            fields = {name: fields[name] for name in chosen}
        return fields

    def to_internal_value(self, data: Any) -> dict:
        """Unknown names are refused: a typing error must not look like success."""
        writable = {name for name, field in self.fields.items() if not field.read_only}
        if isinstance(data, dict) and (unknown := [name for name in data if name not in writable]):
            raise serializers.ValidationError({str(name): [_("There is no such field to write.")] for name in unknown})
        return super().to_internal_value(data)
