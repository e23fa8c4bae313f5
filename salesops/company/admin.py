from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from salesops.audit.admin import HistoryAdmin
from salesops.company.models import Company, FxRate, Holiday
from salesops.tables.admin import LabelledListAdmin


@admin.register(Company)
class CompanyAdmin(HistoryAdmin):
    """One row: its list is the row itself."""

    fieldsets = (
        (None, {"fields": ("name", "reporting_currency", "time_zone")}),
        (
            _("Calendar"),
            {
                "fields": ("fiscal_first_month", "week_first_day"),
                "description": _("Periods of every page follow; figures already stored are kept by day."),
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        row = Company.objects.first()
        name = "admin:salesops_company_change" if row else "admin:salesops_company_add"
        return HttpResponseRedirect(reverse(name, args=[row.pk] if row else []))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Company.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Company | None = None) -> bool:
        return False


@admin.register(FxRate)
class FxRateAdmin(LabelledListAdmin, HistoryAdmin):
    list_display = ("currency", "day", "rate")
    list_display_links = ("currency", "day")
    list_editable = ("rate",)
    list_filter = ("currency",)
    search_fields = ("currency",)
    date_hierarchy = "day"
    list_per_page = 50


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin):
    list_display = ("day", "name", "country")
    list_filter = ("country",)
    search_fields = ("name",)
    date_hierarchy = "day"
