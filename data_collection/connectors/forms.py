"""The form of a connection: the fields of its vendor, secrets that are never shown again."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from data_collection.connectors.calc.source import SettingField
from data_collection.connectors.models import MINUTES_LEAST, Connection
from data_collection.connectors.sources.registry import KINDS

VENDOR, FORGET = "v_", "forget_"  # prefixes of the vendor's fields, and of the boxes that forget a secret


class ConnectionForm(forms.Form):
    """Own fields, then those the vendor asks for."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    nightly = forms.BooleanField(label=gettext_lazy("Sync every night"), required=False, initial=True)
    every_minutes = forms.IntegerField(
        label=gettext_lazy("And every … minutes"),
        required=False,
        min_value=MINUTES_LEAST,
        max_value=1440,
        help_text=gettext_lazy("Empty: only at night and by hand. At least 5."),
    )

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection, self.kind = connection, KINDS[connection.kind]
        known = set(connection.secrets_set()) if connection.pk else set()
        for field in self.kind.fields:
            self.fields[VENDOR + field.name] = _vendor_field(field, connection, is_set=field.name in known)
            if field.name in known and not field.required:
                label = _("Forget the stored value: %s") % field.label
                self.fields[FORGET + field.name] = forms.BooleanField(label=label, required=False)
        order = ["name", *(name for name in self.fields if name.startswith((VENDOR, FORGET)))]
        self.order_fields([*order, "nightly", "every_minutes"])
        if connection.pk:
            self.initial |= {
                "name": connection.name,
                "nightly": connection.nightly,
                "every_minutes": connection.every_minutes,
            }
        else:
            self.initial.setdefault("name", self.kind.title)

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if Connection.objects.filter(name=name).exclude(pk=self.connection.pk).exists():
            raise forms.ValidationError(_("Another connection has this name."))
        return name

    @property
    def given(self) -> dict[str, str]:
        """The vendor's fields by their own names."""
        return {f.name: str(self.cleaned_data.get(VENDOR + f.name) or "") for f in self.kind.fields}

    @property
    def forgotten(self) -> frozenset[str]:
        return frozenset(f.name for f in self.kind.fields if self.cleaned_data.get(FORGET + f.name))

    def filled(self) -> Connection:
        """The connection with the form's own fields; not saved."""
        row = self.connection
        row.name, row.nightly = self.cleaned_data["name"], self.cleaned_data["nightly"]
        row.every_minutes = self.cleaned_data["every_minutes"]
        if row.pk is None:
            row.system = free_system(row.kind, row.name)
        return row


def free_system(kind: str, name: str) -> str:
    """The vendor's name for its first connection, for further ones also their own."""
    taken = set(Connection.objects.values_list("system", flat=True))
    wanted = [kind, f"{kind}-{slugify(name)}"[:40].strip("-"), *(f"{kind}-{n}" for n in range(2, 1000))]
    return next(system for system in wanted if system not in taken)


def _vendor_field(field: SettingField, connection: Connection, *, is_set: bool) -> forms.Field:
    help_text = str(field.help)
    if field.kind == "secret":
        note = _("A value is stored; leave this empty to keep it.") if is_set else ""
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        return forms.CharField(
            label=field.label,
            required=field.required and not is_set,
            widget=widget,
            max_length=20_000,
            help_text=" ".join(filter(None, (help_text, note))),
        )
    initial = connection.settings.get(field.name, field.default)
    common = {"label": field.label, "required": field.required, "help_text": help_text, "initial": initial}
    if field.kind == "choice":
        return forms.ChoiceField(choices=field.choices, **common)
    return forms.CharField(max_length=500, **common)
