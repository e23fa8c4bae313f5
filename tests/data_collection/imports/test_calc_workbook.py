"""XLSX as text rows: which sheet, which header, what a cell becomes; against openpyxl's own reading."""

import random
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from data_collection.imports.calc.detect import detect
from data_collection.imports.calc.reading import FileRefused, Survey, survey
from data_collection.imports.calc.reading.sheet import moment, number_text

Make = Callable[..., Survey]


@pytest.fixture
def book(tmp_path: Path) -> Make:
    """A workbook of these rows, looked through."""

    def make(*rows: list[object], change: Callable[[Worksheet], object] | None = None) -> Survey:
        made = openpyxl.Workbook()
        for row in rows:
            made.active.append(row)
        if change:
            change(made.active)
        made.save(tmp_path / "a.xlsx")
        return survey(tmp_path / "a.xlsx")

    return make


def rewrite(path: Path, part: str, change: Callable[[str], str]) -> None:
    """Change one part of a workbook, as other programs write it."""
    with ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


def test_what_each_kind_of_cell_becomes(book: Make) -> None:
    def styled(sheet: Worksheet) -> None:
        sheet["D2"].number_format = "0.00%"
        sheet["I2"].number_format = "dd/mm/yyyy"

    seen = book(
        [
            "text",
            "whole",
            "number",
            "share",
            "day",
            "moment",
            "clock",
            "truth",
            "serial as day",
            "serial",
            "long",
            "span",
        ],
        [
            " x ",
            84,
            731.9399999999999,
            0.2,
            date(2026, 3, 31),
            datetime(2026, 3, 31, 9, 15, 1),
            time(9, 15),
            True,
            46112,
            46112,
            "000123456789012345",
            timedelta(hours=27, minutes=30),
        ],
        change=styled,
    )
    assert (seen.format, seen.encoding, seen.separator, seen.rows, seen.header_row) == ("xlsx", "", "", 1, 1)
    assert list(seen.open_rows()) == [
        [
            " x ",
            "84",
            "731.94",
            "20%",
            "2026-03-31",
            "2026-03-31T09:15:01",
            "09:15:00",
            "true",
            "2026-03-31",
            "46112",
            "000123456789012345",
            "27:30:00",
        ]
    ]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("84", "84"),
        ("84.0", "84"),
        ("-0.10", "-0.1"),
        ("0.30000000000000004", "0.3"),
        ("1.0E-3", "0.001"),
        ("6.0E7", "60000000"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456789", "1234567890123456789"),
        ("3.14159265358979", "3.14159265358979"),
        ("1E+300", "1E+300"),
        ("NaN", ""),
        ("x", "x"),
    ],
)
def test_numbers_are_what_a_spreadsheet_shows(raw: str, text: str) -> None:
    assert number_text(raw) == text


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (1, "date", "1900-01-01"),
        (59, "date", "1900-02-28"),
        (61, "date", "1900-03-01"),
        (46112, "datetime", "2026-03-31T00:00:00"),
        (46112.385416666664, "date", "2026-03-31T09:15:00"),
        (46112.99999999999, "datetime", "2026-04-01T00:00:00"),
        (0.385416666666667, "time", "09:15:00"),
        (0.0000057870370370, "time", "00:00:00.500"),
        (2958465, "date", "9999-12-31"),
        (2958466, "date", ""),
        (-1, "date", ""),
    ],
)
def test_day_numbers_of_1900(value: float, style: str, text: str) -> None:
    assert moment(value, style) == text


def test_days_of_a_workbook_from_1904(book: Make, tmp_path: Path) -> None:
    """The same number is four years and a day later."""
    book(["day"], [date(2026, 3, 31)])
    rewrite(
        tmp_path / "a.xlsx", "xl/workbook.xml", lambda text: re.sub("<workbookPr\\b", '<workbookPr date1904="1"', text)
    )
    assert list(survey(tmp_path / "a.xlsx").open_rows()) == [["2030-04-01"]]


def test_titles_above_the_header_are_left_out_and_said(book: Make) -> None:
    seen = book(
        ["Deals 2026"], [], ["by", "Ann"], ["id", "name", "amount", "day"], [1, "A", 2, None], [], [3, "B", 4, None]
    )
    assert (seen.headers, seen.header_row, seen.rows) == (("id", "name", "amount", "day"), 4, 2)
    assert "The column names stand in row 4; the rows above were left out." in seen.notes
    assert seen.feed().read() == b"5,,1,A,2,\r\n7,,3,B,4,\r\n"


def test_a_single_column_has_its_header_in_the_first_row_that_holds_something(book: Make) -> None:
    seen = book([], ["id"], ["7"])
    assert (seen.headers, seen.header_row, list(seen.open_rows())) == (("id",), 2, [["7"]])


def test_hidden_and_empty_sheets_are_passed_over(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "Secret"
    made.active.append(["s"])
    made.active.sheet_state = "hidden"
    made.create_sheet("Blank")
    for name in ("Deals", "Contacts"):
        made.create_sheet(name).append([name])
    made.save(tmp_path / "a.xlsx")
    seen = survey(tmp_path / "a.xlsx")
    assert seen.headers == ("Deals",)
    assert "Only the sheet “Deals” was read; left out: Blank, Contacts." in seen.notes
    assert "Hidden sheets were left out: Secret." in seen.notes


def test_a_cover_page_is_passed_over_unless_it_is_all_there_is(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "Cover"
    for line in ("Deals of the north", "Made by Ann"):
        made.active.append([line])
    made.save(tmp_path / "a.xlsx")
    assert survey(tmp_path / "a.xlsx").headers == ("Deals of the north",)
    made.create_sheet("Deals").append(["id", "name"])
    made.save(tmp_path / "a.xlsx")
    seen = survey(tmp_path / "a.xlsx")
    assert seen.headers == ("id", "name") and "Only the sheet “Deals” was read; left out: Cover." in seen.notes


def test_sheets_without_rows_and_hidden_ones_alone_are_refused(book: Make, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="its visible sheets are empty"):
        book([])
    rewrite(tmp_path / "a.xlsx", "xl/workbook.xml", lambda text: text.replace('state="visible"', 'state="hidden"'))
    with pytest.raises(FileRefused, match="All sheets of the workbook are hidden"):
        survey(tmp_path / "a.xlsx")


FORMULAS = (
    '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"a"</f><v>a</v></c><c r="C2"><f>NOW()</f></c>'
    '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="E2" t="e"><v>#N/A</v></c></row>'
)


def test_formulas_give_their_stored_value_and_errors_nothing(book: Make, tmp_path: Path) -> None:
    book(["a", "b", "c", "d", "e"])
    rewrite(
        tmp_path / "a.xlsx",
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("</sheetData>", FORMULAS + "</sheetData>"),
    )
    seen = survey(tmp_path / "a.xlsx")
    assert list(seen.open_rows()) == [["2", "a", "", "", ""]]
    assert "4 formulas were read by the value last stored." in seen.notes
    assert any(note.startswith("1 formula has no stored value and was read as empty.") for note in seen.notes)
    assert "2 cells hold an error and were read as empty: #DIV/0! (1), #N/A (1)." in seen.notes


def test_a_sheet_of_formulas_written_by_a_program_holds_no_values(book: Make) -> None:
    seen = book(["a", "b"], ["x", "=1+1"], ["y", '=HYPERLINK("http://x")'])
    assert list(seen.open_rows()) == [["x", ""], ["y", ""]]
    assert "2 formulas were read by the value last stored." in seen.notes


def test_merged_cells_hold_their_value_once(book: Make) -> None:
    seen = book(["a", "b", "c"], ["x", "y", "z"], ["p", None, "q"], change=lambda sheet: sheet.merge_cells("A3:B3"))
    assert list(seen.open_rows()) == [["x", "y", "z"], ["p", "", "q"]]
    assert "1 merged range: only the first cell holds the value." in seen.notes


def test_rich_text_reading_aids_and_escaped_signs(book: Make, tmp_path: Path) -> None:
    inline = (
        '<row r="2"><c r="A2" t="inlineStr"><is><r><t>Ac</t></r><r><t>me</t></r><rPh><t>no</t></rPh></is></c>'
        '<c r="B2" t="inlineStr"><is><t>a_x000D_b_x0000_c_xD800_</t></is></c></row>'
    )
    book(["a", "b"])
    rewrite(
        tmp_path / "a.xlsx",
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("</sheetData>", inline + "</sheetData>"),
    )
    assert list(survey(tmp_path / "a.xlsx").open_rows()) == [["Acme", "a\rbc"]]


def test_empty_styled_cells_far_to_the_right_are_no_columns(book: Make) -> None:
    seen = book(["a", "b"], [1, 2], change=lambda sheet: setattr(sheet["XFD2"], "number_format", "0.00"))
    assert (seen.headers, list(seen.open_rows())) == (("a", "b"), [["1", "2"]])


def test_rows_and_cells_without_references_count_on(book: Make, tmp_path: Path) -> None:
    plain = "<row><c><v>1</v></c><c><v>2</v></c></row><row/><row><c r='B9'><v>3</v></c></row>"
    book(["a", "b"])
    rewrite(
        tmp_path / "a.xlsx",
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("</sheetData>", plain + "</sheetData>"),
    )
    assert list(survey(tmp_path / "a.xlsx").open_rows()) == [["1", "2"], [], ["", "3"]]


def test_prefixed_names_are_read_like_others(book: Make, tmp_path: Path) -> None:
    def prefixed(text: str) -> str:
        for name in ("worksheet", "sheetData", "row", "c", "v"):
            for end in (" ", ">", "/"):
                text = text.replace(f"<{name}{end}", f"<x:{name}{end}").replace(f"</{name}>", f"</x:{name}>")
        return text.replace("xmlns=", "xmlns:x=")

    book(["a"], [5])
    rewrite(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", prefixed)
    assert list(survey(tmp_path / "a.xlsx").open_rows()) == [["5"]]


def test_the_footer_of_a_report_is_left_out(book: Make) -> None:
    footer = [
        [],
        ["Deals"],
        ["Copyright (c) 2000-2026 salesforce.com, inc."],
        ["Confidential Information - Do Not Distribute"],
    ]
    seen = book(["a", "b"], [1, 2], [3, 4], *footer)
    assert list(seen.open_rows()) == [["1", "2"], ["3", "4"]] and seen.rows == 2
    assert "A footer of 3 lines at the end was left out." in seen.notes


def test_detection_sees_days_numbers_and_percent(book: Make) -> None:
    rows = [[date(2026, 1, day), day * 1.5, day, f"ACC-{day}"] for day in range(1, 20)]
    seen = detect(book(["Close Date", "Amount", "Start date", "Key"], *rows))
    assert [column.kind for column in seen.columns] == ["date", "number", "integer", "id"]
    assert seen.formats.date == ("iso",) and seen.formats.decimal == "." and all(seen.sure.values())
    assert (seen.format, seen.rows_total) == ("xlsx", 19)


@pytest.mark.parametrize("seed", range(5))
def test_random_workbooks_are_read_as_openpyxl_reads_them(book: Make, tmp_path: Path, seed: int) -> None:
    signs = random.Random(seed)

    def cell() -> object:
        return signs.choice(
            [
                None,
                signs.randint(-10, 10**12),
                round(signs.uniform(-1e6, 1e6), signs.randint(1, 6)),
                signs.choice(["Zoë", "ไทย", "a\nb", "=x", " y ", "<&>", "0012", "#N/A "]),
                signs.choice([True, False]),
                datetime(2026, 1, 1) + timedelta(seconds=signs.randint(0, 10**8)),
            ]
        )

    rows = [[cell() for _ in range(6)] for _ in range(60)]
    rows = [[str(value).lstrip("=") if isinstance(value, str) else value for value in row] for row in rows]
    seen = book(list("abcdef"), *rows)
    expected = [
        ["" if v is None else str(v).lower() if isinstance(v, bool) else v.isoformat() if isinstance(v, datetime) else
         format(v, ".15g") if isinstance(v, float) else str(v) for v in row]
        for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(min_row=2, max_col=6, values_only=True)
    ]  # fmt: skip
    got = [row or [""] * 6 for row in seen.open_rows()]
    assert got == expected[: len(got)] and not any(any(row) for row in expected[len(got) :])


def test_a_first_look_reads_the_first_rows_only(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["a", "b"])
    for number in range(6000):
        sheet.append([number, "=1" if number > 5500 else "x"])
    made.save(tmp_path / "a.xlsx")
    first, whole = survey(tmp_path / "a.xlsx", whole=False), survey(tmp_path / "a.xlsx")
    assert (first.rows, whole.rows) == (None, 6000) and first.headers == whole.headers
    assert not first.notes and any("formulas" in note for note in whole.notes)
    assert sum(1 for _ in first.open_rows()) == 6000
    assert detect(first).rows_total is None
