"""What one target needs of one file: its columns, how fields are read, and all that may be wrong with a row."""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from data_collection.imports.calc.expressions import Reading, columns_of, reading
from data_collection.imports.calc.formats import AUTO, PLAIN, Formats
from data_collection.imports.calc.mapping import FileEntry, Source, Target
from data_collection.imports.calc.tables import Field, Table


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that may be wrong; staged rows carry the indexes of theirs."""

    index: int
    field: str
    columns: tuple[str, ...]  # columns of the file whose text is shown
    reason: str
    fix: str
    constant: str | None = None  # the text, where it does not come from the file


@dataclass(frozen=True, slots=True)
class Filled:
    """A field the file fills."""

    field: Field
    source: Source
    reading: Reading | None  # None: a reference
    required: int | None  # problem index: it is empty
    invalid: int | None  # problem index: no value, or nothing known by that name
    several: int | None  # problem index: more than one row known by that name
    limits: tuple[tuple[str, int], ...]  # (SQL over :value:, problem index)


@dataclass(frozen=True, slots=True)
class Plan:
    """One target of one file, ready to be written as SQL."""

    table: Table
    target: Target
    columns: dict[str, str]  # header -> staged column
    filled: tuple[Filled, ...]
    problems: tuple[Problem, ...]
    checks: tuple[tuple[str, int], ...]  # (SQL that must not be false, problem index)
    overlaps: tuple[int, ...]  # problem index per overlap rule
    attributes: dict[str, str]  # attribute -> header
    ragged: int
    duplicate: int
    selves: dict[str, int | None]  # field that refers to the same table -> problem index, None = emptied
    circle: int
    unknown: int  # nothing to update
    system: str
    blank: tuple[str, ...] = ()  # texts that mean an empty cell

    @property
    def names(self) -> frozenset[str]:
        return frozenset(f.field.name for f in self.filled)

    @property
    def key(self) -> tuple[str, ...]:
        """Fields that find the known row."""
        return self.target.known_by or self.table.key

    @property
    def keeps_attributes(self) -> bool:
        return bool(self.attributes) or "attributes" in self.names


class _Problems:
    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, field: str, source: Source | None, reason: str, fix: str) -> int:
        columns = columns_of(source)[:1] if source and source.template is None else columns_of(source) if source else ()
        constant = source.constant if source else None
        self.found.append(Problem(len(self.found), field, columns, reason, fix, constant))
        return len(self.found) - 1


def make_plan(
    target: Target,
    *,
    headers: Sequence[str],
    used: frozenset[str],
    tables: Dict[str, Table],
    system: str,
    blank: tuple[str, ...] = (),
) -> Plan:
    """Plan for a target of a file with these headers; `used` are the columns any target of the file reads."""
    table = tables[target.table]
    columns = {header: f"c{i}" for i, header in enumerate(headers)}
    notes = _Problems()
    ragged = notes.add("", None, "the row has more or fewer cells than the header", "Check quotes and separators.")
    duplicate = notes.add(
        (target.known_by or table.key)[-1],
        target.fields.get((target.known_by or table.key)[-1]),
        "an earlier row has the same key and other values",
        "Keep one of the two rows.",
    )
    sources = {name: source for name, source in target.fields.items() if _present(source, columns)}
    filled = tuple(_filled(table, table.fields[name], source, notes, tables) for name, source in sources.items())
    checks = tuple(
        (check.sql, notes.add(check.fields[0], sources.get(check.fields[0]), check.message, "Correct the value."))
        for check in table.checks
        if set(check.fields) & set(sources)
    )
    overlaps = tuple(
        notes.add("valid_from", sources.get("valid_from"), rule.message, "Let one end before the other begins.")
        for rule in table.overlaps
    )
    selves = {f.field.name: f.invalid for f in filled if f.field.refers == table.name}
    parent = next(iter(selves), "")
    circle = notes.add(parent, sources.get(parent), "the row would become part of itself", "Name another one.")
    unknown = notes.add(
        (target.known_by or table.key)[-1],
        sources.get((target.known_by or table.key)[-1]),
        f"no {table.name.replace('_', ' ')} is known by this",
        "Import that row first.",
    )
    return Plan(
        table=table,
        target=target,
        columns=columns,
        filled=filled,
        problems=tuple(notes.found),
        checks=checks,
        overlaps=overlaps,
        attributes=_attributes(table, target, headers, used),
        ragged=ragged,
        duplicate=duplicate,
        selves=selves,
        circle=circle,
        unknown=unknown,
        system=system,
        blank=blank,
    )


def _present(source: Source, columns: Dict[str, str]) -> bool:
    return all(column in columns for column in columns_of(source)) or (
        source.optional and source.default is not None and source.column not in columns
    )


def _attributes(table: Table, target: Target, headers: Sequence[str], used: frozenset[str]) -> dict[str, str]:
    if not table.mirror:
        return {}
    if target.attributes is not None:
        return {name: column for name, column in target.attributes.items() if column in headers}
    partly = _partly_read(target)
    return {header: header for header in headers if header and (header not in used or header in partly)}


def _partly_read(target: Target) -> set[str | None]:
    """Columns of which this table keeps less than they say, so that the whole text is kept beside it."""
    whole = {c for source in target.fields.values() if not _loses(source) for c in columns_of(source)}
    return {source.column for source in target.fields.values() if _loses(source)} - whole


def _loses(source: Source) -> bool:
    return source.column is not None and (source.first_of is not None or source.otherwise is not None)


def _filled(table: Table, field: Field, source: Source, notes: _Problems, tables: Dict[str, Table]) -> Filled:
    needs = field.required or (field.name in table.key and not field.nullable and field.default is None)
    needs = needs and not (field.kind == "text" and not field.required)
    required = notes.add(field.name, source, "is empty but required", "Fill it in.") if needs else None
    if field.refers:
        by = source.by or tables[field.refers].lookup[0]
        what = f"{field.refers.replace('_', ' ')} with this {by.replace('_', ' ')}"
        strict = source.missing == "reject" or field.required
        unknown = notes.add(field.name, source, f"no {what} is known", "Correct it, or import that row first.")
        several = notes.add(field.name, source, f"more than one {what}", "Refer to it by something unique.")
        return Filled(field, source, None, required, unknown if strict else None, several, ())
    read = reading(field, source)
    invalid = notes.add(field.name, source, read.reason, read.fix) if read.reason else None
    limits = tuple((sql, notes.add(field.name, source, reason, fix)) for sql, reason, fix in read.limits)
    return Filled(field, source, read, required, invalid, None, limits)


# --- the mapping's entry and this file --------------------------------------------------------
def fitted(entry: FileEntry, headers: Sequence[str], tables: Dict[str, Table]) -> FileEntry:
    """The entry with the names of columns this file has, and without tables whose columns it lacks."""
    plain = {_plain(header) for header in headers}
    targets = [_fitted(target, plain) for target in entry.targets]
    return replace(entry, targets=tuple(t for t in targets if _has_columns(t, plain, tables[t.table])))


def _fitted(target: Target, plain: set[str]) -> Target:
    fields = {name: _chosen(source, plain) for name, source in target.fields.items()}
    renamed = {s.column: fields[name].column or "" for name, s in target.fields.items() if s.column and s.instead}
    return replace(target, fields=fields, skip_empty=tuple(renamed.get(c, c) for c in target.skip_empty))


def _chosen(source: Source, plain: set[str]) -> Source:
    """Of several names of a column the first the file has; of several columns those it has."""
    here = [column for column in (source.column, *source.instead) if column and _plain(column) in plain]
    some = tuple(column for column in source.first_filled if _plain(column) in plain)
    column = here[0] if here else source.column
    return replace(source, column=column, instead=(), first_filled=some or source.first_filled)


def _has_columns(target: Target, plain: set[str], table: Table) -> bool:
    """All it needs; and where rows are made from a column that may be missing, that column."""
    made = [target.fields[name] for name in table.key if name in target.fields] if target.insert_only else []
    keys = [source for source in made if source.optional]
    needed = [*target.needs, *(column for source in keys if source.default is None for column in columns_of(source))]
    return all(_plain(column) in plain for column in needed)


def knows_headers(entry: FileEntry, headers: Sequence[str]) -> bool:
    """Whether a file with these columns is one of the entry's, whatever its name."""
    plain = {_plain(header) for header in headers}
    return bool(entry.headers) and all(_plain(column) in plain for column in entry.headers)


def asks_the_file(entry: FileEntry) -> bool:
    """Whether a format is left to what is found in the file."""
    return any(source.formats.is_auto for target in entry.targets for source in target.fields.values())


def settled(entry: FileEntry, found: Formats, by_column: Dict[str, tuple[str, ...]]) -> FileEntry:
    """The entry with the formats found in the file. `by_column`: date orders of a column, where it has its own."""
    orders = {_plain(column): order for column, order in by_column.items()}

    def settle(source: Source) -> Source:
        if source.constant is not None:  # written in the mapping, in plain form
            constant = found.currency if source.constant == AUTO else source.constant
            plain = replace(PLAIN, time_zone=found.time_zone)
            return replace(source, constant=constant, formats=source.formats.settled(plain))
        columns = columns_of(source)[:1]
        own = replace(found, date=(orders.get(_plain(columns[0])) if columns else None) or found.date)
        default = found.currency if source.default == AUTO else source.default
        return replace(source, default=default, formats=source.formats.settled(own))

    targets = (replace(t, fields={name: settle(s) for name, s in t.fields.items()}) for t in entry.targets)
    return replace(entry, targets=tuple(targets))


# --- which columns a file must have ----------------------------------------------------------
def columns_used(entry: FileEntry) -> frozenset[str]:
    """Every column a target of the file reads by name."""
    found = {column for target in entry.targets for source in target.fields.values() for column in columns_of(source)}
    for target in entry.targets:
        found |= {column for column, _ in target.only} | set(target.skip_empty)
    return frozenset(found)


def columns_missing(entry: FileEntry, headers: Sequence[str]) -> list[tuple[str, str | None]]:
    """Required columns the header does not have, each with the column that looks most like it."""
    needed: dict[str, None] = {}
    for target in entry.targets:
        for source in target.fields.values():
            if not source.optional:
                needed |= dict.fromkeys(columns_of(source))
        needed |= dict.fromkeys([*(column for column, _ in target.only), *target.skip_empty])
    free = [h for h in headers if h not in needed]
    return [(name, _near(name, free)) for name in needed if name not in headers]


def _near(name: str, headers: Sequence[str]) -> str | None:
    plain = {_plain(h): h for h in headers}
    found = get_close_matches(_plain(name), list(plain), n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def match_headers(headers: Sequence[str], used: frozenset[str]) -> list[str]:
    """Headers as the mapping spells them: exact, else the same letters and digits in any case."""
    wanted = {_plain(name): name for name in used if name not in headers}
    return [header if header in used else wanted.pop(_plain(header), header) for header in headers]
