"""Reads of the imports: mappings by name, files of a folder, the result of a batch, rejected rows as CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db.models import Case, Count, Max, Q, Sum, When
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from data_collection.crm.models import Stage
from data_collection.imports.calc.documents import GivenTwice, read_document
from data_collection.imports.calc.mapping import Mapping, MappingError, parse_mapping
from data_collection.imports.calc.reading import Limits, ending_of
from data_collection.imports.models import ImportBatch, ImportFile, RejectedRow, SavedMapping
from data_collection.imports.targets import model_of, tables
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
        "job": batch.job_id,
        "retry_of": batch.retry_of_id,
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
                "id": s.pk,
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
        "undone": batch.undone,
        "started_at": batch.started_at,
        "ended_at": batch.ended_at,
        "seconds": round((batch.ended_at - batch.started_at).total_seconds(), 2) if batch.ended_at else None,
    }


#: In front of a rejected row's own columns; they are no data when the corrected file comes back.
REJECTED_COLUMNS = ("file", "row", "table", "reasons")


def rejected_csv(batch: ImportBatch, *, file: ImportFile | None = None) -> Iterator[str]:
    """Rejected rows with their own columns, the row number and every reason in front; one block per file."""
    for one in [file] if file else rejected_files(batch):
        for cells in rejected_lines(one):
            yield _line(cells)


def rejected_files(batch: ImportBatch) -> list[ImportFile]:
    """The files with rejected rows; `rows_rejected_here` says how many."""
    return list(
        batch.files.annotate(rows_rejected_here=Count("rejected")).filter(rows_rejected_here__gt=0).order_by("pk")
    )


def rejected_lines(file: ImportFile) -> Iterator[list[str]]:
    """The header and the rejected rows of one file."""
    yield [*REJECTED_COLUMNS, *file.headers]
    for row in file.rejected.order_by("row", "table").iterator(chunk_size=2000):
        yield [file.name, str(row.row), row.table, reasons_text(row), *map(str, row.cells)]


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


def stage_names(pipeline: str = "") -> list[str]:
    """Names of the stages of a pipeline, in order; without one, as a text means them that names no pipeline."""
    stages = Stage.objects.filter(pipeline=pipeline or "default")
    return list(stages.order_by("rank", "name").values_list("name", flat=True))


def preset_titles() -> list[str]:
    """Titles of the exports that are recognised by their columns."""
    return [str(document.get("title", document.get("name", ""))) for document in presets()]


def known_names(batch: ImportBatch, table: str, by: str, *, like: str = "", most: int = 200) -> list[tuple[str, str]]:
    """Known rows a reference may mean, as (text the reference holds, name), at most `most`.

    Args:
        like: only rows whose name or `by` holds this.
    """
    spec, model = tables()[table], model_of(table)
    named = "name" if "name" in spec.fields else by
    rows = model._default_manager.filter(**({"system": batch.system} if spec.mirror else {}))
    if spec.mirror:
        rows = rows.filter(deleted_at__isnull=True)
    if like:
        if "\0" in like:
            return []
        rows = rows.filter(Q(**{f"{named}__icontains": like}) | Q(**{f"{by}__icontains": like}))
        exact = Q(**{named: like}) | Q(**{by: like})
        rows = rows.annotate(first=Case(When(exact, then=0), default=1)).order_by("first", named)
    else:
        rows = rows.order_by(named)
    return [(str(target), str(name)) for target, name in rows.values_list(by, named)[:most]]


@dataclass(frozen=True, slots=True)
class SystemLine:
    """What has come in from one system."""

    system: str
    imports: int
    rows: int  # read, over all of them
    rejected: int
    last: datetime
    mapping: str  # of the last one
    batch: int  # the last one
    waiting: int  # rejected rows of the last one


def system_lines() -> list[SystemLine]:
    """Every system something was applied from, the one that came in last first."""
    applied = ImportBatch.objects.filter(state=ImportBatch.State.APPLIED)
    sums = (
        applied.order_by()
        .values("system")
        .annotate(n=Count("pk"), read=Sum("rows_read"), bad=Sum("rows_rejected"), newest=Max("pk"))
    )
    last = {row.pk: row for row in applied.filter(pk__in=[s["newest"] for s in sums]).defer("definition", "changes")}
    lines = [
        SystemLine(
            s["system"],
            s["n"],
            s["read"],
            s["bad"],
            last[s["newest"]].started_at,
            last[s["newest"]].mapping,
            s["newest"],
            last[s["newest"]].rows_rejected,
        )
        for s in sums
    ]
    return sorted(lines, key=lambda line: line.last, reverse=True)


def rejected_xlsx(file: ImportFile) -> bytes:
    """The rejected rows of one file as a workbook, safe to open."""
    book = Workbook(write_only=True)
    page = book.create_sheet("Rejected rows")
    for cells in rejected_lines(file):
        page.append([_workbook_cell(cell) for cell in cells])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _workbook_cell(cell: str) -> object:
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)[:32_767]
    return text if _is_number(text) else neutral(text)
