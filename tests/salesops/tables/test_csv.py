from datetime import date
from decimal import Decimal

import pytest

from salesops.frame.components import Column, Table
from salesops.tables.csv import csv_cell, neutral, table_csv


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-2+3", "@SUM(A1)", "\t=1", "  =cmd|' /C calc'!A0"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


def test_numbers_stay_numbers_and_undefined_is_empty() -> None:
    assert csv_cell(Decimal("-1234.5000")) == "-1234.5000"
    assert csv_cell(-3) == -3
    assert csv_cell(None) == "" and csv_cell(float("nan")) == ""
    assert csv_cell(date(2026, 7, 31)) == "2026-07-31"


def test_a_table_gives_its_rows_unformatted() -> None:
    table = Table(
        [Column("name", "Name"), Column("sum", "Sum", "money")], [{"name": "A, B", "sum": Decimal("1.25")}], "x"
    )
    text = b"".join(table_csv(table, "deals").streaming_content).decode("utf-8-sig")
    assert text == 'Name,Sum\r\n"A, B",1.25\r\n'
