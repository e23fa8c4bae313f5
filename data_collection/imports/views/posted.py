"""What came back from the page of columns, written into the mapping document.

Names of the inputs: `c<number>` (one or more uses of a column), `<place>.<field>.by|unknown|fixed`,
`<place>.<field>.v<number>` beside `<place>.<field>.t<number>` (a text of the file and its meaning).
"""

from typing import Any

from django.http import QueryDict

from data_collection.imports.calc import entries
from data_collection.imports.calc.entries import Document, Wanted
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.services.drafts import draft_document
from data_collection.imports.targets import tables
from data_collection.imports.views.matching import entry_of

ROW_NUMBER = "{#}"


def store(batch: ImportBatch, row: ImportFile, data: QueryDict) -> list[str]:
    """Write the choices into the draft's mapping. Returns what could not be: two columns for one field."""
    place, entry = entry_of(batch, row)
    document = batch.definition
    system = data.get("system", "").strip()
    if system:
        document = {**document, "system": system[:40]}
    entry, clashes = _changed(entry, row, data, document)
    document = _new_stages(document, entry, data)
    if place is not None:
        document = entries.set_entry(document, place, entry)
    elif entry["tables"]:
        document = {**document, "files": [*(document.get("files") or []), entry]}
    if document != batch.definition:
        draft_document(batch=batch, document=document)
        batch.definition = document
    return clashes


def _changed(entry: Document, row: ImportFile, data: QueryDict, document: Document) -> tuple[Document, list[str]]:
    had = {use.key for found in entries.uses(entry, row.headers, tables()).values() for use in found}
    entry, clashes = entries.use_columns(entry, row.headers, tables(), _wanted(row, data))
    now = [use for found in entries.uses(entry, row.headers, tables()).values() for use in found]
    for use in now:
        if use.key in had:
            entry = _words(entry, use, data)
        elif tables()[use.table].fields.get(use.field) and tables()[use.table].fields[use.field].refers == "stage":
            within = {"pipeline": str(document.get("system", "default"))}
            entry = entries.set_words(entry, use.place, use.field, {"by": "name", "within": within})
    entry = _fixed(entry, data)
    if "blank" in data:
        entry = _blank(entry, data["blank"])
    do, _colon, what = data.get("do", "").partition(":")
    if data.get("new_table") in tables():
        entry = entries.add_table(entry, data["new_table"])
    if do == "drop" and what.isdecimal() and int(what) < len(entries.targets(entry)):
        entry = entries.drop_table(entry, int(what))
    return entry, clashes


def _wanted(row: ImportFile, data: QueryDict) -> dict[str, list[Wanted]]:
    wanted: dict[str, list[Wanted]] = {}
    for number, header in enumerate(row.headers):
        if f"c{number}" in data:
            parts = [text.partition(".") for text in data.getlist(f"c{number}")]
            wanted[header] = [(int(place), name) for place, _dot, name in parts if place.isdecimal() and name]
    return wanted


def _words(entry: Document, use: entries.Use, data: QueryDict) -> Document:
    """How a use that was on the page is read."""
    found = tables()[use.table].fields.get(use.field)
    words: dict[str, Any] = {}
    by, unknown = data.get(f"{use.key}.by"), data.get(f"{use.key}.unknown")
    if found is not None and found.refers and by in tables()[found.refers].lookup:
        words["by"] = None if by == tables()[found.refers].lookup[0] and not _says(entry, use, "by") else by
    if unknown in ("reject", "empty", "create"):
        words |= {"missing": "empty" if unknown == "empty" else None, "create_missing": unknown == "create"}
    values = _meanings(entry, use, data)
    if values is not None:
        words["values"] = values
    return entries.set_words(entry, use.place, use.field, words) if words else entry


def _source(entry: Document, use: entries.Use) -> Document:
    source = entries.fields_of(entries.targets(entry)[use.place]).get(use.field)
    return source if isinstance(source, dict) else {}


def _says(entry: Document, use: entries.Use, word: str) -> bool:
    return _source(entry, use).get(word) is not None


def _meanings(entry: Document, use: entries.Use, data: QueryDict) -> dict[str, str] | None:
    """The meanings of the texts the page showed, beside those of texts it did not."""
    texts = _numbered(data, f"{use.key}.t")
    if not texts:
        return None
    kept = {str(k): v for k, v in (_source(entry, use).get("values") or {}).items()}
    for number, text in texts.items():
        kept = {k: v for k, v in kept.items() if k.lower() != text.lower()}
        meant = data.get(f"{use.key}.v{number}", "")
        if meant and not meant.startswith("+"):
            kept[text] = meant
    return kept


def _numbered(data: QueryDict, start: str) -> dict[str, str]:
    return {
        name[len(start) :]: data[name] for name in data if name.startswith(start) and name[len(start) :].isdecimal()
    }


def _new_stages(document: Document, entry: Document, data: QueryDict) -> Document:
    """Stages a person says are new are written into the mapping, behind those that are there."""
    rows = [dict(stage) for stage in (document.get("rows") or {}).get("stage", [])]
    before = len(rows)
    for place, target in enumerate(entries.targets(entry)):
        for field, source in entries.fields_of(target).items():
            within = source.get("within") if isinstance(source, dict) else None
            pipeline = str((within or {}).get("pipeline", "default"))
            for number, text in _numbered(data, f"{place}.{field}.t").items():
                kind = data.get(f"{place}.{field}.v{number}", "")
                there = {(str(stage.get("pipeline", "default")), str(stage.get("name"))) for stage in rows}
                if kind in ("+open", "+won", "+lost") and (pipeline, text) not in there:
                    rows.append(_stage(pipeline, text, kind[1:], rows))
    if len(rows) == before:
        return document
    return {**document, "rows": {**(document.get("rows") or {}), "stage": rows}}


def _stage(pipeline: str, name: str, kind: str, others: list[dict[str, Any]]) -> dict[str, Any]:
    ranks = [int(stage.get("rank") or 0) for stage in others if str(stage.get("pipeline", "default")) == pipeline]
    open_ranks = [rank for rank in ranks if rank < 90]
    rank = max(open_ranks, default=0) + 1 if kind == "open" else {"won": 90, "lost": 91}[kind]
    return {
        "pipeline": pipeline,
        "name": name,
        "rank": rank,
        "kind": kind,
        "probability": {"open": 0, "won": 1, "lost": 0}[kind],
    }


def _fixed(entry: Document, data: QueryDict) -> Document:
    """Texts every row gets; the row number is written as a template."""
    for name in data:
        place, _dot, rest = name.partition(".")
        field, _dot, word = rest.rpartition(".")
        if word not in ("fixed", "number") or not place.isdecimal() or int(place) >= len(entries.targets(entry)):
            continue
        target = entries.targets(entry)[int(place)]
        table = tables().get(str(target.get("table")))
        if table is None or field not in table.fields:
            continue
        filled = entries.fields_of(target).get(field)
        if word == "number" and filled is None:
            target.setdefault("fields", {})[field] = {"template": ROW_NUMBER}
        elif word == "fixed" and (filled is None or field in entries.fixed(target)):
            entry = entries.set_fixed(entry, int(place), field, data[name].strip())
    return entry


def _blank(entry: Document, text: str) -> Document:
    words = [word.strip() for word in text.split(",") if word.strip()]
    changed = {key: value for key, value in entry.items() if key != "blank"}
    return {**changed, "blank": words} if words else changed
