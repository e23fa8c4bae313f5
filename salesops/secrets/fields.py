"""Model field for a secret: encrypted in the database, closed in Python until somebody asks, never shown again."""

from dataclasses import dataclass, field
from typing import Any, Self

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from salesops.secrets.cipher import decrypt, encrypt


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it is stored. Its text leaves by `reveal()` only, so that no log, form or JSON shows it by chance."""

    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(encrypt(text) if text else "")

    def reveal(self) -> str:
        """
        Raises:
            Unreadable: it was encrypted with a key that is no longer known.
        """
        return decrypt(self.token) if self.token else ""

    def __bool__(self) -> bool:
        return bool(self.token)

    def __str__(self) -> str:
        return "••••••••" if self.token else ""


class _SecretAttribute(DeferredAttribute):
    def __set__(self, instance: models.Model, value: Any) -> None:
        closed = value if isinstance(value, Secret) else Secret.of(value or "")
        instance.__dict__[self.field.attname] = closed


class SecretField(models.TextField):
    """Text stored encrypted; an attribute holds a `Secret`, and a plain text set on it is closed at once.

    No look-ups: equal secrets have different ciphertexts. Faces show whether it is set, not what it is.
    """

    descriptor_class = _SecretAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"blank": True, "default": "", "editable": False, **kwargs})

    def get_prep_value(self, value: Any) -> Any:
        return value.token if isinstance(value, Secret) else Secret.of(value or "").token

    def from_db_value(self, value: Any, expression: object, connection: object) -> Secret:
        return Secret(value or "")

    def value_to_string(self, obj: models.Model) -> str:
        """A dump carries the ciphertext."""
        return str(self.value_from_object(obj).token)

    def to_python(self, value: Any) -> Any:
        return value
