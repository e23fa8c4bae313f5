"""Mappings and aliases, for operations."""

from django.contrib import admin

from data_collection.imports.models import ReferenceAlias, SavedMapping


@admin.register(SavedMapping)
class SavedMappingAdmin(admin.ModelAdmin):
    list_display = ("name", "changed_at")
    search_fields = ("name",)


@admin.register(ReferenceAlias)
class ReferenceAliasAdmin(admin.ModelAdmin):
    list_display = ("value", "target", "table", "by", "system", "confirmed_by", "confirmed_at")
    list_filter = ("system", "table")
    search_fields = ("value", "target")
    readonly_fields = ("confirmed_by", "confirmed_at")
