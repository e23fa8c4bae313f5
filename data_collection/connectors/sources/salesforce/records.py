"""Cells of a Salesforce record. Pure."""

from collections.abc import Mapping
from typing import Any

from data_collection.connectors.calc.values import Row, Unreadable, cell, instant
from data_collection.connectors.sources.salesforce.fields import Kind

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
#: Fields that say nothing about the record itself, or stand under another name in the row.
LEFT_OUT = frozenset({"Id", "IsDeleted", "SystemModstamp", "CreatedDate", "OwnerId", "MasterRecordId", "attributes"})


def id18(text: str) -> str:
    """The 18-character id of a 15-character one: three letters that tell which of the others are capitals."""
    if len(text) != 15:
        return text
    ends = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, letter in enumerate(text[start : start + 5]) if "A" <= letter <= "Z")
        ends += LETTERS[bits]
    return text + ends


def own_id(record: Mapping[str, Any]) -> str:
    found = cell(record.get("Id"))
    if not found:
        raise Unreadable("it has no Id")
    return id18(found)


def fields_row(kind: Kind, record: Mapping[str, Any]) -> Row:
    """The fields of a record as cells, under their API names, with its id, owner and times."""
    row: Row = {"id": kind.prefix + own_id(record)}
    for name, value in record.items():
        if name in LEFT_OUT or isinstance(value, dict):
            continue
        text = cell(value)
        row[name] = instant(text) if _is_moment(text) else text
    row["owner_id"] = id18(cell(record.get("OwnerId")))
    row["created_at"] = instant(cell(record.get("CreatedDate")))
    row["modified_at"] = instant(cell(record.get("SystemModstamp")))
    return row


def _is_moment(text: str) -> bool:
    """`2026-11-24T10:00:00.000+0000`, the only form Salesforce writes a time in."""
    return len(text) == 28 and text[10] == "T" and text[23] in "+-" and text[:4].isdigit()
