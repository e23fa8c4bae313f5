"""From matched columns to an entry of a mapping: how each column is read, and what the file itself does not say."""

from collections.abc import Iterable
from collections.abc import Mapping as Dict
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data_collection.imports.calc.detect import ColumnSeen, Detection
from data_collection.imports.calc.guess_matching import Fit, words_of
from data_collection.imports.calc.resemblance import plain
from data_collection.imports.calc.tables import Table
from data_collection.imports.calc.vocabulary import (
    ACTIVITY_KINDS,
    CATEGORIES,
    DEAL_KINDS,
    LEAD_STATES,
    LOST,
    OPEN,
    PLACEHOLDERS,
    WON,
)

Spec = dict[str, Any]
PERCENT = frozenset({"probability", "discount"})
CHOICES: dict[tuple[str, str], tuple[dict[str, tuple[str, ...]], str]] = {
    ("opportunity", "status"): ({"won": WON, "lost": LOST, "open": OPEN}, "open"),
    ("opportunity", "kind"): (DEAL_KINDS, "new"),
    ("opportunity", "forecast_category"): (CATEGORIES, "pipeline"),
    ("lead", "status"): (LEAD_STATES, "new"),
    ("activity", "kind"): (ACTIVITY_KINDS, "other"),
}


@dataclass(slots=True)
class Surroundings:
    """What is known of the other files and of the company."""

    tables: Dict[str, Table]
    system: str
    today: date
    keys: dict[str, str] = field(default_factory=dict)  # header of a key column -> table it names
    stages: dict[str, str] = field(default_factory=dict)  # id of a stage in its own file -> name
    notes: list[str] = field(default_factory=list)


def draft(name: str, seen: Detection, fit: Fit, around: Surroundings, *, update: bool = False) -> Spec:
    """The file's entry of the mapping. `update`: another file makes the rows, this one adds to them."""
    columns = {column.header: column for column in seen.columns}
    fields = {
        name: _spec(fit.table, name, columns[match.header], around, seen)
        for name, match in fit.matches.items()
        if not (update and name == "stage")
    }
    tables: list[Spec] = []
    _key(name, fit.table, fields, seen, around)
    if update:
        key = "external_id" if "external_id" in fields else "code"
        tables = [{"table": fit.table, "known_by": [key], "fields": fields}]
    else:
        tables = [*_before(fit.table, fields, columns), {"table": fit.table, "fields": fields}]
        FINISH.get(fit.table, _nothing)(name, tables, fields, columns, around)
    entry: Spec = {"file": _escaped(name), "formats": _formats(seen), "tables": tables}
    blank = sorted({text for column in seen.columns for text in column.samples if text.strip().lower() in PLACEHOLDERS})
    return entry | ({"blank": blank} if blank else {})


def _formats(seen: Detection) -> Spec:
    return {"date": list(seen.formats.date), "decimal": seen.formats.decimal, "time_zone": seen.formats.time_zone}


def _escaped(name: str) -> str:
    """A name as a pattern that only it fits."""
    return "".join(f"[{sign}]" if sign in "[*?" else sign for sign in name)


# --- one column ------------------------------------------------------------------------------
def _spec(table: str, field: str, column: ColumnSeen, around: Surroundings, seen: Detection) -> Any:
    known = around.tables[table].fields[field]
    own: Spec = {"column": column.header}
    if column.date and column.kind in {"date", "datetime"} and column.date[0] not in seen.formats.date:
        own["date"] = list(column.date)
    if known.refers == "stage":
        return own | _stage_reference(column, around)
    if known.refers:
        return own | _reference(table, known.refers, column, around)
    if (table, field) in CHOICES:
        return own | _choice(table, field, column)
    if field in PERCENT and (column.kind == "percent" or _above_one(column.samples)):
        return own | {"percent": True}
    return column.header if len(own) == 1 else own


def _above_one(samples: Iterable[str]) -> bool:
    return any(number > 1 for number in (_number(sample) for sample in samples) if number is not None)


def _number(text: str) -> float | None:
    try:
        return float(text.replace("%", "").replace(",", ".").strip())
    except ValueError:
        return None


def _choice(table: str, field: str, column: ColumnSeen) -> Spec:
    meanings, otherwise = CHOICES[table, field]
    return {"values": _meant(column, meanings), "otherwise": otherwise}


def _meant(column: ColumnSeen, meanings: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Texts of the column with their meaning; the usual words too, where not every text was seen."""
    seen = {
        sample: meant
        for sample in column.samples
        for meant, words in meanings.items()
        if plain(sample) in {plain(word) for word in words}
    }
    if 0 < column.distinct <= len(column.samples):
        return seen
    return {word: meant for meant, words in meanings.items() for word in words} | seen


def _reference(table: str, refers: str, column: ColumnSeen, around: Surroundings) -> Spec:
    """By id where the header says so or another file has it as its key, else by name; what is missing is made."""
    target = around.tables[refers]
    own_table = refers == table
    if column.kind == "email" and "email" in target.lookup:
        return {"by": "email", "missing": "empty"}
    by_id = around.keys.get(plain(column.header)) == refers or words_of(column.header)[-1:] in (["id"], ["ids"])
    found: Spec = {"first_of": ";"} if words_of(column.header)[-1:] == ["ids"] else {}
    if not by_id and not plain(column.header).endswith("id") and "name" in target.lookup:
        found["by"] = "name"
    if own_table or refers in {"lead", "contact", "opportunity", "territory", "team"}:
        return found | {"missing": "empty"}
    return found | {"create_missing": True}


def _stage_reference(column: ColumnSeen, around: Surroundings) -> Spec:
    found: Spec = {"by": "name", "within": {"pipeline": around.system}}
    return found | ({"values": around.stages} if around.stages and set(column.samples) <= set(around.stages) else {})


# --- what the file does not say ---------------------------------------------------------------
def _key(name: str, table: str, fields: dict[str, Any], seen: Detection, around: Surroundings) -> None:
    """What rows are known by: an id, else a column that never repeats, else the number of the row."""
    key = "external_id" if around.tables[table].mirror else "code"
    if key in fields or key not in around.tables[table].fields:
        return
    named = fields.get("name")
    unique = [
        column.header
        for column in seen.columns
        if column.filled == column.distinct == seen.rows_seen > 1
        and (column.kind == "id" or (isinstance(named, str) and column.header == named and key == "code"))
    ]
    if unique:
        fields[key] = unique[0]
        around.notes.append(f"{name}: rows are known by “{unique[0]}”; it never repeats.")
    elif isinstance(named, str) and table in {"account", "product", "rep"}:
        fields[key] = named
        around.notes.append(f"{name}: rows are known by their name; there is no id.")
    else:
        stem = name.split(".")[0][:60].replace("{", "(").replace("}", ")")
        fields[key] = {"template": f"{stem}:{{#}}"}
        around.notes.append(f"{name}: there is no id, so rows are known by their number; keep their order.")


def _before(table: str, fields: dict[str, Any], columns: Dict[str, ColumnSeen]) -> list[Spec]:
    """Stages are made from the column that names them, in no order but won and lost last."""
    stage = fields.get("stage")
    if table != "opportunity" or not isinstance(stage, dict) or "values" in stage:
        return []
    column, pipeline = stage["column"], stage["within"]["pipeline"]
    meant = _meant(columns[column], {"won": WON, "lost": LOST})
    ranks = {word: {"won": "90", "lost": "91"}[end] for word, end in meant.items()}
    made = {
        "pipeline": {"constant": pipeline},
        "name": column,
        "rank": {"column": column, "values": ranks, "otherwise": "50"},
        "kind": {"column": column, "values": meant, "otherwise": "open"},
    }
    return [{"table": "stage", "duplicates": "first", "insert_only": True, "skip_empty": [column], "fields": made}]


def _nothing(name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings) -> None:
    return None


def _finish_account(
    name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings
) -> None:
    fields.setdefault("name", fields["external_id"])


def _finish_product(
    name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings
) -> None:
    """A product needs a name: a text column that is no id, else its code."""
    used = {spec if isinstance(spec, str) else spec.get("column") for spec in fields.values()}
    free = [c.header for c in columns.values() if c.kind in {"text", "id"} and c.header not in used]
    fields.setdefault("name", next(iter(free), fields["code"]))


def _finish_lead(
    name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings
) -> None:
    if "name" not in fields:
        parts = [header for header in columns if plain(header) in {"firstname", "lastname", "givenname", "surname"}]
        if len(parts) == 2:
            fields["name"] = {"template": f"{{{parts[0]}}} {{{parts[1]}}}"}
    if "created_on" not in fields:
        fields["created_on"] = {"constant": around.today.isoformat()}
        around.notes.append(f"{name}: no column says when a lead came in; today is used. Choose one, or another day.")


def _finish_dated(day: str, what: str) -> Any:
    def finish(
        name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings
    ) -> None:
        if day not in fields:
            fields[day] = {"constant": around.today.isoformat()}
            around.notes.append(f"{name}: no column gives the day of {what}; today is used. Choose one.")
        if what == "an activity":
            fields.setdefault("kind", {"constant": "other"})

    return finish


def _finish_opportunity(
    name: str, tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings
) -> None:
    _state_of(fields, columns)
    stage, status = fields.get("stage"), fields.get("status")
    if stage is None and isinstance(status, dict) and "column" in status:
        fields["stage"] = stage = _stage_reference(columns[status["column"]], around) | {"column": status["column"]}
        tables[:0] = _before("opportunity", fields, columns)
    if stage is None:
        fields["stage"] = {"constant": "Open", "by": "name", "within": {"pipeline": around.system}}
        fields["status"] = {"constant": "open"}
        around.notes.append(f"{name}: no column says the stage; every deal is taken as open.")
    if "status" not in fields:
        fields["status"] = {"column": fields["stage"]["column"]} | _choice("opportunity", "status", _NO_COLUMN)
        if "values" in fields["stage"]:  # told by ids
            names = fields["stage"]["values"]
            fields["status"]["values"] = {key: end_of(text) for key, text in names.items()}
    if "close_date" not in fields and fields["status"] != {"constant": "open"}:
        fields["close_date"] = {"constant": around.today.isoformat()}
        around.notes.append(f"{name}: no column says when a deal closed; today is used. Choose one, or another day.")
    key = fields["external_id"]
    fields.setdefault("name", key if isinstance(key, str) else {"template": key.get("template", "Deal {#}")})
    _lines(tables, fields, columns, around)


_NO_COLUMN = ColumnSeen("", "text", 0, 0, ())


def end_of(text: str) -> str:
    """The kind of a stage by its name: won, lost, else open."""
    own = plain(text)
    return next((end for end, words in (("won", WON), ("lost", LOST)) if own in map(plain, words)), "open")


def _state_of(fields: Spec, columns: Dict[str, ColumnSeen]) -> None:
    """Won and lost from a pair of yes/no columns, as Salesforce writes it."""
    by_plain = {plain(header): header for header in columns}
    if "status" not in fields and {"isclosed", "iswon"} <= set(by_plain):
        template = f"{{{by_plain['isclosed']}}} {{{by_plain['iswon']}}}"
        values = {"true true": "won", "true false": "lost", "1 1": "won", "1 0": "lost"}
        fields["status"] = {"template": template, "values": values, "otherwise": "open"}


def _lines(tables: list[Spec], fields: Spec, columns: Dict[str, ColumnSeen], around: Surroundings) -> None:
    """A deal that stands in several rows, one a product: its rows are its lines and its amount their sum."""
    key, product, amount = fields["external_id"], fields.get("product"), fields.get("amount")
    if not isinstance(key, str) or product is None or amount is None:
        return
    if columns[key].distinct >= columns[key].filled:
        return
    tables[-1]["sum"] = ["amount"]
    line = {"external_id": {"template": f"{{{key}}}:{{#}}"}, "opportunity": key}
    line |= {"product": deepcopy(product), "amount": deepcopy(amount)}
    tables.append({"table": "opportunity_line", "attributes": "none", "fields": line})
    around.notes.append("Several rows belong to one deal: each becomes a line, and the deal's amount is their sum.")


FINISH = {
    "account": _finish_account,
    "product": _finish_product,
    "rep": _finish_product,
    "lead": _finish_lead,
    "opportunity": _finish_opportunity,
    "activity": _finish_dated("day", "an activity"),
    "marketing_event": _finish_dated("day", "an event"),
    "order_line": _finish_dated("ordered_on", "an order"),
    "support_ticket": _finish_dated("opened_on", "a ticket"),
}
