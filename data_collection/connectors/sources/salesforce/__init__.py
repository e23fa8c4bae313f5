"""Salesforce."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from data_collection.connectors.calc.source import Kind, SettingField

KIND = Kind(
    name="salesforce",
    title="Salesforce",
    module="data_collection.connectors.sources.salesforce.fetch",
    mapping=str(Path(__file__).parent / "mapping.yaml"),
    guide="salesforce",
    fields=(
        SettingField(
            "domain",
            _("Domain"),
            default="login",
            help=_("“login”, “test” for a sandbox, or My Domain: “acme.my” of acme.my.salesforce.com."),
        ),
        SettingField("client_id", _("App: consumer key"), required=False),
        SettingField(
            "client_secret",
            _("App: consumer secret"),
            "secret",
            required=False,
            help=_("Key and secret alone: the app's own user (client credentials); needs My Domain."),
        ),
        SettingField("refresh_token", _("App: refresh token"), "secret", required=False),
        SettingField("username", _("User name"), required=False, help=_("Only where no app is used.")),
        SettingField("password", _("Password"), "secret", required=False),
        SettingField("security_token", _("Security token"), "secret", required=False),
        SettingField(
            "currency",
            _("Currency"),
            required=False,
            help=_("Three letters, for an org with one currency; it does not tell its own."),
        ),
    ),
)
