"""Encrypt every stored secret again under the first of `ENCRYPTION_KEYS`."""

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from salesops.secrets.cipher import Unreadable, rotate
from salesops.secrets.fields import SecretField


class Command(BaseCommand):
    help = "Encrypt every stored secret again under the first of ENCRYPTION_KEYS; then older keys can be dropped."

    def handle(self, *args: object, **options: object) -> None:
        done, unreadable = 0, []
        for model in apps.get_models():
            for field in (f for f in model._meta.concrete_fields if isinstance(f, SecretField)):
                with transaction.atomic():
                    for row in model._default_manager.select_for_update().exclude(**{field.attname: ""}):
                        try:
                            token = rotate(getattr(row, field.attname).token)
                        except Unreadable:
                            unreadable.append(f"{model._meta.verbose_name} {row.pk}")
                            continue
                        model._default_manager.filter(pk=row.pk).update(
                            **{field.attname: type(getattr(row, field.attname))(token)}
                        )
                        done += 1
        self.stdout.write(f"{done} secrets are encrypted under the first key.")
        if unreadable:
            raise CommandError("No known key fits these; enter them again: " + ", ".join(unreadable))
