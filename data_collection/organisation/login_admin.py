"""Logins in the admin, with the link to the rep row, which the ground floor doesn't know."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.organisation.models import Rep, TeamMembership
from salesops.access.admin import UserAdmin
from salesops.access.models import User


class LinkRepForm(forms.ModelForm):
    """A login with the rep row whose numbers are its own."""

    rep = forms.ModelChoiceField(
        Rep.objects.all(),
        required=False,
        label=gettext_lazy("Rep"),
        widget=AutocompleteSelect(TeamMembership._meta.get_field("rep"), admin.site),
        help_text=gettext_lazy("Whose numbers this person sees as own. Each rep has one login at most."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rep"].initial = getattr(self.instance, "rep", None) if self.instance.pk else None

    def clean_rep(self) -> Rep | None:
        rep = self.cleaned_data["rep"]
        if rep and rep.user_id and rep.user_id != self.instance.pk:
            raise forms.ValidationError(
                _("%(rep)s already has the login %(user)s.") % {"rep": rep, "user": rep.user.email}
            )
        return rep


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = LinkRepForm
    list_display = (*UserAdmin.list_display, "rep_name")
    list_select_related = ("rep",)
    link_fields = ("rep",)

    @admin.display(description=gettext_lazy("rep"), ordering="rep__name")
    def rep_name(self, user: User) -> str:
        rep = getattr(user, "rep", None)
        return rep.name if rep else "–"

    def save_model(self, request: HttpRequest, user: User, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, user, form, change)
        wanted = form.cleaned_data.get("rep")
        for rep in Rep.objects.filter(user=user).exclude(pk=wanted.pk if wanted else None):
            rep.user = None
            rep.save(update_fields=["user"])
        if wanted and wanted.user_id != user.pk:
            wanted.user = user
            wanted.save(update_fields=["user"])
