"""Custom fields: from the hashes Pipedrive stores to the names and choices people see. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

HASH = 40  # characters of a custom field's key


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Names and choices of one object's custom fields."""

    names: Mapping[str, str] = field(default_factory=dict)  # key -> name
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # key -> id -> label

    def flat(self, values: Any) -> dict[str, str]:
        """The `custom_fields` of a record as columns; a field nobody told of keeps its key."""
        if not isinstance(values, Mapping):
            return {}
        return {self.names.get(key, key): self._text(key, value) for key, value in values.items()}

    def _text(self, key: str, value: Any) -> str:
        if isinstance(value, list):
            return ";".join(self._text(key, part) for part in value)
        if isinstance(value, Mapping):
            return compound(value)
        words = plain(value)
        return self.choices.get(key, {}).get(words, words)


def custom_fields(records: Iterable[Mapping[str, Any]], *, taken: Iterable[str]) -> CustomFields:
    """From the answers of dealFields and alike.

    Args:
        taken: columns the records have anyway; a custom field of that name gets its key behind it.
    """
    used, names, choices = set(taken), {}, {}
    for record in records:
        key, name = str(record.get("key") or ""), str(record.get("name") or "").strip()
        if len(key) < HASH or not name:
            continue
        names[key] = name if name not in used else f"{name} {key[:6]}"
        used.add(names[key])
        options = record.get("options")
        if isinstance(options, list):
            choices[key] = {str(o.get("id")): str(o.get("label")) for o in options if isinstance(o, Mapping)}
    return CustomFields(names, choices)


def compound(value: Mapping[str, Any]) -> str:
    """A value of several parts: an amount with its currency, an address, a range."""
    if "currency" in value:
        return f"{plain(value.get('value'))} {plain(value.get('currency'))}".strip()
    if "until" in value:
        return f"{plain(value.get('value'))} – {plain(value.get('until'))}"
    return plain(value.get("value", value.get("id")))


def plain(value: Any) -> str:
    """A JSON value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return compound(value)
    if isinstance(value, list):
        return ";".join(plain(part) for part in value)
    return str(value)
