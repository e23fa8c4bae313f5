"""The current forecast under /api/v1/forecasts/: the same numbers, under the same rights, as the page."""

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers

from demand_planning.statistical.models import ForecastPoint, ForecastRun, ForecastSeries
from demand_planning.statistical.words import backtest_rows, method_words, sentences
from salesops.tables.pagination import CursorPages


class RunSerializer(serializers.ModelSerializer):
    class Meta:
        model = ForecastRun
        fields = (
            "id",
            "as_of",
            "is_current",
            "horizon",
            "origins",
            "currency",
            "reconciliation",
            "series_n",
            "scores_n",
            "coverage_80",
            "coverage_95",
            "coverage_n",
            "published_at",
        )


class SeriesSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="item", help_text="Product or family code; empty = all, - = none.")
    territory = serializers.CharField(source="place", help_text="Territory code; empty = all, - = none.")
    method = serializers.SerializerMethodField()

    class Meta:
        model = ForecastSeries
        fields = (
            "id",
            "measure",
            "level",
            "item_kind",
            "product",
            "item_name",
            "territory",
            "place_name",
            "forecast_from",
            "next_year",
            "kind",
            "method",
            "wape",
            "bias",
            "mase",
            "against_naive",
        )

    def get_method(self, series: ForecastSeries) -> str:
        return method_words(series)


class PointSerializer(serializers.ModelSerializer):
    class Meta:
        model = ForecastPoint
        fields = ("month", "expected", "lo_80", "hi_80", "lo_95", "hi_95")


class BacktestSerializer(serializers.Serializer):
    model = serializers.CharField()
    mase = serializers.FloatField(allow_null=True)
    rmsse = serializers.FloatField(allow_null=True)
    wape = serializers.FloatField(allow_null=True)
    bias = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class SeriesDetailSerializer(SeriesSerializer):
    run = RunSerializer()
    points = PointSerializer(many=True)
    backtest = serializers.SerializerMethodField()
    explanation = serializers.SerializerMethodField()

    class Meta(SeriesSerializer.Meta):
        fields = (
            *SeriesSerializer.Meta.fields,
            "run",
            "first_month",
            "history",
            "open_value",
            "data_to",
            "points",
            "backtest",
            "explanation",
        )

    @extend_schema_field(BacktestSerializer(many=True))
    def get_backtest(self, series: ForecastSeries) -> list[dict]:
        return backtest_rows(series)

    def get_explanation(self, series: ForecastSeries) -> list[str]:
        return sentences(series, series.run)


class SeriesFilter(django_filters.FilterSet):
    """The page's parameters."""

    product = django_filters.CharFilter(field_name="item")
    territory = django_filters.CharFilter(field_name="place")

    class Meta:
        model = ForecastSeries
        fields = ("measure", "level", "product", "territory")


class SeriesList(generics.ListAPIView):
    """Series of the current forecast."""

    queryset = ForecastSeries.objects.none()
    serializer_class = SeriesSerializer
    filterset_class = SeriesFilter
    pagination_class = CursorPages
    ordering_fields = ("position",)

    def get_queryset(self) -> object:
        return ForecastSeries.objects.current().visible_to(self.request.user).defer("history", "fit", "members")


class SeriesDetail(generics.RetrieveAPIView):
    """One series: history, points with ranges, backtest, what was done."""

    queryset = ForecastSeries.objects.none()
    serializer_class = SeriesDetailSerializer

    def get_queryset(self) -> object:
        rows = ForecastSeries.objects.filter(run__state=ForecastRun.State.PUBLISHED).visible_to(self.request.user)
        return rows.select_related("run").prefetch_related("points")


class RunList(generics.ListAPIView):
    """Published forecast runs, newest first."""

    queryset = ForecastRun.objects.filter(state=ForecastRun.State.PUBLISHED)
    serializer_class = RunSerializer
    pagination_class = CursorPages
    ordering_fields = ("id",)
    default_ordering = "-id"
