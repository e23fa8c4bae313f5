"""`manage.py rotate_secrets`: every secret of every table moves to the new key, whoever declared it."""

from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from data_collection.models import Connection, ErasureKey, WebhookSource
from salesops.models import Endpoint
from salesops.secrets.fields import SecretField

pytestmark = pytest.mark.django_db


def rows() -> list[models.Model]:
    """One row of every table that keeps secrets, each secret the name of its field."""
    made: list[models.Model] = [
        Connection.objects.create(kind="pipedrive", name="P", system="p", secrets="secrets", token="token"),
        WebhookSource.objects.create(slug="w", name="W", system="w", secret="secret", secret_before="secret_before"),
        Endpoint.objects.create(name="e", url="https://a.example", secret="secret", secret_before="secret_before"),
        ErasureKey.objects.create(key="key"),
    ]
    return made


def names(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, SecretField)]


def test_after_rotation_the_old_key_is_needless(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    made = rows()
    with_secrets = {model for model in apps.get_models() if names(model)}
    assert {type(row) for row in made} == with_secrets, "make a row of a new table with secrets here"
    settings.ENCRYPTION_KEYS = ["new", "old"]
    call_command("rotate_secrets")
    settings.ENCRYPTION_KEYS = ["new"]
    for row in made:
        row.refresh_from_db()
        assert {name: getattr(row, name).reveal() for name in names(type(row))} == {n: n for n in names(type(row))}


def test_what_no_key_fits_is_named_and_kept(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["lost"]
    row = Endpoint.objects.create(name="e", url="https://a.example", secret="s")
    settings.ENCRYPTION_KEYS = ["new"]
    with pytest.raises(CommandError, match=f"outgoing endpoint {row.pk}"):
        call_command("rotate_secrets")
    settings.ENCRYPTION_KEYS = ["lost"]
    row.refresh_from_db()
    assert row.secret.reveal() == "s"
