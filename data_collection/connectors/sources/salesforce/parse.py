"""Salesforce's JSON as rows. Pure.

Columns carry Salesforce's own field names where the value is Salesforce's; `owner_id`, `stage`, `status`, `kind`, `day`
and the like are worked out here. Fields no field of the mapping uses become attributes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from data_collection.connectors.calc.source import Page, RecordProblem
from data_collection.connectors.calc.values import Row, cell, first, fitted, newest, why_not
from data_collection.connectors.sources.salesforce.activities import event_row, is_work, task_row
from data_collection.connectors.sources.salesforce.deals import (
    deal_rows,
    history_rows,
    line_rows,
    owner_rows,
    stage_rows,
)
from data_collection.connectors.sources.salesforce.fields import MODIFIED, Kind
from data_collection.connectors.sources.salesforce.records import fields_row, id18, own_id

Rows = dict[str, list[Row]]
LIMITS = {
    "accounts": {
        "Name": 200, "Website": 200, "Industry": 80, "BillingCountry": 80, "BillingState": 80, "BillingCity": 120,
        "BillingPostalCode": 20,
    },
    "contacts": {"FirstName": 100, "LastName": 100, "phone": 40, "Title": 120, "MailingCountry": 80},
    "leads": {"Name": 200, "Company": 200, "phone": 40, "Title": 120, "Industry": 80, "Country": 80, "LeadSource": 60},
    "products": {"Name": 200, "Family": 80},
}  # fmt: skip
SELLING_USERS = ("Standard", "PowerPartner", "")  # others are guests, robots and customers


@dataclass(frozen=True, slots=True)
class Org:
    """What is known of the org while its records are read."""

    currency: str = ""
    zone: tzinfo = UTC  # of the company: which day an instant belongs to
    stages: frozenset[str] = frozenset()  # names on the org's list


def records_page(kind: Kind, records: Sequence[Any], org: Org, *, cursor: str | None = None) -> Page:
    """The records of one answer as a page; one that cannot be read is named, the others are used."""
    rows: Rows = {}
    problems, deleted, merged = [], [], []
    for record in records:
        try:
            gone, into = _gone(kind, record)
            deleted += gone
            merged += into
            found = {} if gone and kind.tables else READERS[kind.name](kind, record, org)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(_problem(kind, record, error))
            continue
        for name, more in found.items():
            rows.setdefault(name, []).extend(more)
    return Page(
        rows=rows,
        cursor=cursor,
        newest=newest(cell(record.get(MODIFIED)) for record in records if isinstance(record, dict)),
        deleted=tuple(deleted),
        merged=tuple(merged),
        problems=tuple(problems),
        records=len(records),
    )


def _problem(kind: Kind, record: Any, error: Exception) -> RecordProblem:
    known = str(record.get("Id") or "") if isinstance(record, dict) else ""
    reason = f"A record of {kind.name} cannot be read: {why_not(error)}."
    return RecordProblem(kind.name, known, reason, json.dumps(record, ensure_ascii=False, default=str)[:300])


def _gone(kind: Kind, record: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """Deleted ones, those merged into another, and activities that are no work (any more)."""
    own, master = kind.prefix + own_id(record), id18(cell(record.get("MasterRecordId")))
    lost = record.get("IsDeleted") is True or (kind.name in ("Task", "Event") and not is_work(record))
    if not lost:
        return [], []
    if master:
        return [(table, own) for table in kind.tables], [(table, own, kind.prefix + master) for table in kind.tables]
    return [(table, own) for table in kind.tables], []


def history_page(kind: Kind, records: Sequence[Any], org: Org, *, cursor: str | None, read: int) -> Page:
    """Whole histories of deals. `read`: records of this answer, some of them kept for the next page."""
    if kind.name == "OpportunityHistory":
        found = history_rows(records, stages=org.stages)
    else:
        found = owner_rows(records, zone=org.zone)
    return Page(
        rows=found.rows,
        cursor=cursor,
        newest=newest(cell(record.get("CreatedDate")) for record in records),
        whole=found.whole,
        records=read,
    )


def stages_page(records: Sequence[Any]) -> Page:
    rows = stage_rows(records)
    return Page(rows={"stages": rows}, records=len(records))


def _users(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    if cell(record.get("UserType")) not in SELLING_USERS:
        return {}
    own, email = own_id(record), cell(record.get("Email"))
    name = first(cell(record.get("Name")), email, f"Salesforce user {own}")[:200]
    return {"owners": [{"id": own, "email": email, "name": name, "active": cell(record.get("IsActive"))}]}


def _products(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    """Also deleted ones: lines that were sold name them."""
    row = fields_row(kind, record)
    row["Name"] = first(row.get("Name", ""), row.get("ProductCode", ""), f"Product {row['id']}")
    row["currency"] = first(row.pop("CurrencyIsoCode", ""), org.currency)
    return {"products": [fitted(row, LIMITS["products"])]}


def _prices(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    """The standard price in the currency of the connection; an org with several currencies has one a currency."""
    currency = cell(record.get("CurrencyIsoCode"))
    if record.get("IsDeleted") is True or (currency and org.currency and currency != org.currency):
        return {}
    return {"prices": [{"id": id18(cell(record["Product2Id"])), "price": cell(record.get("UnitPrice"))}]}


def _accounts(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    row = fields_row(kind, record)
    row["Name"] = first(row.get("Name", ""), f"Account {row['id']}")
    row["parent_id"] = id18(row.pop("ParentId", ""))
    row["currency"] = first(row.pop("CurrencyIsoCode", ""), org.currency)
    return {"accounts": [fitted(row, LIMITS["accounts"])]}


def _contacts(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    row = fields_row(kind, record)
    row["account_id"] = id18(row.pop("AccountId", ""))
    row["phone"] = first(row.pop("Phone", ""), row.pop("MobilePhone", ""))
    return {"contacts": [fitted(row, LIMITS["contacts"])]}


def _leads(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    row = fields_row(kind, record)
    row["phone"] = first(row.pop("Phone", ""), row.pop("MobilePhone", ""))
    row["status"] = lead_status(row.get("Status", ""), converted=record.get("IsConverted") is True)
    row["account_id"] = id18(row.pop("ConvertedAccountId", ""))
    row["contact_id"] = id18(row.pop("ConvertedContactId", ""))
    row["opportunity_id"] = id18(row.pop("ConvertedOpportunityId", ""))
    touches = sorted(filter(None, (row.pop("FirstCallDateTime", ""), row.pop("FirstEmailDateTime", ""))))
    row["first_touch_at"] = first(*touches)
    row.pop("IsConverted", None)
    return {"leads": [fitted(row, LIMITS["leads"])]}


def lead_status(text: str, *, converted: bool) -> str:
    """Status from the picklist, whatever the org made of it; its own word stays as the attribute Status."""
    words = text.lower()
    if converted or words in ("closed - converted", "converted"):
        return "converted"
    if any(word in words for word in ("unqualified", "disqualified", "not converted", "junk", "closed", "dead")):
        return "disqualified"
    if "mql" in words or "marketing" in words:
        return "mql"
    if "sql" in words or "qualified" in words:
        return "sql"
    return "new" if not words or "new" in words or "open" in words or "not contacted" in words else "working"


def _deals(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    return deal_rows(fields_row(kind, record), record, stages=org.stages, currency=org.currency)


def _lines(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    return line_rows(fields_row(kind, record), currency=org.currency)


def _tasks(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    return {"tasks": [task_row(fields_row(kind, record))]}


def _events(kind: Kind, record: Mapping[str, Any], org: Org) -> Rows:
    return {"events": [event_row(fields_row(kind, record))]}


READERS: dict[str, Callable[[Kind, Mapping[str, Any], Org], Rows]] = {
    "User": _users,
    "Product2": _products,
    "PricebookEntry": _prices,
    "Account": _accounts,
    "Contact": _contacts,
    "Lead": _leads,
    "Opportunity": _deals,
    "OpportunityLineItem": _lines,
    "Task": _tasks,
    "Event": _events,
}
