"""XLSX: the first visible sheet with a header row, as text rows like those of a CSV file. Nothing is ever run."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath

from data_collection.imports.calc.reading.archive import DAMAGED, MACROS, Archive, Elements
from data_collection.imports.calc.reading.footer import MOST_LINES, footer_rows
from data_collection.imports.calc.reading.refusals import (
    FileRefused,
    Limits,
    check_columns,
    check_names,
    first_bytes_problem,
)
from data_collection.imports.calc.reading.sheet import SheetReader, Tally, Texts, sheet_rows
from data_collection.imports.calc.reading.surveys import PREVIEW, Survey, digest, unique

LOOKED_AT = 50  # rows that hold something, in which the header is looked for


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


@dataclass(slots=True)
class Book:
    """What the parts around the sheets say."""

    sheets: list[Sheet] = field(default_factory=list)
    epoch_1904: bool = False
    styles: list[str] = field(default_factory=list)  # per cell style: "", percent, date, datetime, time, duration
    linked: bool = False

    def reader(self, archive: Archive, texts: Texts) -> SheetReader:
        return SheetReader(texts, self.styles, epoch_1904=self.epoch_1904, limits=archive.limits)


def survey_workbook(path: Path, limits: Limits, *, whole: bool = True) -> Survey:
    with path.open("rb") as raw:
        problem = first_bytes_problem(".xlsx", raw.read(16))
    if problem:
        raise FileRefused(problem)
    with Archive(path, limits) as archive:
        book, texts = read_book(archive)
        sheet, header_row, headers = _first_sheet(archive, book, texts)
        check_columns(len(headers), limits)
        check_names(headers)
        reader = book.reader(archive, texts)
        stream = sheet_rows(archive, sheet.part, reader)
        looked_at = stream if whole else islice(stream, PREVIEW)
        rows, end, footer = _count(looked_at, header_row, len(headers), limits)
        ended = whole or next(stream, None) is None
    notes = _notes(book, sheet, header_row, reader.tally)
    if footer and ended:
        notes.append(f"A footer of {footer} lines at the end was left out.")
    return Survey(
        path=path,
        size=path.stat().st_size,
        sha256=digest(path),
        encoding="",
        separator="",
        headers=tuple(unique(headers)),
        format="xlsx",
        rows=rows if ended else None,
        notes=tuple(notes),
        header_row=header_row,
        end=end if ended else None,
        sheet=sheet.part,
        limits=limits,
    )


def rows_workbook(survey: Survey) -> Iterator[list[str]]:
    """All rows after the header; rows the sheet leaves out come empty, so that numbers stay those of the sheet."""
    with Archive(survey.path, survey.limits) as archive:
        book, texts = read_book(archive)
        reader = book.reader(archive, texts)
        width, last = len(survey.headers), survey.header_row
        for number, cells in sheet_rows(archive, survey.sheet, reader):
            if number <= survey.header_row:
                continue
            if survey.end is not None and number > survey.end:
                return
            for _ in range(number - last - 1):
                yield []
            last = number
            yield cells + [""] * (width - len(cells)) if any(cells) else []


def _first_sheet(archive: Archive, book: Book, texts: Texts) -> tuple[Sheet, int, list[str]]:
    """The first visible sheet with a header of several names, else the first that holds something; row and names."""
    visible = [sheet for sheet in book.sheets if not sheet.hidden]
    single: tuple[Sheet, int, list[str]] | None = None  # a cover page, unless it is all there is
    for sheet in visible:
        rows = sheet_rows(archive, sheet.part, book.reader(archive, texts))
        filled = list(islice(((n, cells) for n, cells in rows if any(text.strip() for text in cells)), LOOKED_AT))
        if not filled:
            continue
        number, cells = _header(filled)
        headers = [text.strip() for text in cells]
        while not headers[-1]:
            headers.pop()
        if sum(bool(name) for name in headers) > 1:
            return sheet, number, headers
        single = single or (sheet, number, headers)
    if single is not None:
        return single
    if book.sheets and not visible:
        raise FileRefused("All sheets of the workbook are hidden. Show the one to import.")
    raise FileRefused("The workbook holds no rows: its visible sheets are empty.")


def _header(rows: list[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    """The first row about as full as the fullest: titles above a table fill a cell or two."""
    fill = [sum(bool(text.strip()) for text in cells) for _number, cells in rows]
    most = max(fill)
    enough = most if most <= 3 else math.ceil(0.7 * most)
    return rows[next(place for place, count in enumerate(fill) if count >= enough)]


def _count(
    rows: Iterator[tuple[int, list[str]]], header_row: int, width: int, limits: Limits
) -> tuple[int, int | None, int]:
    """Rows after the header that hold something, the row the table ends in when a footer follows, its lines."""
    count = 0
    last: deque[tuple[int, list[str]]] = deque(maxlen=MOST_LINES + 1)
    for number, cells in rows:
        if number <= header_row or not any(cells):
            continue
        count += 1
        last.append((number, cells))
        if limits.rows is not None and count > limits.rows:
            raise FileRefused(f"The file has more than {limits.rows:,} rows. Split it into several files.")
        if limits.cells is not None and count * width > limits.cells:
            raise FileRefused(
                f"The file has more than {limits.cells:,} cells ({width:,} columns, {count:,} rows so far). Split it."
            )
    footer = footer_rows(list(last))
    return count - footer, last[-footer][0] - 1 if footer else None, footer


def _notes(book: Book, sheet: Sheet, header_row: int, tally: Tally) -> list[str]:
    notes = []
    others = [other.name for other in book.sheets if other.part != sheet.part and not other.hidden]
    hidden = [other.name for other in book.sheets if other.hidden]
    if others:
        notes.append(f"Only the sheet “{sheet.name}” was read; left out: {', '.join(others[:10])}.")
    if hidden:
        notes.append(f"Hidden sheets were left out: {', '.join(hidden[:10])}.")
    if header_row > 1:
        notes.append(f"The column names stand in row {header_row}; the rows above were left out.")
    if tally.formulas:
        notes.append(f"{_many(tally.formulas, 'formula was', 'formulas were')} read by the value last stored.")
    if tally.unknown:
        notes.append(
            f"{_many(tally.unknown, 'formula has no stored value and was', 'formulas have no stored value and were')} "
            "read as empty. Open the workbook in a spreadsheet and save it, so that there is one."
        )
    if tally.errors:
        kinds = ", ".join(f"{error} ({count:,})" for error, count in tally.errors.most_common(5))
        what = _many(tally.errors.total(), "cell holds an error and was", "cells hold an error and were")
        notes.append(f"{what} read as empty: {kinds}.")
    if tally.merged:
        notes.append(f"{_many(tally.merged, 'merged range', 'merged ranges')}: only the first cell holds the value.")
    if book.linked:
        notes.append("Links to other workbooks were not followed; their last stored values were read.")
    return notes


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


# --- parts around the sheets -------------------------------------------------------------------
def read_book(archive: Archive) -> tuple[Book, Texts]:
    """Sheets in their order, styles, shared texts."""
    _check_types(archive)
    main = _relations(archive, "_rels/.rels", "").get("officeDocument", {})
    part = next(iter(main.values()), "xl/workbook.xml")
    relations = _relations(archive, f"{dirname(part)}/_rels/{part.rpartition('/')[2]}.rels", dirname(part))
    book = _sheets(archive, part, relations.get("worksheet", {}))
    book.linked = bool(relations.get("externalLink")) or any("/externallinks/" in name for name in archive.names)
    if styles := next(iter(relations.get("styles", {}).values()), ""):
        book.styles = _styles(archive, styles)
    texts = Texts(archive.limits.texts)
    if shared := next(iter(relations.get("sharedStrings", {}).values()), ""):
        archive.read(shared, texts, archive.limits.texts)
    return book, texts


def _check_types(archive: Archive) -> None:
    types: list[str] = []
    archive.read("[Content_Types].xml", Elements(lambda _name, a: types.append(a.get("ContentType", ""))))
    if any("macroenabled" in kind.lower() for kind in types):
        raise FileRefused(MACROS)
    if not any("sheet.main+xml" in kind or "template.main+xml" in kind for kind in types):
        raise FileRefused("The file is a ZIP archive, but no Excel workbook. Save the sheet as .xlsx or .csv.")


def _relations(archive: Archive, part: str, folder: str) -> dict[str, dict[str, str]]:
    """Kind of relation -> id -> part. Targets outside the file are left out."""
    found: dict[str, dict[str, str]] = {}

    def opened(name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship":
            return
        kind, target = attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", "")
        outside = attributes.get("TargetMode", "").lower() == "external"
        path = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
        found.setdefault(kind, {})
        if not outside:
            found[kind][attributes.get("Id", "")] = path

    if archive.has(part.lstrip("/")):
        archive.read(part.lstrip("/"), Elements(opened))
    return found


def _sheets(archive: Archive, part: str, relations: dict[str, str]) -> Book:
    book = Book()

    def opened(name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            book.epoch_1904 = attributes.get("date1904", "0").lower() in {"1", "true", "on"}
        if name == "sheet":
            key = next(
                (value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and ":" in key), ""
            )
            if key in relations:  # not a chart on a sheet of its own
                hidden = attributes.get("state", "visible") != "visible"
                book.sheets.append(Sheet(attributes.get("name", ""), relations[key], hidden))

    archive.read(part, Elements(opened))
    if not book.sheets:
        raise FileRefused(DAMAGED.format("it has no sheets"))
    return book


def _styles(archive: Archive, part: str) -> list[str]:
    """What the cells of each style show."""
    codes: dict[str, str] = {}
    used: list[str] = []
    inside = False

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            used.append(attributes.get("numFmtId", "0"))

    archive.read(part, Elements(opened))
    kinds = {code: _shown(code, codes) for code in set(used)}
    return [kinds[code] for code in used]


def _shown(code: str, codes: dict[str, str]) -> str:
    """What a number format makes of a number."""
    from openpyxl.styles import numbers  # only where workbooks are read

    number = int(code) if code.isascii() and code.isdigit() and len(code) < 9 else 0
    shape = codes.get(code) or numbers.BUILTIN_FORMATS.get(number, "General")
    if not codes.get(code) and (27 <= number <= 36 or 50 <= number <= 58):
        return "date"  # dates of East Asian locales, whose codes no file spells out
    bare = numbers.STRIP_RE.sub("", shape[:500].split(";")[0]).lower()
    if numbers.is_timedelta_format(shape[:500]):
        return "duration"
    if numbers.is_date_format(bare):
        has_day, has_clock = bool(set(bare) & set("dy")), bool(set(bare) & set("hs"))
        return "datetime" if has_day and has_clock else "time" if has_clock else "date"
    return "percent" if "%" in bare else ""
