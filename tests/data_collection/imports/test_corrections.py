"""Rejected rows taken away, corrected in a spreadsheet and brought back."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from data_collection.imports.models import ImportBatch
from data_collection.models import Product, Rep
from salesops.access.models import User
from salesops.jobs.services import job_work
from tests.data_collection.imports.conftest import counts, csv_file, reasons, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ops(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


@pytest.fixture
def batch(ops: Client) -> ImportBatch:
    """Two files; one good row each, rejected: two of reps, one of products."""
    return upload(
        ops,
        csv_file("rep.csv", "code,name,email\na,A,\nb,,=1+1\nc,,ค@x.test\n"),
        csv_file("product.csv", "code,name,list_price\np,P,1\nq,Q,many\n"),
        dry_run=False,
    )


def rejected(ops: Client, batch: ImportBatch, file: str = "") -> list[list[str]]:
    query = f"?file={batch.files.get(name=file).pk}" if file else ""
    answer = ops.get(reverse("import_rejected", args=[batch.pk]) + query)
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def bring(ops: Client, batch: ImportBatch, rows: list[list[str]], *, encode: str = "utf-8-sig", mark: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=mark).writerows(rows)
    file = SimpleUploadedFile("corrected.csv", text.getvalue().encode(encode))
    answer = ops.post(reverse("import_corrected", args=[batch.pk]), {"file": file}, follow=True)
    return answer.content.decode()


def test_corrected_rows_go_through_a_dry_run_with_the_same_mapping(ops: Client, batch: ImportBatch) -> None:
    rows = rejected(ops, batch)
    assert [row[:3] for row in rows if row[0] != "file"] == [
        ["rep.csv", "3", "rep"], ["rep.csv", "4", "rep"], ["product.csv", "3", "product"],
    ]  # fmt: skip
    for row in rows:
        row[:] = ["Bea" if row[0] == "rep.csv" and n == 5 else "9.50" if c == "many" else c for n, c in enumerate(row)]
    bring(ops, batch, rows)
    again = ImportBatch.objects.first()
    assert (again.retry_of, again.dry_run, again.mapping) == (batch, True, batch.mapping)
    job_work(again.job)
    again.refresh_from_db()
    assert counts(again, "rep") == (2, 2, 0, 0, 0) and counts(again, "product") == (1, 1, 0, 0, 0)
    assert Rep.objects.count() == 1
    ops.post(reverse("import_apply", args=[again.pk]))
    job_work(ImportBatch.objects.first().job)
    assert dict(Rep.objects.values_list("code", "email"))["b"] == "=1+1"  # without the apostrophe of the download
    assert Rep.objects.get(code="c").email == "ค@x.test" and Product.objects.get(code="q").list_price == 9.5


def test_a_spreadsheet_of_another_country_may_save_it(ops: Client, batch: ImportBatch) -> None:
    rows = rejected(ops, batch, "product.csv")
    bring(ops, batch, [[c.replace("many", "7") for c in row] for row in rows], encode="cp1252", mark=";")
    again = ImportBatch.objects.first()
    job_work(again.job)
    again.refresh_from_db()
    assert counts(again, "product") == (1, 1, 0, 0, 0)


def test_workbook_of_one_file(ops: Client, batch: ImportBatch) -> None:
    address = reverse("import_rejected_xlsx", args=[batch.pk, batch.files.get(name="rep.csv").pk])
    page = load_workbook(io.BytesIO(ops.get(address).content)).active
    rows = [list(row) for row in page.iter_rows(values_only=True)]
    assert rows[0] == ["file", "row", "table", "reasons", "code", "name", "email"]
    assert rows[1][-1] == "'=1+1" and page["G2"].data_type == "s"  # text, nothing that runs
    page["F2"], page["F3"] = "Bea", "Cid"
    book = io.BytesIO()
    page.parent.save(book)
    file = SimpleUploadedFile("corrected.xlsx", book.getvalue())
    ops.post(reverse("import_corrected", args=[batch.pk]), {"file": file})
    again = ImportBatch.objects.first()
    job_work(again.job)
    again.refresh_from_db()
    assert counts(again, "rep") == (2, 2, 0, 0, 0)


def test_a_row_rejected_from_two_tables_is_taken_once_as_corrected(ops: Client, tmp_path) -> None:
    fields = {"external_id": "id", "name": "name"}
    document = {"system": "s", "files": [{"file": "both.csv", "tables": [
        {"table": "account", "fields": {**fields, "employees": "n"}, "attributes": "none"},
        {"table": "opportunity", "fields": {**fields, "amount": "n", "stage": "stage"}}]}]}  # fmt: skip
    from data_collection.imports.models import SavedMapping

    SavedMapping.objects.create(name="both", definition=document)
    batch = upload(ops, csv_file("both.csv", "id,name,n,stage\n1,A,many,X\n"), dry_run=False, mapping="both")
    rows = rejected(ops, batch)
    assert [row[2] for row in rows[1:]] == ["account", "opportunity"]
    rows[1][6] = "5"  # only the first of the two is corrected
    bring(ops, batch, rows)
    again = ImportBatch.objects.first()
    job_work(again.job)
    again.refresh_from_db()
    assert counts(again, "account") == (1, 1, 0, 0, 0)
    assert reasons(again) == [(2, "stage", "X", "no stage with this name is known")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "its first columns must be file, row, table, reasons"),
        ("file,row,table,reasons,code\nother.csv,2,rep,x,a\n", "is no file of this import"),
        ("file,row,table,reasons,code\nrep.csv,two,rep,x,a\n", "is no row number"),
        ("file,row,table,reasons,code\n", "holds no rows"),
    ],
)
def test_other_files_are_refused_with_the_reason(ops: Client, batch: ImportBatch, text: str, words: str) -> None:
    before = ImportBatch.objects.count()
    answer = ops.post(reverse("import_corrected", args=[batch.pk]), {"file": csv_file("x.csv", text)}, follow=True)
    assert words in answer.content.decode() and ImportBatch.objects.count() == before


def test_no_file_and_a_wrong_one(ops: Client, batch: ImportBatch) -> None:
    answer = ops.post(reverse("import_corrected", args=[batch.pk]), {}, follow=True)
    assert "This field is required" in answer.content.decode()
    wrong = SimpleUploadedFile("x.pdf", b"%PDF")
    assert (
        "x.pdf" in ops.post(reverse("import_corrected", args=[batch.pk]), {"file": wrong}, follow=True).content.decode()
    )
