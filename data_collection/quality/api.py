"""API of findings: the same filters as the worklist; whoever may see one may accept it."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from data_collection.quality.models import QualityFinding, Severity
from data_collection.quality.selectors.findings import RELATED, STATES, parse_filters
from data_collection.quality.services.findings import FindingRefused, finding_accept, may_work
from salesops.company.selectors import company_today
from salesops.tables.api import ReadRows
from salesops.tables.serializers import RowSerializer


class FindingRow(RowSerializer):
    record = serializers.SerializerMethodField(help_text="Id of the record in its system.")
    owner = serializers.CharField(source="owner.code", read_only=True, allow_null=True, default=None)
    team = serializers.CharField(source="team.code", read_only=True, allow_null=True, default=None)
    stage = serializers.CharField(source="stage.name", read_only=True, allow_null=True, default=None)
    accepted_by = serializers.EmailField(source="accepted_by.email", read_only=True, allow_null=True, default=None)

    class Meta:
        model = QualityFinding
        fields = (
            "id", "rule", "severity", "state", "table", "row_id", "system", "record", "owner", "team", "stage",
            "source", "money", "first_seen", "last_seen", "state_since", "claimed_on", "accepted_by", "accepted_reason",
            "accepted_until",
        )  # fmt: skip
        read_only_fields = fields

    def get_record(self, finding: QualityFinding) -> str:
        return getattr(getattr(finding, finding.table), "external_id", "")


class Acceptance(serializers.Serializer):
    reason = serializers.CharField(max_length=300)
    until = serializers.DateField(required=False, allow_null=True, default=None)


class FindingFilterSet(filters.FilterSet):
    """The filters of the pages, by the same names; without `state` those that stand."""

    rule = filters.CharFilter()
    severity = filters.ChoiceFilter(choices=Severity.choices)
    state = filters.ChoiceFilter(choices=[(name, name) for name in STATES])
    rep = filters.CharFilter(help_text="Code of the rep; - for findings without.")
    team = filters.CharFilter(help_text="Code of the team; - for findings without.")
    source = filters.CharFilter(help_text="Lead source; - for findings without.")
    system = filters.CharFilter()
    table = filters.CharFilter()
    stage = filters.NumberFilter(help_text="Id of the stage.")
    age = filters.NumberFilter(help_text="Days since first seen, at least.")
    changed = filters.NumberFilter(help_text="Came into its state in the last so many days.")

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        asked = parse_filters({name: str(value) for name, value in self.data.items()})
        return asked.rows(self.request.user, company_today()).select_related(*RELATED)


class FindingApi(ReadRows):
    model = QualityFinding
    serializer_class = FindingRow
    permission_classes = [IsAuthenticated]
    filterset_class = FindingFilterSet
    ordering_fields = ("id", "money", "first_seen")

    def get_queryset(self) -> QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return QualityFinding.objects.none()
        return QualityFinding.objects.visible_to(self.request.user).select_related(*RELATED)

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """One row is found whatever its state."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(request=Acceptance, responses=FindingRow)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Keep the finding quiet until its value changes or the day has passed."""
        finding = self.get_object()
        if not may_work(request.user):
            raise PermissionDenied
        given = Acceptance(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            finding_accept(finding=finding, user=request.user, today=company_today(), **given.validated_data)
        except FindingRefused as refused:
            raise ValidationError({"non_field_errors": [str(refused)]}) from refused
        return Response(self.get_serializer(self.get_object()).data, status.HTTP_200_OK)
