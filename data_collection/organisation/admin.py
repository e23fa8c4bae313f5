"""Admin of the organisation. Nothing here rewrites the past: people, territories and quotas change from a day on."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.organisation import services
from data_collection.organisation.bulk_edit import bulk_action
from data_collection.organisation.forms import (
    CopyQuotaForm,
    EndMembershipForm,
    MoveTeamForm,
    SetManagerForm,
    SetRampProfileForm,
    SetTerritoryForm,
)
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
    TerritoryAccount,
    TerritoryMember,
)
from salesops.audit.admin import HistoryAdmin
from salesops.company.selectors import company_today
from salesops.effective.clashes import span_words
from salesops.effective.forms import EffectiveForm, EffectiveFormSet
from salesops.tables.admin import InForceFilter, LabelledListAdmin, dates

MOST_INLINE = 100  # rows edited in place; more have their own list
EMPTY = gettext_lazy("–")


class DatedInline(admin.TabularInline):
    """Dated rows of one parent, edited together: end one and begin the next in a single save."""

    form = EffectiveForm
    formset = EffectiveFormSet
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        links = [f.name for f in self.model._meta.concrete_fields if f.many_to_one]
        return super().get_queryset(request).select_related(*links)


class MembershipInline(DatedInline):
    model = TeamMembership
    autocomplete_fields = ("team", "rep")


class ManagerInline(DatedInline):
    model = TeamManager
    autocomplete_fields = ("rep",)


class TerritoryMemberInline(DatedInline):
    model = TerritoryMember
    autocomplete_fields = ("territory", "rep")


class QuotaInline(DatedInline):
    model = Quota
    fields = ("metric", "amount", "currency", "valid_from", "valid_to")


class NamedAccountInline(DatedInline):
    model = TerritoryAccount
    autocomplete_fields = ("account",)


class PriceInline(DatedInline):
    model = ProductPrice


class DatedAdmin(HistoryAdmin):
    """One list of dated rows."""

    form = EffectiveForm
    date_hierarchy = "valid_from"
    list_per_page = 50

    def get_list_filter(self, request: HttpRequest) -> list:
        return [InForceFilter, *super().get_list_filter(request)]


def _move_team(rep: Rep, data: dict[str, Any]) -> str:
    new = services.rep_move_team(rep=rep, **data)
    return _("in %(team)s %(span)s") % {"team": new.team, "span": span_words(new.valid_from, new.valid_to)}


def _set_territory(rep: Rep, data: dict[str, Any]) -> str:
    new = services.rep_set_territory(rep=rep, **data)
    kind = _("primary") if new.is_primary else _("overlay")
    words = _("%(territory)s (%(kind)s) %(span)s")
    return words % {"territory": new.territory, "kind": kind, "span": span_words(new.valid_from, new.valid_to)}


def _end_membership(rep: Rep, data: dict[str, Any]) -> str:
    ended = services.membership_end(rep=rep, **data)
    return _("in %(team)s %(span)s") % {"team": ended.team, "span": span_words(ended.valid_from, ended.valid_to)}


def _set_ramp_profile(rep: Rep, data: dict[str, Any]) -> str:
    old = rep.ramp_profile or EMPTY
    return f"{old} → {services.rep_set_ramp_profile(rep=rep, **data).ramp_profile}"


def _set_manager(team: Team, data: dict[str, Any]) -> str:
    new = services.team_set_manager(team=team, **data)
    words = _("led by %(rep)s %(span)s")
    return words % {"rep": new.rep, "span": span_words(new.valid_from, new.valid_to)}


def _copy_quota(quota: Quota, data: dict[str, Any]) -> str:
    new = services.quota_copy(quota=quota, **data)
    words = _("%(old)s → %(new)s %(currency)s, %(span)s")
    return words % {
        "old": f"{quota.amount:,.2f}",
        "new": f"{new.amount:,.2f}",
        "currency": new.currency,
        "span": span_words(new.valid_from, new.valid_to),
    }


move_team = bulk_action("move_team", gettext_lazy("Move to a team from a day"), MoveTeamForm, _move_team)
set_territory = bulk_action(
    "set_territory", gettext_lazy("Give a territory from a day"), SetTerritoryForm, _set_territory
)
end_membership = bulk_action(
    "end_membership", gettext_lazy("End the team membership on a day"), EndMembershipForm, _end_membership
)
set_ramp_profile = bulk_action(
    "set_ramp_profile", gettext_lazy("Set the ramp profile"), SetRampProfileForm, _set_ramp_profile
)
set_manager = bulk_action("set_manager", gettext_lazy("Set the manager from a day"), SetManagerForm, _set_manager)
copy_quota = bulk_action("copy_quota", gettext_lazy("Copy to the next period"), CopyQuotaForm, _copy_quota)


class EmployedFilter(admin.SimpleListFilter):
    title = gettext_lazy("employed")
    parameter_name = "employed"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Today")), ("left", gettext_lazy("Left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        left = models.Q(left_on__lte=company_today())
        if self.value() == "yes":
            return queryset.exclude(left)
        return queryset.filter(left) if self.value() == "left" else queryset


class TeamFilter(admin.SimpleListFilter):
    """The team of today."""

    title = gettext_lazy("team today")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        wanted = self.value() or ""
        if not (wanted.isascii() and wanted.isdecimal()):
            return queryset
        members = TeamMembership.objects.on(company_today()).filter(team_id=wanted)
        return queryset.filter(pk__in=members.values("rep_id"))


@admin.register(Rep)
class RepAdmin(HistoryAdmin):
    list_display = (
        "name",
        "code",
        "job",
        "team_today",
        "territory_today",
        "hired_on",
        "left_on",
        "user",
        "ramp_profile",
    )
    list_filter = (EmployedFilter, TeamFilter, "job", "ramp_profile", ("user", admin.EmptyFieldListFilter))
    list_select_related = ("user", "ramp_profile")
    search_fields = ("name", "code", "email", "user__email")
    autocomplete_fields = ("user", "ramp_profile")
    inlines = (MembershipInline, TerritoryMemberInline, QuotaInline)
    actions = (move_team, end_membership, set_territory, set_ramp_profile)
    history_with = (TeamMembership, TerritoryMember, Quota, TeamManager)
    ordering = ("name",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("name", "code", "job", "email", "user")}),
        (gettext_lazy("Employment"), {"fields": ("hired_on", "left_on", "ramp_profile", "selling_hours_per_week")}),
        (gettext_lazy("Cost"), {"fields": ("annual_cost", "currency")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        today = company_today()
        own = OuterRef("pk")
        team = TeamMembership.objects.on(today).filter(rep=own).values("team__name")[:1]
        territory = TerritoryMember.objects.on(today).filter(rep=own, is_primary=True).values("territory__name")[:1]
        return super().get_queryset(request).annotate(team_name=Subquery(team), territory_name=Subquery(territory))

    @admin.display(description=gettext_lazy("team today"), ordering="team_name")
    def team_today(self, rep: Any) -> str:
        return rep.team_name or EMPTY

    @admin.display(description=gettext_lazy("territory today"), ordering="territory_name")
    def territory_today(self, rep: Any) -> str:
        return rep.territory_name or EMPTY

    def has_delete_permission(self, request: HttpRequest, obj: Rep | None = None) -> bool:
        """People who leave get a leaving date; deleting one would take the numbers of the past along."""
        return False


@admin.register(Team)
class TeamAdmin(HistoryAdmin):
    list_display = ("name", "code", "parent", "manager_today", "members_today", "currency", "is_active")
    list_filter = ("is_active", "currency", "parent")
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    autocomplete_fields = ("parent",)
    inlines = (ManagerInline, MembershipInline)
    actions = (set_manager,)
    history_with = (TeamManager, TeamMembership)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        today, own = company_today(), OuterRef("pk")
        manager = TeamManager.objects.on(today).filter(team=own).values("rep__name")[:1]
        members = TeamMembership.objects.on(today).filter(team=own).order_by().values("team")
        count = members.annotate(n=models.Count("pk")).values("n")
        return super().get_queryset(request).annotate(manager_name=Subquery(manager), member_count=Subquery(count))

    @admin.display(description=gettext_lazy("manager today"), ordering="manager_name")
    def manager_today(self, team: Any) -> str:
        return team.manager_name or EMPTY

    @admin.display(description=gettext_lazy("members today"), ordering="member_count")
    def members_today(self, team: Any) -> int:
        return team.member_count or 0


@admin.register(Territory)
class TerritoryAdmin(HistoryAdmin):
    list_display = ("name", "code", "parent", "members_today", "by")
    list_filter = ("parent",)
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    autocomplete_fields = ("parent",)
    history_with = (TerritoryMember, TerritoryAccount)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        members = TerritoryMember.objects.on(company_today()).select_related("rep")
        return super().get_queryset(request).prefetch_related(Prefetch("members", members, to_attr="members_now"))

    def get_inlines(self, request: HttpRequest, obj: Territory | None) -> list:
        many = obj is not None and obj.accounts.count() > MOST_INLINE
        return [TerritoryMemberInline] if many else [TerritoryMemberInline, NamedAccountInline]

    @admin.display(description=gettext_lazy("members today"))
    def members_today(self, territory: Any) -> str:
        return ", ".join(member.rep.name for member in territory.members_now) or EMPTY

    @admin.display(description=gettext_lazy("filled by"))
    def by(self, territory: Territory) -> str:
        return _("rule") if territory.rule else _("named accounts")


@admin.register(Product)
class ProductAdmin(HistoryAdmin):
    list_display = ("name", "code", "family", "kind", "list_price", "unit_cost", "currency", "sold_from", "sold_to")
    list_filter = ("kind", "family", "currency")
    search_fields = ("name", "code", "family")
    inlines = (PriceInline,)
    history_with = (ProductPrice,)
    ordering = ("family", "name")


@admin.register(Segment)
class SegmentAdmin(LabelledListAdmin, HistoryAdmin):
    list_display = ("name", "code", "rank")
    list_editable = ("rank",)
    search_fields = ("name", "code")
    ordering = ("rank", "name")


@admin.register(RampProfile)
class RampProfileAdmin(HistoryAdmin):
    list_display = ("name", "code", "months")
    search_fields = ("name", "code")

    @admin.display(description=gettext_lazy("share of quota by month"))
    def months(self, profile: RampProfile) -> str:
        return ", ".join(f"{share:.0%}" for share in profile.shares)


class OwnerKindFilter(admin.SimpleListFilter):
    title = gettext_lazy("for")
    parameter_name = "for"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("rep", gettext_lazy("Reps")),
            ("team", gettext_lazy("Teams")),
            ("territory", gettext_lazy("Territories")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in ("rep", "team", "territory"):
            return queryset.filter(**{f"{self.value()}__isnull": False})
        return queryset


@admin.register(Quota)
class QuotaAdmin(DatedAdmin):
    list_display = ("owner", "metric", "amount", "currency", dates)
    list_filter = ("metric", OwnerKindFilter, "currency")
    list_select_related = ("rep", "team", "territory")
    search_fields = ("rep__name", "rep__code", "team__name", "territory__name")
    autocomplete_fields = ("rep", "team", "territory")
    actions = (copy_quota,)
    ordering = ("-valid_from", "rep__name")

    @admin.display(description=gettext_lazy("for"), ordering="rep__name")
    def owner(self, quota: Quota) -> str:
        return str(quota.rep or quota.team or quota.territory)


@admin.register(TeamMembership)
class TeamMembershipAdmin(DatedAdmin):
    list_display = ("rep", "team", dates)
    list_filter = ("team",)
    list_select_related = ("rep", "team")
    search_fields = ("rep__name", "rep__code", "team__name")
    autocomplete_fields = ("rep", "team")


@admin.register(TeamManager)
class TeamManagerAdmin(DatedAdmin):
    list_display = ("team", "rep", dates)
    list_filter = ("team",)
    list_select_related = ("rep", "team")
    search_fields = ("rep__name", "team__name")
    autocomplete_fields = ("rep", "team")


@admin.register(TerritoryMember)
class TerritoryMemberAdmin(DatedAdmin):
    list_display = ("rep", "territory", "is_primary", dates)
    list_filter = ("is_primary", "territory")
    list_select_related = ("rep", "territory")
    search_fields = ("rep__name", "territory__name")
    autocomplete_fields = ("rep", "territory")


@admin.register(TerritoryAccount)
class TerritoryAccountAdmin(DatedAdmin):
    list_display = ("account", "territory", dates)
    list_filter = ("territory",)
    list_select_related = ("account", "territory")
    search_fields = ("account__name", "territory__name")
    autocomplete_fields = ("account", "territory")


@admin.register(ProductPrice)
class ProductPriceAdmin(DatedAdmin):
    list_display = ("product", "price", "unit_cost", "currency", dates)
    list_filter = ("currency", "product__family")
    list_select_related = ("product",)
    search_fields = ("product__name", "product__code")
    autocomplete_fields = ("product",)
