"""A mapping document seen column by column, and changed one column at a time.

The document stays the truth: what is not asked about a column (templates, conditions, rows written in it) is left as
it is. Functions that change return a new document or entry and leave the given one alone.
"""

import glob
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from data_collection.imports.calc.mapping import FileEntry
from data_collection.imports.calc.native import native_files
from data_collection.imports.calc.plan import match_headers
from data_collection.imports.calc.tables import Table

KEEP = "*"  # in place of a field: the column is kept as an attribute of the row
Document = dict[str, Any]
Wanted = tuple[int, str]  # target of the entry, field or KEEP


@dataclass(frozen=True, slots=True)
class Use:
    """What a column of a file is used for."""

    place: int  # which target of the entry
    table: str
    field: str  # KEEP: an attribute

    @property
    def key(self) -> str:
        return f"{self.place}.{self.field}"


@dataclass(frozen=True, slots=True)
class Lack:
    """A field a row cannot be without, and nothing fills."""

    place: int
    table: str
    field: str


# --- reading ---------------------------------------------------------------------------------
def takes(entry: Document, name: str) -> bool:
    """A file of this name belongs to the entry."""
    return FileEntry(str(entry.get("file", "")), ()).takes(name)


def entry_place(document: Document, name: str) -> int | None:
    """Which entry of the document a file of this name belongs to."""
    entries = document.get("files")
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and takes(entry, name):
            return place
    return None


def targets(entry: Document) -> list[Document]:
    found = entry.get("tables")
    return [target for target in found if isinstance(target, dict)] if isinstance(found, list) else []


def fields_of(target: Document) -> dict[str, Any]:
    found = target.get("fields")
    return found if isinstance(found, dict) else {}


def columns_of(source: Any) -> list[str]:
    """Names of the column a source reads, of which a file has one; none for a fixed or composed text."""
    found = source.get("column") if isinstance(source, dict) else source
    return [str(name) for name in (found if isinstance(found, list) else [found]) if name not in (None, "")]


def columns_named(entry: Document) -> frozenset[str]:
    """Columns that fill a field by themselves."""
    sources = [source for target in targets(entry) for source in fields_of(target).values()]
    return frozenset(column for source in sources for column in columns_of(source))


def spelled(entry: Document, headers: Sequence[str]) -> list[str]:
    """The headers as the mapping writes them."""
    return match_headers(headers, columns_named(entry))


def uses(entry: Document, headers: Sequence[str], tables: Dict[str, Table]) -> dict[str, tuple[Use, ...]]:
    """By header, what its column is used for; nothing where it is left out."""
    names = spelled(entry, headers)
    found: dict[str, list[Use]] = {name: [] for name in names}
    for place, target in enumerate(targets(entry)):
        table = str(target.get("table"))
        for field, source in fields_of(target).items():
            column = next((column for column in columns_of(source) if column in found), None)
            if column is not None:
                found[column].append(Use(place, table, str(field)))
    for place, target in enumerate(targets(entry)):
        for column in _kept(target, [name for name in names if not _fills(found[name])], tables).values():
            if column in found:
                found[column].append(Use(place, str(target.get("table")), KEEP))
    return {header: tuple(found[name]) for header, name in zip(headers, names, strict=True)}


def _fills(found: Sequence[Use]) -> bool:
    return any(use.field != KEEP for use in found)


def _kept(target: Document, free: Sequence[str], tables: Dict[str, Table]) -> dict[str, str]:
    """Attribute -> column. `free`: columns no field reads."""
    table = tables.get(str(target.get("table")))
    said = target.get("attributes", "unknown")
    if table is None or not table.mirror or said == "none":
        return {}
    if isinstance(said, dict):
        return {str(name): str(column) for name, column in said.items()}
    if isinstance(said, list):
        return {str(column): str(column) for column in said}
    return {column: column for column in free}


def lacks(entry: Document, tables: Dict[str, Table]) -> tuple[Lack, ...]:
    """Required fields nothing fills."""
    found = []
    for place, target in enumerate(targets(entry)):
        table = tables.get(str(target.get("table")))
        if table is None or target.get("known_by"):
            continue
        given = fields_of(target)
        found += [
            Lack(place, table.name, field.name)
            for field in table.fields.values()
            if field.required and field.name not in given and field.name != "system"
        ]
    return tuple(found)


def fixed(target: Document) -> dict[str, str]:
    """Fields every row gets the same text for."""
    return {
        str(name): str(source["constant"])
        for name, source in fields_of(target).items()
        if isinstance(source, dict) and source.get("constant") is not None
    }


# --- changing --------------------------------------------------------------------------------
def use_columns(
    entry: Document, headers: Sequence[str], tables: Dict[str, Table], wanted: Dict[str, Sequence[Wanted]]
) -> tuple[Document, list[str]]:
    """The entry with other uses for the columns in `wanted`, by header; and fields that two columns claim."""
    changed = deepcopy(entry)
    names = dict(zip(headers, spelled(entry, headers), strict=True))
    before = {names[header]: found for header, found in uses(entry, headers, tables).items()}
    asked = {names[header]: tuple(dict.fromkeys(places)) for header, places in wanted.items() if header in names}
    _release(changed, before, asked)
    clashes = _claim(changed, before, asked, tables)
    _keep(changed, before, asked, tables)
    return changed, clashes


def _release(entry: Document, before: Dict[str, Sequence[Use]], asked: Dict[str, Sequence[Wanted]]) -> None:
    for column, places in asked.items():
        for use in before[column]:
            if use.field != KEEP and (use.place, use.field) not in places:
                fields_of(targets(entry)[use.place]).pop(use.field, None)


def _claim(
    entry: Document, before: Dict[str, Sequence[Use]], asked: Dict[str, Sequence[Wanted]], tables: Dict[str, Table]
) -> list[str]:
    clashes = []
    for column, places in asked.items():
        had = {(use.place, use.field) for use in before[column]}
        for place, field in places:
            if field == KEEP or (place, field) in had or not 0 <= place < len(targets(entry)):
                continue
            target = targets(entry)[place]
            table = tables.get(str(target.get("table")))
            if table is None or field not in table.fields:
                continue
            fields = target.setdefault("fields", {})
            other = next((name for name in columns_of(fields.get(field)) if name in before), None)
            if other is not None and other != column:
                clashes.append(f"“{other}” and “{column}” would both fill {field} of {table.name}; choose one.")
                continue
            fields[field] = column
    return clashes


def _keep(
    entry: Document, before: Dict[str, Sequence[Use]], asked: Dict[str, Sequence[Wanted]], tables: Dict[str, Table]
) -> None:
    """Write which columns each target keeps as attributes, as shortly as it can be said."""
    filling = columns_named(entry)
    free = [column for column in before if column not in filling]
    for place, target in enumerate(targets(entry)):
        table = tables.get(str(target.get("table")))
        if table is None or not table.mirror:
            continue
        had = [column for column, found in before.items() if any(u.place == place and u.field == KEEP for u in found)]
        kept = [c for c in before if ((place, KEEP) in asked[c] if c in asked else c in had)]
        names = {column: name for name, column in _kept(target, [], tables).items()}
        everything = isinstance(target.get("attributes", "unknown"), str)
        if everything and kept == free:
            target["attributes"] = "unknown"
        elif not kept:
            target["attributes"] = "none"
        else:
            target["attributes"] = {names.get(column, column): column for column in kept}


def set_fixed(entry: Document, place: int, field: str, text: str) -> Document:
    """Every row gets this text in the field; an empty one takes a fixed text away."""
    changed = deepcopy(entry)
    fields = targets(changed)[place].setdefault("fields", {})
    if text:
        fields[field] = {"constant": text}
    elif field in fixed(targets(changed)[place]):
        del fields[field]
    return changed


def set_words(entry: Document, place: int, field: str, words: Dict[str, Any]) -> Document:
    """Say more about a field's source: by, missing, create_missing, values. None takes a word away."""
    changed = deepcopy(entry)
    fields = fields_of(targets(changed)[place])
    if field not in fields:
        return changed
    source = fields[field] if isinstance(fields[field], dict) else {"column": fields[field]}
    for word, value in words.items():
        if value in (None, "", {}, False):
            source.pop(word, None)
        else:
            source[word] = value
    fields[field] = source["column"] if set(source) == {"column"} and isinstance(source["column"], str) else source
    return changed


def add_table(entry: Document, table: str) -> Document:
    """The entry with one more table to fill, that keeps no attributes where another does."""
    changed = deepcopy(entry)
    changed["tables"] = [*targets(changed), {"table": table, "fields": {}, "attributes": "none"}]
    if len(changed["tables"]) == 1:
        del changed["tables"][0]["attributes"]
    return changed


def drop_table(entry: Document, place: int) -> Document:
    changed = deepcopy(entry)
    changed["tables"] = [target for at, target in enumerate(targets(changed)) if at != place]
    return changed


def without_forms(document: Document) -> Document:
    """The document for rows written anew as plain CSV: no encoding and separator of the files they came from."""
    changed = deepcopy(document)
    for entry in changed.get("files") or []:
        if isinstance(entry, dict):
            entry.pop("encoding", None)
            entry.pop("separator", None)
    return changed


def set_entry(document: Document, place: int, entry: Document) -> Document:
    changed = deepcopy(document)
    changed["files"][place] = entry
    return changed


# --- fitting a mapping to the files at hand --------------------------------------------------
def fit(document: Document, files: Dict[str, Sequence[str]], tables: Dict[str, Table]) -> tuple[Document, list[str]]:
    """The document with an entry for every file (name -> headers) it can read, and the names it cannot.

    A file whose name no entry takes goes to the entry whose columns it has: a saved mapping reads next month's file
    though it is called otherwise.
    """
    fitted = deepcopy(document)
    if fitted.pop("native", False):
        native = native_files(tables, str(fitted.get("system", "native")))
        fitted["files"] = [entry for entry in native if any(takes(entry, name) for name in files)]
    entries = [entry for entry in fitted.get("files") or [] if isinstance(entry, dict)]
    left, found = [], []
    for name, headers in files.items():
        if any(takes(entry, name) for entry in entries):
            continue
        fitting = [entry for entry in entries if _has_columns(entry, headers)]
        if not fitting:
            left.append(name)
            continue
        best = max(fitting, key=lambda entry: len(columns_named(entry)))
        found.append({**deepcopy(best), "file": glob.escape(name), "optional": True})
    fitted["files"] = [*found, *entries]
    return fitted, left


def _has_columns(entry: Document, headers: Sequence[str]) -> bool:
    there = set(match_headers(headers, columns_named(entry)))
    if isinstance(entry.get("headers"), list) and entry["headers"]:
        return {plain(str(name)) for name in entry["headers"]} <= {plain(header) for header in headers}
    needed = [
        columns_of(source)
        for target in targets(entry)
        for source in fields_of(target).values()
        if columns_of(source) and not (isinstance(source, dict) and source.get("optional"))
    ]
    return len(needed) > 1 and all(there & set(names) for names in needed)


def plain(name: str) -> str:
    """A name without case, blanks and punctuation."""
    return "".join(c for c in name.casefold() if c.isalnum())


def set_formats(entry: Document, chosen: Dict[str, str], date: Sequence[str]) -> Document:
    """What a person said of the form of a file, written into its entry."""
    changed = deepcopy(entry)
    for word in ("encoding", "separator"):
        if chosen.get(word):
            changed[word] = chosen[word]
    formats: dict[str, Any] = {word: chosen[word] for word in ("decimal", "time_zone") if chosen.get(word)}
    if chosen.get("date"):
        formats["date"] = list(date)
    if formats:
        changed["formats"] = {**(changed.get("formats") or {}), **formats}
    return changed


#: As the guide writes them; the database keeps no order of names.
ORDER = (
    "name title system notes native formats rows files file optional headers blank encoding separator tables".split()
)
ORDER += "table known_by duplicates sum only skip_empty fields attributes column first_filled template constant".split()


def in_order(document: Any) -> Any:
    """The document with its words in the order a person writes them; other names stay as they stand, behind."""
    if isinstance(document, list):
        return [in_order(part) for part in document]
    if not isinstance(document, dict):
        return document
    rank = {word: place for place, word in enumerate(ORDER)}
    return {name: in_order(document[name]) for name in sorted(document, key=lambda n: rank.get(str(n), len(rank)))}
