"""API of jobs: their state and numbers; whoever started one, and operations, may stop or repeat it."""

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from salesops.jobs.models import JobRun, JobState
from salesops.jobs.services import job_cancel, job_retry
from salesops.tables.api import ReadRows
from salesops.tables.filters import row_filters
from salesops.tables.serializers import RowSerializer


class JobRow(RowSerializer):
    percent = serializers.IntegerField(read_only=True, allow_null=True)
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    started_by = serializers.EmailField(source="started_by.email", read_only=True, allow_null=True, default=None)
    parent = serializers.PrimaryKeyRelatedField(read_only=True)
    has_file = serializers.SerializerMethodField(help_text="A result file can be fetched from the job's page.")

    class Meta:
        model = JobRun
        fields = (
            "id",
            "kind",
            "title",
            "state",
            "parent",
            "attempts",
            "done",
            "total",
            "percent",
            "seconds",
            "message",
            "rows_in",
            "rows_out",
            "error",
            "result",
            "has_file",
            "started_by",
            "created_at",
            "started_at",
            "ended_at",
        )
        read_only_fields = fields

    @extend_schema_field(bool)
    def get_has_file(self, job: JobRun) -> bool:
        return bool(job.result_file)


class JobApi(ReadRows):
    model = JobRun
    serializer_class = JobRow
    permission_classes = [IsAuthenticated]
    filterset_class = row_filters(JobRun, exact=("kind", "state", "parent"), dates=())
    ordering_fields = ("id", "created_at")
    default_ordering = "-id"

    def _steered(self) -> JobRun:
        job = self.get_object()
        if not (self.request.user.is_ops or job.started_by_id == self.request.user.pk):
            raise Http404
        return job

    @extend_schema(request=None, responses={202: JobRow})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ask a living job to stop; it does at its next step."""
        job = self._steered()
        job_cancel(row=job)
        job.refresh_from_db()
        return Response(self.get_serializer(job).data, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: JobRow})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Run a failed or cancelled job again."""
        job = self._steered()
        for row in [job] if job.kind != "nightly" else job.children.filter(state=JobState.FAILED):
            job_retry(row=row)
        job.refresh_from_db()
        return Response(self.get_serializer(job).data, status.HTTP_202_ACCEPTED)
