from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SalesOpsConfig(AppConfig):
    name = "salesops"
    verbose_name = "Company and people"

    def ready(self) -> None:
        from salesops.access.services import roles_grant

        # Permissions of models exist only after their app has migrated, so the grant follows each migrate.
        post_migrate.connect(lambda **_: roles_grant(), sender=self, weak=False, dispatch_uid="roles_grant")
