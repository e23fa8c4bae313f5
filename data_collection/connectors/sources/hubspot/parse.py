"""HubSpot's JSON as rows. Pure.

Columns carry HubSpot's own property names where the value is HubSpot's; `owner_id`, `stage`, `status`, `kind`, `at` and
the like are worked out here. Properties no field of the mapping uses become attributes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from data_collection.connectors.calc.source import Page, RecordProblem
from data_collection.connectors.calc.values import Row, Unreadable, cell, day, first, fitted, instant, newest, why_not
from data_collection.connectors.sources.hubspot.activities import activity_rows
from data_collection.connectors.sources.hubspot.deals import deal_rows, line_rows
from data_collection.connectors.sources.hubspot.fields import KINDS, Kind
from data_collection.connectors.sources.hubspot.stages import Stage

Rows = dict[str, list[Row]]
#: Properties that say nothing about the record itself.
LEFT_OUT = frozenset({"hs_object_id", "hs_merged_object_ids", "hs_calculated_merged_vids", "hs_lastmodifieddate"})
#: Tables whose rows can point at the row they were merged into; of others the loser counts as deleted.
MERGING = frozenset({"account", "contact", "lead"})
LIMITS = {
    "companies": {
        "name": 200, "website": 200, "industry": 80, "country": 80, "state": 80, "city": 120, "zip": 20,
    },
    "contacts": {"firstname": 100, "lastname": 100, "phone": 40, "jobtitle": 120, "country": 80},
    "leads": {"name": 200, "company": 200, "phone": 40, "title": 120, "industry": 80, "country": 80, "lead_source": 60},
    "products": {"name": 200, "family": 80},
}  # fmt: skip
LEAD_STATUS = {"new": "new", "open": "new", "": "new", "unqualified": "disqualified"}  # any other: somebody works on it
LEAD_STAGES = {
    "new-stage-id": "new",
    "attempting-stage-id": "working",
    "connected-stage-id": "working",
    "qualified-stage-id": "sql",
    "unqualified-stage-id": "disqualified",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the HubSpot account while its records are read."""

    currency: str = ""
    zone: tzinfo = UTC  # of the company: which day an instant belongs to
    stages: Mapping[str, Stage] = field(default_factory=dict)  # by stage id
    days: frozenset[str] = frozenset()  # properties of the type date
    times: frozenset[str] = frozenset()  # properties of the type datetime
    leads: str = "contacts"


def records_page(kind: Kind, records: Sequence[Any], account: Account, *, cursor: str | None = None) -> Page:
    """The living records of one answer as a page; one that cannot be read is named, the others are used."""
    rows: Rows = {}
    problems: list[RecordProblem] = []
    merged: list[tuple[str, str, str]] = []
    deleted = open_tasks(records) if kind.name == "tasks" else []
    whole = []
    for record in records:
        try:
            found = READERS[kind.name](kind, record, account)
            taken = _merged(kind, record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(_problem(kind, record, error))
            continue
        merged += [one for one in taken if one[0] in MERGING]
        deleted += [(table, loser) for table, loser, _winner in taken if table not in MERGING]
        for name, more in found.rows.items():
            rows.setdefault(name, []).extend(more)
        whole += found.whole
    return Page(
        rows=rows,
        cursor=cursor,
        newest=newest(cell(record.get("updatedAt")) for record in records if isinstance(record, dict)),
        merged=tuple(merged),
        whole=tuple(whole),
        deleted=tuple(deleted),
        problems=tuple(problems),
        records=len(records),
    )


def _problem(kind: Kind, record: Any, error: Exception) -> RecordProblem:
    known = str(record.get("id") or "") if isinstance(record, dict) else ""
    reason = f"A record of {kind.name} cannot be read: {why_not(error)}."
    return RecordProblem(kind.name, known, reason, json.dumps(record, ensure_ascii=False, default=str)[:300])


def archived_page(kind: Kind, records: Sequence[Any], *, since: str | None, cursor: str | None = None) -> Page:
    """Archived records as deletions. The list cannot be asked by time; `since` (ISO) leaves out what was met before."""
    known = [record for record in records if isinstance(record, dict) and cell(record.get("id"))]
    gone = [record for record in known if not since or instant(cell(record.get("archivedAt"))) >= since]
    return Page(
        cursor=cursor,
        newest=newest(cell(record.get("archivedAt")) for record in gone),
        deleted=tuple((table, f"{kind.prefix}{cell(record['id'])}") for record in gone for table in kind.tables),
        records=len(gone),
    )


def owners_page(records: Sequence[Any], *, cursor: str | None = None) -> Page:
    """People who own records; archived ones left the account but still own what they had."""
    rows = []
    for record in records:
        name = " ".join(filter(None, (cell(record.get("firstName")), cell(record.get("lastName")))))
        email = cell(record.get("email"))
        rows.append(
            {
                "id": cell(record["id"]),
                "email": email,
                "name": first(name, email, f"HubSpot owner {cell(record['id'])}")[:200],
                "active": "false" if record.get("archived") else "true",
            }
        )
    return Page(
        rows={"owners": rows},
        cursor=cursor,
        newest=newest(cell(record.get("updatedAt")) for record in records),
        records=len(records),
    )


def _merged(kind: Kind, record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The records this one took in. Contacts also list them as `id:time`, the older way."""
    properties = record["properties"]
    losers = cell(properties.get("hs_merged_object_ids")).split(";")
    losers += [part.partition(":")[0] for part in cell(properties.get("hs_calculated_merged_vids")).split(";")]
    own = cell(record["id"])
    found = dict.fromkeys(loser.strip() for loser in losers if loser.strip() and loser.strip() != own)
    return [(table, kind.prefix + loser, kind.prefix + own) for loser in found for table in kind.tables]


@dataclass(frozen=True, slots=True)
class Found:
    """What one record gives."""

    rows: Rows
    whole: tuple[Any, ...] = ()


def properties_row(kind: Kind, record: Mapping[str, Any], account: Account) -> Row:
    """The properties of a record as cells, under their own names, with its id, owner and times."""
    row: Row = {"id": kind.prefix + _id(record)}
    for name, value in record["properties"].items():
        if name in LEFT_OUT:
            continue
        text = cell(value)
        row[name] = day(text) if name in account.days else instant(text) if name in account.times else text
    row["owner_id"] = row.pop("hubspot_owner_id", "")
    row["created_at"] = instant(
        first(row.pop("createdate", ""), row.pop("hs_createdate", ""), cell(record.get("createdAt")))
    )
    modified = cell(record["properties"].get(kind.modified))
    row["modified_at"] = instant(first(modified, cell(record.get("updatedAt"))))
    return row


def _id(record: Mapping[str, Any]) -> str:
    found = cell(record.get("id"))
    if not found:
        raise Unreadable("it has no id")
    return found


def _products(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    row["name"] = first(row.get("name", ""), row.get("hs_sku", ""), f"Product {row['id']}")
    row["family"] = row.pop("hs_product_type", "")
    row["currency"] = account.currency
    return Found({"products": [fitted(row, LIMITS["products"])]})


def _companies(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    row["name"] = first(row.get("name", ""), row.get("domain", ""), f"Company {row['id']}")
    row["website"] = first(row.get("website", ""), row.get("domain", ""))
    row["parent_id"] = row.pop("hs_parent_company_id", "")
    row["customer_since"] = instant(_entered(row, "customer"))
    row["currency"] = account.currency
    year = row.get("founded_year", "")
    if year and not (year.isascii() and year.isdigit() and len(year) == 4):  # a free text in HubSpot
        row["founded_year"], row["founded_year_text"] = "", year
    return Found({"companies": [fitted(row, LIMITS["companies"])]})


def _contacts(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    row.pop("lastmodifieddate", None)
    row["phone"] = first(row.get("phone", ""), row.get("mobilephone", ""))
    row["company_id"] = row.pop("associatedcompanyid", "")
    lead = _lead_of_contact(row)
    rows: Rows = {"contacts": [fitted(row, LIMITS["contacts"])]}
    if lead is not None and account.leads == "contacts":
        rows["leads"] = [fitted(lead, LIMITS["leads"])]
    return Found(rows)


def _lead_of_contact(row: Row) -> Row | None:
    """A contact that is or was a lead, MQL or SQL, as a lead; later stages leave it one, converted."""
    stage = row.get("lifecyclestage", "")
    entered = {name: _entered(row, name) for name in ("lead", "marketingqualifiedlead", "salesqualifiedlead")}
    if stage not in entered and not any(entered.values()):
        return None
    name = " ".join(filter(None, (row.get("firstname", ""), row.get("lastname", ""))))
    converted = first(_entered(row, "opportunity"), _entered(row, "customer"))
    return {
        "id": row["id"],
        "contact_id": row["id"],
        "company_id": row["company_id"],
        "name": first(name, row.get("email", "")),
        "company": row.get("company", ""),
        "email": row.get("email", ""),
        "phone": row["phone"],
        "title": row.get("jobtitle", ""),
        "country": row.get("country", ""),
        "industry": row.get("industry", ""),
        "lead_source": first(row.get("hs_analytics_source", ""), row.get("hs_latest_source", "")),
        "owner_id": row["owner_id"],
        "status": _lead_status(stage, row.get("hs_lead_status", "")),
        "created_at": instant(first(entered["lead"], row["created_at"])),
        "assigned_at": instant(row.get("hubspot_owner_assigneddate", "")),
        "first_touch_at": instant(row.get("hs_sa_first_engagement_date", "")),
        "mql_at": instant(entered["marketingqualifiedlead"]),
        "sql_at": instant(entered["salesqualifiedlead"]),
        "converted_at": instant(converted),
        "disqualified_at": "",
        "disqualified_reason": "",
        "modified_at": row["modified_at"],
    }


def _entered(row: Row, stage: str) -> str:
    """When a lifecycle stage was entered; HubSpot writes it under a newer and an older name."""
    return first(row.get(f"hs_v2_date_entered_{stage}", ""), row.get(f"hs_lifecyclestage_{stage}_date", ""))


def _lead_status(stage: str, work: str) -> str:
    """Status from the lifecycle stage and the lead status beside it."""
    if stage in ("opportunity", "customer", "evangelist"):
        return "converted"
    if work.lower() == "unqualified":
        return "disqualified"
    known = {"marketingqualifiedlead": "mql", "salesqualifiedlead": "sql"}
    return known.get(stage) or LEAD_STATUS.get(work.lower(), "working")


def _leads(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    associated = record.get("associations") or {}
    status = LEAD_STAGES.get(row.get("hs_pipeline_stage", ""), "working")
    row |= {
        "name": first(row.pop("hs_lead_name", ""), row.get("hs_associated_contact_email", "")),
        "company": row.pop("hs_associated_company_name", ""),
        "email": row.pop("hs_associated_contact_email", ""),
        "lead_source": row.pop("hs_lead_source", ""),
        "contact_id": first(*associated.get("contacts", [])),
        "company_id": first(*associated.get("companies", [])),
        "status": status,
        "disqualified_at": "",  # HubSpot does not tell when
        "disqualified_reason": row.pop("hs_lead_disqualification_reason", "")[:120],
    }
    return Found({"leads": [fitted(row, LIMITS["leads"])]})


def _deals(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    row["currency"] = first(row.pop("deal_currency_code", ""), account.currency)
    rows, whole = deal_rows(row, record, stages=account.stages, zone=account.zone)
    return Found(rows, whole)


def _line_items(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    return Found(line_rows(row, record, currency=account.currency))


def _activities(kind: Kind, record: Mapping[str, Any], account: Account) -> Found:
    row = properties_row(kind, record, account)
    return Found(activity_rows(kind.name, row, record, leads=account.leads == "contacts"))


def open_tasks(records: Sequence[Any]) -> list[tuple[str, str]]:
    """Tasks not done yet: nobody has done anything, and one that was opened again counts no more."""
    return [
        ("activity", f"{KINDS['tasks'].prefix}{cell(record.get('id'))}")
        for record in records
        if isinstance(record, dict)
        and isinstance(record.get("properties"), dict)
        and cell(record["properties"].get("hs_task_status")).upper() != "COMPLETED"
    ]


READERS: dict[str, Callable[[Kind, Mapping[str, Any], Account], Found]] = {
    "products": _products,
    "companies": _companies,
    "contacts": _contacts,
    "leads": _leads,
    "deals": _deals,
    "line_items": _line_items,
    **dict.fromkeys(("calls", "meetings", "emails", "notes", "tasks"), _activities),
}
