"""Admin of the CRM mirror: rows to look at, and the few links that are ours to set.

The rows are copies. What the source knows is corrected in the source, or the next import would bring
the old value back. Ours are the links a source often lacks: owner, segment, product, the parent company and the
place on the map. Rows are neither added nor deleted here.
"""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

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
from salesops.tables.admin import LabelledListAdmin, ReadOnlyInline

COPY = _(
    "This row is a copy. Correct it in its own system; the next import brings the correction. "
    "The fields you can edit are links that system may lack; an import that has a value for one overwrites yours."
)


class DeletedThereFilter(admin.SimpleListFilter):
    title = _("deleted in its system")
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if self.value() is None:
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() == "no")


class SystemFilter(admin.SimpleListFilter):
    """Where a row came from. Walks the natural key's index from one system to the next: quick in any table."""

    title = _("system")
    parameter_name = "system"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list:
        rows = model_admin.model._default_manager.order_by("system").values_list("system", flat=True)
        found: list[str] = []
        while (system := rows.filter(system__gt=found[-1] if found else "").first()) is not None:
            found.append(system)
        return [(system, system) for system in found]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(system=self.value()) if self.value() else queryset


class MirrorAdmin(admin.ModelAdmin):
    """A copied row: read-only but for `ours`."""

    ours: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False  # counting millions of rows twice makes the list slow
    source_fields = ("system", "external_id", "modified_at", "deleted_at", "batch_id", "attributes")

    def get_list_filter(self, request: HttpRequest) -> list:
        return [*super().get_list_filter(request), SystemFilter, DeletedThereFilter]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> list:
        fields = [f.name for f in self.opts.concrete_fields if not f.primary_key and f.name not in self.source_fields]
        return [(None, {"fields": fields, "description": COPY}), (_("Source"), {"fields": self.source_fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return [f.name for f in self.opts.concrete_fields if f.name not in self.ours]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return [name for name in self.ours if self.opts.get_field(name).many_to_one]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(MirrorAdmin):
    ours = ("owner", "segment", "parent", "latitude", "longitude")
    list_display = ("name", "owner", "segment", "industry", "country", "employees", "customer_since", "system")
    list_filter = ("segment", "industry", ("owner", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "segment")
    search_fields = ("name", "external_id", "website")
    search_help_text = _("Name, id or website")


@admin.register(Contact)
class ContactAdmin(MirrorAdmin):
    ours = ("account",)
    list_display = ("__str__", "email", "title", "account", "country", "system")
    list_select_related = ("account",)
    search_fields = ("first_name", "last_name", "email", "external_id")


@admin.register(Lead)
class LeadAdmin(MirrorAdmin):
    ours = ("owner", "segment", "product", "account")
    list_display = ("name", "company", "status", "owner", "segment", "lead_source", "created_on", "system")
    list_filter = ("status", "lead_source", "segment", ("owner", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "segment")
    search_fields = ("name", "company", "email", "external_id")
    date_hierarchy = "created_on"


class LineInline(ReadOnlyInline):
    model = OpportunityLine
    fields = ("product", "quantity", "unit_price", "discount", "amount")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("product")


class VisitInline(ReadOnlyInline):
    model = StageVisit
    fields = ("stage", "entered_on", "left_on")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("stage")


class ChangeInline(ReadOnlyInline):
    model = OpportunityChange
    fields = ("field", "changed_on", "old_amount", "new_amount", "old_date", "new_date", "old_value", "new_value")


class OwnerInline(ReadOnlyInline):
    model = OpportunityOwner
    fields = ("rep", "valid_from", "valid_to")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("rep")


@admin.register(Opportunity)
class OpportunityAdmin(MirrorAdmin):
    ours = ("owner", "product", "account")
    list_display = ("name", "status", "stage", "amount", "currency", "close_date", "owner", "product", "system")
    list_filter = ("status", "stage", "kind", "forecast_category", "product", ("account", admin.EmptyFieldListFilter))
    list_select_related = ("stage", "owner", "product")
    search_fields = ("name", "external_id", "account__name")
    date_hierarchy = "close_date"
    inlines = (LineInline, VisitInline, ChangeInline, OwnerInline)


@admin.register(Activity)
class ActivityAdmin(MirrorAdmin):
    ours = ("rep",)
    list_display = ("day", "kind", "subject", "rep", "account", "duration_minutes", "outcome", "system")
    list_filter = ("kind", "day")  # no date hierarchy: the span of millions of days is slow to find
    list_select_related = ("rep", "account")
    search_fields = ("subject", "external_id", "rep__name")
    ordering = ("-pk",)


@admin.register(MarketingEvent)
class MarketingEventAdmin(MirrorAdmin):
    list_display = ("day", "kind", "lead", "campaign", "system")
    list_filter = ("kind",)
    list_select_related = ("lead",)
    search_fields = ("campaign", "external_id", "lead__name")
    date_hierarchy = "day"


@admin.register(OrderLine)
class OrderLineAdmin(MirrorAdmin):
    ours = ("owner", "segment", "product")
    list_display = ("order_id", "ordered_on", "account", "product", "quantity", "amount", "currency", "owner", "system")
    list_filter = ("is_returned", "segment", "product")
    list_select_related = ("account", "product", "owner")
    search_fields = ("order_id", "external_id", "account__name")
    date_hierarchy = "ordered_on"


@admin.register(SupportTicket)
class SupportTicketAdmin(MirrorAdmin):
    ours = ("product",)
    list_display = ("subject", "account", "tier", "opened_on", "closed_on", "hours", "system")
    list_filter = ("tier",)
    list_select_related = ("account",)
    search_fields = ("subject", "external_id", "account__name")
    date_hierarchy = "opened_on"


@admin.register(DeliveredHours)
class DeliveredHoursAdmin(MirrorAdmin):
    list_display = ("day", "account", "skill", "hours", "system")
    list_filter = ("skill",)
    list_select_related = ("account",)
    search_fields = ("external_id", "account__name", "skill")
    date_hierarchy = "day"


class OpportunityRowAdmin(MirrorAdmin):
    list_select_related = ("opportunity",)
    search_fields = ("opportunity__name", "external_id")

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Not on the index: reached from the deal."""
        return {}


@admin.register(OpportunityLine)
class OpportunityLineAdmin(OpportunityRowAdmin):
    list_display = ("opportunity", "product", "quantity", "amount")
    list_select_related = ("opportunity", "product")


@admin.register(StageVisit)
class StageVisitAdmin(OpportunityRowAdmin):
    list_display = ("opportunity", "stage", "entered_on", "left_on")
    list_select_related = ("opportunity", "stage")


@admin.register(OpportunityOwner)
class OpportunityOwnerAdmin(OpportunityRowAdmin):
    list_display = ("opportunity", "rep", "valid_from", "valid_to")
    list_select_related = ("opportunity", "rep")


@admin.register(OpportunityChange)
class OpportunityChangeAdmin(OpportunityRowAdmin):
    list_display = ("opportunity", "field", "changed_on")


@admin.register(Stage)
class StageAdmin(LabelledListAdmin):
    list_display = ("name", "pipeline", "rank", "kind", "probability")
    list_editable = ("rank", "probability")
    list_filter = ("pipeline", "kind")
    search_fields = ("name", "pipeline")
    ordering = ("pipeline", "rank")
