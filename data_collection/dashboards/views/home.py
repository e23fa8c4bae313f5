"""The first page, by role."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from data_collection.dashboards.selectors.setup import Work, failed_work, recent_jobs, setup_checks
from data_collection.quality.selectors.findings import RuleSummary, rule_summaries
from salesops.access.models import Role
from salesops.charts import numbers
from salesops.company.models import Company
from salesops.company.selectors import company_today

MOST_FINDINGS = 6


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Reps land on their numbers, ops on the checklist, everybody else on the overview."""
    if request.user.is_ops:
        return _ops_home(request)
    return redirect("my_numbers" if request.user.role == Role.REP else "overview")


def _ops_home(request: HttpRequest) -> HttpResponse:
    company = Company.get()
    today = company_today(company=company)
    night, failed = recent_jobs()
    checks = setup_checks(today, company, night)
    done = sum(check.done for check in checks)
    currency = company.reporting_currency
    work = failed_work(failed) + _quality_work(rule_summaries(request.user, today, trend=False), currency)
    return render(
        request,
        "data_collection/dashboards/home_ops.html",
        {
            "page_title": _("Set-up and worklist"),
            "page_subtitle": ngettext(
                "%(done)d of %(n)d check in order", "%(done)d of %(n)d checks in order", len(checks)
            )
            % {"done": done, "n": len(checks)},
            "checks": checks,
            "done": done,
            "work": work,
        },
    )


def _quality_work(found: list[RuleSummary], currency: str) -> list[Work]:
    """The findings that matter most, each with its money."""
    broken = [s for s in found if s.open and s.rule.severity != "low"]
    return [
        Work(
            f"{s.rule.title}: {numbers.exact(s.open)}"
            + (f" ({numbers.compact(s.money)} {currency})" if s.money else ""),
            reverse("data_quality_rows", args=[s.rule.name]),
            "bad" if s.rule.severity == "high" else "warn",
        )
        for s in broken[:MOST_FINDINGS]
    ]
