from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

TYPED = "ERASE"


class SearchForm(forms.Form):
    """Sent in the body, so that no address, log or history holds whom somebody looked for."""

    query = forms.CharField(
        label=_("E-mail, name, phone number or id"), min_length=3, max_length=254, widget=forms.TextInput
    )


class EraseForm(forms.Form):
    """Which rows, why, and the typed word."""

    rows = forms.MultipleChoiceField(label=_("Rows of this person"), widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("Kept for good, so write nothing personal. For example “Request 2026-031”."),
    )
    typed = forms.CharField(label=_("Type ERASE"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rows"].choices = choices

    def clean_typed(self) -> str:
        if self.cleaned_data["typed"].strip() != TYPED:
            raise forms.ValidationError(_("Type ERASE in capital letters to go on."))
        return TYPED
