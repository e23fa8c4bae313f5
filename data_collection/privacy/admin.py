"""From a contact or lead in the admin to the page where a person is exported or erased."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.crm.admin import ContactAdmin, LeadAdmin


@admin.action(description=gettext_lazy("Export or erase this person"), permissions=["view"])
def open_people_data(model_admin: admin.ModelAdmin, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
    """One row at a time: its page shows what else is the same person."""
    if rows.count() != 1:
        messages.error(request, _("Choose one row; its page shows the others of the same person."))
        return None
    return redirect("person", rows.model._meta.model_name, rows.get().pk)


for _admin in (ContactAdmin, LeadAdmin):
    _admin.actions = [*(_admin.actions or ()), open_people_data]
