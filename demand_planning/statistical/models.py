"""A forecast run, its series with history and backtest, its points. A published run never changes."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from data_collection.models import Product, Territory
from demand_planning.statistical.visibility import seen_territories
from salesops.models import JobRun

NONE = "-"  # code of "no product" or "no territory" on a series


class Measure(models.TextChoices):
    BOOKINGS = "bookings", _("Bookings")
    REVENUE = "revenue", _("Revenue")
    UNITS = "units", _("Units")


class Level(models.TextChoices):
    TOTAL = "total", _("Everything")
    ITEM = "item", _("Product")
    TERRITORY = "territory", _("Territory")
    CELL = "cell", _("Product in a territory")


class ForecastRun(models.Model):
    """One forecast of everything. The current one is what pages show; earlier ones stay for their accuracy."""

    class State(models.TextChoices):
        BUILDING = "building", _("Being calculated")
        PUBLISHED = "published", _("Published")

    class Reconciliation(models.TextChoices):
        WLS = "wls_struct", _("Structural least squares")
        BOTTOM_UP = "bottom_up", _("Bottom-up sums")

    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.BUILDING)
    is_current = models.BooleanField(default=False)
    horizon = models.PositiveSmallIntegerField(help_text=_("Months."))
    origins = models.PositiveSmallIntegerField(help_text=_("Backtest origins a series."))
    currency = models.CharField(max_length=3)
    reconciliation = models.CharField(max_length=10, choices=Reconciliation.choices, default=Reconciliation.WLS)
    series_n = models.PositiveIntegerField(default=0)
    reused_n = models.PositiveIntegerField(
        default=0, help_text=_("Series whose history had not changed since the run before.")
    )
    scores_n = models.PositiveIntegerField(default=0, help_text=_("Errors the ranges rest on."))
    scored_series_n = models.PositiveIntegerField(default=0)
    coverage_80 = models.FloatField(null=True, help_text=_("Share inside the 80 % range on the backtest."))
    coverage_95 = models.FloatField(null=True)
    coverage_n = models.PositiveIntegerField(default=0, help_text=_("Forecast months behind the coverage."))
    job = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("forecast run")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], name="forecastrun_one_current", condition=Q(is_current=True)
            ),
            models.CheckConstraint(
                name="forecastrun_current_is_published",
                condition=Q(is_current=False) | Q(state="published"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.as_of} ({self.get_state_display()})"


class ForecastSeriesQuerySet(models.QuerySet):
    def current(self) -> Self:
        """Series of the run shown on pages."""
        return self.filter(run__is_current=True)

    def visible_to(self, user: Any) -> Self:
        """All for the whole-company roles; others see their territories, no totals over several."""
        places = seen_territories(user)
        return self if places is None else self.filter(territory_id__in=places)


class ForecastSeries(models.Model):
    """One measure of one product (or family) in one territory, either of them possibly "all"."""

    class ItemKind(models.TextChoices):
        PRODUCT = "product", _("Product")
        FAMILY = "family", _("Product family")

    run = models.ForeignKey(ForecastRun, on_delete=models.CASCADE, related_name="series")
    position = models.PositiveIntegerField(help_text=_("Order in the run; chunks are ranges of it."))
    measure = models.CharField(max_length=10, choices=Measure.choices)
    level = models.CharField(max_length=10, choices=Level.choices)
    item_kind = models.CharField(max_length=8, choices=ItemKind.choices)
    item = models.CharField(max_length=120, blank=True, help_text=_("Code; empty = all, - = none."))
    item_name = models.CharField(max_length=200, blank=True)
    place = models.CharField(max_length=120, blank=True, help_text=_("Territory code; empty = all, - = none."))
    place_name = models.CharField(max_length=200, blank=True)
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, related_name="+")
    territory = models.ForeignKey(Territory, on_delete=models.SET_NULL, null=True, related_name="+")
    members = ArrayField(models.PositiveIntegerField(), default=list, help_text=_("Positions of its cells."))

    first_month = models.DateField()
    history = ArrayField(models.FloatField(), help_text=_("One value a month from first_month; no sale = 0."))
    forecast_from = models.DateField(help_text=_("First forecast month."))
    data_to = models.DateField(help_text=_("Last day with data when the run was made."))
    ends_on = models.DateField(null=True, help_text=_("First day the product is no longer sold."))
    open_value = models.FloatField(null=True, help_text=_("The open month so far; not part of the history."))
    fingerprint = models.CharField(max_length=40, db_index=True)

    fitted_at = models.DateTimeField(null=True)
    is_reused = models.BooleanField(default=False, help_text=_("Same history as before: not fitted again."))
    fit = models.JSONField(default=dict)
    kind = models.CharField(max_length=12, blank=True)
    method = models.CharField(max_length=20, blank=True)
    mase = models.FloatField(null=True)
    wape = models.FloatField(null=True)
    bias = models.FloatField(null=True)
    against_naive = models.FloatField(null=True, help_text=_("Its error / the plain rule's; below 1 is better."))
    next_year = models.DecimalField(
        max_digits=22, decimal_places=4, null=True, help_text=_("Sum of the first 12 forecast months.")
    )

    objects = ForecastSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("forecast series")
        verbose_name_plural = _("forecast series")
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="forecastseries_position"),
            models.UniqueConstraint(fields=["run", "measure", "item", "place"], name="forecastseries_once"),
        ]
        indexes = [models.Index(fields=["run", "measure", "level"], name="forecastseries_level")]

    def __str__(self) -> str:
        return f"{self.get_measure_display()}: {self.name}"

    @property
    def name(self) -> str:
        """What it is of, in words."""
        parts = [part for part in (self.item_label, self.place_label) if part]
        return ", ".join(parts) or str(_("Everything"))

    @property
    def item_label(self) -> str:
        return "" if not self.item else str(_("No product")) if self.item == NONE else self.item_name

    @property
    def place_label(self) -> str:
        return "" if not self.place else str(_("No territory")) if self.place == NONE else self.place_name


class ForecastPoint(models.Model):
    """What is expected of one month."""

    series = models.ForeignKey(ForecastSeries, on_delete=models.CASCADE, related_name="points")
    month = models.DateField()
    expected = models.DecimalField(max_digits=22, decimal_places=4)
    lo_80 = models.DecimalField(max_digits=22, decimal_places=4)
    hi_80 = models.DecimalField(max_digits=22, decimal_places=4)
    lo_95 = models.DecimalField(max_digits=22, decimal_places=4)
    hi_95 = models.DecimalField(max_digits=22, decimal_places=4)

    class Meta:
        verbose_name = _("forecast point")
        ordering = ["series", "month"]
        constraints = [
            models.UniqueConstraint(fields=["series", "month"], name="forecastpoint_once"),
            models.CheckConstraint(
                name="forecastpoint_range_in_order",
                condition=Q(lo_95__lte=models.F("lo_80"))
                & Q(lo_80__lte=models.F("expected"))
                & Q(expected__lte=models.F("hi_80"))
                & Q(hi_80__lte=models.F("hi_95")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.expected}"
