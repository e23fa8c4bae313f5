"""The form of a webhook source. Its secret is made here or given by the other side, and never shown again."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from data_collection.webhooks.calc.recipe import RecipeError
from data_collection.webhooks.models import WebhookSource
from data_collection.webhooks.selectors import recipe_document


class SourceForm(forms.ModelForm):
    secret = forms.CharField(
        label=_("Secret of the other side"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Only where the other side gives you one, e.g. a HubSpot app's client secret. Empty = one is made."
        ),
    )
    recipe_text = forms.CharField(
        label=_("Recipe"),
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "code"}),
        help_text=_("YAML: where in a payload things are found. The guide on webhooks explains its words."),
    )
    sample = forms.CharField(
        label=_("A payload to try it on"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("JSON; not kept. Empty = the last message that came."),
    )

    class Meta:
        model = WebhookSource
        fields = ["name", "slug", "system", "scheme", "most_per_minute", "most_kb", "window_seconds", "is_active"]
        labels = {
            "name": _("Name"),
            "slug": _("Address"),
            "system": _("System"),
            "scheme": _("How it proves itself"),
            "most_per_minute": _("Messages a minute"),
            "most_kb": _("Largest message, kB"),
            "window_seconds": _("Seconds a signed time may be off"),
            "is_active": _("On"),
        }

    field_order = ("name", "slug", "system", "scheme", "secret")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.recipe_text:
            self.initial.setdefault("recipe_text", self.instance.recipe_text)
        if self.instance.secret:
            self.fields["secret"].help_text = _("Stored and not shown. Leave empty to keep it.")

    def clean_recipe_text(self) -> str:
        text: str = self.cleaned_data["recipe_text"]
        try:
            self.document = recipe_document(text)
        except RecipeError as wrong:
            raise ValidationError(wrong.problems) from None
        return text

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        hubspot = given.get("scheme") == WebhookSource.Scheme.HUBSPOT
        if hubspot and not given.get("secret") and not self.instance.secret:
            self.add_error("secret", _("HubSpot signs with your app's client secret; enter it here."))
        return given

    def save(self, commit: bool = True) -> WebhookSource:
        self.instance.recipe, self.instance.recipe_text = self.document, self.cleaned_data["recipe_text"]
        return super().save(commit)
