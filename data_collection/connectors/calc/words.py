"""A mapping in words: which column fills which field."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_collection.imports.calc.mapping import Mapping, Source


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of one table, and what fills it."""

    file: str
    table: str
    field: str
    column: str  # "" where it is no single column
    words: str


def mapping_lines(mapping: Mapping) -> Iterator[FieldLine]:
    """Every field of every file, in the order of the document."""
    for entry in mapping.files:
        if entry.rows:
            continue
        for target in entry.targets:
            for name, source in target.fields.items():
                if name != "system":
                    file = entry.pattern.removesuffix(".csv")
                    yield FieldLine(file, target.table, name, source.column or "", source_words(source))


def source_words(source: Source) -> str:
    """Where the value comes from, e.g. `status: won = Won; empty = Open`."""
    if source.constant is not None:
        return f"always “{source.constant}”"
    words = source.template or source.column or ""
    more = []
    if source.by:
        more.append(f"found by {source.by.replace('_', ' ')}")
    if source.values:
        shown = ", ".join(f"{text} → {meant}" for text, meant in source.values[:4])
        more.append(shown + (", …" if len(source.values) > 4 else ""))
    if source.multiply:
        more.append(f"times {source.multiply}")
    if source.percent:
        more.append("in percent")
    if source.default is not None:
        more.append(f"empty means “{source.default}”")
    return words + (f" ({'; '.join(more)})" if more else "")
