"""Deals with their history, and their lines. Pure."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from data_collection.connectors.calc.history import Moment, amount_changes, date_changes, owner_spans, stage_visits
from data_collection.connectors.calc.source import Whole
from data_collection.connectors.calc.values import Row, Unreadable, cell, day, first, fitted, instant, moment, share
from data_collection.connectors.sources.hubspot.stages import Stage, stage_of, stage_row

LIMITS = {"dealname": 200, "hs_next_step": 200, "closed_lost_reason": 120, "hs_analytics_source": 60}
KINDS = {"newbusiness": "new", "existingbusiness": "expansion", "renewal": "renewal"}
CATEGORIES = {
    "omit": "omitted",
    "omitted": "omitted",
    "not_forecasted": "omitted",
    "pipeline": "pipeline",
    "best_case": "best_case",
    "most_likely": "best_case",
    "commit": "commit",
    "closed": "closed",
    "closed_won": "closed",
}
USUAL_CATEGORY = {"won": "closed", "lost": "omitted", "open": "pipeline"}
HISTORY_KEPT = 20  # versions of a property HubSpot gives; with as many, older ones may be missing


def deal_rows(
    row: Row, record: Mapping[str, Any], *, stages: Mapping[str, Stage], zone: tzinfo
) -> tuple[dict[str, list[Row]], tuple[Whole, ...]]:
    """The deal, its stays in stages, its changes and owners; stages it names that no pipeline has any more."""
    own, stage_id, pipeline_id = row["id"], row.pop("dealstage", ""), row.pop("pipeline", "")
    if not stage_id:
        raise Unreadable("it is in no stage")
    closed, won = row.pop("hs_is_closed", "").lower() == "true", row.pop("hs_is_closed_won", "").lower() == "true"
    stage = stage_of(stages, stage_id, pipeline_id, kind="won" if won else "lost" if closed else "open")
    history = record.get("propertiesWithHistory") or {}
    moments = {name: _moments(history.get(name)) for name in ("dealstage", "amount", "closedate", "hubspot_owner_id")}
    visited = _visited(moments["dealstage"], stage_id, row["created_at"])
    gone = dict.fromkeys(moment.value for moment in visited if moment.value and moment.value not in stages)
    unknown = {old: stage_of(stages, old) for old in gone} | ({} if stage_id in stages else {stage_id: stage})
    associated = record.get("associations") or {}
    visits = stage_visits(own, visited, lambda text: (unknown.get(text) or stages[text]).key)
    category = cell(row.pop("hs_manual_forecast_category", "")).lower().replace(" ", "_")
    row |= {
        "dealname": first(row.get("dealname", ""), f"Deal {own}"),
        "stage": stage.key,
        "status": stage.kind,
        "kind": KINDS.get(row.get("dealtype", "").lower().replace(" ", "").replace("_", ""), "new"),
        "forecast_category": CATEGORIES.get(category, USUAL_CATEGORY[stage.kind]),
        "probability": share(row.pop("hs_deal_stage_probability", "")),
        "company_id": first(*associated.get("companies", [])),
        "contact_id": first(*associated.get("contacts", [])),
        "close_date": instant(row.pop("closedate", "")),
    }
    if stage.kind != "open" and not row["close_date"]:  # a closed deal without its date closed when it came here
        row["close_date"] = visits[-1]["entered_at"] if visits else row["modified_at"]
    owners = owner_spans(own, moments["hubspot_owner_id"], zone)
    rows = {
        "deals": [fitted(row, LIMITS)],
        "unknown_stages": [stage_row(old, found) for old, found in unknown.items()],
        "stage_visits": visits,
        "deal_changes": [*amount_changes(own, moments["amount"]), *_close_dates(own, moments["closedate"])],
        "deal_owners": owners,
    }
    return rows, _whole(own, owners, history.get("hubspot_owner_id") or [])


def _whole(own: str, owners: list[Row], versions: list[Any]) -> tuple[Whole, ...]:
    """The owners are all there were, unless older versions may be missing."""
    if not owners or len(versions) >= HISTORY_KEPT:
        return ()
    return (Whole("opportunity_owner", "opportunity", own, tuple(span["id"] for span in owners)),)


def _moments(versions: Any) -> list[Moment]:
    """Versions of a property, newest first in HubSpot's answer; one without a time is none."""
    found = []
    for version in reversed(versions or []):
        at = moment(cell(version.get("timestamp")))
        if at is not None:
            found.append(Moment(at, cell(version.get("value"))))
    return found


def _visited(moments: list[Moment], stage_id: str, created: str) -> list[Moment]:
    """A deal without history has been where it is since it was made."""
    start = moment(created)
    return moments or ([Moment(start, stage_id)] if start is not None else [])


def _close_dates(own: str, moments: list[Moment]) -> list[Row]:
    return date_changes(own, [Moment(change.at, day(change.value)) for change in moments])


def line_rows(row: Row, record: Mapping[str, Any], *, currency: str) -> dict[str, list[Row]]:
    """A line with the product it sells: one of the library, also an archived one, or one made up for this line."""
    product = row.pop("hs_product_id", "")
    name = first(row.get("name", ""), row.get("hs_sku", ""), f"Product {product or row['id']}")
    row["currency"] = first(row.pop("hs_line_item_currency_code", ""), currency)
    row["product_id"] = product or f"line {name}"[:100]
    row["deal_id"] = first(*(record.get("associations") or {}).get("deals", []))
    if not row["deal_id"]:  # a line of a quote or an order, or one whose deal was deleted
        return {}
    made = {"id": row["product_id"], "name": name[:200], "currency": row["currency"]}
    return {"line_items": [row], "line_products": [made]}
