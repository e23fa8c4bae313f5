"""People whose data was erased: when, by whom and why, and keyed hashes by which they are known should they come back.

Nothing here holds personal data: a hash can't be read back, and without the key it can't be tried out.
"""

import hashlib
import hmac
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User
from salesops.secrets.fields import SecretField


class ErasureKey(models.Model):
    """The one key of the hashes, made when it is first needed and stored encrypted."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    key = SecretField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(name="erasurekey_only_one", condition=Q(only=True))]

    def __str__(self) -> str:
        return "key"

    @classmethod
    def get(cls) -> bytes:
        row, _made = cls.objects.get_or_create(only=True, defaults={"key": secrets.token_hex(32)})
        return row.key.reveal().encode()


def keyed_hash(key: bytes, what: str, value: str) -> str:
    """HMAC-SHA256 of a value, as hex; `what` keeps equal texts of different meaning apart."""
    return hmac.new(key, f"{what}\0{value}".encode(), hashlib.sha256).hexdigest()


class OperationsQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Personal data of everybody: only operations."""
        return self if user.is_ops else self.none()


class Erasure(models.Model):
    """One erasure of one person."""

    pseudonym = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=dict, help_text=_("Table to the ids of the person's own rows."))
    scrubbed = models.JSONField(default=dict, help_text=_("Table to the number of rows something was removed from."))
    files = models.JSONField(default=list, help_text=_("Stored files that may still hold the data."))

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.pseudonym


class ErasedMark(models.Model):
    """A keyed hash by which an erased person is recognised."""

    class What(models.TextChoices):
        EMAIL = "email", _("E-mail")
        EXTERNAL_ID = "external_id", _("Id in its system")

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="marks")
    what = models.CharField(max_length=11, choices=What.choices)
    hash = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["hash"], name="erasedmark_hash")]

    def __str__(self) -> str:
        return self.hash[:8]


class ErasedReturn(models.Model):
    """A row that seems to be an erased person come back: operations looks at it."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="returns")
    table = models.CharField(max_length=7)
    row_id = models.BigIntegerField()
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True, help_text=_("Erased again, or kept with a reason."))
    reason = models.CharField(max_length=300, blank=True)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["erasure", "table", "row_id"], name="erasedreturn_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class PersonExport(models.Model):
    """A file with everything held about a person, made for that person; deleted after a week and by an erasure."""

    table = models.CharField(max_length=7)
    row_id = models.BigIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    file = models.FileField(upload_to="people/%Y/%m/", blank=True)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
