"""What is seen of a file: kinds of columns, dates, decimal mark, time zone; sure only where a value decides."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data_collection.imports.calc.detect import ColumnSeen, Detection, detect
from data_collection.imports.calc.reading import survey

See = Callable[..., Detection]


@pytest.fixture
def see(tmp_path: Path) -> See:
    """Detect a CSV file of these lines."""

    def look(*lines: str, **options: object) -> Detection:
        path = tmp_path / "a.csv"
        path.write_text("\n".join(lines) + "\n")
        return detect(survey(path), **options)

    return look


@pytest.fixture
def column(see: See) -> Callable[..., ColumnSeen]:
    """Detect a single column of these cells."""

    def look(header: str, *cells: str) -> ColumnSeen:
        return see(f"{header};x", *(f"{cell};1" for cell in cells)).columns[0]

    return look


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("Name", ["Acme", "Beta"], "text"),
        ("Note", ["", ""], "empty"),
        ("Employees", ["12", "1340"], "integer"),
        ("Number of Employees", ["12", "1340"], "integer"),
        ("Amount", ["12.5", "1,340.25"], "number"),
        ("Amount", ["€ 12,50", "1.340,25 €"], "number"),
        ("Amount", ["(12.50)", "USD 3.00"], "number"),
        ("Amount", ["₫ 12.500", "₫ 1.200.000"], "number"),
        ("Share", ["20%", "12.5 %"], "percent"),
        ("Closed", ["2026-03-31", ""], "date"),
        ("Closed", ["31.12.2026"], "date"),
        ("Closed", ["2026-03-31 00:00:00", "2026-04-01 00:00:00"], "date"),
        ("Created", ["2026-03-31 09:15", "2026-04-01 00:00"], "datetime"),
        ("Close Date", ["45000", "46387"], "date"),
        ("Start Date", ["45000.5", "46387.25"], "datetime"),
        ("Days to close", ["45000", "46387"], "integer"),
        ("Amount", ["45000", "46387"], "integer"),
        ("Won", ["true", "FALSE"], "boolean"),
        ("Won", ["yes", "no"], "boolean"),
        ("is_active", ["1", "0"], "boolean"),
        ("Deals", ["1", "0"], "integer"),
        ("Record ID", ["8123", "8124"], "id"),
        ("OWNERID", ["8123", "8124"], "id"),
        ("Account ID", ["84.0", "158.0"], "id"),
        ("Account ID", ["84.0", "158.25"], "number"),
        ("Month_Number", ["11", "8"], "integer"),
        ("Postal Code", ["42420", "90036"], "text"),
        ("Postal Code", ["42420", "SW1A 1AA"], "text"),
        ("Postal Code", ["42420", "00501"], "text"),
        ("Paid", ["8123", "8124"], "integer"),
        ("Whatever", ["001x0000002xLCVAA2", "001x0000002xLCWAA2"], "id"),
        ("Key", ["ACC-001", "ACC-002"], "id"),
        ("ZIP", ["08035", "15106"], "text"),
        ("E-mail", ["a@x.org", "b.c@y.co.th"], "email"),
        ("Phone", ["2129617500"], "phone"),
        ("Contact", ["+66 2 123 4567", "(212) 961-7500"], "phone"),
        ("Web", ["https://a.org/x", "www.b.com"], "url"),
        ("Website", ["acme.com", "b.co.uk"], "url"),
    ],
)
def test_the_kind_of_a_column(column: Callable[..., ColumnSeen], header: str, cells: list[str], kind: str) -> None:
    assert column(header, *cells).kind == kind


def test_a_day_over_twelve_decides_for_the_whole_file(see: See) -> None:
    seen = see("a;b", "01/02/2026;03/04/2026", "31/12/2026;05/06/2026")
    assert seen.formats.date == ("dmy",) and seen.sure["date"]
    assert [column.date for column in seen.columns] == [("dmy",), ("dmy", "mdy")]


def test_a_month_first_column_and_iso_in_another(see: See) -> None:
    seen = see("a;b", "12/31/2026;2026-03-31", "01/02/2026;2026-04-01")
    assert seen.formats.date == ("iso", "mdy") and seen.sure["date"]


def test_iso_and_us_dates_in_one_column(see: See) -> None:
    seen = see("a;b", "07/15/2009 02:14:45+0800;1", "2009-07-14T22:14:45+0800;1")
    assert seen.columns[0].date == ("iso", "mdy")
    assert seen.formats.date == ("iso", "mdy") and seen.sure["date"] and seen.sure["time_zone"]


def test_dates_that_may_be_either_are_not_sure_and_named(see: See) -> None:
    seen = see("Closed;x", "01/02/2026;1", "03/04/2026;2")
    assert not seen.sure["date"]
    assert "Dates in “Closed” may be day first or month first; no value decides it." in seen.notes
    assert see("Closed;Amount", "01/02/2026;$5.00", "03/04/2026;$2.00").formats.date == ("mdy",)


def test_a_value_far_below_the_first_rows_decides(see: See) -> None:
    seen = see("a;b", *["01/02/2026;1,234"] * 500, "12/31/2026;1,5", rows=100)
    assert seen.formats.date == ("mdy",) and seen.sure["date"]
    assert seen.formats.decimal == "," and seen.sure["decimal"]
    assert (seen.rows_seen, seen.rows_total) == (100, None)


def test_both_orders_in_one_column_and_in_two(see: See) -> None:
    seen = see("a;b", "31/12/2026;1", "12/31/2026;1")
    assert not seen.sure["date"] and any("partly day first and partly month first" in note for note in seen.notes)
    seen = see("a;b", "31/12/2026;12/31/2026")
    assert not seen.sure["date"]
    assert [column.date for column in seen.columns] == [("dmy",), ("mdy",)]


@pytest.mark.parametrize(
    ("cells", "mark", "sure"),
    [
        (["1 234,56"], ",", True),
        (["1\u00a0234,56", "12"], ",", True),
        (["1.234,56"], ",", True),
        (["1.234.567"], ",", True),
        (["0,123"], ",", True),
        (["1'234.56"], ".", True),
        (["1,234.56"], ".", True),
        (["1,234,567"], ".", True),
        (["12", "1234"], ".", True),
        (["1.234", "999"], ",", False),
    ],
)
def test_the_decimal_mark(see: See, cells: list[str], mark: str, sure: bool) -> None:
    seen = see("Amount;x", *(f"{cell};y" for cell in cells))
    assert (seen.formats.decimal, seen.sure["decimal"]) == (mark, sure)


def test_a_currency_is_told_when_it_is_one(column: Callable[..., ColumnSeen]) -> None:
    assert column("Amount", "€ 12,50", "3,00 €").currency == "€"
    assert column("Amount", "12.50 THB", "3.00 THB").currency == "THB"
    assert column("Amount", "$1.00", "€1.00").currency == ""
    assert column("Part", "ABC 12", "ABC 13").kind == "text"


def test_times_without_an_offset_are_of_the_given_zone(see: See) -> None:
    seen = see("at;x", "2026-03-31 09:15;1", "2026-03-31T09:15:00Z;1", zone="Asia/Bangkok")
    assert seen.formats.time_zone == "Asia/Bangkok" and not seen.sure["time_zone"]
    assert "Times in “at” carry no offset; they are read as times of Asia/Bangkok." in seen.notes
    assert see("at;x", "2026-03-31T09:15:00+07:00;1").sure["time_zone"]


def test_values_that_do_not_fit_are_named(see: See) -> None:
    seen = see("at;x", *["2026-03-31;1"] * 5, "2009\\7\\14;1")
    assert seen.columns[0].kind == "date"
    assert "1 of 6 values in “at” is no date: “2009\\7\\14”." in seen.notes


def test_what_is_shown_of_a_file(see: See) -> None:
    seen = see("a;b", *(f"{i};{'y' * 500}" for i in range(15)))
    assert (seen.format, seen.encoding, seen.separator, seen.headers) == ("csv", "utf-8", ";", ("a", "b"))
    assert (seen.rows_seen, seen.rows_total, len(seen.sample)) == (15, 15, 10)
    assert seen.columns[0].samples == ("0", "1", "2", "3", "4") and seen.columns[0].distinct == 15
    assert len(seen.sample[0][1]) == 200


def test_an_empty_table_has_empty_columns(see: See) -> None:
    seen = see("a;b")
    assert [c.kind for c in seen.columns] == ["empty", "empty"] and seen.formats.date == ("iso",)
    assert all(seen.sure.values()) and seen.rows_total == 0
