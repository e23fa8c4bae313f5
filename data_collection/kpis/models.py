"""Targets: what a KPI should be, for the company, a team, a rep or a territory, over a period."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from data_collection.organisation.models import Rep, Team, Territory
from salesops.audit.tracking import audited
from salesops.effective.models import Effective, no_overlap

OWNERS = ("team", "rep", "territory")
OF_COMPANY = Q(team__isnull=True, rep__isnull=True, territory__isnull=True)


@audited
class KpiTarget(Effective):
    """The value to reach in any period inside the range; an additive one (bookings) is prorated by days."""

    kpi = models.CharField(max_length=40, help_text=_("Name in the catalogue, e.g. “win_rate”."))
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="targets")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, null=True, blank=True, related_name="targets")
    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, null=True, blank=True, related_name="targets")
    value = models.DecimalField(
        max_digits=22, decimal_places=4, help_text=_("In the KPI's unit; a rate as a share, e.g. 0.25.")
    )

    class Meta:
        verbose_name = _("target")
        ordering = ["kpi", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="kpitarget_has_an_end",
                condition=Q(valid_to__isnull=False) & Q(valid_to__gt=F("valid_from")),
                violation_error_message=_("A target needs an end later than its start."),
            ),
            models.CheckConstraint(
                name="kpitarget_one_level",
                condition=OF_COMPANY
                | Q(team__isnull=False, rep__isnull=True, territory__isnull=True)
                | Q(team__isnull=True, rep__isnull=False, territory__isnull=True)
                | Q(team__isnull=True, rep__isnull=True, territory__isnull=False),
                violation_error_message=_("Set a target for one team, rep or territory; none of them = the company."),
            ),
            no_overlap(
                "kpitarget_one_a_day_company",
                "kpi",
                condition=OF_COMPANY,
                message=_("The company already has a target for this KPI on some of these days."),
            ),
            *(
                no_overlap(
                    f"kpitarget_one_a_day_{owner}",
                    owner,
                    "kpi",
                    condition=Q(**{f"{owner}__isnull": False}),
                    message=_("There is already a target for this KPI on some of these days."),
                )
                for owner in OWNERS
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} {self.value} for {self.team or self.rep or self.territory or _('the company')}"

    def clean(self) -> None:
        from data_collection.kpis.catalogue import CATALOGUE

        if self.kpi not in CATALOGUE:
            raise ValidationError({"kpi": _("There is no KPI “%s” in the catalogue.") % self.kpi})
