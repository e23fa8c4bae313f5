"""Data quality by rule: what each finds, since when, how much money it touches; and the rows of one rule."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from data_collection.quality.rules import KINDS, SEVERITIES, Rule, rules_now
from data_collection.quality.selectors.basis import FEWEST_STAYS, basis_of
from data_collection.quality.selectors.findings import (
    RELATED,
    TREND_WEEKS,
    WEEK,
    RuleSummary,
    last_check,
    parse_filters,
    record_links,
    rule_summaries,
)
from data_collection.quality.services.findings import may_work
from data_collection.quality.views.filter_fields import finding_fields
from data_collection.quality.views.presentation import LEVEL, findings_csv, line_of
from salesops.charts import svg
from salesops.company.models import Company
from salesops.company.selectors import company_today
from salesops.frame.components import Column, Empty, Table
from salesops.frame.navigation import url_of
from salesops.jobs.services import job_enqueue
from salesops.tables.csv import table_csv

PER_PAGE = 50
NOUNS = {
    "opportunity": gettext_lazy("deals"),
    "lead": gettext_lazy("leads"),
    "account": gettext_lazy("accounts"),
    "contact": gettext_lazy("contacts"),
    "order_line": gettext_lazy("order lines"),
}


@require_GET
def data_quality(request: HttpRequest) -> HttpResponse:
    """Every rule with what it found among the rows this person may see."""
    company, checked_on = Company.get(), last_check()
    today, currency = company_today(company=company), company.reporting_currency
    found = rule_summaries(request.user, today)
    broken = [s for s in found if s.open or s.fixed or s.accepted]
    table = _table(broken, currency)
    if request.GET.get("format") == "csv":
        return table_csv(Table([c for c in table.columns if c.key != "trend"], table.rows, ""), "data-quality")
    return render(
        request,
        "data_collection/quality/findings.html",
        {
            "page_title": _("Data quality"),
            "page_subtitle": _subtitle(checked_on, currency),
            "table": table,
            "found": bool(broken),
            "checked": checked_on is not None,
            "sound": [s for s in found if not (s.open or s.fixed or s.accepted) and s.checked],
            "unasked": [s for s in found if not (s.open or s.fixed or s.accepted) and s.checked is None]
            if request.user.sees_everything
            else [],
            "may_check": request.user.is_ops,
            "empty": _empty(request),
        },
    )


def _subtitle(checked_on: object, currency: str) -> str:
    if checked_on is None:
        return ""
    day = f"{checked_on.day} {checked_on:%b %Y}"
    return _("What to put right in the source systems, checked %(day)s. Amounts in %(c)s.") % {
        "day": day,
        "c": currency,
    }


def _empty(request: HttpRequest) -> Empty:
    what = _("Data quality shows what to put right in your CRM data")
    if not request.user.is_ops:
        return Empty(what, _("Nothing was checked yet; the first check runs in the coming night."), icon="shield-check")
    why = _("Nothing was checked yet. Load data, then check it now or wait for the night.")
    return Empty(what, why, _("Load data"), url_of("sources") or "", "shield-check")


def _table(found: list[RuleSummary], currency: str) -> Table:
    columns = [
        Column("title", _("Rule"), href="url"),
        Column("severity", _("Severity"), "badge", level="level"),
        Column("open", _("To put right"), "count", href="open_url", help=_("Findings that stand")),
        Column("new", _("New in 7 days"), "count", href="new_url"),
        Column("fixed", _("Fixed in 7 days"), "count", href="fixed_url"),
        Column("share", _("Of those checked"), "percent", reason="no_share"),
        Column("money", _("Amount touched, %(c)s") % {"c": currency}, "money", href="open_url", reason="no_money"),
        Column("trend", _("%(n)d weeks") % {"n": TREND_WEEKS}),
    ]
    return Table(columns, [_row(s) for s in found], caption=_("What the rules find"), phone="cards", id="findings")


def _row(s: RuleSummary) -> dict:
    url = reverse("data_quality_rows", args=[s.rule.name])
    label = _("%(title)s, last %(n)d weeks: from %(first)d to %(last)d") % {
        "title": s.rule.title,
        "n": TREND_WEEKS,
        "first": next((count for count in s.trend if count is not None), 0),
        "last": s.open,
    }
    return {
        "title": s.rule.title,
        "url": url,
        "severity": SEVERITIES[s.rule.severity],
        "level": LEVEL[s.rule.severity],
        "open": s.open,
        "open_url": url,
        "new": s.new,
        "new_url": f"{url}?changed={WEEK}",
        "fixed": s.fixed,
        "fixed_url": f"{url}?state=fixed&changed={WEEK}",
        "share": s.share,
        "no_share": _("Not asked in the last check"),
        "money": s.money,
        "no_money": _("No amounts behind it"),
        "trend": svg.sparkline(s.trend, label=label, width=110, height=28),
    }


@require_GET
def data_quality_rows(request: HttpRequest, name: str) -> HttpResponse:
    """One rule: what it asks, why, how to enter it right, and its findings."""
    rules = rules_now()
    rule = rules.get(name)
    if rule is None:
        raise Http404
    company = Company.get()
    today, currency = company_today(company=company), company.reporting_currency
    filters = parse_filters(request.GET.dict() | {"rule": name})
    rows = filters.rows(request.user, today)
    if request.GET.get("format") == "csv":
        return findings_csv(rows, rules, currency, f"quality-{name}")
    page = Paginator(rows.select_related(*RELATED), PER_PAGE).get_page(request.GET.get("page"))
    links = record_links()
    table = Table(
        _columns(rule, currency),
        [line_of(finding, rules, links, today) for finding in page],
        caption=rule.title,
        empty=_("Nothing to put right with this filter."),
        phone="cards",
    )
    return render(
        request,
        "data_collection/quality/rows.html",
        {
            "page_title": rule.title,
            "page_subtitle": _("%(n)s %(nouns)s") % {"n": f"{page.paginator.count:,}", "nouns": NOUNS[rule.table]},
            "rule": rule,
            "kind": KINDS[rule.kind],
            "severity": SEVERITIES[rule.severity],
            "level": LEVEL[rule.severity],
            "filters": finding_fields(request.user, filters, rules, rule=False),
            "table": table,
            "page": page,
            "limits": _limits(rule, today, currency),
            "may_check": may_work(request.user),
        },
    )


def _columns(rule: Rule, currency: str) -> list[Column]:
    columns = [Column("name", _("Record"), href="url")]
    if rule.table not in ("account", "lead"):
        columns.append(Column("account", _("Account")))
    columns += [Column("owner", _("Owner")), Column("state", _("State"), "badge", level="state_level")]
    if rule.table == "opportunity":
        columns.insert(3, Column("stage", _("Stage")))
    if rule.table in ("opportunity", "account", "order_line"):
        columns.append(Column("money", _("Amount, %(c)s") % {"c": currency}, "money", places=2, reason="no_money"))
    columns += [Column("first_seen", _("First seen"), "date"), Column("accepted_reason", _("Accepted because"))]
    return [*columns, Column("id", _("Id in the source"), href="there")]


def _limits(rule: Rule, today: object, currency: str) -> list[str]:
    """For the rule on time in stage: the days of each stage and what they stand on."""
    if rule.name != "stage-stale":
        return []
    return [
        _("%(stage)s: %(days)d days (of %(n)s won deals)") % {"stage": t.name, "days": t.days, "n": f"{t.n:,}"}
        if t.days is not None
        else _("%(stage)s: not judged, n = %(n)d, fewer than %(least)d won deals")
        % {"stage": t.name, "n": t.n, "least": FEWEST_STAYS}
        for t in basis_of(today, currency).stage_times
    ]


@require_POST
def rule_recheck(request: HttpRequest, name: str) -> HttpResponse:
    """Check one rule again, as a job."""
    if not may_work(request.user):
        raise PermissionDenied
    if name not in rules_now():
        raise Http404
    job_enqueue(kind="quality_rule", params={"rule": name}, key=name, user=request.user)
    messages.success(request, _("The rule is being checked again; the page shows the result when it is done."))
    return redirect("data_quality_rows", name)


@require_POST
def quality_check_now(request: HttpRequest) -> HttpResponse:
    """Check everything now, as the night does."""
    if not request.user.is_ops:
        raise PermissionDenied
    job = job_enqueue(kind="quality_all", key="all", user=request.user)
    return redirect("job", job.pk)
