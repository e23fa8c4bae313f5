"""What a mapping says: which file feeds which table, which column which field, in which format.

`parse_mapping` turns the YAML or JSON document into these dataclasses or raises `MappingError` with every
mistake it found, each with its place. The format is documented in docs/guide/import.md.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal
from zoneinfo import available_timezones

from data_collection.imports.calc.native import native_files
from data_collection.imports.calc.tables import Table

DATE_ORDERS = ("iso", "dmy", "mdy", "ymd", "excel")


class MappingError(ValueError):
    """The mapping cannot be used; `problems` lists every mistake with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Formats:
    date: tuple[str, ...] = ("iso",)  # tried in this order
    decimal: str = "."  # decimal mark, "." or ","
    time_zone: str = "UTC"  # of times without an offset


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of one field comes from, and how its text is read."""

    column: str | None = None
    template: str | None = None  # "{first} {last}"
    constant: str | None = None
    default: str | None = None  # where the cell is empty
    optional: bool = False  # the column may be missing
    values: tuple[tuple[str, str], ...] = ()  # text in the file -> text to read
    empty: tuple[str, ...] = ()  # texts that mean "not known"
    empty_when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # not known where that column holds one of these
    multiply: str | None = None
    percent: bool = False  # 20 or "20 %" is 0.2
    formats: Formats = Formats()
    by: str | None = None  # field of the referred table the text is compared with
    within: tuple[tuple[str, str], ...] = ()  # only rows of the referred table with these values
    missing: Literal["reject", "empty"] = "reject"  # what an unknown reference does
    create_missing: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One table fed by a file."""

    table: str
    fields: dict[str, Source]
    duplicates: Literal["reject", "first"] = "reject"  # rows with the same key that differ
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()  # rows where these columns hold one of these
    skip_empty: tuple[str, ...] = ()  # rows without these columns are none of this table's
    attributes: dict[str, str] | None = None  # attribute -> column; None = every column no field uses
    insert_only: bool = False  # known rows stay as they are
    known_by: tuple[str, ...] = ()  # fields that find known rows instead of the key; nothing new is made


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Files of one form."""

    pattern: str
    targets: tuple[Target, ...]
    optional: bool = False
    encoding: str | None = None
    separator: str | None = None
    rows: tuple[dict[str, str], ...] = ()  # rows written in the mapping itself


@dataclass(frozen=True, slots=True)
class Mapping:
    name: str
    title: str
    system: str
    formats: Formats
    files: tuple[FileEntry, ...]
    notes: str = ""
    problems: tuple[str, ...] = field(default=())


def parse_mapping(document: Any, *, name: str, tables: Dict[str, Table], system: str | None = None) -> Mapping:
    """The mapping a YAML or JSON document describes.

    Raises:
        MappingError: with every mistake found.
    """
    reader = _Reader(tables)
    mapping = reader.mapping(document, name, system)
    if reader.problems:
        raise MappingError(reader.problems)
    return mapping


class _Reader:
    """Walks the document, collecting mistakes instead of stopping at the first."""

    def __init__(self, tables: Dict[str, Table]) -> None:
        self.tables = tables
        self.problems: list[str] = []

    def mapping(self, raw: Any, name: str, system: str | None) -> Mapping:
        raw = self.record(raw, "mapping", {"name", "title", "system", "formats", "files", "rows", "notes", "native"})
        formats = self.formats(raw.get("formats", {}), "formats", Formats())
        own = system or self.text(raw.get("system", name), "system")
        if len(own) > 40:
            self.problems.append("system: at most 40 characters.")
        self.system = own
        entries = native_files(self.tables, own) if raw.get("native") else self.list_of(raw.get("files", []), "files")
        files = [self.file(entry, f"files[{i}]", formats) for i, entry in enumerate(entries)]
        for table, rows in self.record(raw.get("rows", {}), "rows", None).items():
            files.append(self.inline(str(table), rows, formats))
        if not files:
            self.problems.append("files: name at least one file.")
        title = self.text(raw.get("title", name), "title")
        return Mapping(str(raw.get("name", name)), title, own, formats, tuple(files), str(raw.get("notes", "")))

    def file(self, raw: Any, place: str, formats: Formats) -> FileEntry:
        known = {"file", "optional", "encoding", "separator", "formats", "tables"}
        raw = self.record(raw, place, known)
        formats = self.formats(raw.get("formats", {}), f"{place}.formats", formats)
        if not raw.get("file"):
            self.problems.append(f"{place}.file: name the file, for example “accounts.csv” or “deals*.csv”.")
        tables = self.list_of(raw.get("tables", []), f"{place}.tables")
        if not tables:
            self.problems.append(f"{place}.tables: name at least one table to fill.")
        targets: list[Target] = []
        for i, entry in enumerate(tables):
            targets += self.target(entry, f"{place}.tables[{i}]", formats)
        separator = raw.get("separator")
        if separator is not None and separator not in {",", ";", "\t", "|"}:
            self.problems.append(f"{place}.separator: write “,”, “;”, “|” or a tab.")
        return FileEntry(
            str(raw.get("file", "")),
            tuple(targets),
            optional=raw.get("optional") is True,
            encoding=str(raw["encoding"]) if raw.get("encoding") else None,
            separator=separator,
        )

    def inline(self, table: str, rows: Any, formats: Formats) -> FileEntry:
        place = f"rows.{table}"
        rows = [self.record(row, f"{place}[{i}]", None) for i, row in enumerate(self.list_of(rows, place))]
        texts = tuple({str(k): _as_text(v) for k, v in row.items()} for row in rows)
        columns = dict.fromkeys(name for row in texts for name in row)
        targets = self.target({"table": table, "fields": {c: c for c in columns}}, place, formats)
        return FileEntry(f"{table} (in the mapping)", tuple(targets), rows=texts)

    def target(self, raw: Any, place: str, formats: Formats) -> list[Target]:
        known = {"table", "fields", "duplicates", "only", "skip_empty", "attributes", "insert_only", "known_by"}
        raw = self.record(raw, place, known)
        table = self.tables.get(str(raw.get("table")))
        if table is None:
            self.problems.append(f"{place}.table: {self.unknown(str(raw.get('table')), self.tables)}")
            return []
        fields: dict[str, Source] = {}
        created: list[Target] = []
        for name, value in self.record(raw.get("fields", {}), f"{place}.fields", None).items():
            where = f"{place}.fields.{name}"
            if name not in table.fields:
                self.problems.append(f"{where}: {self.unknown(str(name), table.fields)}")
                continue
            fields[name] = source = self.source(value, where, formats, table.fields[name].refers)
            if source.create_missing:
                created.append(self.created(table.fields[name].refers or "", source, where))
        if "system" in table.fields and "system" not in fields:
            fields["system"] = Source(constant=self.system)
        known_by = tuple(str(name) for name in self.list_of(raw.get("known_by", []), f"{place}.known_by"))
        for name in set(known_by) - set(fields):
            self.problems.append(f"{place}.known_by: “{name}” is not among the fields.")
        for name in [] if known_by else self._needed(table, fields):
            self.problems.append(f"{place}.fields: “{name}” is required for {table.name}; say where it comes from.")
        duplicates = raw.get("duplicates", "reject")
        if duplicates not in {"reject", "first"}:
            self.problems.append(f"{place}.duplicates: write “reject” or “first”.")
        own = Target(
            table.name,
            fields,
            duplicates=duplicates,
            only=self.conditions(raw.get("only", {}), f"{place}.only"),
            skip_empty=tuple(str(c) for c in self.list_of(raw.get("skip_empty", []), f"{place}.skip_empty")),
            attributes=self.attributes(raw.get("attributes", "unknown"), f"{place}.attributes"),
            insert_only=raw.get("insert_only") is True,
            known_by=(*(["system"] if "system" in fields else []), *known_by) if known_by else (),
        )
        return [*created, own]

    @staticmethod
    def _needed(table: Table, fields: dict[str, Source]) -> list[str]:
        return [f.name for f in table.fields.values() if f.required and f.name not in fields]

    def created(self, table: str, source: Source, place: str) -> Target:
        """A table row for every text the reference column holds that is not known yet."""
        spec = self.tables[table]
        named = {"code", "external_id"} & set(spec.fields)
        if not named:
            self.problems.append(f"{place}.create_missing: rows of {table} cannot be made from a name alone.")
        plain = replace(source, create_missing=False, by=None, within=(), missing="reject", default=None)
        fields = {next(iter(named), "name"): plain, "name": plain}
        if "system" in spec.fields:
            fields["system"] = Source(constant=self.system)
        columns = (source.column,) if source.column else ()
        return Target(table, fields, duplicates="first", skip_empty=columns, attributes={}, insert_only=True)

    SOURCE_WORDS = frozenset(
        "column template constant default optional values empty empty_when multiply percent date decimal time_zone "
        "by within missing create_missing".split()
    )

    def source(self, raw: Any, place: str, formats: Formats, refers: str | None) -> Source:
        if not isinstance(raw, Dict):
            return Source(column=_as_text(raw), formats=formats)
        raw = self.record(raw, place, self.SOURCE_WORDS)
        given = [word for word in ("column", "template", "constant") if raw.get(word) is not None]
        if len(given) != 1:
            self.problems.append(f"{place}: give exactly one of column, template or constant.")
        by = raw.get("by")
        lookup = self.tables[refers].lookup if refers else ()
        if by is not None and by not in lookup:
            ways = f"by one of: {', '.join(lookup)}" if refers else "only in a reference"
            self.problems.append(f"{place}.by: “{by}” does not work here; use it {ways}.")
        missing = raw.get("missing", "reject")
        if missing not in {"reject", "empty"}:
            self.problems.append(f"{place}.missing: write “reject” or “empty”.")
        multiply = None if raw.get("multiply") is None else str(raw["multiply"])
        if multiply is not None and not multiply.replace(".", "", 1).isdigit():
            self.problems.append(f"{place}.multiply: “{multiply}” is no positive number.")
        own = {k: raw[k] for k in ("date", "decimal", "time_zone") if k in raw}
        return Source(
            **{word: _as_text(raw[word]) for word in given[:1]},
            default=None if raw.get("default") is None else _as_text(raw["default"]),
            optional=raw.get("optional") is True,
            values=tuple((str(k), _as_text(v)) for k, v in self.record(raw.get("values", {}), place, None).items()),
            empty=tuple(_as_text(v) for v in self.list_of(raw.get("empty", []), f"{place}.empty")),
            empty_when=self.conditions(raw.get("empty_when", {}), f"{place}.empty_when"),
            multiply=multiply,
            percent=raw.get("percent") is True,
            formats=self.formats(own, place, formats),
            by=by,
            within=tuple((str(k), _as_text(v)) for k, v in self.record(raw.get("within", {}), place, None).items()),
            missing=missing,
            create_missing=raw.get("create_missing") is True,
        )

    def attributes(self, raw: Any, place: str) -> dict[str, str] | None:
        if raw == "unknown":
            return None
        if raw == "none":
            return {}
        if isinstance(raw, list):
            return {str(column): str(column) for column in raw}
        return {str(k): str(v) for k, v in self.record(raw, place, None).items()}

    def conditions(self, raw: Any, place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        found = self.record(raw, place, None)
        return tuple(
            (str(c), tuple(_as_text(v) for v in (vs if isinstance(vs, list) else [vs]))) for c, vs in found.items()
        )

    def formats(self, raw: Any, place: str, base: Formats) -> Formats:
        raw = self.record(raw, place, {"date", "decimal", "time_zone"})
        dates = raw.get("date", list(base.date))
        dates = tuple(str(d) for d in (dates if isinstance(dates, list) else [dates]))
        for wrong in set(dates) - set(DATE_ORDERS):
            self.problems.append(f"{place}.date: “{wrong}” is none of {', '.join(DATE_ORDERS)}.")
        mark, zone = str(raw.get("decimal", base.decimal)), str(raw.get("time_zone", base.time_zone))
        if mark not in {".", ","}:
            self.problems.append(f"{place}.decimal: write “.” or “,”.")
        if zone not in _time_zones():
            self.problems.append(f"{place}.time_zone: “{zone}” is no time zone; write for example Europe/Berlin.")
        return Formats(dates, mark, zone)

    def record(self, raw: Any, place: str, known: frozenset[str] | set[str] | None) -> dict[str, Any]:
        if not isinstance(raw, Dict):
            self.problems.append(f"{place}: expected names with values.")
            return {}
        for word in raw if known is not None else ():
            if word not in (known or ()):
                self.problems.append(f"{place}: {self.unknown(str(word), known or ())}")
        return {str(k): v for k, v in raw.items()}

    def list_of(self, raw: Any, place: str) -> list[Any]:
        if isinstance(raw, list):
            return raw
        self.problems.append(f"{place}: expected a list.")
        return []

    def text(self, raw: Any, place: str) -> str:
        if not isinstance(raw, str) or not raw.strip():
            self.problems.append(f"{place}: expected a text.")
        return str(raw)

    @staticmethod
    def unknown(word: str, known: Any) -> str:
        near = get_close_matches(word, [str(k) for k in known], n=1)
        return f"unknown: “{word}”." + (
            f" Did you mean “{near[0]}”?" if near else f" Known: {', '.join(sorted(known))}."
        )


@cache
def _time_zones() -> set[str]:
    return available_timezones()  # walks the disk


def _as_text(value: Any) -> str:
    """A YAML scalar as the text a file would hold: dates ISO, booleans true/false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
