"""API of the organisation: teams, territories, products and segments for all; people and quotas as visible."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from data_collection.organisation import serializers as rows
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
from data_collection.organisation.services import quota_copy, rep_move_team, rep_set_territory, team_set_manager
from data_collection.organisation.visibility import dated_visible, quotas_visible, reps_visible
from salesops.tables.api import ONCE, WriteRows, model_errors
from salesops.tables.filters import dated_filters, row_filters
from salesops.tables.idempotency import answer_once

DATED_ORDER = ("id", "valid_from")


def changed(
    request: Request, form: type[serializers.Serializer], shape: type[serializers.Serializer], do: Callable[..., Any]
) -> Response:
    """Run a service with the checked body; its refusals are the answer's errors."""

    def work() -> Response:
        given = form(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            row = do(**given.validated_data)
        except ModelError as error:
            raise ValidationError(model_errors(error)) from error
        return Response(shape(row, context={"request": request}).data, status.HTTP_201_CREATED)

    return answer_once(request, work)


class CodedRows(WriteRows):
    """Rows known by their code, the same for everyone."""

    lookup_field = "code"
    lookup_value_regex = "[^/]+"
    ordering_fields = ("id", "code", "name")

    def visible(self) -> models.QuerySet:
        return self.model._default_manager.all()


class TeamApi(CodedRows):
    model = Team
    serializer_class = rows.TeamRow
    filterset_class = row_filters(Team, exact=("code", "is_active"), links={"parent": "parent__code"})

    @extend_schema(request=rows.SetManager, responses={201: rows.ManagerRow}, parameters=[ONCE])
    @action(detail=True, methods=["post"], url_path="set-manager")
    def set_manager(self, request: Request, code: str) -> Response:
        """A new manager from a day on; the manager of that day stops there."""
        team = self.get_object()
        return changed(request, rows.SetManager, rows.ManagerRow, lambda **given: team_set_manager(team=team, **given))


class RepApi(CodedRows):
    model = Rep
    serializer_class = rows.RepRow
    filterset_class = row_filters(Rep, exact=("code", "job"), dates=("hired_on", "left_on"))

    def visible(self) -> models.QuerySet:
        return reps_visible(self.request.user)

    @extend_schema(request=rows.MoveTeam, responses={201: rows.MembershipRow}, parameters=[ONCE])
    @action(detail=True, methods=["post"], url_path="move-team")
    def move_team(self, request: Request, code: str) -> Response:
        """Into a team from a day on; the membership of that day ends there."""
        rep = self.get_object()
        return changed(request, rows.MoveTeam, rows.MembershipRow, lambda **given: rep_move_team(rep=rep, **given))

    @extend_schema(request=rows.SetTerritory, responses={201: rows.TerritoryMemberRow}, parameters=[ONCE])
    @action(detail=True, methods=["post"], url_path="set-territory")
    def set_territory(self, request: Request, code: str) -> Response:
        """Into a territory from a day on; as primary it ends the primary one of that day."""
        rep = self.get_object()
        return changed(
            request, rows.SetTerritory, rows.TerritoryMemberRow, lambda **given: rep_set_territory(rep=rep, **given)
        )


class RampProfileApi(CodedRows):
    model = RampProfile
    serializer_class = rows.RampProfileRow
    filterset_class = row_filters(RampProfile, exact=("code",))


class TerritoryApi(CodedRows):
    model = Territory
    serializer_class = rows.TerritoryRow
    filterset_class = row_filters(Territory, exact=("code",), links={"parent": "parent__code"})


class SegmentApi(CodedRows):
    model = Segment
    serializer_class = rows.SegmentRow
    filterset_class = row_filters(Segment, exact=("code",))
    ordering_fields = ("id", "code", "name", "rank")


class ProductApi(CodedRows):
    model = Product
    serializer_class = rows.ProductRow
    filterset_class = row_filters(Product, exact=("code", "family", "kind"))


class PriceApi(WriteRows):
    model = ProductPrice
    serializer_class = rows.PriceRow
    filterset_class = dated_filters(ProductPrice, exact=("currency",), links={"product": "product__code"})
    ordering_fields = DATED_ORDER
    natural_key = {"product": "product__code", "currency": "currency", "valid_from": "valid_from"}

    def visible(self) -> models.QuerySet:
        return ProductPrice.objects.all()


class DatedRows(WriteRows):
    """Dated rows of reps."""

    ordering_fields = DATED_ORDER

    def visible(self) -> models.QuerySet:
        return dated_visible(self.model._default_manager.all(), self.request.user)


class MembershipApi(DatedRows):
    model = TeamMembership
    serializer_class = rows.MembershipRow
    filterset_class = dated_filters(TeamMembership, links={"rep": "rep__code", "team": "team__code"})
    natural_key = {"rep": "rep__code", "valid_from": "valid_from"}


class ManagerApi(DatedRows):
    model = TeamManager
    serializer_class = rows.ManagerRow
    filterset_class = dated_filters(TeamManager, links={"rep": "rep__code", "team": "team__code"})
    natural_key = {"team": "team__code", "valid_from": "valid_from"}


class TerritoryMemberApi(DatedRows):
    model = TerritoryMember
    serializer_class = rows.TerritoryMemberRow
    filterset_class = dated_filters(
        TerritoryMember, exact=("is_primary",), links={"rep": "rep__code", "territory": "territory__code"}
    )
    natural_key = {"rep": "rep__code", "territory": "territory__code", "valid_from": "valid_from"}


class QuotaApi(WriteRows):
    model = Quota
    serializer_class = rows.QuotaRow
    filterset_class = dated_filters(
        Quota,
        exact=("metric", "currency"),
        links={"rep": "rep__code", "team": "team__code", "territory": "territory__code"},
    )
    ordering_fields = (*DATED_ORDER, "amount")
    natural_key = {
        "rep": "rep__code",
        "team": "team__code",
        "territory": "territory__code",
        "metric": "metric",
        "valid_from": "valid_from",
    }

    def visible(self) -> models.QuerySet:
        return quotas_visible(self.request.user)

    @extend_schema(request=rows.CopyQuota, responses={201: rows.QuotaRow}, parameters=[ONCE])
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """The same quota for the period right after, raised by a percentage."""
        quota = self.get_object()
        return changed(request, rows.CopyQuota, rows.QuotaRow, lambda **given: quota_copy(quota=quota, **given))
