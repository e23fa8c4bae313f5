"""API of imports: files in, their result, apply, undo, rejected rows, names to confirm. Operations only."""

import json
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.forms import UploadForm
from data_collection.imports.models import ImportBatch, Suggestion
from data_collection.imports.selectors import NotFound, batch_result, known_names, rejected_csv
from data_collection.imports.services.drafts import (
    draft_discard,
    draft_document,
    draft_receive,
    draft_start,
    draft_use_mapping,
)
from data_collection.imports.services.suggesting import suggestion_confirm
from data_collection.imports.services.undoing import UndoPreview, UndoRefused, undo_preview, undo_queue
from data_collection.imports.services.uploads import batch_apply
from salesops.access.permissions import OpsOnly
from salesops.tables.api import FIELDS, ONCE, ReadRows
from salesops.tables.filters import row_filters
from salesops.tables.idempotency import answer_once
from salesops.tables.serializers import RowSerializer

MOST_REJECTED = 100  # named in a result; all of them are in the CSV


class NotNow(APIException):
    """The state of the import does not allow this."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The state of this import does not allow this."


# --- shapes ----------------------------------------------------------------------------------
class ImportRow(RowSerializer):
    """An import in the list."""

    user = serializers.EmailField(source="user.email", read_only=True, allow_null=True, default=None)
    job = serializers.PrimaryKeyRelatedField(read_only=True)
    retry_of = serializers.PrimaryKeyRelatedField(read_only=True)
    totals = serializers.DictField(source="total", child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = ImportBatch
        fields = (
            "id",
            "mapping",
            "system",
            "state",
            "dry_run",
            "totals",
            "rows_read",
            "rows_rejected",
            "error",
            "job",
            "retry_of",
            "user",
            "started_at",
            "ended_at",
            "undone_at",
        )
        read_only_fields = fields


class TableCounts(serializers.Serializer):
    table = serializers.CharField()
    file = serializers.CharField()
    read = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    same = serializers.IntegerField()
    rejected = serializers.IntegerField()
    error = serializers.CharField(help_text="Why the whole table was left out of this file; empty where it was not.")


class SuggestionRow(serializers.Serializer):
    id = serializers.IntegerField()
    file = serializers.CharField()
    table = serializers.CharField(help_text="Table the reference points to.")
    field = serializers.CharField()
    value = serializers.CharField(help_text="Text in the file.")
    proposal = serializers.CharField(allow_null=True, help_text="The known name it probably means.")
    confidence = serializers.FloatField(allow_null=True)
    rows = serializers.IntegerField()
    applied = serializers.BooleanField()


class ImportResult(serializers.Serializer):
    """What an import did, or would do."""

    batch = serializers.IntegerField()
    job = serializers.IntegerField(allow_null=True, help_text="Its progress is at /jobs/{id}/.")
    retry_of = serializers.IntegerField(allow_null=True)
    mapping = serializers.CharField()
    system = serializers.CharField()
    dry_run = serializers.BooleanField()
    state = serializers.CharField()
    error = serializers.CharField()
    files = serializers.ListField(child=serializers.DictField())
    tables = TableCounts(many=True)
    totals = serializers.DictField(child=serializers.IntegerField())
    suggestions = SuggestionRow(many=True)
    rejected_rows = serializers.IntegerField()
    rejected = serializers.ListField(
        child=serializers.DictField(), help_text=f"The first {MOST_REJECTED}; all of them are at rejected/."
    )
    findings = serializers.ListField(child=serializers.DictField())
    changes = serializers.ListField(child=serializers.DictField(), help_text="Changed values, the first of them.")
    undone = serializers.DictField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)


class NewImport(serializers.Serializer):
    """Files with a mapping by name, or one written here, or none: then it is guessed."""

    files = serializers.ListField(child=serializers.FileField(), help_text="CSV, XLSX or JSON lines; several together.")
    mapping = serializers.CharField(required=False, allow_blank=True, help_text="Name of a shipped or saved mapping.")
    definition = serializers.CharField(required=False, allow_blank=True, help_text="A mapping as JSON text.")
    system = serializers.CharField(required=False, allow_blank=True, max_length=40)
    dry_run = serializers.BooleanField(default=False)
    accept_suggestions = serializers.BooleanField(default=False)


class Apply(serializers.Serializer):
    accept_suggestions = serializers.BooleanField(default=False)


class Confirmed(serializers.Serializer):
    id = serializers.IntegerField()
    target = serializers.CharField(required=False, help_text="Another known row than the proposed one: name or key.")


class Confirm(serializers.Serializer):
    """Which suggestions are right; without a list, all that propose something."""

    suggestions = Confirmed(many=True, required=False)


class KeptRow(serializers.Serializer):
    table = serializers.CharField()
    key = serializers.CharField()
    reason = serializers.CharField()


class UndoEffect(serializers.Serializer):
    """Rows by table."""

    remove = serializers.DictField(child=serializers.IntegerField())
    restore = serializers.DictField(child=serializers.IntegerField())
    kept = KeptRow(many=True)
    kept_count = serializers.IntegerField()


# --- answers ---------------------------------------------------------------------------------
class ImportApi(ReadRows):
    model = ImportBatch
    serializer_class = ImportRow
    permission_classes = [OpsOnly]
    parser_classes = [JSONParser, MultiPartParser]
    filterset_class = row_filters(ImportBatch, exact=("state", "system", "mapping", "dry_run"), dates=("started_at",))
    ordering_fields = ("id", "started_at")
    default_ordering = "-id"

    @extend_schema(parameters=[FIELDS], responses=ImportResult)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The whole result: counts by table, findings, changed values, suggestions and the first rejected rows."""
        return _result(self.get_object(), status.HTTP_200_OK)

    @extend_schema(parameters=[ONCE], request={"multipart/form-data": NewImport}, responses={202: ImportResult})
    def create(self, request: Request) -> Response:
        """Take files in and import them in the background."""
        return answer_once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        given = NewImport(
            data={**request.data.dict(), "files": request.FILES.getlist("files")} if request.FILES else {}
        )
        given.is_valid(raise_exception=True)
        said = given.validated_data
        form = UploadForm({}, request.FILES)
        if not form.is_valid() or form.cleaned_data["files"].refused:
            refused = form.cleaned_data["files"].refused.values() if form.is_valid() else form.errors["files"]
            raise ValidationError({"files": list(refused)})
        batch = draft_receive(files=form.cleaned_data["files"].good, user=request.user, source="api")
        try:
            _use_mapping(batch, said)
            started = draft_start(
                batch=batch,
                user=request.user,
                dry_run=said["dry_run"],
                accept_suggestions=said["accept_suggestions"],
            )
        except MappingError as wrong:
            draft_discard(batch=batch)
            raise ValidationError({"mapping": wrong.problems}) from None
        except NotFound as wrong:
            draft_discard(batch=batch)
            raise ValidationError({"mapping": [str(wrong)]}) from None
        return _result(started, status.HTTP_202_ACCEPTED)

    @extend_schema(parameters=[ONCE], request=Apply, responses={202: ImportResult})
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Import the files of a dry run for good. Asked twice, it is the same import."""

        def work() -> Response:
            batch = self.get_object()
            given = Apply(data=request.data)
            given.is_valid(raise_exception=True)
            done = batch.retries.exists()
            if batch.state != batch.State.TRIED or not (done or batch.files.exclude(stored="").exists()):
                raise NotNow("Only a dry run that has ended and whose files are kept can be applied.")
            applied = batch_apply(batch=batch, user=request.user, **given.validated_data)
            return _result(applied, status.HTTP_202_ACCEPTED)

        return answer_once(request, work)

    @extend_schema(methods=["get"], responses=UndoEffect)
    @extend_schema(methods=["post"], parameters=[ONCE], request=None, responses={202: ImportResult})
    @action(detail=True, methods=["get", "post"])
    def undo(self, request: Request, pk: str) -> Response:
        """GET: what undoing would remove, restore and keep. POST: do it in the background."""
        batch = self.get_object()
        try:
            if request.method == "GET":
                return Response(_effect(undo_preview(batch)))
            return answer_once(request, lambda: self._undo(request, batch))
        except UndoRefused as why:
            raise NotNow(str(why)) from None

    @staticmethod
    def _undo(request: Request, batch: ImportBatch) -> Response:
        job = undo_queue(batch=batch, user=request.user)
        return _result(batch, status.HTTP_202_ACCEPTED, job=job.pk)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def rejected(self, request: Request, pk: str) -> StreamingHttpResponse:
        """Every rejected row as CSV: file, row, table and reasons, then its own columns."""
        batch = self.get_object()
        response = StreamingHttpResponse(rejected_csv(batch), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
        return response

    @extend_schema(responses=SuggestionRow(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def suggestions(self, request: Request, pk: str) -> Response:
        """References nothing is known by, and what they probably mean."""
        return Response(batch_result(self.get_object(), rejected=0)["suggestions"])

    @extend_schema(parameters=[ONCE], request=Confirm, responses=SuggestionRow(many=True), filters=False)
    @action(detail=True, methods=["post"], url_path="suggestions/confirm", pagination_class=None)
    def confirm(self, request: Request, pk: str) -> Response:
        """Remember what these texts mean; the next import of the system uses it."""

        def work() -> Response:
            batch = self.get_object()
            given = Confirm(data=request.data)
            given.is_valid(raise_exception=True)
            _confirm(batch, request, given.validated_data.get("suggestions"))
            return Response(batch_result(batch, rejected=0)["suggestions"])

        return answer_once(request, work)


def _result(batch: ImportBatch, code: int, **more: Any) -> Response:
    return Response({**batch_result(batch, rejected=MOST_REJECTED), **more}, code)


def _use_mapping(batch: ImportBatch, said: dict[str, Any]) -> None:
    """The mapping that is named or written in the request; otherwise the guess stays."""
    if said.get("definition"):
        try:
            document = json.loads(said["definition"])
        except ValueError as wrong:
            raise MappingError([f"definition is no valid JSON: {wrong}"]) from None
        if not isinstance(document, dict):
            raise MappingError(["definition: expected an object."])
        draft_document(batch=batch, document={"name": "api", **document})
    elif said.get("mapping"):
        draft_use_mapping(batch=batch, name=said["mapping"])
    batch.refresh_from_db()
    if said.get("system"):
        draft_document(batch=batch, document={**batch.definition, "system": said["system"]})
        batch.refresh_from_db()


def _effect(preview: UndoPreview) -> dict[str, Any]:
    return dict(UndoEffect(preview).data)


def _confirm(batch: ImportBatch, request: Request, wanted: list[dict[str, Any]] | None) -> None:
    open_ones = {row.pk: row for row in batch.suggestions.filter(state=Suggestion.State.PROPOSED)}
    if wanted is None:
        wanted = [{"id": pk} for pk, row in open_ones.items() if row.target]
    chosen = []
    for one in wanted:
        row = open_ones.get(one["id"])
        if row is None:
            raise ValidationError({"suggestions": [f"There is no open suggestion {one['id']} in this import."]})
        chosen.append((row, _target(batch, row, one.get("target", ""))))
    for row, (target, shown) in chosen:
        suggestion_confirm(suggestion=row, user=request.user, target=target, shown=shown)


def _target(batch: ImportBatch, row: Suggestion, target: str) -> tuple[str, str]:
    """Key and name of the row that is meant."""
    if not target:
        if not row.target:
            raise ValidationError({"suggestions": [f"Nothing is proposed for {row.pk}; give a target."]})
        return row.target, row.shown
    found = [pair for pair in known_names(batch, row.table, row.by, like=target) if target in pair]
    if len({key for key, _name in found}) != 1:
        raise ValidationError({"suggestions": [f"“{target}” is not exactly one known {row.table}."]})
    return found[0]
