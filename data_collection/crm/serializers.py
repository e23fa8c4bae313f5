"""API shapes of the CRM mirror. Links to mirror rows are external ids of the same system, others codes."""

from typing import Any

from rest_framework import serializers

from data_collection.crm.models import (
    Account,
    Activity,
    Contact,
    DeliveredHours,
    Lead,
    MarketingEvent,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    OpportunityOwner,
    OrderLine,
    Stage,
    StageVisit,
    SupportTicket,
)
from data_collection.organisation.models import TerritoryAccount
from salesops.tables.serializers import Link, RowSerializer

SOURCE = ("id", "system", "external_id", "modified_at", "deleted_at", "attributes")


class StageLink(Link):
    """A stage by name; of another pipeline than the default one as `pipeline/name`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "key": "name"})

    def to_representation(self, value: Stage) -> str:
        return value.name if value.pipeline == "default" else f"{value.pipeline}/{value.name}"

    def find(self, values: Any) -> dict[str, Stage]:
        return {self.to_representation(stage): stage for stage in self.get_queryset()}


class StageRow(RowSerializer):
    class Meta:
        model = Stage
        fields = ("id", "pipeline", "name", "rank", "kind", "probability")
        validators: list = []


class AccountRow(RowSerializer):
    class Meta:
        model = Account
        fields = (
            *SOURCE, "name", "parent", "owner", "segment", "industry", "website", "country", "region", "state", "city",
            "postal_code", "latitude", "longitude", "employees", "annual_revenue", "currency", "founded_year",
            "customer_since", "created_on",
        )  # fmt: skip
        validators: list = []


class ContactRow(RowSerializer):
    class Meta:
        model = Contact
        fields = (*SOURCE, "account", "first_name", "last_name", "email", "phone", "title", "country")
        validators: list = []


class LeadRow(RowSerializer):
    class Meta:
        model = Lead
        fields = (
            *SOURCE, "name", "company", "email", "phone", "title", "industry", "country", "employees", "lead_source",
            "campaign", "status", "owner", "segment", "product", "account", "contact", "created_on", "assigned_at",
            "first_touch_at", "mql_on", "sql_on", "converted_on", "disqualified_on", "disqualified_reason",
        )  # fmt: skip
        validators: list = []


class OpportunityRow(RowSerializer):
    stage = StageLink(queryset=Stage.objects.all())

    class Meta:
        model = Opportunity
        fields = (
            *SOURCE, "name", "kind", "account", "lead", "contact", "owner", "product", "stage", "status",
            "lead_source", "amount", "currency", "discount", "probability", "forecast_category", "created_on",
            "close_date", "next_step", "lost_reason",
        )  # fmt: skip
        validators: list = []

    def validate(self, attrs: dict) -> dict:
        """Stage and status say the same: a deal in a won stage is won."""
        stage = attrs.get("stage", getattr(self.instance, "stage", None))
        if "stage" in attrs and "status" not in attrs:
            attrs["status"] = stage.kind
        status = attrs.get("status", getattr(self.instance, "status", None))
        if stage is not None and status != stage.kind:
            words = f"The stage “{stage}” means {stage.kind}, the status says {status}."
            raise serializers.ValidationError({"status": [words]})
        return attrs


class LineRow(RowSerializer):
    class Meta:
        model = OpportunityLine
        fields = (*SOURCE, "opportunity", "product", "quantity", "unit_price", "discount", "amount")
        validators: list = []


class VisitRow(RowSerializer):
    stage = StageLink(queryset=Stage.objects.all())

    class Meta:
        model = StageVisit
        fields = (*SOURCE, "opportunity", "stage", "entered_on", "left_on")
        validators: list = []


class OwnerRow(RowSerializer):
    class Meta:
        model = OpportunityOwner
        fields = (*SOURCE, "opportunity", "rep", "valid_from", "valid_to")
        validators: list = []


class ChangeRow(RowSerializer):
    class Meta:
        model = OpportunityChange
        fields = (
            *SOURCE, "opportunity", "field", "changed_on", "old_amount", "new_amount", "old_date", "new_date",
            "old_value", "new_value",
        )  # fmt: skip
        validators: list = []


class ActivityRow(RowSerializer):
    class Meta:
        model = Activity
        fields = (
            *SOURCE, "kind", "rep", "day", "at", "duration_minutes", "subject", "outcome", "account", "lead",
            "opportunity",
        )  # fmt: skip
        validators: list = []


class MarketingEventRow(RowSerializer):
    class Meta:
        model = MarketingEvent
        fields = (*SOURCE, "kind", "day", "lead", "contact", "campaign")
        validators: list = []


class OrderLineRow(RowSerializer):
    class Meta:
        model = OrderLine
        fields = (
            *SOURCE, "order_id", "account", "opportunity", "product", "owner", "segment", "ordered_on", "shipped_on",
            "quantity", "amount", "profit", "discount", "currency", "country", "state", "city", "postal_code",
            "is_returned",
        )  # fmt: skip
        costs = ("profit",)
        validators: list = []


class TicketRow(RowSerializer):
    class Meta:
        model = SupportTicket
        fields = (*SOURCE, "account", "product", "subject", "tier", "opened_on", "closed_on", "hours")
        validators: list = []


class HoursRow(RowSerializer):
    class Meta:
        model = DeliveredHours
        fields = (*SOURCE, "account", "opportunity", "skill", "day", "hours")
        validators: list = []


class NamedAccountRow(RowSerializer):
    """A named account of a territory, by the account's id: two systems may use the same external id."""

    account = serializers.PrimaryKeyRelatedField(queryset=Account.objects.all())

    class Meta:
        model = TerritoryAccount
        fields = ("id", "territory", "account", "valid_from", "valid_to")
        validators: list = []
