"""A payload and a recipe -> what is to be written, as text; no database here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from data_collection.webhooks.calc.paths import DEEPEST, MISSING, Place, depth, found, text
from data_collection.webhooks.calc.recipe import EventPart, PersonPart, Recipe, Value, used_paths

MOST_ITEMS = 1000
MOST_ATTRIBUTES = 200
LONGEST_ATTRIBUTE = 1000


class PayloadRefused(ValueError):
    """This payload can't be used; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Person:
    table: str
    external_id: str
    email: str
    fields: Mapping[str, str]  # those the payload has, an empty text meaning “now empty”
    attributes: Mapping[str, str]
    create: bool
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Event:
    kind: str
    campaign: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one item of a payload asks for."""

    number: int  # place in the payload, from 0
    occurred_at: datetime | None
    event_id: str
    people: tuple[Person, ...]
    event: Event | None


def decoded(body: bytes, content_type: str) -> Any:
    """JSON, or a form's fields.

    Raises:
        PayloadRefused: neither, or too deep.
    """
    if content_type.startswith("application/x-www-form-urlencoded"):
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
        except ValueError:
            raise PayloadRefused("The form in the body could not be read.") from None
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise PayloadRefused(f"The body is no JSON: {wrong}") from None
    if depth(payload) > DEEPEST:
        raise PayloadRefused(f"The body is nested deeper than {DEEPEST} levels.")
    return payload


def read_payload(recipe: Recipe, payload: Any, query: Mapping[str, str]) -> list[Wanted]:
    """What the payload asks for, item by item; items that the recipe leaves out are not among them.

    Raises:
        PayloadRefused: nobody is named in an item, a time can't be read, or there are too many items.
    """
    items = payload
    if recipe.items:
        looked = (found(Place(payload, payload), path) for path in recipe.items)
        items = next((there for there in looked if there is not None), None)
    if items is None:
        where = " or ".join(recipe.items)
        raise PayloadRefused(f"The payload has nothing at “{where}”, where the recipe looks for its items.")
    several = items if isinstance(items, list) else [items]
    if len(several) > MOST_ITEMS:
        raise PayloadRefused(f"More than {MOST_ITEMS} items in one message.")
    used = frozenset(used_paths(recipe))
    places = [Place(item, payload, query) for item in several]
    return [_wanted(recipe, place, used, n) for n, place in enumerate(places) if _chosen(recipe, place)]


def _chosen(recipe: Recipe, place: Place) -> bool:
    return all(text(found(place, path)).lower() in texts for path, texts in recipe.only.items())


def _wanted(recipe: Recipe, place: Place, used: frozenset[str], number: int) -> Wanted:
    people = tuple(
        person for part in recipe.people if (person := _person(part, place, used)).external_id or person.email
    )
    if not people:
        raise PayloadRefused(f"Item {number + 1} names nobody: no id and no e-mail address is where the recipe looks.")
    stamp = value_of(recipe.occurred_at, place)
    event = _event(recipe.event, place, used) if recipe.event is not None else None
    return Wanted(number, moment(stamp) if stamp else None, value_of(recipe.event_id, place), people, event)


def _person(part: PersonPart, place: Place, used: frozenset[str]) -> Person:
    fields = {name: value_of(value, place) for name, value in part.fields.items() if _has(value, place)}
    email = value_of(part.email, place)
    if email and "email" not in fields:
        fields["email"] = email
    return Person(
        table=part.table,
        external_id=value_of(part.external_id, place)[:120],
        email=email,
        fields=fields,
        attributes=_attributes(part.attributes, place, used),
        create=part.create,
        overwrite=part.overwrite,
    )


def _event(part: EventPart, place: Place, used: frozenset[str]) -> Event | None:
    kind = value_of(part.kind, place)
    if not kind or kind == "-":  # a dash in the recipe's values: this is no sign of interest
        return None
    return Event(kind[:40], value_of(part.campaign, place)[:120], _attributes(part.attributes, place, used))


def value_of(value: Value, place: Place) -> str:
    """The text a recipe's value finds; empty when nothing is there."""
    if value.constant:
        return value.constant
    if value.join:
        words = " ".join(part for part in (text(found(place, path)) for path in value.join) if part)
    else:
        words = next((one for path in value.paths if (one := text(found(place, path)))), "")
    return value.values.get(words.lower(), _by_pattern(value.values, words)) or value.default


def _by_pattern(values: Mapping[str, str], words: str) -> str:
    """`added-tag-*` fits every text that begins so; otherwise the text stays."""
    for pattern, to in values.items():
        if pattern.endswith("*") and words.lower().startswith(pattern[:-1]):
            return to
    return words


def _has(value: Value, place: Place) -> bool:
    """Whether the payload speaks of this field at all: a field it leaves out stays as it is."""
    if value.constant or value.default:
        return True
    return any(found(place, path, MISSING) is not MISSING for path in (*value.paths, *value.join))


def _attributes(objects: tuple[str, ...], place: Place, used: frozenset[str]) -> dict[str, str]:
    """Keys of the named objects no field uses."""
    kept: dict[str, str] = {}
    for path in objects:
        inside = found(place, path) if path else place.item
        for name, value in inside.items() if isinstance(inside, dict) else ():
            where = f"{path}.{name}" if path else name
            if where in used or isinstance(value, dict) or any(other.startswith(f"{where}.") for other in used):
                continue
            kept[name[:100]] = text(value)[:LONGEST_ATTRIBUTE]
            if len(kept) >= MOST_ATTRIBUTES:
                return kept
    return kept


_NUMBER = re.compile(r"\d{9,16}(\.\d+)?")


def moment(words: str) -> datetime:
    """An instant: ISO 8601 (without an offset: UTC), or seconds or milliseconds since 1970.

    Raises:
        PayloadRefused: something else.
    """
    try:
        if _NUMBER.fullmatch(words):
            number = float(words)
            read = datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)
        else:
            read = datetime.fromisoformat(words)
    except (ValueError, OverflowError, OSError):
        raise PayloadRefused(f"“{words[:40]}” is no time; write ISO 8601 or seconds since 1970.") from None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    if not 1970 <= read.year <= 2199:
        raise PayloadRefused(f"“{words[:40]}” lies too far away to be a time of an event.")
    return read.astimezone(UTC)
