"""Pipedrive's JSON to rows of text. Pure; the mapping says which column fills which field."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_collection.connectors.calc.source import RecordProblem
from data_collection.connectors.sources.pipedrive.fields import CustomFields, plain
from data_collection.connectors.sources.pipedrive.history import Row, Stay, closing_time, moment

Record = Mapping[str, Any]
NAME = 200  # characters a name may have here
KINDS = {
    "lunch": "meeting",
    "call": "call",
    "meeting": "meeting",
    "email": "email",
    "demo": "demo",
    "proposal": "proposal",
}
ODD = (KeyError, TypeError, ValueError, AttributeError)  # what reading a record of another shape ends in


@dataclass(slots=True)
class Stages:
    """Names of stages by id, each with its pipeline; the two ends of every pipeline beside them."""

    pipelines: dict[str, str] = field(default_factory=dict)  # id -> name
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # stage id -> (pipeline name, stage name)

    def label(self, pipeline: str, name: str) -> str:
        """As a reference names a stage."""
        return name if pipeline == "default" else f"{pipeline}/{name}"

    def of_deal(self, deal: Record) -> str:
        pipeline = self.pipeline_of(deal)
        status = plain(deal.get("status"))
        if status in ENDS:
            return self.label(pipeline, ENDS[status])
        found = self.names.get(plain(deal.get("stage_id")))
        return self.label(*found) if found else self.label(pipeline, f"Stage {plain(deal.get('stage_id'))}")

    def of_stay(self, stay: Stay, deal: Record) -> tuple[str, str]:
        """Pipeline and name."""
        pipeline = self.pipeline_of(deal)
        if stay.status in ENDS:
            return pipeline, ENDS[stay.status]
        return self.names.get(stay.stage) or (pipeline, stay.shown[:80] or f"Stage {stay.stage}")

    def pipeline_of(self, deal: Record) -> str:
        key = plain(deal.get("pipeline_id"))
        return self.pipelines.get(key, f"Pipeline {key}")


ENDS = {"won": "Won", "lost": "Lost"}


def stages_read(pipelines: Iterable[Record], stages: Iterable[Record]) -> tuple[Stages, list[Row]]:
    """The names, and a row for each stage, won and lost at the end of each pipeline."""
    found, rows = Stages(), []
    for record in pipelines:
        found.pipelines[plain(record["id"])] = _short(record.get("name"), 40) or f"Pipeline {plain(record['id'])}"
    for record in stages:
        key, pipeline = plain(record["id"]), found.pipelines.get(plain(record.get("pipeline_id")))
        if pipeline is None:
            continue
        name = _short(record.get("name"), 80) or f"Stage {key}"
        if name.lower() in ("won", "lost") or (pipeline, name) in found.names.values():
            name = f"{name} {key}"
        found.names[key] = (pipeline, name)
        share = record.get("deal_probability")
        rows.append(
            stage_row(pipeline, name, rank=1 + int(record.get("order_nr") or 0), share=100 if share is None else share)
        )
    for pipeline in found.pipelines.values():
        rows.append(stage_row(pipeline, "Won", rank=900, kind="won", share=100))
        rows.append(stage_row(pipeline, "Lost", rank=901, kind="lost", share=0))
    return found, rows


def stage_row(pipeline: str, name: str, *, rank: int, kind: str = "open", share: float = 0) -> Row:
    row = {"id": f"{pipeline}/{name}", "pipeline": pipeline, "name": name, "rank": str(rank), "kind": kind}
    return row | {"probability": plain(min(max(float(share), 0), 100))}


def read_all(
    object: str, records: Iterable[Any], read: Callable[[Record], Row]
) -> tuple[list[Row], list[RecordProblem]]:
    """Rows of the records that can be read, and a problem for each other."""
    rows, problems = [], []
    for record in records:
        try:
            row = read(record)
            if not row.get("id"):
                raise ValueError("it has no id")
            rows.append(row)
        except ODD as why:
            key = plain(record.get("id")) if isinstance(record, Mapping) else ""
            problems.append(problem(object, key, why, record))
    return rows, problems


def problem(object: str, key: str, why: Exception, record: Any) -> RecordProblem:
    words = f"{why}" if isinstance(why, ValueError) else f"{type(why).__name__}: {why}"
    return RecordProblem(object, key, f"The record could not be read: {words}.", json.dumps(record, default=str)[:300])


def is_gone(record: Record) -> bool:
    return record.get("is_deleted") is True or record.get("status") == "deleted" or record.get("deleted") is True


def newest(records: Iterable[Any]) -> str | None:
    """The highest time of change among them."""
    times = [moment(r.get("update_time")) for r in records if isinstance(r, Mapping) and r.get("update_time")]
    return max(times, default=None)


# --- one function an object ----------------------------------------------------------------------
def owner_row(record: Record) -> Row:
    active = record.get("active_flag", True) is not False and not is_gone(record)
    return {
        "id": plain(record["id"]),
        "name": _short(record.get("name"), NAME) or plain(record.get("email")),
        "email": plain(record.get("email")),
        "active": plain(active),
    }


def product_row(record: Record, custom: CustomFields) -> Row:
    prices = record.get("prices")
    price = prices[0] if isinstance(prices, list) and prices else {}
    flat = _flat(record, custom, leave=("prices",))
    names = _named(record.get("name"), "name") | {"family": _short(record.get("category"), 80)}
    return (
        flat
        | names
        | {
            "price": plain(price.get("price")),
            "currency": plain(price.get("currency")),
            "unit_cost": plain(price.get("cost")),
        }
    )


def account_row(record: Record, custom: CustomFields) -> Row:
    address = record.get("address")
    row = _flat(record, custom, leave=("address",)) | _named(record.get("name"), "name")
    if isinstance(address, Mapping):
        row |= {
            "address": plain(address.get("value")),
            "country": _short(address.get("country"), 80),
            "state": _short(address.get("admin_area_level_1"), 80),
            "city": _short(address.get("locality"), 120),
            "postal_code": _short(address.get("postal_code"), 20),
        }
    return row


def contact_row(record: Record, custom: CustomFields) -> Row:
    row = _flat(record, custom, leave=("emails", "phones"))
    row |= {"email": _primary(record.get("emails")), "phone": _primary(record.get("phones"))[:40]}
    row |= {"emails": _all(record.get("emails")), "phones": _all(record.get("phones"))}
    if not row.get("first_name") and not row.get("last_name"):
        row["last_name"] = plain(record.get("name"))
    return row | {part: row.get(part, "")[:100] for part in ("first_name", "last_name")}


def lead_row(record: Record, custom: CustomFields) -> Row:
    value = record.get("value")
    row = _flat({k: v for k, v in record.items() if k not in custom.names}, custom, leave=("value",))
    row |= custom.flat({k: v for k, v in record.items() if k in custom.names})  # they stand among the others
    row |= _named(record.get("title"), "title")
    if isinstance(value, Mapping):
        row |= {"value": plain(value.get("amount")), "currency": plain(value.get("currency"))}
    row["state"] = "archived" if record.get("is_archived") else "working" if record.get("was_seen") else "new"
    return row


def deal_row(record: Record, custom: CustomFields, stages: Stages) -> Row:
    status = plain(record.get("status"))
    if status not in ("open", "won", "lost"):
        raise ValueError(f"its status is “{status}”")
    closing = closing_time(record) if status != "open" else plain(record.get("expected_close_date"))
    if status != "open" and not closing:
        closing = moment(record.get("update_time"))
    row = _flat(record, custom) | _named(record.get("title"), "title")
    share = plain(record.get("probability"))
    row |= {"stage": stages.of_deal(record), "closes": closing, "probability": share}
    return row | {"category": {"open": "pipeline", "won": "closed", "lost": "omitted"}[status]}


def line_row(record: Record) -> Row:
    row = {name: plain(value) for name, value in record.items()}
    amount = float(record.get("item_price") or 0) * float(record.get("quantity") or 0)
    discount = float(record.get("discount") or 0)
    if record.get("discount_type") == "amount":
        discount = discount / amount * 100 if amount else 0.0
    return row | {"discount_percent": plain(round(discount, 4)), "deal_id": plain(record["deal_id"])}


def activity_row(record: Record) -> Row:
    row = {name: plain(value) for name, value in record.items()}
    done = moment(record.get("marked_as_done_time"))
    due = plain(record.get("due_date"))
    if not done and not due:
        raise ValueError("it is done, but has no day")
    row |= {"at": done, "day": done or due, "minutes": _minutes(record.get("duration"))}
    row["kind"] = KINDS.get(plain(record.get("type")).lower(), "other")
    return row | {"subject": _short(record.get("subject"), NAME)}


def _minutes(value: Any) -> str:
    """`01:30` or `01:30:00` as minutes."""
    parts = plain(value).split(":")
    if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
        return ""
    hours, minutes, *seconds = map(int, parts)
    return plain(round(hours * 60 + minutes + sum(seconds) / 60, 1))


def _flat(record: Record, custom: CustomFields, leave: tuple[str, ...] = ()) -> Row:
    """Every field as text under its own name; times as ISO; custom fields under the names people gave them."""
    row = {
        name: moment(value) if name.endswith("_time") else plain(value)
        for name, value in record.items()
        if name not in ("custom_fields", *leave)
    }
    return custom.flat(record.get("custom_fields")) | row


def _named(value: Any, column: str) -> Row:
    """A name cut to its field; the whole text beside it where it is longer."""
    text = " ".join(plain(value).split())
    return {column: text[:NAME]} | ({f"{column}_full": text} if len(text) > NAME else {})


def _short(value: Any, most: int) -> str:
    return plain(value).strip()[:most]


def _primary(values: Any) -> str:
    """The main e-mail address or phone number of several."""
    found = [v for v in values if isinstance(v, Mapping) and v.get("value")] if isinstance(values, list) else []
    chosen = next((v for v in found if v.get("primary")), found[0] if found else {})
    return plain(chosen.get("value")).strip()


def _all(values: Any) -> str:
    found = (
        [plain(v.get("value")).strip() for v in values if isinstance(v, Mapping)] if isinstance(values, list) else []
    )
    return ";".join(filter(None, found)) if len(found) > 1 else ""
