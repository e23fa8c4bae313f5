"""Finding a value in a JSON document by a written path.

`user.email` looks in the item, `$.eventPayload.tag` in the whole payload, `@event` in the query of the address,
`items.0.id` at a place of a list.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = re.compile(r"@[\w-]+|\$|(\$\.)?[^\s.$@][^.]*(\.[^.]+)*")
DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where paths are looked up."""

    item: Any
    whole: Any = None
    query: Mapping[str, str] = field(default_factory=dict)


MISSING = object()


def found(place: Place, path: str, missing: Any = None) -> Any:
    """The value at a path, `missing` where there is none."""
    if path.startswith("@"):
        return place.query.get(path[1:], missing)
    value, rest = (place.whole, path[2:]) if path == "$" or path.startswith("$.") else (place.item, path)
    for step in rest.split(".") if rest else ():
        if isinstance(value, dict):
            value = value.get(step, missing)
        elif isinstance(value, list) and step.isascii() and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else missing
        else:
            return missing
    return value


def text(value: Any) -> str:
    """A JSON value as text: trimmed, lists joined by ";", nothing for null, objects and NaN."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(part for part in map(text, value) if part)
    if isinstance(value, float):
        return "" if not math.isfinite(value) else repr(int(value)) if value == int(value) else repr(value)
    return str(value).replace("\0", "").strip()


def depth(value: Any) -> int:
    """How deep lists and objects lie in each other; stops counting past `DEEPEST`."""
    level, layer = 0, [value]
    while layer and level <= DEEPEST:
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        level += 1
    return level
