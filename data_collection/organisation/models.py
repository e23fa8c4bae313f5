"""C1: who sells what, where, in which team, against which number, on which day."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from salesops.audit.tracking import audited
from salesops.company.models import CurrencyField
from salesops.effective.models import Effective, ends_after_start, no_overlap


class Named(models.Model):
    """Abstract row known by a code: the name the importers and the API use for it."""

    code = models.CharField(
        max_length=120, unique=True, help_text=_("Name used by imports and the API; unique, stays the same.")
    )
    name = models.CharField(max_length=200)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tree(Named):
    """Abstract node of a tree; a node is never its own ancestor."""

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", help_text=_("Empty = top.")
    )

    class Meta(Named.Meta):
        abstract = True

    def clean(self) -> None:
        node, seen = self.parent, {self.pk} - {None}
        while node is not None:
            if node.pk in seen:
                raise ValidationError({"parent": _("“%s” would become part of itself.") % self.name})
            seen.add(node.pk)
            node = node.parent


@audited
class Team(Tree):
    """A sales team; teams form a tree. A reorganisation moves people or adds teams, it never edits the past."""

    currency = CurrencyField(default="USD")
    is_active = models.BooleanField(default=True)

    class Meta(Tree.Meta):
        verbose_name = _("team")


@audited
class RampProfile(Named):
    """How much of a full quota a new hire carries, month by month since the start."""

    shares = models.JSONField(
        default=list, help_text=_("Share of full quota in month 1, 2, …, e.g. [0, 0.25, 0.5, 0.75, 1].")
    )

    class Meta(Named.Meta):
        verbose_name = _("ramp profile")

    def clean(self) -> None:
        numbers = isinstance(self.shares, list) and all(isinstance(s, int | float) for s in self.shares)
        if not numbers or not self.shares or any(not 0 <= share <= 2 for share in self.shares):
            raise ValidationError({"shares": _("Write a list of shares between 0 and 2, e.g. [0, 0.25, 0.5, 1].")})

    def share(self, month: int) -> float:
        """Share of full quota in the month-th month since the start, counted from 0."""
        return float(self.shares[min(month, len(self.shares) - 1)]) if month >= 0 else 0.0


@audited
class Rep(Named):
    """A person who sells or manages sellers. Team and territory are dated rows of their own."""

    class Job(models.TextChoices):
        ACCOUNT_EXECUTIVE = "ae", _("Account executive")
        DEVELOPMENT = "sdr", _("Sales development")
        ACCOUNT_MANAGER = "am", _("Account manager")
        MANAGER = "manager", _("Manager")
        OTHER = "other", _("Other")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="rep"
    )
    job = models.CharField(max_length=10, choices=Job.choices, default=Job.ACCOUNT_EXECUTIVE)
    email = models.EmailField(blank=True)
    hired_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True, help_text=_("First day no longer employed."))
    currency = CurrencyField(default="USD")
    annual_cost = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    ramp_profile = models.ForeignKey(RampProfile, on_delete=models.PROTECT, null=True, blank=True)
    selling_hours_per_week = models.DecimalField(
        max_digits=5, decimal_places=1, null=True, blank=True, validators=[MaxValueValidator(100)]
    )

    class Meta(Named.Meta):
        verbose_name = _("rep")
        constraints = [
            models.CheckConstraint(
                name="rep_leaves_after_hire",
                condition=Q(left_on__isnull=True) | Q(hired_on__isnull=True) | Q(left_on__gt=F("hired_on")),
                violation_error_message=_("The leaving date must be later than the hire date."),
            )
        ]


@audited
class TeamMembership(Effective):
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        verbose_name = _("team membership")
        ordering = ["-valid_from"]
        constraints = [
            ends_after_start("teammembership_ends_after_start"),
            no_overlap(
                "teammembership_one_team_a_day",
                "rep",
                message=_("This rep is already in a team on some of these days. End the earlier membership first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} in {self.team} from {self.valid_from}"


@audited
class TeamManager(Effective):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="managers")
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="manages", verbose_name=_("manager"))

    class Meta:
        verbose_name = _("team manager")
        ordering = ["-valid_from"]
        constraints = [
            ends_after_start("teammanager_ends_after_start"),
            no_overlap(
                "teammanager_one_a_day",
                "team",
                message=_("This team already has a manager on some of these days. End the earlier row first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} manages {self.team} from {self.valid_from}"


@audited
class Territory(Tree):
    """A part of the market: a rule over accounts, or named accounts, or both."""

    rule = models.JSONField(default=dict, blank=True, help_text=_("Rule over account fields; empty = named accounts."))

    class Meta(Tree.Meta):
        verbose_name = _("territory")
        verbose_name_plural = _("territories")


@audited
class TerritoryMember(Effective):
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="members")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="territories")
    is_primary = models.BooleanField(default=True, help_text=_("Off = overlay: helps here, is counted elsewhere."))

    class Meta:
        verbose_name = _("territory member")
        ordering = ["-valid_from"]
        constraints = [
            ends_after_start("territorymember_ends_after_start"),
            no_overlap(
                "territorymember_one_primary_a_day",
                "rep",
                condition=Q(is_primary=True),
                message=_("This rep already has a primary territory on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} in {self.territory} from {self.valid_from}"


@audited
class Segment(Named):
    """A group of accounts that buys alike."""

    rule = models.JSONField(default=dict, blank=True)
    rank = models.PositiveSmallIntegerField(default=100, help_text=_("Order in lists."))

    class Meta(Named.Meta):
        verbose_name = _("segment")
        ordering = ["rank", "name"]


@audited
class Product(Named):
    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods")
        SUBSCRIPTION = "subscription", _("Subscription")
        SERVICE = "service", _("Service")
        SUPPORT = "support", _("Support")

    family = models.CharField(max_length=80, blank=True, db_index=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.GOODS)
    currency = CurrencyField(default="USD")
    list_price = models.DecimalField(
        max_digits=18, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    unit_cost = models.DecimalField(
        max_digits=18, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    sold_from = models.DateField(null=True, blank=True)
    sold_to = models.DateField(null=True, blank=True, help_text=_("First day no longer sold."))

    class Meta(Named.Meta):
        verbose_name = _("product")


@audited
class ProductPrice(Effective):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    currency = CurrencyField()
    price = models.DecimalField(max_digits=18, decimal_places=4, validators=[MinValueValidator(0)])
    unit_cost = models.DecimalField(
        max_digits=18, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = _("price")
        ordering = ["-valid_from"]
        constraints = [
            ends_after_start("productprice_ends_after_start"),
            no_overlap(
                "productprice_one_a_day",
                "product",
                "currency",
                message=_("This product already has a price in this currency on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.price} {self.currency} from {self.valid_from}"


@audited
class Quota(Effective):
    """What is expected of one rep, team or territory over the period; prorated by days inside it."""

    class Metric(models.TextChoices):
        BOOKINGS = "bookings", _("Bookings")
        REVENUE = "revenue", _("Revenue")
        UNITS = "units", _("Units")
        NEW_CUSTOMERS = "new_customers", _("New customers")

    metric = models.CharField(max_length=15, choices=Metric.choices, default=Metric.BOOKINGS)
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, null=True, blank=True, related_name="quotas")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="quotas")
    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, null=True, blank=True, related_name="quotas")
    amount = models.DecimalField(max_digits=18, decimal_places=4, validators=[MinValueValidator(0)])
    currency = CurrencyField(default="USD")

    class Meta:
        verbose_name = _("quota")
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="quota_has_an_end",
                condition=Q(valid_to__isnull=False) & Q(valid_to__gt=F("valid_from")),
                violation_error_message=_("A quota needs an end later than its start."),
            ),
            models.CheckConstraint(
                name="quota_for_exactly_one",
                condition=(
                    Q(rep__isnull=False, team__isnull=True, territory__isnull=True)
                    | Q(rep__isnull=True, team__isnull=False, territory__isnull=True)
                    | Q(rep__isnull=True, team__isnull=True, territory__isnull=False)
                ),
                violation_error_message=_("Give the quota to exactly one of rep, team or territory."),
            ),
            *(
                no_overlap(
                    f"quota_one_a_day_per_{owner}",
                    owner,
                    "metric",
                    condition=Q(**{f"{owner}__isnull": False}),
                    message=_("There is already a quota for this metric on some of these days."),
                )
                for owner in ("rep", "team", "territory")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep or self.team or self.territory}: {self.amount} {self.currency} {self.metric}"


@audited
class TerritoryAccount(Effective):
    """A named account of a territory; wins over every rule."""

    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="accounts")
    account = models.ForeignKey("data_collection.Account", on_delete=models.CASCADE, related_name="territories")

    class Meta:
        verbose_name = _("named account")
        ordering = ["-valid_from"]
        constraints = [
            ends_after_start("territoryaccount_ends_after_start"),
            no_overlap(
                "territoryaccount_one_a_day",
                "account",
                message=_("This account is already named in a territory on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} in {self.territory} from {self.valid_from}"
