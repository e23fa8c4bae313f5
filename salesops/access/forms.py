from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User


class ProfileForm(forms.ModelForm):
    """What a person may change about themselves. The role is not among it."""

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = User
        fields = ["first_name", "last_name", "time_zone", "theme"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        zones = [(name, name) for name in sorted(available_timezones())]
        self.fields["time_zone"].choices = [("", _("The company's")), *zones]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name in {"time_zone", "theme"} else "form-control"
