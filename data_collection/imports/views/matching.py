"""What the page of columns shows: each column with its uses, each use with how it is read."""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from data_collection.imports.calc import entries
from data_collection.imports.calc.entries import KEEP, Use
from data_collection.imports.calc.tables import Field, Table
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.selectors import stage_names
from data_collection.imports.services.drafts import values_seen
from data_collection.imports.views.words import field_word, table_word

ON_A_PAGE = 50  # columns
FEW_VALUES = 40  # more different texts are no list of meanings


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """Options of one table."""

    label: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A text of the file and what it is read as."""

    text: str
    chosen: str
    known: bool


@dataclass(frozen=True, slots=True)
class UseShown:
    """One use of a column, with what can be said about it."""

    key: str  # place.field
    words: str
    ways: list[Option] = field(default_factory=list)  # of a reference: what the text is compared with
    way: str = ""
    unknown: str = ""  # reject, empty, create
    can_create: bool = False
    can_be_empty: bool = False
    refers: str = ""
    meanings: list[Meaning] = field(default_factory=list)
    choices: list[Option] = field(default_factory=list)

    @property
    def unclear(self) -> bool:
        return any(not meaning.known for meaning in self.meanings)


@dataclass(frozen=True, slots=True)
class ColumnShown:
    number: int  # place in the file
    header: str
    kind: str
    samples: Sequence[str]
    uses: list[UseShown]
    selected: list[str]  # keys of the selects, one empty where another is asked for
    why: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class TargetShown:
    """A table the file fills."""

    place: int
    table: str
    words: str
    filled: int
    lacks: list[tuple[str, str, Field]]  # field, words, what it is
    fixed: list[tuple[str, str, str]]  # field, words, text
    other: list[str]  # fields filled in another way, in words


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file of the draft as the page shows it."""

    row: ImportFile
    entry: dict[str, Any]
    targets: list[TargetShown]
    columns: list[ColumnShown]
    groups: list[Group]
    pages: int
    page: int


def entry_of(batch: ImportBatch, row: ImportFile) -> tuple[int | None, dict[str, Any]]:
    """Place and entry of the file in the mapping; an empty one where it has none."""
    place = entries.entry_place(batch.definition, row.name)
    return place, batch.definition["files"][place] if place is not None else {"file": row.name, "tables": []}


def sheet(
    batch: ImportBatch, row: ImportFile, tables: Dict[str, Table], *, page: int = 1, also: int | None = None
) -> Sheet:
    """The file with one page of its columns. `also`: the column that gets one more, empty choice."""
    _place, entry = entry_of(batch, row)
    used = entries.uses(entry, row.headers, tables)
    pages = max(1, -(-len(row.headers) // ON_A_PAGE))
    page = min(max(page, 1), pages)
    shown = range((page - 1) * ON_A_PAGE, min(page * ON_A_PAGE, len(row.headers)))
    told = _Told(batch, row, entry, tables)
    wanted = [row.headers[n] for n in shown if any(told.has_meanings(use) for use in used[row.headers[n]])]
    told.values = values_seen(row=row, headers=wanted)
    lines = [told.column(number, used[row.headers[number]], also=also == number) for number in shown]
    return Sheet(row, entry, told.targets(used), lines, told.groups(), pages, page)


class _Told:
    """Puts a file's columns and tables into words."""

    def __init__(self, batch: ImportBatch, row: ImportFile, entry: dict[str, Any], tables: Dict[str, Table]) -> None:
        self.batch, self.row, self.entry, self.tables = batch, row, entry, tables
        self.values: dict[str, list[str]] = {}
        self.seen = {column["header"]: column for column in row.detection.get("columns", [])}
        self.guessed: dict[str, list[dict[str, Any]]] = {}
        for one in batch.guess.get("columns", {}).get(row.name, []):
            self.guessed.setdefault(one["header"], []).append(one)
        self.names = self._target_names()

    def _target_names(self) -> list[str]:
        words = [table_word(str(target.get("table"))) for target in entries.targets(self.entry)]
        return [
            word if words.count(word) == 1 else f"{word} ({words[: place + 1].count(word)})"
            for place, word in enumerate(words)
        ]

    def groups(self) -> list[Group]:
        found = []
        for place, target in enumerate(entries.targets(self.entry)):
            table = self.tables.get(str(target.get("table")))
            if table is None:
                continue
            options = [
                Option(f"{place}.{f.name}", _label(table, f))
                for f in table.fields.values()
                if f.name not in ("system", "attributes")
            ]
            if table.mirror:
                keep = _("Keep as an attribute of the %s") % self.names[place]
                options = [Option(f"{place}.{KEEP}", keep), *options]
            found.append(Group(self.names[place], options))
        return found

    def column(self, number: int, uses: Sequence[Use], *, also: bool) -> ColumnShown:
        header = self.row.headers[number]
        seen = self.seen.get(header, {})
        why, percent = self.why(header, uses)
        selected = [use.key for use in uses] or [""]
        return ColumnShown(
            number=number,
            header=header,
            kind=seen.get("kind", ""),
            samples=seen.get("samples", []),
            uses=[self.use(header, use) for use in uses if use.field != KEEP],
            selected=[*selected, ""] if also and uses else selected,
            why=why,
            percent=percent,
        )

    def why(self, header: str, uses: Sequence[Use]) -> tuple[str, int | None]:
        """Why the column is used so, and how sure that is, where it was guessed."""
        now = {(use.table, "" if use.field == KEEP else use.field) for use in uses}
        guessed = self.guessed.get(header, [])
        if guessed and now == {(one["table"], one["field"]) for one in guessed}:
            best = max(guessed, key=lambda one: one["confidence"])
            return best["why"], round(best["confidence"] * 100) if best["field"] else None
        if self.batch.guess.get("base"):
            return "", None  # the mapping says so, or a person since
        if guessed and {(one["table"], one["field"]) for one in guessed if one["field"]} <= now:
            best = max(guessed, key=lambda one: one["confidence"])
            return best["why"], round(best["confidence"] * 100) if best["field"] else None
        return (_("chosen by you") if uses else _("left out")), None

    # --- one use -----------------------------------------------------------------------------
    def source(self, use: Use) -> dict[str, Any]:
        source = entries.fields_of(entries.targets(self.entry)[use.place]).get(use.field)
        return source if isinstance(source, dict) else {"column": source}

    def field(self, use: Use) -> Field | None:
        table = self.tables.get(use.table)
        return table.fields.get(use.field) if table else None

    def has_meanings(self, use: Use) -> bool:
        found = self.field(use)
        return found is not None and (bool(found.choices) or found.refers == "stage")

    def use(self, header: str, use: Use) -> UseShown:
        found, source = self.field(use), self.source(use)
        words = f"{self.names[use.place]}: {field_word(use.table, use.field)}"
        if found is None:
            return UseShown(use.key, words)
        meanings, choices = self.meanings(header, use, found, source)
        if not found.refers:
            return UseShown(use.key, words, meanings=meanings, choices=choices)
        refers = self.tables[found.refers]
        unknown = "create" if source.get("create_missing") else str(source.get("missing", "reject"))
        return UseShown(
            use.key,
            words,
            ways=[Option(by, field_word(refers.name, by)) for by in refers.lookup],
            way=str(source.get("by") or refers.lookup[0]),
            unknown=unknown,
            can_create=bool({"code", "external_id"} & set(refers.fields)),
            can_be_empty=not found.required,
            refers=table_word(refers.name),
            meanings=meanings,
            choices=choices,
        )

    def meanings(
        self, header: str, use: Use, found: Field, source: dict[str, Any]
    ) -> tuple[list[Meaning], list[Option]]:
        if not self.has_meanings(use):
            return [], []
        texts = self.values.get(header, [])
        if not texts or len(texts) > FEW_VALUES:
            return [], []
        given = {str(text).lower(): str(meant) for text, meant in (source.get("values") or {}).items()}
        blank = {str(text).lower() for text in [*(self.entry.get("blank") or []), *(source.get("empty") or [])]}
        known = self.stages(source) if found.refers else list(found.choices)
        otherwise = source.get("otherwise")
        lines = []
        for text in texts:
            if text.lower() in blank:
                continue
            meant = given.get(text.lower(), "")
            read = meant or text
            fits = read.lower() in {name.lower() for name in known} if not found.refers else read in known
            lines.append(Meaning(text, meant, fits or otherwise is not None))
        options = [Option(name, name if found.refers else name.replace("_", " ")) for name in known]
        if found.refers:
            options += [
                Option("+open", _("a new open stage")),
                Option("+won", _("a new stage: won")),
                Option("+lost", _("a new stage: lost")),
            ]
        return lines, options

    def stages(self, source: dict[str, Any]) -> list[str]:
        """Stages a text may mean: known ones, and those the mapping itself writes."""
        pipeline = str((source.get("within") or {}).get("pipeline", ""))
        written = [
            stage for stage in (self.batch.definition.get("rows") or {}).get("stage", []) if isinstance(stage, dict)
        ]
        own = [
            str(stage.get("name"))
            for stage in written
            if not pipeline or str(stage.get("pipeline", "default")) == pipeline
        ]
        return list(dict.fromkeys([*own, *stage_names(pipeline)]))

    # --- tables ------------------------------------------------------------------------------
    def targets(self, used: Dict[str, Sequence[Use]]) -> list[TargetShown]:
        lacks = entries.lacks(self.entry, self.tables)
        return [self.target(place, used, lacks) for place in range(len(entries.targets(self.entry)))]

    def target(self, place: int, used: Dict[str, Sequence[Use]], lacks: Sequence[entries.Lack]) -> TargetShown:
        target = entries.targets(self.entry)[place]
        table = self.tables.get(str(target.get("table")))
        name = str(target.get("table"))
        by_column = {use.field for found in used.values() for use in found if use.place == place}
        fixed = entries.fixed(target)
        other = [
            f"{field_word(name, f)}: {source.get('template')}"
            for f, source in entries.fields_of(target).items()
            if isinstance(source, dict) and source.get("template") and f not in by_column
        ]
        missing = [(lack.field, field_word(name, lack.field), lack) for lack in lacks if lack.place == place]
        return TargetShown(
            place,
            name,
            self.names[place],
            len(by_column - {KEEP}),
            [(f, words, table.fields[f]) for f, words, _lack in missing] if table else [],
            [(f, field_word(name, f), text) for f, text in fixed.items() if f != "system"],
            other,
        )


def _label(table: Table, found: Field) -> str:
    word = field_word(table.name, found.name)
    word = word[:1].upper() + word[1:]
    return _("%s (needed)") % word if found.required else word
