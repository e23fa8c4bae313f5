"""Findings as lines of pages and files: what the record is called, where it opens, what to do."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from data_collection.quality.models import STANDING, Checked, QualityFinding
from data_collection.quality.rules import SEVERITIES, Rule
from data_collection.quality.selectors.findings import RELATED, record_links, record_of
from salesops.tables.csv import csv_response

LEVEL = {"high": "bad", "medium": "warn", "low": "neutral"}
STATE_LEVEL = {"open": "warn", "came_back": "bad", "accepted": "info", "fixed": "good"}
PAGES = {"opportunity": "deal_page", "account": "account_page"}


def page_of(table: str, row_id: int) -> str:
    """Address of the record's own page here; empty for tables without one."""
    return reverse(PAGES[table], args=[row_id]) if table in PAGES else ""


def record_name(record: object | None) -> str:
    if record is None:
        return _("no longer there")
    return str(getattr(record, "order_id", "") or record) or str(getattr(record, "external_id", ""))


def there(record: object | None, table: str, links: Mapping[tuple[str, str], str]) -> str:
    """Address of the record in its own system; empty where none is set."""
    pattern = links.get((getattr(record, "system", ""), table), "")
    return pattern.replace("{id}", str(getattr(record, "external_id", ""))) if pattern else ""


def account_of(finding: QualityFinding) -> object | None:
    record = record_of(finding)
    return finding.account if finding.table in ("account", "order_line") else getattr(record, "account", None)


def line_of(
    finding: QualityFinding, rules: Mapping[str, Rule], links: Mapping[tuple[str, str], str], today: date
) -> dict[str, Any]:
    """What a page shows of one finding."""
    rule, record = rules.get(finding.rule), record_of(finding)
    return {
        "pk": finding.pk,
        "title": rule.title if rule else finding.rule,
        "words": rule.words if rule else finding.rule,
        "why": rule.why if rule else "",
        "fix": rule.fix if rule else "",
        "rule_url": reverse("data_quality_rows", args=[finding.rule]) if rule else "",
        "severity": SEVERITIES[finding.severity],
        "level": LEVEL[finding.severity],
        "state": finding.get_state_display(),
        "state_level": STATE_LEVEL[finding.state],
        "is_standing": finding.state in STANDING,
        "is_accepted": finding.state == QualityFinding.State.ACCEPTED,
        "name": record_name(record),
        "url": page_of(finding.table, finding.row_id),
        "there": there(record, finding.table, links),
        "kind": Checked(finding.table).label,
        "account": account_of(finding) or "",
        "owner": finding.owner,
        "team": finding.team,
        "stage": finding.stage,
        "money": finding.money,
        "no_money": _("No amount"),
        "first_seen": finding.first_seen,
        "age": finding.age_days(today),
        "claimed_on": finding.claimed_on,
        "accepted_reason": finding.accepted_reason if finding.state == QualityFinding.State.ACCEPTED else "",
        "accepted_by": finding.accepted_by,
        "accepted_until": finding.accepted_until,
        "id": getattr(record, "external_id", ""),
    }


def findings_csv(rows: QuerySet, rules: Mapping[str, Rule], currency: str, name: str) -> StreamingHttpResponse:
    """Exactly these findings as a file."""
    header = [
        _("Rule"), _("Severity"), _("State"), _("About"), _("Record"), _("Account"), _("Owner"), _("Team"), _("Stage"),
        _("Lead source"), _("Amount, %(c)s") % {"c": currency}, _("First seen"), _("In this state since"),
        _("How to put it right"), _("Accepted because"), _("System"), _("Id in the source"), _("Link"),
    ]  # fmt: skip
    return csv_response(name, header, _cells(rows, rules))


def _cells(rows: QuerySet, rules: Mapping[str, Rule]) -> Iterator[list[object]]:
    links = record_links()
    for finding in rows.select_related(*RELATED).iterator(chunk_size=2000):
        rule, record = rules.get(finding.rule), record_of(finding)
        yield [
            rule.title if rule else finding.rule,
            SEVERITIES[finding.severity],
            finding.get_state_display(),
            Checked(finding.table).label,
            record_name(record),
            account_of(finding) or "",
            finding.owner or "",
            finding.team or "",
            finding.stage or "",
            finding.source,
            finding.money,
            finding.first_seen,
            finding.state_since,
            rule.fix if rule else "",
            finding.accepted_reason,
            finding.system,
            getattr(record, "external_id", ""),
            there(record, finding.table, links),
        ]
