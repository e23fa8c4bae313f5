"""Reads of the imports: mappings by name, files of a folder, the result of a batch, rejected rows as CSV."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from data_collection.imports.calc.documents import GivenTwice, read_document
from data_collection.imports.calc.mapping import Mapping, MappingError, parse_mapping
from data_collection.imports.calc.reading import Limits, ending_of
from data_collection.imports.models import ImportBatch, RejectedRow, SavedMapping
from data_collection.imports.targets import tables
from salesops.tables.csv import neutral

SHIPPED = Path(__file__).parent / "mappings"


class NotFound(LookupError):
    """No such mapping, folder or file; the text is for a person."""


def mapping_names() -> list[tuple[str, str]]:
    """Name and title of every mapping that can be chosen."""
    shipped = [(path.stem, _read(path).get("title", path.stem)) for path in sorted(SHIPPED.glob("*.yaml"))]
    return shipped + [(row.name, row.definition.get("title", row.name)) for row in SavedMapping.objects.all()]


def presets() -> list[dict[str, Any]]:
    """Documents of the shipped mappings that know their files by the columns."""
    documents = [{"name": path.stem, **_read(path)} for path in sorted(SHIPPED.glob("*.yaml"))]
    return [document for document in documents if any(entry.get("headers") for entry in document.get("files", []))]


def mapping_document(name: str) -> dict[str, Any]:
    """The document of a shipped or saved mapping, or of a YAML or JSON file.

    Raises:
        NotFound: there is none by that name.
        MappingError: the file is no YAML or JSON.
    """
    shipped = SHIPPED / f"{name}.yaml"
    if "/" not in name and shipped.is_file():
        return _read(shipped)
    saved = SavedMapping.objects.filter(name=name).first()
    if saved is not None:
        return saved.definition
    path = Path(name)
    if path.is_file():
        return _read(path)
    known = ", ".join(known for known, _title in mapping_names())
    raise NotFound(f"There is no mapping “{name}”. Known: {known}; or give a YAML or JSON file.")


def mapping_parsed(document: dict[str, Any], *, name: str, system: str | None = None) -> Mapping:
    return parse_mapping(document, name=name, tables=tables(), system=system)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
        found = read_document(text, is_json=path.suffix == ".json")
    except GivenTwice as wrong:
        raise MappingError([f"{path.name}: {wrong}"]) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OSError) as wrong:
        raise MappingError([f"{path.name} is no valid YAML or JSON: {' '.join(str(wrong).split())}"]) from None
    if not isinstance(found, dict):
        raise MappingError([f"{path.name}: expected names with values."])
    return found


def files_at(place: str) -> tuple[list[tuple[str, Path]], bool]:
    """Importable files (name, path) of a folder or a single file, and whether it is a single file."""
    if not place.strip():
        raise NotFound("Name the folder or file to import; the name given is empty.")
    path = Path(place)
    if path.is_file():
        return [(path.name, path)], True
    if not path.is_dir():
        raise NotFound(f"“{place}” is neither a folder nor a file.")
    found = [(p.name, p) for p in sorted(path.iterdir()) if p.is_file() and ending_of(p.name)]
    if not found:
        raise NotFound(f"There is no CSV, XLSX or JSON lines file in “{place}”.")
    return found, False


def files_must_fit(mapping: Mapping, paths: list[tuple[str, Path]]) -> None:
    """Refuse what the mapping has no use for.

    Raises:
        NotFound: none of the files is one the mapping names.
    """
    names = [name for name, _path in paths]
    by_columns = any(entry.headers for entry in mapping.files)
    if mapping.expected and not by_columns and not mapping.takes_any(names):
        given = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        raise NotFound(
            f"The mapping “{mapping.name}” has no use for {given}. It reads: {', '.join(mapping.expected)} "
            "(also as .xlsx, .jsonl or .gz)."
        )


def batch_refused(batch: ImportBatch) -> bool:
    """A file, or a whole table of one, was left out."""
    return batch.files.exclude(refused="").exists() or any(row["error"] for row in batch.counts)


def batch_result(batch: ImportBatch, *, rejected: int = 20) -> dict[str, Any]:
    """The result of a batch as plain data, for `--json` and the API."""
    return {
        "batch": batch.pk,
        "mapping": batch.mapping,
        "system": batch.system,
        "dry_run": batch.dry_run,
        "state": batch.state,
        "error": batch.error,
        "files": list(
            batch.files.values("name", "size", "sha256", "encoding", "separator", "rows", "refused").order_by("pk")
        ),
        "tables": batch.counts,
        "totals": batch.total,
        "suggestions": [
            {
                "file": s.file_name,
                "table": s.table,
                "field": s.field,
                "value": s.value,
                "proposal": s.shown or None,
                "confidence": s.confidence or None,
                "rows": s.rows,
                "applied": s.state == s.State.APPLIED,
            }
            for s in batch.suggestions.all()
        ],
        "rejected_rows": batch.rows_rejected,
        "rejected": [
            {"file": r.file.name, "table": r.table, "row": r.row, "reasons": r.reasons}
            for r in batch.rejected.select_related("file")[:rejected]
        ],
        "findings": batch.findings,
        "changes": batch.changes,
        "seconds": round((batch.ended_at - batch.started_at).total_seconds(), 2) if batch.ended_at else None,
    }


def rejected_csv(batch: ImportBatch) -> Iterator[str]:
    """Rejected rows with their own columns, the row number and every reason in front; one block per file."""
    for file in batch.files.filter(pk__in=batch.rejected.values("file")).order_by("pk"):
        yield _line(["file", "row", "table", "reasons", *file.headers])
        rows = batch.rejected.filter(file=file).order_by("row", "table")
        for row in rows.iterator(chunk_size=2000):
            yield _line([file.name, str(row.row), row.table, reasons_text(row), *map(str, row.cells)])


def reasons_text(row: RejectedRow) -> str:
    return " | ".join(f"{r['field']} “{r['value']}” {r['reason']}. {r['fix']}" for r in row.reasons)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([cell if _is_number(cell) else neutral(cell) for cell in cells])
    return buffer.getvalue()


def _is_number(cell: str) -> bool:
    """A plain signed number: it begins like a formula and is none."""
    return cell[1:].replace(".", "", 1).isdigit() and cell[0] in "+-"


def import_limits(*, by_page: bool = True) -> Limits:
    """What a file may be at most. One given to the command, not by page or API, may have any size and rows."""
    size = settings.IMPORT_MAX_MB * 2**20
    return Limits(
        size=size if by_page else None,
        unpacked=5 * size if by_page else None,
        rows=settings.IMPORT_MAX_ROWS if by_page else None,
        cells=settings.IMPORT_MAX_CELLS if by_page else None,
        columns=settings.IMPORT_MAX_COLUMNS,
        cell=settings.IMPORT_MAX_CELL_KB * 2**10,
        ratio=settings.IMPORT_MAX_RATIO,
        parts=settings.IMPORT_MAX_PARTS,
        texts=settings.IMPORT_MAX_TEXTS_MB * 2**20,
    )
