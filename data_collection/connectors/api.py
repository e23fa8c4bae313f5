"""API of connections: set up, test, sync, see what came. Operations only; secrets go in and never come out."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from data_collection.connectors.forms import free_system
from data_collection.connectors.models import MINUTES_LEAST, Connection, SyncRun
from data_collection.connectors.services.connections import connection_save, connection_test
from data_collection.connectors.services.syncing import sync_enqueue
from data_collection.connectors.sources.registry import KINDS
from salesops.tables.api import ReadRows
from salesops.tables.filters import row_filters
from salesops.tables.serializers import RowSerializer


class OperationsOnly(BasePermission):
    """A connection reaches rows of everybody."""

    message = "Only operations may see connections."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.is_authenticated and request.user.is_ops


class SyncRow(serializers.ModelSerializer):
    """One sync; counts per object."""

    import_batch = serializers.PrimaryKeyRelatedField(source="batch", read_only=True)

    class Meta:
        model = SyncRun
        fields = (
            "id",
            "what",
            "cause",
            "state",
            "started_at",
            "ended_at",
            "requests",
            "counts",
            "notes",
            "error",
            "import_batch",
        )
        read_only_fields = fields


class ConnectionRow(RowSerializer):
    settings = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="Fields of the vendor, no secrets."
    )
    secrets = serializers.DictField(
        child=serializers.CharField(), write_only=True, required=False, help_text="Secrets by name; others stay."
    )
    secrets_set = serializers.SerializerMethodField(help_text="Names of the secrets that are stored.")
    last_sync = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = (
            "id", "kind", "name", "system", "settings", "secrets", "secrets_set", "active", "nightly", "every_minutes",
            "next_at", "state", "words", "state_at", "tested_at", "test_good", "test_words", "last_sync",
        )  # fmt: skip
        read_only_fields = ("system", "next_at", "state", "words", "state_at", "tested_at", "test_good", "test_words")
        extra_kwargs = {"every_minutes": {"min_value": MINUTES_LEAST, "max_value": 1440}}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_secrets_set(self, row: Connection) -> list[str]:
        return row.secrets_set()

    @extend_schema_field(SyncRow(allow_null=True))
    def get_last_sync(self, row: Connection) -> dict[str, Any] | None:
        run = row.runs.first()
        return SyncRow(run).data if run is not None else None

    def validate_kind(self, kind: str) -> str:
        if kind not in KINDS:
            raise ValidationError(_("There is no such vendor; there are %s.") % ", ".join(KINDS))
        if self.instance is not None and kind != self.instance.kind:
            raise ValidationError(_("A connection keeps its vendor; add another one."))
        return kind

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        kind = KINDS[data.get("kind") or self.instance.kind]
        for word, is_secret in (("settings", False), ("secrets", True)):
            known = [field.name for field in kind.fields if (field.kind == "secret") == is_secret]
            if unknown := [name for name in data.get(word, {}) if name not in known]:
                raise ValidationError({word: [_("Unknown: %(names)s. There are %(known)s.") % {
                    "names": ", ".join(unknown), "known": ", ".join(known)}]})  # fmt: skip
        return data

    def create(self, validated_data: dict[str, Any]) -> Connection:
        row = Connection(kind=validated_data["kind"], name=validated_data["name"])
        row.system = free_system(row.kind, row.name)
        return self.update(row, validated_data)

    def update(self, instance: Connection, validated_data: dict[str, Any]) -> Connection:
        given = {**instance.settings, **validated_data.pop("settings", {}), **validated_data.pop("secrets", {})}
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return connection_save(connection=instance, given=given, user=self.context["request"].user)


TestAnswer = inline_serializer("ConnectionTest", {"good": serializers.BooleanField(), "words": serializers.CharField()})
SyncOrder = inline_serializer(
    "SyncOrder", {"what": serializers.ChoiceField(SyncRun.What.choices, default=SyncRun.What.CHANGES.value)}
)
SyncQueued = inline_serializer("SyncQueued", {"job": serializers.IntegerField()})


class ConnectionApi(ReadRows):
    model = Connection
    serializer_class = ConnectionRow
    permission_classes = [OperationsOnly]
    filterset_class = row_filters(Connection, exact=("kind", "state", "active"), dates=())

    def create(self, request: Request) -> Response:
        """Add a connection. It is not tested yet; POST to its `test/`."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status.HTTP_201_CREATED)

    @extend_schema(request=ConnectionRow(partial=True))
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a connection. Settings and secrets that are left out stay."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    @extend_schema(request=None, responses=TestAnswer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Ask the vendor whether the entries work."""
        good, words = connection_test(connection=self.get_object())
        return Response({"good": good, "words": words})

    @extend_schema(request=SyncOrder, responses={202: SyncQueued})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        """Queue a sync of what changed, or of everything; one that waits or runs already is given back."""
        what = request.data.get("what", SyncRun.What.CHANGES) if isinstance(request.data, dict) else ""
        if what not in SyncRun.What.values:
            raise ValidationError({"what": [_("Write “changes” or “full”.")]})
        row = self.get_object()
        if not row.active:
            raise ValidationError({"non_field_errors": [_("The connection is paused.")]})
        job = sync_enqueue(connection=row, what=what, cause=SyncRun.Cause.API, user=request.user)
        return Response({"job": job.pk}, status.HTTP_202_ACCEPTED)

    @extend_schema(responses=SyncRow(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def syncs(self, request: Request, pk: str) -> Response:
        """The last 50 syncs, newest first."""
        return Response(SyncRow(self.get_object().runs.all()[:50], many=True).data)
