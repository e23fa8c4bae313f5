from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SalesOpsConfig(AppConfig):
    name = "salesops"
    verbose_name = "Company and people"

    def ready(self) -> None:
        # Permissions of models exist only once their app has migrated, so the grant follows each app's migrate.
        post_migrate.connect(_grant, dispatch_uid="roles_grant")


def _grant(sender: AppConfig, **_signal: object) -> None:
    from salesops.access.services import OPS_APPS, roles_grant

    if sender.name in OPS_APPS:
        roles_grant()
