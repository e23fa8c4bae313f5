from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from salesops.audit.tracking import audited

currency_code = RegexValidator(r"^[A-Z]{3}$", _("Write the three-letter currency code, for example USD."))


class CurrencyField(models.CharField):
    """ISO 4217 code."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_length"] = 3
        kwargs.setdefault("validators", [currency_code])
        super().__init__(*args, **kwargs)


def known_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is no time zone; write for example Europe/Berlin."), params={"value": value}
        )


@audited
class Company(models.Model):
    """The one company of this installation: calendar, zone, reporting currency."""

    name = models.CharField(max_length=120, default="My company")
    reporting_currency = CurrencyField(default="USD")
    time_zone = models.CharField(max_length=40, default="UTC", validators=[known_time_zone])
    fiscal_first_month = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(12)], help_text=_("1 = January.")
    )
    week_first_day = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(7)], help_text=_("ISO: 1 = Monday.")
    )
    is_demo = models.BooleanField(default=False, help_text=_("Filled by the demo company."))

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")
        constraints = [models.CheckConstraint(name="company_only_one", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    def get(cls) -> "Company":
        found = cls.objects.filter(pk=1).first()
        return found or cls(pk=1, reporting_currency=settings.REPORTING_CURRENCY, time_zone=settings.COMPANY_TIME_ZONE)


@audited
class FxRate(models.Model):
    """1 unit of `currency` = `rate` units of the reporting currency, from `day` until the next row's day."""

    currency = CurrencyField()
    day = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10, validators=[MinValueValidator(0.0000000001)])

    class Meta:
        verbose_name = _("exchange rate")
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="fxrate_one_a_day"),
            models.CheckConstraint(name="fxrate_positive", condition=models.Q(rate__gt=0)),
        ]
        ordering = ["currency", "-day"]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}: {self.rate}"


class Holiday(models.Model):
    """A day without work; business-hour clocks and daily forecasts read it."""

    day = models.DateField()
    country = models.CharField(max_length=2, blank=True, help_text=_("ISO code; empty = the whole company."))
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "country"], name="holiday_once")]
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
