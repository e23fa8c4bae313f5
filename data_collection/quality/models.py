from django.db import models
from django.utils.translation import gettext_lazy as _


class QualityCount(models.Model):
    """What one rule found in the whole company on one day."""

    day = models.DateField()
    rule = models.CharField(max_length=60)
    broken = models.PositiveIntegerField(help_text=_("Rows that broke the rule."))
    checked = models.PositiveIntegerField(help_text=_("Rows the rule looked at."))
    money = models.DecimalField(
        max_digits=20, decimal_places=2, null=True, blank=True, help_text=_("Amount of those rows, reporting currency.")
    )

    class Meta:
        verbose_name = _("quality count")
        constraints = [models.UniqueConstraint(fields=["day", "rule"], name="qualitycount_once_a_day")]
        ordering = ["-day", "rule"]

    def __str__(self) -> str:
        return f"{self.day} {self.rule}: {self.broken}"
