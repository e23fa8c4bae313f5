"""One bad cell or file never ends an import: it is told in words and everything else goes in."""

import gzip
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

from data_collection.imports.calc.reading import FileRefused, Limits, RowFeed, survey
from data_collection.imports.models import ImportBatch, RejectedRow
from data_collection.imports.selectors import batch_refused, files_at, mapping_document, mapping_parsed
from data_collection.imports.services import batches, loading
from data_collection.imports.services.batches import import_run
from data_collection.imports.services.uploads import rejected_retry
from data_collection.models import Account, Activity, OrderLine, Product, Rep
from salesops.jobs.registry import JobCancelled
from salesops.jobs.services import job_work
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db

PRODUCTS = "code,name\np,P\n"


def refused(batch: ImportBatch) -> dict[str, str]:
    return dict(batch.files.exclude(refused="").values_list("name", "refused"))


@pytest.mark.parametrize("name", ["Acme\rCorp", "Acme\nCorp", "Acme\r\nCorp", "\rAcme", 'A"\r"B', "\\.", "\r"])
def test_line_breaks_of_any_kind_inside_quotes_are_text(folder: Callable[..., Path], name: str) -> None:
    cell = name.replace('"', '""')
    batch = run_import(folder(account=f'external_id,name,city\nR1,"x{cell}",\nR2,Plain,\nR3,P,"{cell}"\n'))
    assert batch.state == ImportBatch.State.APPLIED and not batch_refused(batch)
    assert counts(batch, "account") == (3, 3, 0, 0, 0)
    assert Account.objects.get(external_id="R1").name == f"x{name}".strip()


def test_the_zero_character_of_a_wide_file_is_refused_by_line(folder: Callable[..., Path]) -> None:
    batch = run_import(folder(rep="code,name\na,A\nb,B\0C\n".encode("utf-16"), product=PRODUCTS))
    assert refused(batch) == {"rep.csv": "Line 3 holds the zero character (U+0000), which is no text. Remove it."}
    assert Product.objects.count() == 1 and not Rep.objects.exists()


def test_a_wide_encoding_may_be_named_in_any_spelling(folder: Callable[..., Path]) -> None:
    entry = {
        "file": "rep.csv",
        "encoding": "UTF-16",
        "tables": [{"table": "rep", "fields": {"code": "a", "name": "b"}}],
    }
    run_import(folder(rep="a,b\n1,Zoë\n".encode("utf-16")), {"system": "t", "files": [entry]})
    assert Rep.objects.get().name == "Zoë"


def test_a_named_encoding_that_does_not_fit_is_told(folder: Callable[..., Path]) -> None:
    entry = {"file": "rep.csv", "encoding": "utf-8", "tables": [{"table": "rep", "fields": {"code": "a", "name": "b"}}]}
    batch = run_import(folder(rep="a,b\n1,Zoë\n".encode("cp1252")), {"system": "t", "files": [entry]})
    assert "is not utf-8" in refused(batch)["rep.csv"]


def test_too_long_a_cell_refuses_its_file_only(folder: Callable[..., Path]) -> None:
    place = folder(rep="code,name\na,A\nb," + "x" * 1_200_000 + "\n", product=PRODUCTS)
    batch = run_import(place)
    assert refused(batch) == {
        "rep.csv": "Row 3 holds a cell of more than 1,048,576 characters; is a quote not closed?",
    }
    assert batch.state == ImportBatch.State.APPLIED
    assert Product.objects.count() == 1 and not Rep.objects.exists()


@pytest.mark.parametrize("dry_run", [False, True])
def test_too_many_rows_refuse_the_file_only(folder: Callable[..., Path], dry_run: bool) -> None:
    place = folder(rep="code,name\na,A\nb,B\nc,C\n", product=PRODUCTS)
    batch = ImportBatch.objects.create(mapping="native", system="native", dry_run=dry_run)
    mapping = mapping_parsed(mapping_document("native"), name="native")
    import_run(batch=batch, mapping=mapping, paths=files_at(str(place))[0], limits=Limits(rows=2))
    assert refused(batch) == {"rep.csv": "The file has more than 2 rows. Split it into several files."}
    assert counts(batch, "product") == (1, 1, 0, 0, 0)


def test_a_cancelled_job_is_told_as_such(folder: Callable[..., Path]) -> None:
    """It is noticed while the rows are read, inside the driver of the database."""
    place = folder(rep="code,name\n" + "".join(f"{i},R\n" for i in range(50_000)))
    batch = ImportBatch.objects.create(mapping="native", system="native")
    mapping = mapping_parsed(mapping_document("native"), name="native")

    def cancel(done: int, total: int, message: str) -> None:
        if "50,000 rows read" in message:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        import_run(batch=batch, mapping=mapping, paths=files_at(str(place))[0], progress=cancel)
    assert not Rep.objects.exists()


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    signs = random.Random(4)
    text = "code,name\n" + "".join(f"{i},{signs.random()}\n" for i in range(9000))
    content = bytearray(gzip.compress(text.encode()))
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    (tmp_path / "rep.csv.gz").write_bytes(content)
    (tmp_path / "product.csv").write_text(PRODUCTS)
    batch = run_import(tmp_path)
    assert refused(batch)["rep.csv.gz"].startswith("The file can't be read: ")
    assert Product.objects.count() == 1


def test_an_error_of_the_database_while_reading_refuses_the_file(
    folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    create = loading.raw_create

    def broken(cursor, raw: str, width: int) -> None:
        create(cursor, raw, width)
        if width == 3:
            cursor.execute(f"ALTER TABLE {raw} ADD CHECK (c0 <> 'b')")

    monkeypatch.setattr(loading, "raw_create", broken)
    batch = run_import(folder(rep="code,name,email\na,A,\nb,B,\n", product=PRODUCTS))
    assert refused(batch)["rep.csv"].startswith("The database did not take its rows: new row for relation")
    assert batch_refused(batch) and Product.objects.count() == 1 and not Rep.objects.exists()


def test_an_error_of_the_database_while_loading_leaves_that_table_out(
    folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = batches.target_load

    def broken(**given):
        count = load(**given)
        if given["plan"].table.name == "rep":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 20")
                cursor.execute("SELECT pg_sleep(5)")
        return count

    monkeypatch.setattr(batches, "target_load", broken)
    batch = run_import(folder(rep="code,name\na,A\n", product=PRODUCTS))
    row = next(row for row in batch.counts if row["table"] == "rep")
    assert row["error"] == "left out, the database did not take it: canceling statement due to statement timeout"
    assert batch_refused(batch) and Product.objects.count() == 1 and not Rep.objects.exists()


def test_a_lost_connection_is_no_fault_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        batches._said(OperationalError("gone"))


# --- quotes -----------------------------------------------------------------------------------
def test_a_quote_left_open_is_named_with_what_it_swallowed(folder: Callable[..., Path]) -> None:
    place = folder(rep='code,name,email\na,A,a@x\nb,"B,b@x\nc,C,c@x\nd,D,d@x\n')
    batch = run_import(place)
    assert counts(batch, "rep") == (2, 1, 0, 0, 1)
    assert reasons(batch) == [
        (
            3,
            "",
            "",
            'a quote (") opened in this row is never closed; the 2 lines after it were read as part of this row',
        )
    ]
    assert RejectedRow.objects.get().cells == ["b", "B,b@x", "", "c,C,c@x\nd,D,d@x"]
    assert [r.code for r in Rep.objects.all()] == ["a"]


def test_a_quote_left_open_in_the_last_column_does_not_go_in(folder: Callable[..., Path]) -> None:
    """The row has as many cells as the header, yet the others are inside it; and they do not slip in by a retry."""
    batch = run_import(folder(rep='code,name\r\na,"A\r\nb,B\r\n'))
    assert counts(batch, "rep") == (1, 0, 0, 0, 1)
    assert "the line after it was read" in reasons(batch)[0][3]
    again = rejected_retry(batch=batch, user=None)
    job_work(again.job)
    assert not Rep.objects.exists()


def test_a_quote_left_open_in_the_last_row_and_the_header(tmp_path: Path, folder: Callable[..., Path]) -> None:
    batch = run_import(folder(rep='code,name\na,A\nb,"B'))
    assert [reason for *_x, reason in reasons(batch)] == ['a quote (") opened in this row is never closed']
    path = tmp_path / "head.csv"
    path.write_text('code,"name\na,A\n')
    with pytest.raises(FileRefused, match="A quote opened in the first line is never closed"):
        survey(path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\n\n"])
def test_an_ordinary_end_is_no_open_quote(tmp_path: Path, end: str) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes(f'a\n1\n"2"{end}'.encode())
    feed = RowFeed(survey(path).open_rows(marked=True), 1)
    assert feed.read() == b"2,,1\r\n3,,2\r\n" and feed.count == 2


# --- days -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("1900-01-01", None),
        ("2199-12-31", None),
        ("1899-12-31", "is a date before 1900-01-01"),
        ("0026-03-31", "is a date before 1900-01-01"),
        ("2200-01-01", "is a date after 2199-12-31"),
        ("9999-12-31", "is a date after 2199-12-31"),
    ],
)
def test_days_no_business_has(folder: Callable[..., Path], day: str, reason: str | None) -> None:
    place = folder(
        order_line=f"external_id,order_id,ordered_on,quantity,amount\n1,o,{day},1,1\n",
        activity=f"external_id,kind,day,at\n1,call,2026-03-31,{day}T12:00:00Z\n",
        rep=f"code,name,left_on\na,A,{day}\n",
    )
    batch = run_import(place)
    if reason is None:
        assert not reasons(batch) and OrderLine.objects.get().ordered_on == date.fromisoformat(day)
        assert Activity.objects.exists() and Rep.objects.exists()
        return
    assert {(field, why) for _r, field, _v, why in reasons(batch)} == {
        ("ordered_on", reason),
        ("at", reason),
        ("left_on", reason),
    }
    fixes = {r["field"]: r["fix"] for row in RejectedRow.objects.all() for r in row.reasons}
    assert fixes["left_on"] == "Write a real date or leave the cell empty."
    assert fixes["ordered_on"] == "Write a real date."


@pytest.mark.parametrize("text", ["٣", "1٣", "１２", "²"])
def test_digits_of_other_scripts_are_no_number(folder: Callable[..., Path], text: str) -> None:
    batch = run_import(folder(order_line=f"external_id,order_id,ordered_on,quantity,amount\n1,o,2026-01-01,1,{text}\n"))
    assert [reason for *_x, reason in reasons(batch)] == ["is not a number"]
