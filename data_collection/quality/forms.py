from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class AcceptForm(forms.Form):
    """Why a finding is right as it is, and until when."""

    reason = forms.CharField(label=_("Why is it right as it is?"), max_length=300, strip=True)
    until = forms.DateField(
        label=_("Ask again after"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty = only when its value changes."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date | None:
        until = self.cleaned_data["until"]
        if until is not None and until < self.today:
            raise forms.ValidationError(_("Choose a day that is still to come, or none."))
        return until
