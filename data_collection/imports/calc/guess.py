"""A mapping guessed from the files themselves: a preset where the columns are a known system's, else by their words.

The result is a document like one written by hand: shown, edited and checked the same way, never used unseen
unless somebody asked for that.
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_collection.imports.calc.detect import Detection
from data_collection.imports.calc.expressions import template_columns
from data_collection.imports.calc.guess_drafting import Surroundings, draft, end_of
from data_collection.imports.calc.guess_matching import Fit, best_fit
from data_collection.imports.calc.guess_presets import preset_entries, preset_of
from data_collection.imports.calc.resemblance import plain
from data_collection.imports.calc.tables import Table

File = tuple[str, Detection]
PRESET = 0.99  # confidence of a column a preset names


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What one column of a file probably is."""

    header: str
    table: str  # "" where no table fits the file
    field: str  # "" = kept as an attribute
    confidence: float  # 0 to 1
    why: str


@dataclass(frozen=True, slots=True)
class Guess:
    definition: dict[str, Any]  # a mapping document
    preset: str  # name of the preset that fits, or ""
    columns: dict[str, tuple[ColumnGuess, ...]]  # file name -> its columns in order
    notes: tuple[str, ...]


def guess(
    files: Sequence[File],
    *,
    tables: Dict[str, Table],
    presets: Sequence[dict[str, Any]],
    today: date,
    system: str = "",
) -> Guess:
    """The mapping these files probably need.

    Args:
        presets: documents of shipped mappings whose entries know their files by `headers`.
        today: written where a file has no date and a table needs one; said in the notes.
        system: name of the source; empty: the preset's, else “files”.
    """
    preset = preset_of(files, presets)
    own = system or (str(preset["system"]) if preset else "files")
    taken = preset_entries(files, preset) if preset else {}
    around = Surroundings(tables, own, today)
    fits = {name: fit for name, seen in files if name not in taken and (fit := best_fit(name, seen, tables))}
    drafted = _drafted([file for file in files if file[0] in fits], fits, around)
    entries = taken | drafted.entries
    for name, _seen in files:
        if name not in entries and name not in drafted.used:
            around.notes.append(f"{name}: no table fits it; choose one, or leave the file out.")
    base: dict[str, Any] = {key: preset[key] for key in ("rows", "formats") if preset and key in preset}
    title = str(preset["title"]) if preset else "Guessed from the files"
    definition: dict[str, Any] = {"name": "guessed", "title": title, "system": own, **base}
    rows = {**base.get("rows", {}), **drafted.rows}
    definition |= {"rows": rows} if rows else {}
    definition["files"] = [entries[name] for name, _seen in files if name in entries]
    columns = {name: _columns(name, seen, taken.get(name), fits.get(name)) for name, seen in files}
    return Guess(definition, str(preset["name"]) if preset else "", columns, tuple(around.notes))


@dataclass(frozen=True, slots=True)
class _Drafted:
    entries: dict[str, dict[str, Any]]
    rows: dict[str, list[dict[str, Any]]]
    used: frozenset[str]  # files whose rows stand in the mapping


def _drafted(files: Sequence[File], fits: dict[str, Fit], around: Surroundings) -> _Drafted:
    rows: dict[str, list[dict[str, Any]]] = {}
    used: set[str] = set()
    for name, seen in files:
        if fits[name].table == "stage" and (stages := _stages(seen, fits[name], around)):
            rows["stage"] = stages
            used.add(name)
    for name, _seen in files:
        key = fits[name].matches.get("external_id") or fits[name].matches.get("code")
        if key is not None and plain(key.header) not in {"id", "recordid"}:
            around.keys.setdefault(plain(key.header), fits[name].table)
    adding = _adding(files, fits)
    entries = {
        name: draft(name, seen, fits[name], around, update=name in adding)
        for name, seen in files
        if name not in used and fits[name].table != "stage"
    }
    if any(spec.get("stage") == _OPEN | {"within": {"pipeline": around.system}} for spec in _all_fields(entries)):
        rows["stage"] = [{"pipeline": around.system, "name": "Open", "rank": 1, "kind": "open"}]
    return _Drafted(entries, rows, frozenset(used))


_OPEN = {"constant": "Open", "by": "name"}


def _all_fields(entries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [table["fields"] for entry in entries.values() for table in entry["tables"]]


def _adding(files: Sequence[File], fits: dict[str, Fit]) -> frozenset[str]:
    """Files of deals without a stage, where another file has the same key and a stage: they only add to its rows."""
    whole = {
        plain(fit.matches["external_id"].header)
        for fit in fits.values()
        if fit.table == "opportunity" and {"external_id", "stage"} <= set(fit.matches)
    }
    return frozenset(
        name
        for name, _seen in files
        if fits[name].table == "opportunity"
        and "stage" not in fits[name].matches
        and "external_id" in fits[name].matches
        and plain(fits[name].matches["external_id"].header) in whole
    )


def _stages(seen: Detection, fit: Fit, around: Surroundings) -> list[dict[str, Any]]:
    """The rows of a small file of stages, in order of probability; their ids are remembered for other files."""
    if seen.rows_total is None or seen.rows_total > len(seen.sample) or "name" not in fit.matches:
        return []
    records = [dict(zip(seen.headers, row, strict=False)) for row in seen.sample]
    name = fit.matches["name"].header
    share = fit.matches.get("probability")
    if share is not None:
        records.sort(key=lambda record: _share(record[share.header]))
    ids = [header for header in seen.headers if plain(header).endswith("id") and header != name]
    if ids:
        around.stages |= {record[ids[0]]: record[name] for record in records}
    return [
        {
            "pipeline": around.system,
            "name": record[name],
            "rank": place,
            "kind": end_of(record[name]),
            **({"probability": _share(record[share.header])} if share else {}),
        }
        for place, record in enumerate(records, start=1)
        if record[name].strip()
    ]


def _share(text: str) -> float:
    try:
        number = float(text.replace("%", "").replace(",", ".").strip())
    except ValueError:
        return 0.0
    return number / 100 if number > 1 else number


# --- column by column --------------------------------------------------------------------------
def _columns(name: str, seen: Detection, preset: dict[str, Any] | None, fit: Fit | None) -> tuple[ColumnGuess, ...]:
    if preset is not None:
        return tuple(_by_preset(header, preset) for header in seen.headers)
    table = fit.table if fit else ""
    by_header = {match.header: match for match in fit.matches.values()} if fit else {}
    return tuple(
        ColumnGuess(header, table, match.field, round(match.confidence, 2), match.why)
        if (match := by_header.get(header))
        else ColumnGuess(header, table, "", 0.0, "no field is named like it" if table else "no table fits the file")
        for header in seen.headers
    )


def _by_preset(header: str, entry: dict[str, Any]) -> ColumnGuess:
    main = entry["tables"][-1]["table"]
    for table in reversed(entry["tables"]):
        for field, spec in table["fields"].items():
            if plain(header) in {plain(column) for column in columns_named(spec)}:
                return ColumnGuess(header, table["table"], field, PRESET, "as this system exports it")
    return ColumnGuess(header, main, "", PRESET, "not used by this preset")


def columns_named(spec: Any) -> list[str]:
    """Columns a field of a mapping document reads."""
    if not isinstance(spec, dict):
        return [str(spec)]
    if spec.get("template"):
        return template_columns(str(spec["template"]))
    if spec.get("first_filled"):
        return [str(name) for name in spec["first_filled"]]
    column = spec.get("column")
    return [str(name) for name in (column if isinstance(column, list) else [column]) if name is not None]
