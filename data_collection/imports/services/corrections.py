"""Rejected rows that a person corrected in the downloaded file and gives back."""

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from data_collection.imports.calc.reading import FileRefused, survey
from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.imports.selectors import REJECTED_COLUMNS, import_limits
from data_collection.imports.services.uploads import file_keep, rows_queue, rows_successor, stored_name
from salesops.access.models import User
from salesops.tables.csv import FORMULA_STARTS

Rows = dict[int, list[str]]  # row number -> cells


def corrected_receive(*, batch: ImportBatch, file: UploadedFile, user: User | None) -> ImportBatch:
    """Try the corrected rows by the mapping of the batch. The columns file, row, table and reasons are not data.

    Raises:
        FileRefused: it is no file of rejected rows of this import.
    """
    ours = {row.name: row for row in batch.files.all()}
    found: dict[str, tuple[list[str], Rows]] = {}
    for name, headers, number, cells in _corrected(batch, file):
        if name not in ours:
            raise FileRefused(_("“%s” is no file of this import; leave the column “file” as it is.") % name)
        kept = found.setdefault(name, (headers, {}))[1]
        if number not in kept or kept[number] == _original(ours[name], number):
            kept[number] = cells  # a row stands once for every table it was rejected from; the corrected one counts
    if not found:
        raise FileRefused(_("The file holds no rows."))
    with transaction.atomic():
        again = rows_successor(batch=batch, user=user)
        for name, (headers, rows) in found.items():
            file_keep(batch=again, name=name, content=_csv([headers, *(rows[n] for n in sorted(rows))]))
        return rows_queue(batch=again, user=user)


def _original(file: ImportFile, number: int) -> list[str] | None:
    row = file.rejected.filter(row=number).first()
    return None if row is None else [str(cell) for cell in row.cells]


def _corrected(batch: ImportBatch, file: UploadedFile) -> Iterator[tuple[str, list[str], int, list[str]]]:
    """File name, headers, row number and cells of every row; the file holds one block with a header for each file."""
    headers: list[str] = []
    for cells in _rows(batch, file):
        if not any(cells):
            continue
        if [cell.strip().lower() for cell in cells[:4]] == list(REJECTED_COLUMNS):
            headers = cells[4:]
            while headers and not headers[-1]:
                headers.pop()
            continue
        if len(cells) < 2 or not (cells[1].isascii() and cells[1].isdecimal()):
            raise FileRefused(_("“%s” is no row number; leave the column “row” as it is.") % " ".join(cells[1:2]))
        own = [_plain(cell) for cell in cells[4:]]
        width = len(headers)
        if any(own[width:]):
            own = [*own]  # more cells than columns: told by the import as it is
        else:
            own = (own + [""] * width)[:width]
        yield cells[0], headers, int(cells[1]), own


def _rows(batch: ImportBatch, file: UploadedFile) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / stored_name(batch, 0, file.name or "")
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        seen = survey(path, limits=import_limits())
        if [name.lower() for name in seen.headers[:4]] != list(REJECTED_COLUMNS):
            raise FileRefused(
                _("This is no file of rejected rows: its first columns must be %s.") % ", ".join(REJECTED_COLUMNS)
            )
        yield list(seen.headers)
        yield from seen.open_rows()


def _plain(cell: str) -> str:
    """Without the apostrophe that kept a spreadsheet from running the cell."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(FORMULA_STARTS) else cell


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
