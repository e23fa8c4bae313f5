"""Forms of the bulk changes: what to do with the rows chosen in an admin list."""

from decimal import Decimal

from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.utils.translation import gettext_lazy as _

from data_collection.organisation.models import RampProfile, Rep, Team, Territory


class DayField(forms.DateField):
    def __init__(self, label: str, **kwargs: object) -> None:
        super().__init__(label=label, widget=AdminDateWidget(), **kwargs)


class MoveTeamForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.filter(is_active=True), label=_("New team"))
    from_day = DayField(_("From"), help_text=_("First day in the new team."))


class SetTerritoryForm(forms.Form):
    territory = forms.ModelChoiceField(Territory.objects.all(), label=_("Territory"))
    from_day = DayField(_("From"), help_text=_("First day in the territory."))
    is_primary = forms.BooleanField(
        label=_("Primary"),
        required=False,
        initial=True,
        help_text=_("Off = overlay: helps here, is counted elsewhere."),
    )


class EndMembershipForm(forms.Form):
    day = DayField(_("Day"), help_text=_("First day no longer in the team."))


class SetRampProfileForm(forms.Form):
    ramp_profile = forms.ModelChoiceField(RampProfile.objects.all(), label=_("Ramp profile"))


class SetManagerForm(forms.Form):
    rep = forms.ModelChoiceField(Rep.objects.filter(left_on__isnull=True), label=_("New manager"))
    from_day = DayField(_("From"), help_text=_("First day as manager."))


class CopyQuotaForm(forms.Form):
    uplift_percent = forms.DecimalField(
        label=_("Uplift in %"),
        initial=Decimal(0),
        min_value=Decimal(-100),
        max_value=Decimal(1000),
        max_digits=7,
        decimal_places=3,
        help_text=_("0 copies the amounts; 5 raises them by five per cent. Copies begin where the originals end."),
    )
