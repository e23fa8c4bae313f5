"""All files of Salesforce's Data Loader: encodings, separators, instants, rejected rows, as its own tests read them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data_collection.imports.calc.detect import Detection, detect
from data_collection.imports.calc.reading import survey
from data_collection.imports.selectors import rejected_csv
from data_collection.models import Account
from tests.data_collection.imports.conftest import counts, reasons, run_import
from tests.shared_data import data_set

FOLDER = "salesforce-dataloader-csv"
UPSERT = ("NAME", "TYPE", "PHONE", "ACCOUNTNUMBER__C", "WEBSITE", "ANNUALREVENUE", "ORACLE_ID__C")
#: File -> encoding, rows, headers (or their number).
FILES: dict[str, tuple[str, int, tuple[str, ...] | int]] = {
    "accountData": ("cp1252", 423, 38),
    "accountsForInsert": ("utf-8", 4, ("Name", "NumEmp", "Industry", "RichText")),
    "acctsWithBinaryDataInRTF": ("utf-8", 1, ("Name", "RICHTEXT__c")),
    "bulkV2MultipleJobsCsvTemplate": ("utf-8", 100, UPSERT),
    "constantMappingInCsv": ("utf-8", 2, ("Name", "NumEmployees")),
    "constantMappingInCsvClashing": ("utf-8", 2, ("name", "Number of Employees", "Industry")),
    "csvEscapedQuotes": ("utf-8", 2, ("column1", "column2")),
    "csvSeparator": ("utf-8", 2, ("column1", "column2!some", "column3")),
    "csvtext": ("utf-8", 2, ("column1", "column2", "column3")),
    "csvtext_BOM_UTF16BE": ("utf-16", 2, ("column1", "column2", "column3")),
    "csvtext_BOM_UTF16LE": ("utf-16", 2, ("column1", "column2", "column3")),
    "csvtext_BOM_UTF8": ("utf-8-sig", 2, ("column1", "column2", "column3")),
    "dateEndingInZ": ("utf-8", 1, (*UPSERT, "DATE", "DATE_ONLY")),
    "dateOnlyWithTimeZone": ("utf-8", 2, (*UPSERT, "DATE_ONLY")),
    "dateUsingDefaultTimeZone": ("utf-8", 1, (*UPSERT, "DATE", "DATE_ONLY")),
    "dateWithTimeZone": ("utf-8", 2, (*UPSERT, "DATE", "DATE_ONLY")),
    "emptyFirstRowFieldValueInCsvTemplate": ("utf-8", 2, ("ID", "NAME", "WEBSITE")),
    "insertAccountCsv": ("utf-8", 100, UPSERT),
    "insertAccountWithMultipleBatchesCSV": ("utf-8", 3, ("oracle_id", "name", "CustomDateTime")),
    "oneToManySforceFieldsMappingInCsv": ("utf-8", 2, ("Name", "NumEmployees", "State")),
    "opportunityData": ("utf-8", 38, 31),
    "timeZoneFormatTesting": ("utf-8", 12, ("Name", "Date")),
    "timeZoneFormatTestingWithErrors": ("utf-8", 6, ("Name", "Date")),
    "updateAccountCsvTemplate": ("utf-8", 100, ("ID", "NAME", "WEBSITE", "ANNUALREVENUE", "PHONE")),
    "updateAccountWithExternalIdCsvTemplate": (
        "utf-8",
        5,
        ("NAME", "WEBSITE", "ANNUALREVENUE", "PHONE", "ORACLE_ID__C", "OWNER:User-username"),
    ),
    "upsertAccountCsvTemplate": ("utf-8", 100, UPSERT),
    "upsertAccountSmallTemplate": ("utf-8", 10, UPSERT),
    "upsertFkAccountNewFormatCsvTemplate": ("utf-8", 5, (*UPSERT, "PARENT")),
    "upsertFkAccountOldFormatCsvTemplate": ("utf-8", 50, (*UPSERT, "PARENT")),
    "upsertWithRowOffsetTemplate": ("utf-8", 10, UPSERT),
}


def see(name: str, **options: str) -> Detection:
    return detect(survey(data_set(FOLDER) / f"{name}.csv"), **options)


def kinds(seen: Detection) -> dict[str, str]:
    return {column.header: column.kind for column in seen.columns}


def test_the_list_here_is_whole() -> None:
    assert set(FILES) == {path.stem for path in data_set(FOLDER).glob("*.csv")}


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_whole(name: str) -> None:
    encoding, rows, headers = FILES[name]
    found = survey(data_set(FOLDER) / f"{name}.csv")
    assert (found.encoding, found.separator) == (encoding, ",")
    assert found.headers == headers or len(found.headers) == headers
    cells = [row for row in found.open_rows() if any(row)]
    assert len(cells) == rows and {len(row) for row in cells} == {len(found.headers)}
    seen = detect(found)
    assert seen.rows_seen == rows and seen.formats.decimal == "." and seen.sure["decimal"] and seen.sure["date"]


def test_accents_of_windows_1252_arrive() -> None:
    found = survey(data_set(FOLDER) / "accountData.csv")
    assert "The file is not UTF-8; it was read as Windows-1252." in found.notes
    raw = (data_set(FOLDER) / "accountData.csv").read_bytes()
    accents = {bytes([byte]).decode("cp1252") for byte in raw if byte > 127}
    read = {sign for row in found.open_rows() for cell in row for sign in cell if ord(sign) > 127}
    assert read == accents and read


@pytest.mark.parametrize("name", ["csvtext", "csvtext_BOM_UTF16BE", "csvtext_BOM_UTF16LE", "csvtext_BOM_UTF8"])
def test_one_table_in_four_encodings_is_the_same(name: str) -> None:
    rows = [row for row in survey(data_set(FOLDER) / f"{name}.csv").open_rows() if any(row)]
    assert rows == [["row1-1", "row1-2", "row1-3"], ["row2-1", "row2-2", "row2-3"]]


def test_quotes_inside_quotes_and_blanks_at_the_ends_stay() -> None:
    assert [row[0] for row in survey(data_set(FOLDER) / "csvEscapedQuotes.csv").open_rows()] == [
        '"The Best" Account',
        'The "Best" Account',
    ]
    text = [row[3] for row in survey(data_set(FOLDER) / "accountsForInsert.csv").open_rows()]
    assert text[3] == "    4 leading spaces and 2 trailing spaces  " and '<span style=" font-size: 172px;">' in text[0]


def test_a_second_separator_is_told_and_can_be_named() -> None:
    place = data_set(FOLDER) / "csvSeparator.csv"
    assert any("“!” stands at the same place of every row" in note for note in survey(place).notes)
    both = survey(place, separator=",!")
    assert both.headers == ("column1", "column2", "some", "column3")
    assert list(both.open_rows()) == [["col11", "col12", "somev1", "col13"], ["col21", "col22", "somev2", "col23"]]


def test_kinds_of_an_export() -> None:
    seen = kinds(see("opportunityData"))
    assert seen["ID"] == seen["ACCOUNTID"] == seen["OWNERID"] == "id"
    assert seen["AMOUNT"] == seen["PROBABILITY"] == "number"
    assert (seen["CLOSEDATE"], seen["CREATEDDATE"]) == ("date", "datetime")
    assert (seen["ISWON"], seen["STAGENAME"]) == ("boolean", "text")
    seen = kinds(see("accountData"))
    assert (seen["BILLINGPOSTALCODE"], seen["PHONE"], seen["WEBSITE"]) == ("text", "phone", "url")
    assert seen["ANNUALREVENUE"] == "number"  # 8.48E10
    assert kinds(see("upsertAccountCsvTemplate"))["ANNUALREVENUE"] == "integer"


def test_time_zones_are_seen_where_the_file_says_them() -> None:
    seen = see("timeZoneFormatTesting", zone="Asia/Bangkok")
    assert seen.formats.date == ("iso", "mdy") and all(seen.sure.values())
    assert kinds(seen)["Date"] == "datetime"
    plain = see("dateUsingDefaultTimeZone", zone="America/Los_Angeles")
    assert not plain.sure["time_zone"] and plain.formats.time_zone == "America/Los_Angeles"
    assert see("dateWithTimeZone").sure["time_zone"] and see("dateEndingInZ").sure["time_zone"]
    assert kinds(see("dateOnlyWithTimeZone"))["DATE_ONLY"] == "date"


# --- imported with what was seen ------------------------------------------------------------------
def imported(name: str, fields: dict[str, object], zone: str = "UTC"):
    """Import a file as accounts with the formats that were detected."""
    seen = see(name, zone=zone)
    formats = {
        "date": list(seen.formats.date),
        "decimal": seen.formats.decimal,
        "time_zone": seen.formats.time_zone,
    }
    target = {"table": "account", "fields": {"external_id": seen.headers[0], "name": seen.headers[0], **fields}}
    document = {"system": "t", "formats": formats, "files": [{"file": f"{name}.csv", "tables": [target]}]}
    return run_import(data_set(FOLDER) / f"{name}.csv", document)


@pytest.mark.django_db
def test_mixed_dates_become_the_right_instants() -> None:
    batch = imported("timeZoneFormatTesting", {"modified_at": "Date"})
    assert counts(batch, "account") == (12, 12, 0, 0, 0)
    expected = {
        "A": datetime(2009, 7, 14, 18, 14, 45, tzinfo=UTC),
        "B": datetime(2009, 7, 14, 6, 14, 45, tzinfo=UTC),
        "C": datetime(2009, 7, 14, 12, 14, 45, tzinfo=UTC),
        "D": datetime(2009, 7, 14, 14, 14, 45, tzinfo=UTC),
        "E": datetime(2009, 7, 14, 10, 14, 45, tzinfo=UTC),
        "F": datetime(2009, 7, 14, 12, 14, 45, tzinfo=UTC),
    }
    found = dict(Account.objects.values_list("external_id", "modified_at"))
    assert found == expected | {f"{key}T": moment for key, moment in expected.items()}


@pytest.mark.django_db
def test_wrong_dates_are_rejected_by_row_and_named() -> None:
    batch = imported("timeZoneFormatTestingWithErrors", {"modified_at": "Date"})
    assert counts(batch, "account") == (6, 4, 0, 0, 2)
    reason = "is no date with time (YYYY-MM-DD or MM/DD/YYYY and HH:MM)"
    assert reasons(batch) == [
        (3, "modified_at", "2009\\7\\14 22:14:45+0800", reason),
        (4, "modified_at", "2009-07/14 02:14:45-0800", reason),
    ]
    assert sorted(Account.objects.values_list("external_id", flat=True)) == ["A", "B", "C", "F"]
    assert set(Account.objects.values_list("modified_at__day", flat=True)) == {14}
    batch = imported("insertAccountWithMultipleBatchesCSV", {"modified_at": "CustomDateTime"})
    assert [(row, value) for row, _field, value, _why in reasons(batch)] == [(3, "wrongdate")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "zone", "moment"),
    [
        ("dateEndingInZ", "America/Los_Angeles", datetime(2010, 10, 14, 12, tzinfo=UTC)),
        ("dateUsingDefaultTimeZone", "America/Los_Angeles", datetime(2010, 10, 14, 19, tzinfo=UTC)),
        (
            "dateWithTimeZone",
            "America/Los_Angeles",
            datetime(2010, 10, 14, 15, tzinfo=UTC),
        ),  # Z-0300 is three hours west
    ],
)
def test_times_with_and_without_an_offset(name: str, zone: str, moment: datetime) -> None:
    batch = imported(name, {"external_id": "ACCOUNTNUMBER__C", "modified_at": "DATE"}, zone)
    assert batch.rows_rejected == 0 and set(Account.objects.values_list("modified_at", flat=True)) == {moment}


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles", "UTC"])
def test_a_day_sent_as_midnight_of_greenwich_is_that_day_everywhere(zone: str) -> None:
    fields = {"external_id": "ACCOUNTNUMBER__C", "customer_since": "DATE_ONLY"}
    assert imported("dateOnlyWithTimeZone", fields, zone).rows_rejected == 0
    assert set(Account.objects.values_list("customer_since", flat=True)) == {date(2010, 10, 14)}


@pytest.mark.django_db
def test_wide_blanks_around_an_id_go(shared: Callable[[str], Path]) -> None:
    """U+3000 around 1-000000 in one of two files that are otherwise the same."""
    fields = {"external_id": "ORACLE_ID__C", "name": "NAME"}
    assert counts(imported("bulkV2MultipleJobsCsvTemplate", fields), "account") == (100, 100, 0, 0, 0)
    assert counts(imported("upsertAccountCsvTemplate", fields), "account") == (100, 0, 0, 100, 0)


@pytest.mark.django_db
def test_rejected_rows_are_written_so_that_no_spreadsheet_runs_them(tmp_path: Path) -> None:
    starts = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"]
    lines = "".join(f'"{start}","bad{n}"\n' for n, start in enumerate(starts))
    (tmp_path / "rep.csv").write_bytes(b"code,hired_on,name\n" + lines.replace('"\n', '",x\n').encode())
    text = "".join(rejected_csv(run_import(tmp_path)))
    for start in starts:
        assert f"'{start}" in text, start
    assert ',"=1' not in text and ",=1" not in text
