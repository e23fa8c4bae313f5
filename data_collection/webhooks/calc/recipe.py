"""Recipes: a small document that says how a source's payload becomes leads, contacts and marketing events.

docs/guide/webhooks.md describes the words. `parse_recipe` names every mistake with its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_collection.webhooks.calc.paths import PATH

PEOPLE = ("lead", "contact")
WORDS = {
    "title", "items", "only", "occurred_at", "event_id", "lead", "contact", "event",
}  # fmt: skip
PERSON_WORDS = {"external_id", "email", "fields", "attributes", "create", "overwrite"}
EVENT_WORDS = {"kind", "campaign", "attributes"}
VALUE_WORDS = {"path", "join", "constant", "values", "default"}


class RecipeError(ValueError):
    """A recipe with mistakes; each is a sentence with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Value:
    """How one text is found: the first filled path, or paths joined, or a constant; then mapped."""

    paths: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    constant: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # text in the payload, lower case -> text to keep
    default: str = ""


@dataclass(frozen=True, slots=True)
class PersonPart:
    table: str  # lead or contact
    external_id: Value
    email: Value
    fields: Mapping[str, Value]
    attributes: tuple[str, ...]  # objects whose unused keys are kept; "" = the item itself
    create: bool  # whether somebody unknown becomes a new row
    overwrite: bool  # whether a row of another system is changed where it already has a value


@dataclass(frozen=True, slots=True)
class EventPart:
    kind: Value
    campaign: Value
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    title: str
    items: tuple[str, ...]  # where the list of items is, the first that exists; none = the payload or its members
    only: Mapping[str, tuple[str, ...]]  # path -> texts; other items are left out
    occurred_at: Value
    event_id: Value
    people: tuple[PersonPart, ...]
    event: EventPart | None


class _Reader:
    """Reads a document and remembers every mistake."""

    def __init__(self, fields: Mapping[str, frozenset[str]]) -> None:
        self.fields, self.problems = fields, list[str]()

    def say(self, place: str, words: str) -> None:
        self.problems.append(f"{place}: {words}" if place else words)

    def known(self, given: Mapping[str, Any], words: set[str], place: str) -> None:
        for name in given:
            if name not in words:
                self.say(place, f"“{name}” is not a word here; it may have {', '.join(sorted(words))}.")

    def mapping(self, given: Any, place: str) -> dict[str, Any]:
        if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
            self.say(place, "Write names with values here.")
            return {}
        return given

    def text(self, given: Any, place: str) -> str:
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            return str(given)
        self.say(place, "Write a text here.")
        return ""

    def flag(self, given: Any, place: str) -> bool:
        if not isinstance(given, bool):
            self.say(place, "Write true or false.")
        return bool(given)

    def path(self, given: Any, place: str) -> str:
        path = self.text(given, place)
        if path and not PATH.fullmatch(path):
            self.say(place, f"“{path}” is no path; write names with dots between them, e.g. user.email.")
        return path

    def paths(self, given: Any, place: str) -> tuple[str, ...]:
        several = given if isinstance(given, list) else [given]
        return tuple(self.path(one, place) for one in several)

    def value(self, given: Any, place: str) -> Value:
        if not isinstance(given, dict):
            return Value(paths=self.paths(given, place))
        self.known(given, VALUE_WORDS, place)
        if len([word for word in ("path", "join", "constant") if word in given]) != 1:
            self.say(place, "Give exactly one of path, join and constant.")
        values = self.mapping(given.get("values", {}), f"{place}.values")
        return Value(
            paths=self.paths(given["path"], f"{place}.path") if "path" in given else (),
            join=self.paths(given["join"], f"{place}.join") if "join" in given else (),
            constant=self.text(given["constant"], f"{place}.constant") if "constant" in given else "",
            values={name.lower(): self.text(to, f"{place}.values.{name}") for name, to in values.items()},
            default=self.text(given["default"], f"{place}.default") if "default" in given else "",
        )

    def attributes(self, given: Any, place: str) -> tuple[str, ...]:
        if given in ("none", False):
            return ()
        return tuple("" if path == "item" else self.path(path, place) for path in _several(given))

    def only(self, given: Any) -> dict[str, tuple[str, ...]]:
        chosen = self.mapping(given, "only")
        found = {}
        for path, texts in chosen.items():
            self.path(path, "only")
            found[path] = tuple(self.text(one, f"only.{path}").lower() for one in _several(texts))
        return found

    def person(self, table: str, given: Any) -> PersonPart:
        part = self.mapping(given, table)
        self.known(part, PERSON_WORDS, table)
        if "external_id" not in part and "email" not in part:
            self.say(table, "Say where external_id or email is found, or nobody is recognised.")
        fields = self.mapping(part.get("fields", {}), f"{table}.fields")
        for name in fields:
            if name not in self.fields[table]:
                allowed = ", ".join(sorted(self.fields[table]))
                self.say(f"{table}.fields", f"A {table} has no field “{name}”; it may have {allowed}.")
        return PersonPart(
            table=table,
            external_id=self.value(part["external_id"], f"{table}.external_id") if "external_id" in part else Value(),
            email=self.value(part["email"], f"{table}.email") if "email" in part else Value(),
            fields={name: self.value(one, f"{table}.fields.{name}") for name, one in fields.items()},
            attributes=self.attributes(part.get("attributes", "none"), f"{table}.attributes"),
            create=self.flag(part.get("create", True), f"{table}.create"),
            overwrite=self.flag(part.get("overwrite", False), f"{table}.overwrite"),
        )

    def event(self, given: Any) -> EventPart:
        part = self.mapping(given, "event")
        self.known(part, EVENT_WORDS, "event")
        if "kind" not in part:
            self.say("event", "Say where its kind is found.")
        return EventPart(
            kind=self.value(part["kind"], "event.kind") if "kind" in part else Value(),
            campaign=self.value(part["campaign"], "event.campaign") if "campaign" in part else Value(),
            attributes=self.attributes(part.get("attributes", "none"), "event.attributes"),
        )


def parse_recipe(document: Any, *, fields: Mapping[str, frozenset[str]]) -> Recipe:
    """A recipe from its document.

    Args:
        fields: the fields that may be filled, per table.

    Raises:
        RecipeError: with every mistake.
    """
    if not isinstance(document, dict):
        raise RecipeError(["A recipe is a document of names with values."])
    read = _Reader(fields)
    read.known(document, WORDS, "")
    if not any(table in document for table in PEOPLE):
        read.say("", "A recipe needs a lead or a contact: whom it is about.")
    recipe = Recipe(
        title=read.text(document.get("title", "Recipe"), "title"),
        items=read.paths(document.get("items", []), "items"),
        only=read.only(document.get("only", {})),
        occurred_at=read.value(document.get("occurred_at", []), "occurred_at"),
        event_id=read.value(document.get("event_id", []), "event_id"),
        people=tuple(read.person(table, document[table]) for table in PEOPLE if table in document),
        event=read.event(document["event"]) if "event" in document else None,
    )
    if read.problems:
        raise RecipeError(read.problems)
    return recipe


def used_paths(recipe: Recipe) -> Iterator[str]:
    """Every path of the recipe, so that what it uses is not kept a second time as an attribute."""
    values = [recipe.occurred_at, recipe.event_id]
    for person in recipe.people:
        values += [person.external_id, person.email, *person.fields.values()]
    if recipe.event is not None:
        values += [recipe.event.kind, recipe.event.campaign]
    for value in values:
        yield from (*value.paths, *value.join)


def _several(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
