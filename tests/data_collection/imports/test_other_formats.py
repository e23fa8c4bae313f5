"""Workbooks and JSON lines through the whole import: same rows, their numbers, rejected rows that go in again."""

import gzip
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import rejected_csv
from data_collection.imports.services.uploads import rejected_retry, upload_receive
from data_collection.models import Account, Product, Rep
from salesops.access.models import User
from salesops.jobs.services import job_work
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db

HEADERS = ["external_id", "name", "annual_revenue", "customer_since", "modified_at", "employees", "Tier"]
ROWS = [
    ["A1", "Zoë AG", 1234.5, date(2026, 3, 31), datetime(2026, 3, 31, 9, 15), 12, "gold"],
    ["A2", "ไทย จำกัด", 731.9399999999999, None, None, None, None],
]


def workbook(path: Path, *rows: list[object], titles: int = 0) -> Path:
    made = openpyxl.Workbook()
    for _ in range(titles):
        made.active.append(["A title"])
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def stored() -> list[tuple[object, ...]]:
    fields = ("external_id", "name", "annual_revenue", "customer_since", "employees", "attributes")
    return list(Account.objects.order_by("external_id").values_list(*fields))


EXPECTED = [
    ("A1", "Zoë AG", Decimal("1234.50"), date(2026, 3, 31), 12, {"Tier": "gold"}),
    ("A2", "ไทย จำกัด", Decimal("731.94"), None, None, {}),
]


def test_a_workbook_goes_in_as_its_rows_show(tmp_path: Path) -> None:
    batch = run_import(workbook(tmp_path / "account.xlsx", HEADERS, *ROWS))
    assert counts(batch, "account") == (2, 2, 0, 0, 0)
    assert stored() == EXPECTED
    assert Account.objects.get(external_id="A1").modified_at.isoformat() == "2026-03-31T09:15:00+00:00"
    assert (batch.files.get().format, batch.files.get().rows) == ("xlsx", 2)


def test_the_same_rows_as_csv_workbook_and_json_lines_are_the_same(tmp_path: Path, folder: Callable[..., Path]) -> None:
    run_import(workbook(tmp_path / "account.xlsx", HEADERS, *ROWS))
    lines = (
        '{"external_id": "A1", "name": "Zoë AG", "annual_revenue": 1234.50, "customer_since": "2026-03-31", '
        '"modified_at": "2026-03-31T09:15:00", "employees": 12, "Tier": "gold"}\n'
        '{"external_id": "A2", "name": "ไทย จำกัด", "annual_revenue": 731.9399999999999}\n'
    )
    (tmp_path / "account.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    assert counts(run_import(tmp_path / "account.jsonl.gz"), "account") == (2, 0, 0, 2, 0)
    text = ",".join(HEADERS) + (
        "\nA1,Zoë AG,1234.5,2026-03-31,2026-03-31T09:15:00,12,gold\nA2,ไทย จำกัด,731.9399999999999,,,,\n"
    )
    (tmp_path / "account.csv").write_text(text)
    assert counts(run_import(tmp_path / "account.csv"), "account") == (2, 0, 0, 2, 0)
    assert stored() == EXPECTED


def test_rejected_rows_of_a_workbook_carry_the_number_the_sheet_shows(tmp_path: Path) -> None:
    rows = [["external_id", "name", "employees"], ["A1", "A", 1], [], ["A2", "B", "many"], ["A3", "C", 1, "too much"]]
    batch = run_import(workbook(tmp_path / "account.xlsx", *rows, titles=2))
    assert counts(batch, "account") == (3, 1, 0, 0, 2)
    assert reasons(batch) == [
        (6, "employees", "many", "is not a whole number"),
        (7, "", "", "the row has 4 cells, the header 3"),
    ]
    assert any("The column names stand in row 3" in finding["text"] for finding in batch.findings)


def test_rejected_lines_of_json_carry_their_number_and_text(tmp_path: Path) -> None:
    (tmp_path / "rep.jsonl").write_text('{"code": "a", "name": "A"}\n{"code": "b", \n\n{"code": "c", "name": "C"}\n')
    batch = run_import(tmp_path / "rep.jsonl")
    assert counts(batch, "rep") == (3, 2, 0, 0, 1)
    ((row, _field, _value, reason),) = reasons(batch)
    assert row == 2 and reason.startswith("the line is no valid JSON")
    assert '{""code"": ""b"",' in "".join(rejected_csv(batch))


def test_rejected_rows_of_an_uploaded_workbook_go_in_again(tmp_path: Path, analyst: User) -> None:
    rows = [["external_id", "name", "owner"], ["A1", "A", "ann"], ["A2", "B", ""]]
    content = workbook(tmp_path / "account.xlsx", *rows).read_bytes()
    batch = upload_receive(
        files=[SimpleUploadedFile("account.xlsx", content)],
        mapping_name="native",
        dry_run=False,
        accept_suggestions=False,
        user=analyst,
    )
    assert batch.files.get().stored.name.endswith(".xlsx")
    job_work(batch.job)
    batch.refresh_from_db()
    assert counts(batch, "account") == (2, 1, 0, 0, 1)
    Rep.objects.create(code="ann", name="Ann")
    again = rejected_retry(batch=batch, user=analyst)
    job_work(again.job)
    again.refresh_from_db()
    assert again.state == ImportBatch.State.APPLIED and counts(again, "account") == (1, 1, 0, 0, 0)
    assert Account.objects.get(external_id="A1").owner.code == "ann"


def test_a_file_of_formulas_goes_in_as_text_and_out_neutral(tmp_path: Path) -> None:
    """Written by a program, formulas have no value; as text in CSV they stay text and leave with an apostrophe."""
    rows = [["code", "name", "kind"], ["p1", '=HYPERLINK("http://x","y")', "goods"], ["p2", "Plain", "=1+1"]]
    batch = run_import(workbook(tmp_path / "product.xlsx", *rows))
    assert [(row, field) for row, field, _value, _why in reasons(batch)] == [(2, "name")]
    assert any("2 formulas have no stored value" in finding["text"] for finding in batch.findings)
    assert Product.objects.get().kind == "goods"
    (tmp_path / "product.csv").write_text("code,name,kind\np3,\"=cmd|' /C calc'!A0\",wrong\n")
    batch = run_import(tmp_path / "product.csv")
    assert "'=cmd|" in "".join(rejected_csv(batch))
