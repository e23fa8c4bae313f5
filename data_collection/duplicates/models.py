"""Rows that may mean the same company or person, what was decided about them, and merges that can be undone.

A row is named by its kind (account, contact, lead) and its id: the three tables share one way of being compared.
"""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.crm.models import Account, Contact, Lead
from salesops.access.models import User


class Kind(models.TextChoices):
    ACCOUNT = "account", _("Account")
    CONTACT = "contact", _("Contact")
    LEAD = "lead", _("Lead")


class OperationsQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Duplicates cut across owners: only operations sees and decides them."""
        return self if user.is_ops else self.none()


class MatchKey(models.Model):
    """One row in the form it is compared in; made anew when the row changes."""

    kind = models.CharField(max_length=7, choices=Kind.choices)
    row_id = models.BigIntegerField()
    source_hash = models.CharField(max_length=32, help_text=_("Of the fields the rest was made from."))
    name = models.CharField(max_length=300, blank=True, help_text=_("Without legal form, accents, case and signs."))
    mirrored = models.CharField(max_length=300, blank=True, help_text=_("The same, last letter first."))
    company = models.CharField(max_length=300, blank=True, help_text=_("Of a person: the company's name likewise."))
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    domain = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=140, blank=True, help_text=_("Postal code and city."))
    account_id = models.BigIntegerField(null=True, blank=True)
    system = models.CharField(max_length=40)
    blocks = ArrayField(
        models.CharField(max_length=320), default=list, help_text=_("Rows that share one are compared.")
    )
    checked = models.BooleanField(default=False, help_text=_("Compared with the others since it changed."))

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["kind", "row_id"], name="matchkey_once")]
        indexes = [
            *(
                GinIndex(
                    fields=["name"], name=f"matchkey_{kind}_trgm", opclasses=["gin_trgm_ops"], condition=Q(kind=kind)
                )
                for kind in ("account", "contact", "lead")
            ),
            models.Index(fields=["kind"], name="matchkey_unchecked", condition=Q(checked=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"


class DuplicateGroup(models.Model):
    """Rows that hang together by open pairs. Made anew by every search."""

    kind = models.CharField(max_length=7, choices=Kind.choices)
    members = ArrayField(models.BigIntegerField(), help_text=_("Ids of the rows, lowest first."))
    size = models.PositiveIntegerField()
    score = models.FloatField(help_text=_("Of its surest pair, 0 to 1."))
    money = models.DecimalField(
        max_digits=20, decimal_places=2, default=0, help_text=_("Deals of its rows, reporting currency.")
    )
    weight = models.FloatField(default=0, help_text=_("Score times money; the order of the list."))
    systems = ArrayField(models.CharField(max_length=40), default=list)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-weight", "-score", "pk"]
        indexes = [models.Index(F("weight").desc(), F("score").desc(), "id", name="duplicategroup_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.members}"


class DuplicatePair(models.Model):
    """Two rows that may be one, and what was decided."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        MERGED = "merged", _("Merged")
        DIFFERENT = "different", _("Not a duplicate")
        UNDONE = "undone", _("Merge undone")

    kind = models.CharField(max_length=7, choices=Kind.choices)
    left_id = models.BigIntegerField()
    right_id = models.BigIntegerField()
    score = models.FloatField(help_text=_("How sure, 0 to 1."))
    evidence = models.JSONField(default=list, help_text=_("List of field, verdict and likeness; no values."))
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    group = models.ForeignKey(
        DuplicateGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="pairs", db_constraint=False
    )
    decided_on = models.CharField(
        max_length=65,
        blank=True,
        help_text=_("State of both rows then; asked again when it changes."),
    )
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(default=timezone.now)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "left_id", "right_id"], name="duplicatepair_once"),
            models.CheckConstraint(name="duplicatepair_in_order", condition=Q(left_id__lt=F("right_id"))),
        ]
        indexes = [
            models.Index(fields=["kind", "right_id"], name="duplicatepair_right"),
            models.Index(fields=["kind", "state"], name="duplicatepair_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.left_id} = {self.right_id}?"


class Merge(models.Model):
    """Rows merged into one by a person: who, when, what moved, and everything needed to undo it."""

    kind = models.CharField(max_length=7, choices=Kind.choices)
    winner_id = models.BigIntegerField()
    losers = ArrayField(models.BigIntegerField())
    choices = models.JSONField(default=dict, help_text=_("Field to the id of the row its value came from."))
    moved = models.JSONField(default=dict, help_text=_("Rows moved, by what they are."))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kept = models.JSONField(default=list, help_text=_("What undoing left alone because it had changed since."))

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "winner_id"], name="merge_winner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.losers} → {self.winner_id}"


class MergeImage(models.Model):
    """One row a merge touched: the columns it wrote, before and after."""

    class Action(models.TextChoices):
        CHANGED = "changed", _("Changed")
        ADDED = "added", _("Added")
        REMOVED = "removed", _("Removed")

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="images")
    table = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    action = models.CharField(max_length=7, choices=Action.choices, default=Action.CHANGED)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["table", "row_id"], name="mergeimage_row")]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class LeadMatch(models.Model):
    """A lead that seems to be known already as a contact, or to belong to a known account. Information only."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="matches")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    score = models.FloatField()
    evidence = models.JSONField(default=list)

    objects = OperationsQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="leadmatch_one_of", condition=Q(account__isnull=False) | Q(contact__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}"
