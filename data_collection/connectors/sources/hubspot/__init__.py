"""HubSpot."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from data_collection.connectors.calc.source import Kind, SettingField

KIND = Kind(
    name="hubspot",
    title="HubSpot",
    module="data_collection.connectors.sources.hubspot.fetch",
    mapping=str(Path(__file__).parent / "mapping.yaml"),
    guide="hubspot",
    fields=(
        SettingField(
            "access_token",
            _("Access token of a private app"),
            "secret",
            required=False,
            help=_(
                "Settings, Integrations, Private apps in HubSpot. Leave it empty when you use a public app instead."
            ),
        ),
        SettingField("client_id", _("Public app: client id"), required=False),
        SettingField("client_secret", _("Public app: client secret"), "secret", required=False),
        SettingField("refresh_token", _("Public app: refresh token"), "secret", required=False),
        SettingField(
            "leads",
            _("Leads are"),
            "choice",
            required=False,
            choices=(
                ("contacts", _("contacts that reached the lifecycle stage lead, MQL or SQL")),
                ("leads", _("records of the object Leads (Sales Hub Professional or higher)")),
            ),
            default="contacts",
        ),
        SettingField(
            "properties",
            _("More properties"),
            required=False,
            help=_(
                "Your own properties come in by themselves. Name others of HubSpot with their object, separated by "
                "commas: deals.hs_priority, contacts.hs_persona."
            ),
        ),
        SettingField(
            "currency",
            _("Currency"),
            required=False,
            help=_("Three letters; empty: the currency of the HubSpot account."),
        ),
    ),
)
