"""Which table a file fills and which field a column, judged by the words of its header and the look of its cells."""

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from data_collection.imports.calc.detect import ColumnSeen, Detection
from data_collection.imports.calc.resemblance import plain
from data_collection.imports.calc.tables import Field, Table
from data_collection.imports.calc.vocabulary import (
    CATEGORIES,
    DEAL_KINDS,
    LEAD_STATES,
    LOST,
    OPEN,
    VOCABULARY,
    WON,
    Words,
)

LEAST = 0.4  # confidence below which a column is left to the attributes
ENOUGH = 2.5  # points below which no table fits a file
TELLING, USUAL, COMMON = 2.0, 1.0, 0.5  # points of a field by how much it says about the table
NAME_OF_FILE = 3.0  # points where the name of the file says it

DAYS = frozenset({"date", "datetime", "empty"})
NUMBERS = frozenset({"integer", "number", "percent", "empty"})
KNOWN_WORDS = {
    ("opportunity", "status"): {*WON, *LOST, *OPEN},
    ("opportunity", "kind"): {word for words in DEAL_KINDS.values() for word in words},
    ("lead", "status"): {word for words in LEAD_STATES.values() for word in words},
    ("opportunity", "forecast_category"): {word for words in CATEGORIES.values() for word in words},
}


@dataclass(frozen=True, slots=True)
class Match:
    """A column that probably fills a field."""

    header: str
    field: str
    confidence: float  # 0 to 1
    why: str


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a table fits a file."""

    table: str
    points: float
    matches: dict[str, Match]  # field -> match


def best_fit(name: str, seen: Detection, tables: Dict[str, Table]) -> Fit | None:
    """The table that fits a file best, None where none fits well enough."""
    fits = [fit_of(name, seen, tables[table], words) for table, words in VOCABULARY.items() if table in tables]
    best = max(fits, key=lambda fit: fit.points, default=None)
    return best if best is not None and best.points >= ENOUGH else None


def fit_of(name: str, seen: Detection, table: Table, words: Words) -> Fit:
    """Every column and the field of `table` it fits best; each field and each column is used once."""
    found = [
        Match(column.header, field, confidence, why)
        for column in seen.columns
        for field, phrases in words.fields.items()
        if field in table.fields
        for confidence, why in [_likeness(column, table, table.fields[field], phrases, words.nouns)]
        if confidence >= LEAST
    ]
    matches: dict[str, Match] = {}
    used: set[str] = set()
    for match in sorted(found, key=lambda m: -m.confidence):
        if match.field not in matches and match.header not in used:
            matches[match.field] = match
            used.add(match.header)
    points = sum(match.confidence * _weight(match.field, words) for match in matches.values())
    return Fit(table.name, points + (NAME_OF_FILE if _named(name, table.name) else 0.0), matches)


def _weight(field: str, words: Words) -> float:
    if field in words.telling:
        return TELLING
    return COMMON if field in {"external_id", "code", "name", "owner", "currency", "modified_at"} else USUAL


def _named(name: str, table: str) -> bool:
    """Whether the name of the file says this table: of all nouns in it the longest counts."""
    stem = plain(name.split("/")[-1].split(".")[0])
    nouns = [
        (len(plain(noun)), other) for other, words in VOCABULARY.items() for noun in words.nouns if plain(noun) in stem
    ]
    longest = max((size for size, _other in nouns), default=0)
    return longest >= 3 and (longest, table) in nouns


def _likeness(
    column: ColumnSeen, table: Table, field: Field, phrases: Sequence[str], nouns: Sequence[str]
) -> tuple[float, str]:
    confidence, why = _likeness_of_words(column.header, phrases, nouns)
    if confidence < LEAST:
        return 0.0, ""
    fits = _cells_fit(column, table.name, field)
    return (confidence, why) if fits else (confidence * 0.2, "")


def _likeness_of_words(header: str, phrases: Sequence[str], nouns: Sequence[str]) -> tuple[float, str]:
    """Same letters; the table's noun before it; nearly the same letters; or its words among others."""
    own = plain(header)
    for place, phrase in enumerate(phrases):
        if own == plain(phrase):
            return 0.98 - 0.01 * min(place, 12), "named so"
    for phrase in phrases:
        if any(own == plain(noun) + plain(phrase) for noun in nouns):
            return 0.84, "named so"
    for phrase in phrases:
        if len(own) >= 5 and ratio(own, plain(phrase)) >= 90:
            return 0.7, f"almost named “{phrase}”"
    parts = words_of(header)
    for phrase in phrases:
        wanted = words_of(phrase)
        alone = len(parts) <= 2 and phrase not in nouns
        if set(wanted) <= set(parts) and (len(wanted) > 1 or alone):
            return 0.55, f"holds the words “{phrase}”"
    return 0.0, ""


def words_of(text: str) -> list[str]:
    """Words of a header, also of CamelCase and snake_case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [word for word in (plain(part) for part in re.split(r"[\W_]+", spaced)) if word]


def _cells_fit(column: ColumnSeen, table: str, field: Field) -> bool:
    kind = column.kind
    if field.kind in {"date", "datetime"}:
        return kind in DAYS
    if field.kind in {"integer", "decimal", "float"}:
        return kind in NUMBERS
    if field.name == "email":
        return kind in {"email", "empty"}
    if (table, field.name) in KNOWN_WORDS:
        known = {plain(word) for word in KNOWN_WORDS[table, field.name]}
        return any(plain(sample) in known for sample in column.samples)
    if field.kind == "boolean":
        return kind in {"boolean", "empty"}
    if field.name in {"title", "name", "first_name", "last_name", "city", "country"}:
        return kind in {"text", "id", "empty"}
    return kind != "boolean" or bool(field.choices)
