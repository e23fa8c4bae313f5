"""Forecast runs and series, to look at."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from demand_planning.statistical.models import ForecastPoint, ForecastRun, ForecastSeries
from demand_planning.statistical.words import method_words
from salesops.tables.admin import ReadOnlyAdmin, ReadOnlyInline


@admin.register(ForecastRun)
class ForecastRunAdmin(ReadOnlyAdmin):
    list_display = (
        "as_of",
        "state",
        "is_current",
        "series_n",
        "reused_n",
        "horizon",
        "coverage_80",
        "coverage_95",
        "published_at",
    )
    list_filter = ("state", "is_current")
    raw_id_fields = ("job",)
    date_hierarchy = "as_of"


class ForecastPointInline(ReadOnlyInline):
    model = ForecastPoint
    show_change_link = False


@admin.register(ForecastSeries)
class ForecastSeriesAdmin(ReadOnlyAdmin):
    list_display = ("name", "run", "measure", "level", "how", "next_year", "wape", "mase", "against_naive")
    list_filter = ("run__is_current", "measure", "level", "kind", "method")
    list_select_related = ("run",)
    search_fields = ("item", "item_name", "place", "place_name")
    raw_id_fields = ("run", "product", "territory")
    inlines = (ForecastPointInline,)
    show_full_result_count = False

    @admin.display(description=_("method"))
    def how(self, series: ForecastSeries) -> str:
        return method_words(series) if series.method else ""
