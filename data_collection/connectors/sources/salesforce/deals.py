"""Opportunities, their history and lines. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from typing import Any

from data_collection.connectors.calc.history import (
    Moment,
    amount_changes,
    category_changes,
    date_changes,
    owner_spans,
    stage_visits,
)
from data_collection.connectors.calc.source import Whole
from data_collection.connectors.calc.values import Row, Unreadable, cell, first, fitted, moment
from data_collection.connectors.sources.salesforce.records import id18

PIPELINE = "Salesforce"  # an org has one list of stages
UNKNOWN_RANK = 999  # after every stage that is known
LIMITS = {"Name": 200, "NextStep": 200, "lost_reason": 120, "LeadSource": 60}
CATEGORIES = {
    "omitted": "omitted",
    "pipeline": "pipeline",
    "bestcase": "best_case",
    "mostlikely": "best_case",
    "forecast": "commit",
    "commit": "commit",
    "closed": "closed",
}
USUAL_CATEGORY = {"won": "closed", "lost": "omitted", "open": "pipeline"}
#: Names an org usually gives its own field for it.
LOST_REASONS = ("Loss_Reason__c", "Lost_Reason__c", "Reason_Lost__c", "Closed_Lost_Reason__c", "Reason_for_Loss__c")
USER = "005"  # how the id of a user begins


@dataclass(frozen=True, slots=True)
class Deals:
    """Rows of several deals by file, and what is whole."""

    rows: dict[str, list[Row]]
    whole: tuple[Whole, ...] = ()


def stage_key(name: str) -> str:
    """What a mapping knows the stage by."""
    return f"{PIPELINE}/{name[:80].strip()}"


def stage_rows(records: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The stages of the org in their order; an inactive one still has deals."""
    ordered = sorted(records, key=lambda record: (not record.get("IsActive", True), int(record.get("SortOrder") or 0)))
    return [
        stage_row(
            cell(record.get("MasterLabel")),
            rank=rank,
            kind=stage_kind(record),
            probability=percent(cell(record.get("DefaultProbability"))),
        )
        for rank, record in enumerate(ordered, start=1)
        if cell(record.get("MasterLabel"))
    ]


def stage_row(name: str, *, rank: int, kind: str, probability: str) -> Row:
    short = name[:80].strip()
    return {
        "id": short, "pipeline": PIPELINE, "name": short, "rank": str(rank), "kind": kind, "probability": probability
    }  # fmt: skip


def stage_kind(record: Mapping[str, Any]) -> str:
    if record.get("IsWon") is True:
        return "won"
    return "lost" if record.get("IsClosed") is True else "open"


def percent(text: str) -> str:
    """A percentage between 0 and 100; 0 where it is none."""
    try:
        return text if 0 <= float(text) <= 100 else "0"
    except ValueError:
        return "0"


def deal_rows(row: Row, record: Mapping[str, Any], *, stages: frozenset[str], currency: str) -> dict[str, list[Row]]:
    """An opportunity, and its stage where the org's list has it no more."""
    name = cell(row.pop("StageName", ""))
    if not name:
        raise Unreadable("it is in no stage")
    status = stage_kind(record)
    category = first(row.pop("ForecastCategory", ""), row.pop("ForecastCategoryName", "").replace(" ", ""))
    row |= {
        "Name": first(row.get("Name", ""), f"Opportunity {row['id']}"),
        "account_id": id18(row.pop("AccountId", "")),
        "contact_id": id18(row.pop("ContactId", "")),
        "stage": stage_key(name),
        "status": status,
        "kind": deal_kind(row.get("Type", "")),
        "forecast_category": CATEGORIES.get(
            category.lower(), {"won": "closed", "lost": "omitted"}.get(status, "pipeline")
        ),
        "currency": first(row.pop("CurrencyIsoCode", ""), currency),
        "lost_reason": first(*(row.get(field, "") for field in LOST_REASONS)),
    }
    row["Probability"] = percent(row["Probability"]) if row.get("Probability") else ""
    for spent in ("IsWon", "IsClosed", "ForecastCategoryName"):
        row.pop(spent, None)
    rows = {"opportunities": [fitted(row, LIMITS)]}
    if name[:80].strip() not in stages:
        made = stage_row(name, rank=UNKNOWN_RANK, kind=status, probability=first(row["Probability"], "0"))
        rows["unknown_stages"] = [made]
    return rows


def deal_kind(text: str) -> str:
    """Kind of business from the picklist Type, whatever the org made of it."""
    words = text.lower()
    if "renew" in words:
        return "renewal"
    return "expansion" if any(word in words for word in ("existing", "upgrade", "upsell", "cross", "add-on")) else "new"


def line_rows(row: Row, *, currency: str) -> dict[str, list[Row]]:
    product, name = id18(row.pop("Product2Id", "")), row.get("Name", "")
    row["opportunity_id"] = id18(row.pop("OpportunityId", ""))
    row["currency"] = first(row.pop("CurrencyIsoCode", ""), currency)
    row["product_id"] = product or f"line {first(name, row['id'])}"[:100]
    made = {"id": row["product_id"], "name": first(name, product, row["id"])[:200], "currency": row["currency"]}
    return {"opportunity_lines": [row], "line_products": [made]}


def by_deal(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Rows of a history in groups, in the order they came."""
    return [
        (id18(own), list(rows)) for own, rows in groupby(records, key=lambda record: cell(record.get("OpportunityId")))
    ]


def history_rows(records: Sequence[Mapping[str, Any]], *, stages: frozenset[str]) -> Deals:
    """Stays, changes of amount, close date and category from whole histories of deals."""
    rows: dict[str, list[Row]] = {"stage_visits": [], "opportunity_changes": [], "unknown_stages": []}
    for deal, steps in by_deal(records):
        rows["stage_visits"] += stage_visits(deal, _moments(steps, "StageName"), stage_key)
        rows["opportunity_changes"] += [
            *amount_changes(deal, _moments(steps, "Amount")),
            *date_changes(deal, _moments(steps, "CloseDate")),
            *category_changes(deal, _categories(steps)),
        ]
    names = {cell(record.get("StageName"))[:80].strip() for record in records} - stages - {""}
    rows["unknown_stages"] = [stage_row(n, rank=UNKNOWN_RANK, kind="open", probability="0") for n in sorted(names)]
    return Deals(rows)


def _moments(steps: Sequence[Mapping[str, Any]], field: str) -> list[Moment]:
    found = [(moment(cell(step.get("CreatedDate"))), cell(step.get(field))) for step in steps]
    return [Moment(at, value) for at, value in found if at is not None]


def _categories(steps: Sequence[Mapping[str, Any]]) -> list[Moment]:
    return [
        Moment(step.at, CATEGORIES.get(step.value.lower(), step.value)) for step in _moments(steps, "ForecastCategory")
    ]


def owner_rows(records: Sequence[Mapping[str, Any]], *, zone: tzinfo) -> Deals:
    """Owners over time. Each change stands twice in the history, once with names and once with ids: these count."""
    rows: list[Row] = []
    whole: list[Whole] = []
    for deal, steps in by_deal(records):
        changes = [step for step in steps if _is_user(step.get("NewValue"))]
        spans = owner_spans(deal, _owners(changes), zone)
        rows += spans
        if spans:
            whole.append(Whole("opportunity_owner", "opportunity", deal, tuple(span["id"] for span in spans)))
    return Deals({"opportunity_owners": rows}, tuple(whole))


def _is_user(value: Any) -> bool:
    text = id18(cell(value))
    return len(text) == 18 and text.isalnum() and text.startswith(USER)


def _owners(changes: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """The owner before the first change had it since the deal was made."""
    moments = []
    if changes:
        made = moment(cell((changes[0].get("Opportunity") or {}).get("CreatedDate")))
        before = id18(cell(changes[0].get("OldValue")))
        if made is not None and _is_user(before):
            moments.append(Moment(made, before))
    for change in changes:
        at = moment(cell(change.get("CreatedDate")))
        if at is not None:
            moments.append(Moment(at, id18(cell(change.get("NewValue")))))
    return moments
