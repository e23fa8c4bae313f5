"""What was detected in a file as plain JSON and back, with what a person said of it instead."""

from collections.abc import Mapping as Dict
from dataclasses import asdict, replace
from typing import Any

from data_collection.imports.calc.detect import ColumnSeen, Detection
from data_collection.imports.calc.formats import Formats


def stored(found: Detection) -> dict[str, Any]:
    return asdict(found)


def restored(kept: Dict[str, Any]) -> Detection:
    known = {name: kept[name] for name in Detection.__dataclass_fields__ if name in kept}
    formats = {name: kept["formats"][name] for name in Formats.__dataclass_fields__}
    return Detection(
        **{
            **known,
            "headers": tuple(kept["headers"]),
            "columns": tuple(ColumnSeen(**_tuples(column)) for column in kept["columns"]),
            "formats": Formats(**_tuples(formats)),
            "sample": tuple(tuple(row) for row in kept["sample"]),
            "notes": tuple(kept["notes"]),
        }
    )


def _tuples(record: Dict[str, Any]) -> dict[str, Any]:
    known = {**ColumnSeen.__dataclass_fields__, **Formats.__dataclass_fields__}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in record.items() if k in known}


def said(found: Detection, chosen: Dict[str, str]) -> Detection:
    """The detection with the formats a person chose; what was chosen is certain."""
    formats = Formats(
        date=dates(found, chosen),
        decimal=chosen.get("decimal") or found.formats.decimal,
        time_zone=chosen.get("time_zone") or found.formats.time_zone,
    )
    sure = {**found.sure, **{word: True for word in ("date", "decimal", "time_zone") if chosen.get(word)}}
    return replace(found, formats=formats, sure=sure)


def dates(found: Detection, chosen: Dict[str, str]) -> tuple[str, ...]:
    """Date orders to try: the chosen one first, and of the others those that cannot be taken for it."""
    first = chosen.get("date")
    if not first:
        return found.formats.date
    others = [order for order in found.formats.date if order != first and {order, first} != {"dmy", "mdy"}]
    return (first, *others)
