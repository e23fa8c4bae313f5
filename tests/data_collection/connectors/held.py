"""What the mirror holds, for a comparison of two ways there."""

from typing import Any

from data_collection.imports.targets import model_of, tables

KEPT = (
    "account contact lead opportunity opportunity_line stage stage_visit opportunity_owner opportunity_change activity "
    "product rep"
).split()
NOT_COMPARED = frozenset({"id", "batch_id", "deleted_at"})


def held() -> dict[str, list[dict[str, Any]]]:
    """Every row by table, references as the keys of the rows they point to."""
    found = {}
    for table in KEPT:
        model = model_of(table)
        rows = []
        for row in model.objects.all():
            if getattr(getattr(row, "opportunity", None), "deleted_at", None) and table != "activity":
                continue  # a deleted deal keeps what it had; read again from nothing, it has nothing
            cells = {f.name: getattr(row, f.name) for f in model._meta.concrete_fields if f.name not in NOT_COMPARED}
            cells = {name: _key(value) for name, value in cells.items()}
            rows.append({**cells, "gone": bool(getattr(row, "deleted_at", None))})
        found[table] = sorted(rows, key=lambda row: [str(row.get(part)) for part in tables()[table].key])
    return found


def _key(value: Any) -> Any:
    if hasattr(value, "external_id"):
        return value.external_id
    return str(value) if hasattr(value, "pk") else value
