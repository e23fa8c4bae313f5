"""Building blocks of the admin's lists."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from salesops.company.selectors import company_today
from salesops.effective.clashes import span_words


class LabelledListAdmin(admin.ModelAdmin):
    """Gives the inputs of `list_editable` a name a screen reader can say: field and row."""

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type:
        base: Any = super().get_changelist_form(request, **kwargs)
        owner = self

        class LabelledForm(base):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                for name in owner.list_editable:
                    if name in self.fields:
                        label = label_for_field(name, owner.model, owner)
                        self.fields[name].widget.attrs["aria-label"] = f"{capfirst(label)}: {self.instance}"

        return LabelledForm


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows a person looks at and never edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class InForceFilter(admin.SimpleListFilter):
    """In force today, later, or no longer."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("now", _("Today")), ("later", _("Later")), ("past", _("No longer"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        today = company_today()
        if self.value() == "now":
            return queryset.filter(pk__in=queryset.model._default_manager.on(today).values("pk"))
        if self.value() == "later":
            return queryset.filter(valid_from__gt=today)
        return queryset.filter(valid_to__lte=today) if self.value() == "past" else queryset


@admin.display(description=_("dates"), ordering="valid_from")
def dates(row: Any) -> str:
    """List column: the effective dates in plain words."""
    return span_words(row.valid_from, row.valid_to)
