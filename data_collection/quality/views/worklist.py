"""The worklist: what to put right, most money first, and what a person does with each finding."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from data_collection.quality.forms import AcceptForm
from data_collection.quality.models import Checked, QualityFinding
from data_collection.quality.rules import rules_now
from data_collection.quality.selectors.findings import last_check, parse_filters, record_links
from data_collection.quality.selectors.worklist import Item, groups_of, items_of
from data_collection.quality.services.findings import (
    FindingRefused,
    finding_accept,
    finding_claim,
    finding_reopen,
    may_work,
)
from data_collection.quality.views.filter_fields import finding_fields
from data_collection.quality.views.presentation import findings_csv, line_of, page_of, record_name, there
from salesops.access.models import Role
from salesops.company.models import Company
from salesops.company.selectors import company_today
from salesops.jobs.services import job_enqueue

PER_PAGE = 20
MOST_SHOWN = 12  # findings of one record


@require_GET
def worklist(request: HttpRequest) -> HttpResponse:
    """Findings grouped by deal, lead or account."""
    company, rules = Company.get(), rules_now()
    today, currency = company_today(company=company), company.reporting_currency
    filters = parse_filters(request.GET)
    rows = filters.rows(request.user, today)
    if request.GET.get("format") == "csv":
        return findings_csv(rows, rules, currency, "worklist")
    page = Paginator(groups_of(rows), PER_PAGE).get_page(request.GET.get("page"))
    links = record_links()
    items = [_item(item, rules, links, today) for item in items_of(rows, list(page))]
    return render(
        request,
        "data_collection/quality/worklist.html",
        {
            "page_title": _("Worklist"),
            "page_subtitle": _subtitle(request, currency),
            "filters": finding_fields(request.user, filters, rules),
            "items": items,
            "page": page,
            "n_words": _count_words(rows.count(), page.paginator.count),
            "currency": currency,
            "may_work": may_work(request.user),
            "show_owner": request.user.role != Role.REP or request.user.is_superuser,
            "checked": last_check() is not None if not items else True,
            "filtered": any(field for field in request.GET if field != "page"),
            "back": request.get_full_path(),
            "today": today,
        },
    )


def _subtitle(request: HttpRequest, currency: str) -> str:
    if request.user.sees_everything:
        return _("What to put right in the source systems, most money first. Amounts in %(c)s.") % {"c": currency}
    if request.user.role == Role.MANAGER:
        return _("What your team should put right, most money first. Amounts in %(c)s.") % {"c": currency}
    return _("What to put right in the CRM, most money first. Amounts in %(c)s.") % {"c": currency}


def _count_words(findings: int, records: int) -> str:
    return _("%(findings)s on %(records)s") % {
        "findings": ngettext("%(n)s finding", "%(n)s findings", findings) % {"n": f"{findings:,}"},
        "records": ngettext("%(n)s record", "%(n)s records", records) % {"n": f"{records:,}"},
    }


def _item(item: Item, rules: Any, links: Any, today: Any) -> dict[str, Any]:
    """A card: the record, its money, and what to do."""
    first = item.findings[0]
    record = getattr(first, item.table)
    lines = [line_of(finding, rules, links, today) for finding in item.findings]
    for line, finding in zip(lines, item.findings, strict=True):
        line["about"] = "" if finding.table == item.table else f"{Checked(finding.table).label}: {line['name']}"
    account = getattr(record, "account", None) if item.table in ("opportunity", "order_line") else None
    return {
        "name": record_name(record),
        "kind": _one(item.table),
        "url": page_of(item.table, item.row_id),
        "there": there(record, item.table, links),
        "system": first.system,
        "account": account if account is not None and str(account) not in record_name(record) else "",
        "owner": first.owner,
        "stage": first.stage,
        "money": item.money,
        "lines": lines[:MOST_SHOWN],
        "more": len(lines) - MOST_SHOWN,
    }


def _one(table: str) -> str:
    return {
        "opportunity": _("Deal"),
        "lead": _("Lead"),
        "account": _("Account"),
        "contact": _("Contact"),
        "order_line": _("Order"),
    }[table]


def _finding(request: HttpRequest, pk: int) -> QualityFinding:
    """A finding this person may work on; others answer as if there were none."""
    finding = get_object_or_404(QualityFinding.objects.visible_to(request.user), pk=pk)
    if not may_work(request.user):
        raise PermissionDenied
    return finding


def _back(request: HttpRequest) -> HttpResponse:
    to = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(to, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(to if safe and to.startswith("/") else reverse("worklist"))


@require_POST
def finding_accepted(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept a finding with a reason."""
    finding, today = _finding(request, pk), company_today()
    form = AcceptForm(request.POST, today=today)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return _back(request)
    try:
        finding_accept(finding=finding, user=request.user, today=today, **form.cleaned_data)
    except FindingRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Accepted. It stays quiet until its value changes or its day has passed."))
    return _back(request)


@require_POST
def finding_reopened(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an acceptance back."""
    try:
        finding_reopen(finding=_finding(request, pk), user=request.user, today=company_today())
    except FindingRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The finding is open again."))
    return _back(request)


@require_POST
def finding_recheck(request: HttpRequest, pk: int) -> HttpResponse:
    """Say it is fixed in its system, and check the record again."""
    finding, today = _finding(request, pk), company_today()
    try:
        finding_claim(finding=finding, user=request.user, today=today)
    except FindingRefused as refused:
        messages.error(request, str(refused))
        return _back(request)
    job_enqueue(
        kind="quality_row",
        params={"table": finding.table, "row": finding.row_id},
        key=f"{finding.table}-{finding.row_id}",
        user=request.user,
    )
    messages.success(
        request,
        _("Noted, and being checked. A change that has not come over from the CRM yet is seen by the check after it."),
    )
    return _back(request)
