"""API shapes of the organisation. Links are codes."""

from decimal import Decimal

from django.utils.translation import gettext as _
from rest_framework import serializers

from data_collection.organisation.models import (
    Product,
    ProductPrice,
    Quota,
    RampProfile,
    Rep,
    Segment,
    Team,
    TeamManager,
    TeamMembership,
    Territory,
    TerritoryMember,
)
from salesops.tables.serializers import RowSerializer

CODE = {"code": {"validators": []}}  # the unique index judges: one query less a row


class TeamRow(RowSerializer):
    class Meta:
        model = Team
        fields = ("id", "code", "name", "parent", "currency", "is_active")
        extra_kwargs = CODE


class RampProfileRow(RowSerializer):
    class Meta:
        model = RampProfile
        fields = ("id", "code", "name", "shares")
        extra_kwargs = CODE


class RepRow(RowSerializer):
    class Meta:
        model = Rep
        fields = (
            "id",
            "code",
            "name",
            "job",
            "email",
            "hired_on",
            "left_on",
            "currency",
            "annual_cost",
            "ramp_profile",
            "selling_hours_per_week",
        )
        costs = ("annual_cost",)
        extra_kwargs = CODE


class TerritoryRow(RowSerializer):
    class Meta:
        model = Territory
        fields = ("id", "code", "name", "parent", "rule")
        extra_kwargs = CODE


class SegmentRow(RowSerializer):
    class Meta:
        model = Segment
        fields = ("id", "code", "name", "rank", "rule")
        extra_kwargs = CODE


class ProductRow(RowSerializer):
    class Meta:
        model = Product
        fields = (
            "id",
            "code",
            "name",
            "family",
            "kind",
            "currency",
            "list_price",
            "unit_cost",
            "sold_from",
            "sold_to",
        )
        costs = ("unit_cost",)
        extra_kwargs = CODE


class MembershipRow(RowSerializer):
    class Meta:
        model = TeamMembership
        fields = ("id", "rep", "team", "valid_from", "valid_to")
        validators: list = []


class ManagerRow(RowSerializer):
    class Meta:
        model = TeamManager
        fields = ("id", "team", "rep", "valid_from", "valid_to")
        validators: list = []


class TerritoryMemberRow(RowSerializer):
    class Meta:
        model = TerritoryMember
        fields = ("id", "rep", "territory", "is_primary", "valid_from", "valid_to")
        validators: list = []


class PriceRow(RowSerializer):
    class Meta:
        model = ProductPrice
        fields = ("id", "product", "currency", "price", "unit_cost", "valid_from", "valid_to")
        costs = ("unit_cost",)
        validators: list = []


class QuotaRow(RowSerializer):
    class Meta:
        model = Quota
        fields = ("id", "metric", "rep", "team", "territory", "amount", "currency", "valid_from", "valid_to")
        extra_kwargs = {"valid_to": {"required": True, "allow_null": False}}
        validators: list = []

    def validate(self, attrs: dict) -> dict:
        owners = [attrs.get(name, getattr(self.instance, name, None)) for name in ("rep", "team", "territory")]
        if sum(owner is not None for owner in owners) != 1:
            raise serializers.ValidationError(_("Give the quota to exactly one of rep, team or territory."))
        return attrs


class MoveTeam(serializers.Serializer):
    team = serializers.SlugRelatedField("code", queryset=Team.objects.all())
    from_day = serializers.DateField()


class SetTerritory(serializers.Serializer):
    territory = serializers.SlugRelatedField("code", queryset=Territory.objects.all())
    from_day = serializers.DateField()
    is_primary = serializers.BooleanField(default=True)


class SetManager(serializers.Serializer):
    rep = serializers.SlugRelatedField("code", queryset=Rep.objects.all())
    from_day = serializers.DateField()


class CopyQuota(serializers.Serializer):
    uplift_percent = serializers.DecimalField(
        max_digits=7, decimal_places=3, default=Decimal(0), min_value=Decimal(-100), max_value=Decimal(1000)
    )
