"""Targets, edited by operations."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.models import KpiTarget
from salesops.audit.admin import HistoryAdmin
from salesops.effective.forms import EffectiveForm
from salesops.tables.admin import InForceFilter, dates


class TargetForm(EffectiveForm):
    kpi = forms.ChoiceField(
        label=_("KPI"), choices=lambda: [(kpi.name, f"{kpi.label} ({kpi.unit})") for kpi in CATALOGUE.values()]
    )

    class Meta:
        model = KpiTarget
        fields = ("kpi", "team", "rep", "territory", "value", "valid_from", "valid_to")


@admin.register(KpiTarget)
class KpiTargetAdmin(HistoryAdmin):
    form = TargetForm
    list_display = ("kpi_label", "level", "value", dates)
    list_filter = (InForceFilter, "kpi")
    list_select_related = ("team", "rep", "territory")
    search_fields = ("kpi", "rep__name", "team__name", "territory__name")
    autocomplete_fields = ("team", "rep", "territory")

    @admin.display(description=_("KPI"), ordering="kpi")
    def kpi_label(self, target: KpiTarget) -> Any:
        kpi = CATALOGUE.get(target.kpi)
        return kpi.label if kpi else target.kpi

    @admin.display(description=_("for"))
    def level(self, target: KpiTarget) -> Any:
        return target.team or target.rep or target.territory or _("the company")
