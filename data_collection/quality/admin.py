"""Custom rules and links to records, edited by operations; both keep their history."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from data_collection.quality.calc.conditions import FIELDS, ConditionError
from data_collection.quality.forms import ConditionWidget, CustomRuleForm
from data_collection.quality.models import CustomRule, RecordLink
from data_collection.quality.rules.custom import PREFIX
from data_collection.quality.selectors.preview import Preview, attribute_names, condition_preview
from salesops.audit.admin import HistoryAdmin
from salesops.company.models import Company
from salesops.company.selectors import company_today
from salesops.jobs.services import job_enqueue


@admin.register(CustomRule)
class CustomRuleAdmin(HistoryAdmin):
    form = CustomRuleForm
    list_display = ("title", "table", "severity", "owner", "is_active")
    list_filter = ("table", "severity", "is_active")
    list_select_related = ("owner",)
    search_fields = ("title", "code")
    autocomplete_fields = ("owner",)
    prepopulated_fields = {"code": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: CustomRule | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: CustomRule | None = None) -> dict:
        return {} if obj else self.prepopulated_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_changeform_initial_data(request) | {"owner": request.user.pk}

    def get_urls(self) -> list:
        open_to_staff, name = self.admin_site.admin_view, "data_collection_customrule"
        return [
            path("preview/", open_to_staff(self.preview), name=f"{name}_preview"),
            path("attributes/", open_to_staff(self.attributes), name=f"{name}_attributes"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: CustomRule, form: CustomRuleForm, change: bool) -> None:
        """Keep it, say what it finds, and have it checked."""
        super().save_model(request, obj, form, change)
        found = condition_preview(document=obj.condition, table=obj.table, today=company_today(), currency=_currency())
        self.message_user(request, preview_words(found), messages.INFO)
        job_enqueue(kind="quality_rule", params={"rule": f"{PREFIX}{obj.code}"}, user=request.user)

    def delete_model(self, request: HttpRequest, obj: CustomRule) -> None:
        super().delete_model(request, obj)
        job_enqueue(kind="quality_rule", params={"rule": f"{PREFIX}{obj.code}"}, user=request.user)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Count the rows of the condition in the form, which is not saved."""
        if not self.has_add_permission(request) and not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return JsonResponse({"error": "POST"}, status=405)
        document = ConditionWidget().value_from_datadict(request.POST, {}, "condition")
        try:
            found = condition_preview(
                document=document, table=request.POST.get("table", ""), today=company_today(), currency=_currency()
            )
        except ConditionError as wrong:
            return JsonResponse({"words": str(wrong), "wrong": True})
        return JsonResponse({"words": preview_words(found), "wrong": False})

    def attributes(self, request: HttpRequest) -> HttpResponse:
        """Names of attributes of a table, for the list beside the field."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = request.GET.get("table", "")
        return JsonResponse({"names": attribute_names(table) if table in FIELDS else []})


def _currency() -> str:
    return Company.get().reporting_currency


def preview_words(found: Preview) -> str:
    """The count in a sentence, with a few names."""
    if found.found is None:
        return str(_("Counting took too long; the check at night has more time."))
    words = ngettext("Finds %(n)s of %(rows)s rows", "Finds %(n)s of %(rows)s rows", found.found) % {
        "n": f"{found.found:,}",
        "rows": f"{found.rows:,}",
    }
    return f"{words}: {', '.join(found.examples)}" if found.examples else f"{words}."


@admin.register(RecordLink)
class RecordLinkAdmin(HistoryAdmin):
    list_display = ("system", "table", "address")
    list_filter = ("system",)
    search_fields = ("system", "address")
