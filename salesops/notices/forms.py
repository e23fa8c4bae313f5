"""Forms of endpoints: a field that holds a secret is empty when shown and keeps what is stored when left empty."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from salesops.jobs.registry import load_kinds
from salesops.notices.calc.addresses import AddressRefused
from salesops.notices.client import address_check
from salesops.notices.kinds import EVENT_KINDS
from salesops.notices.models import Endpoint

FIELDS = {
    Endpoint.Kind.WEBHOOK: ("name", "url", "events", "min_points", "is_active"),
    Endpoint.Kind.SLACK_INCOMING: ("name", "secret", "events", "min_points", "is_active"),
    Endpoint.Kind.SLACK_BOT: ("name", "secret", "channel", "events", "min_points", "for_people", "is_active"),
}
SECRET_WORDS = {
    Endpoint.Kind.SLACK_INCOMING: (_("Slack address"), _("From Slack: Incoming Webhooks, https://hooks.slack.com/…")),
    Endpoint.Kind.SLACK_BOT: (_("Bot token"), _("From Slack: OAuth & Permissions, xoxb-…; it needs chat:write.")),
}


class EndpointForm(forms.ModelForm):
    """One endpoint of a given kind."""

    secret = forms.CharField(required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"}))
    events = forms.MultipleChoiceField(
        label=_("Events"), required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )
    min_points = forms.DecimalField(
        label=_("Points"),
        initial=10,
        min_value=Decimal(0),
        max_value=Decimal(1000),
        help_text=_("A score that stays in its band is told when it moved by at least so many points."),
    )

    class Meta:
        model = Endpoint
        fields = ["name", "url", "channel", "events", "min_points", "for_people", "is_active"]
        labels = {
            "name": _("Name"),
            "url": _("Address"),
            "channel": _("Channel"),
            "for_people": _("Also send people their own notices as direct messages"),
            "is_active": _("On"),
        }
        help_texts = {
            "url": _("https://…; it gets POST requests with JSON, signed."),
            "channel": _("The channel's id, e.g. C0123456789. Invite the bot to it first."),
        }

    def __init__(self, *args: object, kind: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        load_kinds()  # the suites register their events
        self.kind = self.instance.kind = kind
        for name in [name for name in self.fields if name not in FIELDS[kind]]:
            del self.fields[name]
        self.order_fields(FIELDS[kind])
        self.fields["events"].choices = [(event.name, event.title) for event in EVENT_KINDS.values()]
        if kind in SECRET_WORDS:
            self.fields["secret"].label, self.fields["secret"].help_text = SECRET_WORDS[kind]
            if self.instance.secret:
                self.fields["secret"].help_text = _("Stored and not shown. Leave empty to keep it.")
        for name in ("url", "channel"):
            if name in self.fields:
                self.fields[name].required = True

    def clean_url(self) -> str:
        return self._sendable(self.cleaned_data["url"])

    def clean_secret(self) -> str:
        given = self.cleaned_data["secret"].strip()
        if not given and not self.instance.secret:
            raise ValidationError(_("This is needed to send to Slack."))
        if given and self.kind == Endpoint.Kind.SLACK_INCOMING:
            return self._sendable(given)
        if given and not given.startswith("xox"):
            raise ValidationError(_("A bot's token starts with xoxb-."))
        return given

    def _sendable(self, url: str) -> str:
        try:
            address_check(url)
        except AddressRefused as refused:
            raise ValidationError(str(refused)) from None
        return url

    def save(self, commit: bool = True) -> Endpoint:
        if self.cleaned_data.get("secret"):
            self.instance.secret = self.cleaned_data["secret"]
        return super().save(commit)
