"""What a mapping says: which file feeds which table, which column which field, in which format.

`parse_mapping` turns the YAML or JSON document into these dataclasses or raises `MappingError` with every
mistake it found, each with its place. The format is documented in docs/guide/import.md.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatch
from functools import cache
from string import Formatter
from typing import Any, Literal
from zoneinfo import available_timezones

from data_collection.imports.calc.formats import AUTO, DATE_ORDERS, PLAIN, Formats, factor, misread
from data_collection.imports.calc.native import native_files
from data_collection.imports.calc.reading.refusals import ending_of
from data_collection.imports.calc.tables import Field, Table


class MappingError(ValueError):
    """The mapping cannot be used; `problems` lists every mistake with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of one field comes from, and how its text is read."""

    column: str | None = None
    instead: tuple[str, ...] = ()  # other names of the column, used where the file has not the first
    first_filled: tuple[str, ...] = ()  # several columns, the first that is not empty counts
    template: str | None = None  # "{first} {last}"; {#} is the row number
    constant: str | None = None
    default: str | None = None  # where the cell is empty
    optional: bool = False  # the column may be missing
    first_of: str | None = None  # several values in one cell, cut by this sign; the first counts
    values: tuple[tuple[str, str], ...] = ()  # text in the file -> text to read
    otherwise: str | None = None  # what any text not among `values` is read as
    empty: tuple[str, ...] = ()  # texts that mean "not known"
    empty_when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # not known where that column holds one of these
    multiply: str | None = None
    percent: bool = False  # 20 or "20 %" is 0.2
    formats: Formats = PLAIN
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
    sum: tuple[str, ...] = ()  # numbers added up over rows with the same key; the rest is the first row's
    needs: tuple[str, ...] = ()  # left out where the file has not all of these columns
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()  # rows where these columns hold one of these
    skip_empty: tuple[str, ...] = ()  # rows without these columns are none of this table's
    attributes: dict[str, str] | None = None  # attribute -> column; None = every column no field uses
    insert_only: bool = False  # known rows stay as they are
    known_by: tuple[str, ...] = ()  # fields that find known rows instead of the key; nothing new is made
    unless_known_by: str | None = None  # rows already known by this field are none of this table's


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Files of one form."""

    pattern: str
    targets: tuple[Target, ...]
    optional: bool = False
    encoding: str | None = None
    separator: str | None = None
    headers: tuple[str, ...] = ()  # a file of any name that has these columns is one of this entry's too
    blank: tuple[str, ...] = ()  # texts that mean an empty cell, in every column
    rows: tuple[dict[str, str], ...] = ()  # rows written in the mapping itself

    def takes(self, name: str) -> bool:
        """A file of this name is one of this entry's; packed or not, as CSV, workbook or JSON lines."""
        return not self.rows and fnmatch(_without_ending(name), _without_ending(self.pattern))


@dataclass(frozen=True, slots=True)
class Mapping:
    name: str
    title: str
    system: str
    formats: Formats
    files: tuple[FileEntry, ...]
    notes: str = ""
    problems: tuple[str, ...] = field(default=())

    @property
    def expected(self) -> tuple[str, ...]:
        """Names or patterns of the files it reads."""
        return tuple(entry.pattern for entry in self.files if not entry.rows)

    def takes_any(self, names: Iterable[str]) -> bool:
        return any(entry.takes(name) for name in names for entry in self.files)


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
        self.problems += [f"{place}: holds a sign no text can hold." for place in _unstorable(raw, "mapping")]
        raw = self.record(raw, "mapping", {"name", "title", "system", "formats", "files", "rows", "notes", "native"})
        formats = self.formats(raw.get("formats", {}), "formats", PLAIN)
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
        known = {"file", "optional", "encoding", "separator", "formats", "tables", "headers", "blank"}
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
        if separator is not None and not _separates(separator):
            self.problems.append(
                f"{place}.separator: write “,”, “;”, “|”, a tab or another sign; several where each ends a cell."
            )
        return FileEntry(
            str(raw.get("file", "")),
            tuple(targets),
            optional=raw.get("optional") is True,
            encoding=str(raw["encoding"]) if raw.get("encoding") else None,
            separator=separator,
            headers=self.words(raw.get("headers", []), f"{place}.headers"),
            blank=self.words(raw.get("blank", []), f"{place}.blank"),
        )

    def inline(self, table: str, rows: Any, formats: Formats) -> FileEntry:
        place = f"rows.{table}"
        rows = [self.record(row, f"{place}[{i}]", None) for i, row in enumerate(self.list_of(rows, place))]
        texts = tuple(
            {k: "" if v is None else self.word(v, f"{place}[{i}].{k}") for k, v in row.items()}
            for i, row in enumerate(rows)
        )
        columns = dict.fromkeys(name for row in texts for name in row)
        targets = self.target({"table": table, "fields": {c: c for c in columns}}, place, formats)
        return FileEntry(f"{table} (in the mapping)", tuple(targets), rows=texts)

    TABLE_WORDS = frozenset(
        "table fields duplicates sum needs only skip_empty attributes insert_only known_by unless_known_by".split()
    )

    def target(self, raw: Any, place: str, formats: Formats) -> list[Target]:
        raw = self.record(raw, place, self.TABLE_WORDS)
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
            fields[name] = source = self.source(value, where, formats, table.fields[name])
            if source.create_missing:
                created.append(self.created(table.fields[name].refers or "", source, where))
        if "system" in table.fields and "system" not in fields:
            fields["system"] = Source(constant=self.system)
        if not raw.get("known_by"):
            self.currency(table, fields, formats)
        known_by = tuple(str(name) for name in self.list_of(raw.get("known_by", []), f"{place}.known_by"))
        for name in set(known_by) - set(fields):
            self.problems.append(f"{place}.known_by: “{name}” is not among the fields.")
        for name in [] if known_by else self._needed(table, fields):
            self.problems.append(f"{place}.fields: “{name}” is required for {table.name}; say where it comes from.")
        duplicates = raw.get("duplicates", "reject")
        if duplicates not in ("reject", "first"):
            self.problems.append(f"{place}.duplicates: write “reject” or “first”.")
        own = Target(
            table.name,
            fields,
            duplicates="first" if raw.get("sum") else duplicates,
            sum=self.sums(raw.get("sum", []), f"{place}.sum", table, fields),
            needs=self.words(raw.get("needs", []), f"{place}.needs"),
            only=self.conditions(raw.get("only", {}), f"{place}.only"),
            skip_empty=self.words(raw.get("skip_empty", []), f"{place}.skip_empty"),
            attributes=self.attributes(raw.get("attributes", "unknown"), f"{place}.attributes"),
            insert_only=raw.get("insert_only") is True,
            known_by=(*(["system"] if "system" in fields else []), *known_by) if known_by else (),
            unless_known_by=self.known_field(raw.get("unless_known_by"), f"{place}.unless_known_by", table, fields),
        )
        return [*created, own]

    @staticmethod
    def currency(table: Table, fields: dict[str, Source], formats: Formats) -> None:
        """Amounts that name no currency are in the one of the formats."""
        if not formats.currency or "currency" not in table.fields:
            return
        known = fields.get("currency")
        if known is None:
            fields["currency"] = Source(constant=formats.currency, formats=formats)
        elif known.constant is None and known.default is None:
            fields["currency"] = replace(known, default=formats.currency)

    def sums(self, raw: Any, place: str, table: Table, fields: Dict[str, Source]) -> tuple[str, ...]:
        names = self.words(raw, place)
        for name in names:
            if name not in fields or table.fields[name].kind not in {"decimal", "integer", "float"}:
                self.problems.append(f"{place}: “{name}” is no number among the fields.")
        return tuple(name for name in names if name in fields)

    def known_field(self, raw: Any, place: str, table: Table, fields: Dict[str, Source]) -> str | None:
        if raw is None:
            return None
        if raw not in table.lookup or raw not in fields:
            self.problems.append(f"{place}: “{raw}” is no field that names a {table.name} and is filled here.")
            return None
        return str(raw)

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
        by = source.by if source.by in fields else None
        if "system" in spec.fields:
            fields["system"] = Source(constant=self.system)
        columns = (source.column,) if source.column else ()
        return Target(
            table,
            fields,
            duplicates="first",
            skip_empty=columns,
            attributes={},
            insert_only=True,
            unless_known_by=by,
        )

    SOURCE_WORDS = frozenset(
        "column first_filled template constant default optional first_of values otherwise empty empty_when multiply "
        "percent date decimal time_zone currency by within missing create_missing".split()
    )

    FROM = ("column", "first_filled", "template", "constant")

    def source(self, raw: Any, place: str, formats: Formats, field: Field) -> Source:
        if not isinstance(raw, Dict):
            return Source(column=self.column(raw, place), formats=formats)
        raw, refers = self.record(raw, place, self.SOURCE_WORDS), field.refers
        given = [word for word in self.FROM if raw.get(word) is not None]
        if len(given) != 1:
            self.problems.append(f"{place}: give exactly one of {', '.join(self.FROM)}.")
        by = raw.get("by")
        lookup = self.tables[refers].lookup if refers else ()
        if by is not None and by not in lookup:
            ways = f"by one of: {', '.join(lookup)}" if refers else "only in a reference"
            self.problems.append(f"{place}.by: “{by}” does not work here; use it {ways}.")
        missing = raw.get("missing", "reject")
        if missing not in ("reject", "empty"):
            self.problems.append(f"{place}.missing: write “reject” or “empty”.")
        multiply = None if raw.get("multiply") is None else factor(str(raw["multiply"]))
        if multiply is None and raw.get("multiply") is not None:
            self.problems.append(f"{place}.multiply: “{raw['multiply']}” is no positive number.")
        own = {k: raw[k] for k in ("date", "decimal", "time_zone", "currency") if k in raw}
        columns = self.columns(raw["column"], f"{place}.column") if given[:1] == ["column"] else (None,)
        source = Source(
            column=columns[0],
            instead=tuple(name for name in columns[1:] if name),
            first_filled=self.words(raw.get("first_filled", []), f"{place}.first_filled"),
            template=self.template(raw["template"], f"{place}.template") if given[:1] == ["template"] else None,
            constant=self.word(raw["constant"], f"{place}.constant") if given[:1] == ["constant"] else None,
            default=None if raw.get("default") is None else self.word(raw["default"], f"{place}.default"),
            optional=raw.get("optional") is True,
            first_of=None if raw.get("first_of") is None else self.word(raw["first_of"], f"{place}.first_of"),
            values=self.pairs(raw.get("values", {}), f"{place}.values"),
            otherwise=None if raw.get("otherwise") is None else self.word(raw["otherwise"], f"{place}.otherwise"),
            empty=self.words(raw.get("empty", []), f"{place}.empty"),
            empty_when=self.conditions(raw.get("empty_when", {}), f"{place}.empty_when"),
            multiply=multiply,
            percent=raw.get("percent") is True,
            formats=self.formats(own, place, formats),
            by=by,
            within=self.within(raw.get("within", {}), f"{place}.within", refers),
            missing=missing,
            create_missing=raw.get("create_missing") is True,
        )
        self.readable(source, place, field)
        return source

    def readable(self, source: Source, place: str, field: Field) -> None:
        """What the mapping writes itself must be a value of the field."""
        read = {text.lower(): meant for text, meant in source.values}
        written = {"default": source.default, "constant": source.constant, "otherwise": source.otherwise}
        if source.constant is not None:
            written["constant"] = None if source.empty else read.get(source.constant.lower(), source.constant)
        formats = source.formats.settled(PLAIN)
        for word, text in written.items():
            why = None if text is None else misread(field, text, formats, percent=source.percent)
            if why:
                self.problems.append(f"{place}.{word}: “{text}” {why}; {field.name} needs one.")

    def word(self, raw: Any, place: str) -> str:
        """A text, number, date or truth value as text."""
        if raw is None or isinstance(raw, Dict | list):
            self.problems.append(f"{place}: expected a text or number.")
            return ""
        return _as_text(raw)

    def column(self, raw: Any, place: str) -> str:
        if raw is None or isinstance(raw, Dict | list) or not str(raw).strip():
            self.problems.append(f"{place}: expected the name of a column; nothing is named.")
            return ""
        return _as_text(raw)

    def columns(self, raw: Any, place: str) -> tuple[str, ...]:
        """A column, or a list of names of which the file has one."""
        if not isinstance(raw, list) or not raw:
            return (self.column(raw, place),)
        return tuple(self.column(one, place) for one in raw)

    def words(self, raw: Any, place: str) -> tuple[str, ...]:
        return tuple(self.word(one, place) for one in self.list_of(raw, place))

    def template(self, raw: Any, place: str) -> str:
        text = self.word(raw, place)
        try:
            parts = list(Formatter().parse(text))
        except ValueError:
            self.problems.append(f"{place}: “{text}” has a brace without its partner; write a column as {{column}}.")
            return ""
        for _text, name, spec, conversion in parts:
            if name is not None and (not name or spec or conversion):
                self.problems.append(f"{place}: “{text}”: write each column as {{column}}, its name only.")
        return text

    def pairs(self, raw: Any, place: str) -> tuple[tuple[str, str], ...]:
        return tuple((k, self.word(v, f"{place}.{k}")) for k, v in self.record(raw, place, None).items())

    def within(self, raw: Any, place: str, refers: str | None) -> tuple[tuple[str, str], ...]:
        """Conditions on the referred table; its own references cannot be compared with a text."""
        found = self.pairs(raw, place)
        if found and refers is None:
            self.problems.append(f"{place}: works only in a reference.")
            return ()
        fields = {f.name: f for f in self.tables[refers].fields.values() if not f.refers} if refers else {}
        for name, text in found:
            if name not in fields:
                self.problems.append(f"{place}: {self.unknown(name, fields)}")
            elif why := misread(fields[name], text, PLAIN):
                self.problems.append(f"{place}.{name}: “{text}” {why}.")
        return found

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
            (c, tuple(self.word(v, f"{place}.{c}") for v in (vs if isinstance(vs, list) else [vs])))
            for c, vs in found.items()
        )

    def formats(self, raw: Any, place: str, base: Formats) -> Formats:
        raw = self.record(raw, place, {"date", "decimal", "time_zone", "currency"})
        dates = raw.get("date", list(base.date))
        dates = tuple(str(d) for d in (dates if isinstance(dates, list) else [dates]))
        for wrong in set(dates) - {*DATE_ORDERS, AUTO}:
            self.problems.append(f"{place}.date: “{wrong}” is none of {', '.join(DATE_ORDERS)}, {AUTO}.")
        mark, zone = str(raw.get("decimal", base.decimal)), str(raw.get("time_zone", base.time_zone))
        if mark not in {".", ",", AUTO}:
            self.problems.append(f"{place}.decimal: write “.”, “,” or “{AUTO}”.")
        if zone != AUTO and zone not in _time_zones():
            self.problems.append(f"{place}.time_zone: “{zone}” is no time zone; write for example Europe/Berlin.")
        currency = str(raw.get("currency", base.currency))
        if currency not in {"", AUTO} and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            self.problems.append(f"{place}.currency: “{currency}” is no currency code; write for example EUR.")
        return Formats(dates, mark, zone, currency)

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


def _without_ending(name: str) -> str:
    """`deals*.csv` also takes `deals-2026.xlsx`: what a file holds is not how it is written."""
    return name.lower().removesuffix(ending_of(name))


def _separates(signs: Any) -> bool:
    """One to five different signs, none of which is part of words, numbers or quotes."""
    if not isinstance(signs, str) or not 1 <= len(signs) <= 5 or len(set(signs)) < len(signs):
        return False
    return all(sign == "\t" or (sign.isprintable() and not sign.isalnum() and sign not in " \"'.-") for sign in signs)


def _as_text(value: Any) -> str:
    """A YAML scalar as the text a file would hold: dates ISO, booleans true/false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _unstorable(raw: Any, place: str) -> list[str]:
    """Places of texts no database takes: the zero character, half of a surrogate pair."""
    if isinstance(raw, str):
        return [place] if "\0" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw) else []
    if isinstance(raw, list):
        return [wrong for i, part in enumerate(raw) for wrong in _unstorable(part, f"{place}[{i}]")]
    if isinstance(raw, Dict):
        inside = [wrong for key, part in raw.items() for wrong in _unstorable(part, f"{place}.{key}".replace("\0", ""))]
        return [wrong for key in raw for wrong in _unstorable(key, place)] + inside
    return []
