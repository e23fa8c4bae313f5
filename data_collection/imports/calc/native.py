"""The native format: one CSV per table, columns named like the fields. Its description comes from the tables."""

from collections.abc import Mapping
from typing import Any

from data_collection.imports.calc.tables import Field, Table

WORDS = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number",
    "float": "number",
    "date": "date",
    "datetime": "date and time",
    "boolean": "true/false",
    "json": "JSON text",
}


def native_files(tables: Mapping[str, Table], system: str) -> list[dict[str, Any]]:
    """File entries of a mapping in which every table has a file `<table>.csv`, each of them optional."""
    return [
        {"file": f"{table.name}.csv", "optional": True, "tables": [native_target(table, system)]}
        for table in tables.values()
    ]


def native_target(table: Table, system: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field in table.fields.values():
        if field.name == "system":
            fields[field.name] = {"column": "system", "optional": True, "default": system}
        else:
            fields[field.name] = {"column": field.name, "optional": not field.required}
    return {"table": table.name, "fields": fields}


def native_reference(tables: Mapping[str, Table]) -> str:
    """The field lists as Markdown, in loading order."""
    return "\n".join(_section(table, tables) for table in tables.values())


def _section(table: Table, tables: Mapping[str, Table]) -> str:
    lines = [f"### `{table.name}.csv`", "", f"Known by: {', '.join(f'`{part}`' for part in table.key)}.", ""]
    lines += ["| column | what | |", "|---|---|---|"]
    lines += [_line(field, table, tables) for field in table.fields.values()]
    return "\n".join([*lines, ""])


def _line(field: Field, table: Table, tables: Mapping[str, Table]) -> str:
    if field.refers:
        known_by = tables[field.refers].lookup[0]
        what = f"`{known_by}` of a `{field.refers}`" + (" of the same system" if tables[field.refers].mirror else "")
    else:
        what = WORDS[field.kind]
        if field.choices:
            what += ": " + ", ".join(field.choices)
        elif field.scale is not None:
            what += f", {field.scale} decimals"
        elif field.max_length:
            what += f", up to {field.max_length}"
    if field.name == "system":
        return f"| `{field.name}` | {what} | empty = `native` |"
    note = "**required**" if field.required else f"empty = `{field.default}`" if field.default is not None else ""
    return f"| `{field.name}` | {what} | {note} |"
