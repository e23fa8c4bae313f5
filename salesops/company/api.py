"""API of the company's calendar and money: everyone reads, operations write."""

from decimal import Decimal

from django.db import models
from rest_framework import serializers
from rest_framework.generics import RetrieveAPIView

from salesops.company.models import Company, FxRate, Holiday
from salesops.tables.api import WriteRows
from salesops.tables.filters import row_filters
from salesops.tables.serializers import RowSerializer


class CompanyRow(serializers.ModelSerializer):
    class Meta:
        model = Company
        fields = ("name", "reporting_currency", "time_zone", "fiscal_first_month", "week_first_day", "is_demo")


class CompanyApi(RetrieveAPIView):
    serializer_class = CompanyRow

    def get_object(self) -> Company:
        return Company.get()


class FxRateRow(RowSerializer):
    class Meta:
        model = FxRate
        fields = ("id", "currency", "day", "rate")
        extra_kwargs = {"rate": {"min_value": Decimal("0.0000000001")}}
        validators: list = []


class FxRateApi(WriteRows):
    """1 unit of the currency in units of the reporting currency, from the day until the next row's day."""

    model = FxRate
    serializer_class = FxRateRow
    filterset_class = row_filters(FxRate, exact=("currency",), dates=("day",))
    ordering_fields = ("id", "day")
    natural_key = {"currency": "currency", "day": "day"}

    def visible(self) -> models.QuerySet:
        return FxRate.objects.all()


class HolidayRow(RowSerializer):
    class Meta:
        model = Holiday
        fields = ("id", "day", "country", "name")
        extra_kwargs = {"country": {"default": ""}}
        validators: list = []


class HolidayApi(WriteRows):
    model = Holiday
    serializer_class = HolidayRow
    filterset_class = row_filters(Holiday, exact=("country",), dates=("day",))
    ordering_fields = ("id", "day")
    natural_key = {"day": "day", "country": "country"}

    def visible(self) -> models.QuerySet:
        return Holiday.objects.all()
