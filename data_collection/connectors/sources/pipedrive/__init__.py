"""Pipedrive."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from data_collection.connectors.calc.source import Kind, SettingField

KIND = Kind(
    name="pipedrive",
    title="Pipedrive",
    module="data_collection.connectors.sources.pipedrive.fetch",
    mapping=str(Path(__file__).parent / "mapping.yaml"),
    guide="pipedrive",
    fields=(
        SettingField(
            "company",
            _("Company domain"),
            help=_("The first part of your address: “acme” of acme.pipedrive.com."),
        ),
        SettingField(
            "api_token",
            _("API token"),
            "secret",
            required=False,
            help=_("Personal preferences, API, in Pipedrive. Leave it empty when you use an app instead."),
        ),
        SettingField("client_id", _("App: client id"), required=False),
        SettingField("client_secret", _("App: client secret"), "secret", required=False),
        SettingField("refresh_token", _("App: refresh token"), "secret", required=False),
        SettingField(
            "history",
            _("History of each deal"),
            "choice",
            choices=(
                ("yes", _("Read it: stages, owners, amounts over time")),
                ("no", _("Leave it out: fewer requests")),
            ),
            default="yes",
            help=_("It takes one request for each deal that changed."),
        ),
    ),
)
