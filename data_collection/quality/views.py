"""Data quality: what the rules find, and the rows behind each."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from data_collection.quality.rules import BY_NAME, SEVERITIES, Rule
from data_collection.quality.selectors import Finding, before, findings, rows_of
from salesops.company.models import Company
from salesops.company.selectors import company_today
from salesops.frame.components import Column, Empty, Table
from salesops.tables.csv import csv_response, table_csv

PER_PAGE = 50
LEVEL = {"high": "bad", "medium": "warn", "low": "neutral"}
NOUNS = {
    "opportunity": gettext_lazy("deals"),
    "lead": gettext_lazy("leads"),
    "order_line": gettext_lazy("order lines"),
}


@require_GET
def data_quality(request: HttpRequest) -> HttpResponse:
    """Every rule with its count, the money it touches and its rows."""
    company = Company.get()
    today = company_today(company=company)
    currency = company.reporting_currency
    found = findings(request.user, today, currency)
    earlier = before(today) if request.user.sees_everything else {}
    broken = sorted((f for f in found if f.broken), key=_weight)
    table = _findings_table(broken, earlier, currency)
    if request.GET.get("format") == "csv":
        return table_csv(table, "data-quality")
    sound = [f for f in found if not f.broken and f.checked and not f.unused]
    return render(
        request,
        "data_collection/quality/findings.html",
        {
            "page_title": _("Data quality"),
            "page_subtitle": _("What to put right in the source systems, as of %(day)s. Amounts in %(currency)s.")
            % {"day": f"{today.day} {today:%b %Y}", "currency": currency},
            "table": table,
            "found": bool(broken),
            "checked": any(f.checked for f in found),
            "sound": sound,
            "unused": [f for f in found if f.unused and f.checked],
            "empty": Empty(
                _("Data quality shows what to put right in your CRM data"),
                _("There are no deals, leads or orders to check yet."),
                _("Load data") if request.user.is_ops else "",
                _sources_url() if request.user.is_ops else "",
                "shield-check",
            ),
        },
    )


def _sources_url() -> str:
    from salesops.frame.navigation import url_of

    return url_of("sources") or ""


def _weight(found: Finding) -> tuple:
    return (list(SEVERITIES).index(found.rule.severity), -(found.money or 0), -found.broken)


def _findings_table(found: list[Finding], earlier: dict[str, int], currency: str) -> Table:
    rows = [
        {
            "title": f.rule.title,
            "url": reverse("data_quality_rows", args=[f.rule.name]),
            "severity": SEVERITIES[f.rule.severity],
            "level": LEVEL[f.rule.severity],
            "broken": f.broken,
            "share": f.share,
            "change": f.broken - earlier[f.rule.name] if f.rule.name in earlier else None,
            "money": f.money,
            "no_money": _("No amounts in this table"),
            "why": f.rule.why,
            "fix": f.rule.fix,
        }
        for f in found
    ]
    columns = [
        Column("title", _("Finding"), href="url"),
        Column("severity", _("Severity"), "badge", level="level"),
        Column("broken", _("Rows"), "count", help=_("Rows that break the rule")),
        Column("share", _("Of those checked"), "percent"),
        Column("money", _("Amount touched, %(c)s") % {"c": currency}, "money", reason="no_money"),
        Column("why", _("Why it matters")),
        Column("fix", _("How to put it right")),
    ]
    if earlier:
        columns.insert(4, Column("change", _("Since a week ago"), "count"))
    return Table(columns, rows, caption=_("What the rules find"), phone="cards", id="findings")


@require_GET
def data_quality_rows(request: HttpRequest, name: str) -> HttpResponse:
    """The rows that break one rule."""
    rule = BY_NAME.get(name)
    if rule is None:
        raise Http404
    today = company_today()
    currency = Company.get().reporting_currency
    rows = rows_of(name, request.user, today).select_related(*_related(rule))
    columns = _columns(rule, currency)
    if request.GET.get("format") == "csv":
        values = ([_value(row, c.key) for c in columns] for row in map(_row_of(rule), rows.iterator(chunk_size=2000)))
        return csv_response(f"quality-{name}", [c.label for c in columns], values)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    table = Table(columns, [_row_of(rule)(row) for row in page], caption=rule.title, empty=_("Nothing to put right."))
    return render(
        request,
        "data_collection/quality/rows.html",
        {
            "page_title": rule.title,
            "page_subtitle": _("%(n)s %(nouns)s, as of %(day)s")
            % {"n": f"{page.paginator.count:,}", "nouns": NOUNS[rule.source], "day": f"{today.day} {today:%b %Y}"},
            "rule": rule,
            "severity": SEVERITIES[rule.severity],
            "level": LEVEL[rule.severity],
            "table": table,
            "page": page,
        },
    )


def _value(row: dict[str, Any], key: str) -> object:
    return row.get(key)


def _related(rule: Rule) -> tuple[str, ...]:
    return {
        "opportunity": ("owner", "account", "stage"),
        "lead": ("owner",),
        "order_line": ("owner", "account"),
    }[rule.source]


def _columns(rule: Rule, currency: str) -> list[Column]:
    money = Column("amount", _("Amount, %(c)s") % {"c": currency}, "money", places=2, reason="no_amount")
    if rule.source == "lead":
        return [
            Column("name", _("Lead")),
            Column("company", _("Company")),
            Column("owner", _("Owner")),
            Column("status", _("Status")),
            Column("created", _("Created"), "date"),
            Column("id", _("Id in the source")),
        ]
    if rule.source == "order_line":
        return [
            Column("name", _("Order")),
            Column("account", _("Account")),
            Column("owner", _("Owner")),
            Column("ordered", _("Ordered"), "date"),
            money,
            Column("id", _("Id in the source")),
        ]
    return [
        Column("name", _("Deal"), href="url"),
        Column("account", _("Account")),
        Column("owner", _("Owner")),
        Column("stage", _("Stage")),
        Column("close", _("Close date"), "date"),
        money,
        Column("id", _("Id in the source")),
    ]


def _row_of(rule: Rule) -> Any:
    return {"opportunity": _deal, "lead": _lead, "order_line": _order}[rule.source]


def _deal(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "url": reverse("deal_page", args=[row.pk]),
        "account": row.account,
        "owner": row.owner,
        "stage": row.stage,
        "close": row.close_date,
        "amount": row.touched,
        "no_amount": _("No amount entered") if row.amount is None else _("No exchange rate"),
        "id": row.external_id,
    }


def _lead(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "company": row.company,
        "owner": row.owner,
        "status": row.get_status_display(),
        "created": row.created_on,
        "id": row.external_id,
    }


def _order(row: Any) -> dict[str, Any]:
    return {
        "name": row.order_id,
        "account": row.account,
        "owner": row.owner,
        "ordered": row.ordered_on,
        "amount": row.touched,
        "no_amount": _("No exchange rate"),
        "id": row.external_id,
    }
