"""A mapping document changed column by column: only what was asked changes."""

from copy import deepcopy

import pytest

from data_collection.imports.calc import entries
from data_collection.imports.calc.entries import KEEP, Lack, Use
from data_collection.imports.calc.tables import Field, Table

TABLES = {
    "account": Table(
        "account",
        "account",
        ("system", "external_id"),
        {
            "external_id": Field("external_id", "external_id", "text", "text", required=True),
            "name": Field("name", "name", "text", "text", required=True),
        },
        mirror=True,
        lookup=("external_id", "name"),
    ),
    "deal": Table(
        "deal",
        "deal",
        ("system", "external_id"),
        {
            "external_id": Field("external_id", "external_id", "text", "text", required=True),
            "amount": Field("amount", "amount", "decimal", "numeric(20,4)"),
            "account": Field("account", "account_id", "reference", "bigint", refers="account"),
            "status": Field("status", "status", "text", "text", choices=("open", "won")),
        },
        mirror=True,
        lookup=("external_id",),
    ),
    "rate": Table("rate", "rate", ("day",), {"day": Field("day", "day", "date", "date", required=True)}),
}
HEADERS = ("Deal ID", "Value", "Company", "State", "Odd")
ENTRY = {
    "file": "deals.csv",
    "tables": [
        {"table": "account", "fields": {"external_id": "Company", "name": "Company"}, "attributes": "none"},
        {
            "table": "deal",
            "only": {"State": ["Won", "Open"]},
            "fields": {
                "external_id": "Deal ID",
                "amount": {"column": "Value", "multiply": 1000},
                "account": "Company",
                "status": {"column": "State", "values": {"Won": "won"}},
            },
        },
    ],
}


def test_uses_of_every_column() -> None:
    assert entries.uses(ENTRY, HEADERS, TABLES) == {
        "Deal ID": (Use(1, "deal", "external_id"),),
        "Value": (Use(1, "deal", "amount"),),
        "Company": (Use(0, "account", "external_id"), Use(0, "account", "name"), Use(1, "deal", "account")),
        "State": (Use(1, "deal", "status"),),
        "Odd": (Use(1, "deal", KEEP),),
    }


def test_headers_in_other_case_are_the_same_columns() -> None:
    found = entries.uses(ENTRY, ("deal_id", "VALUE", "company", "state", "odd"), TABLES)
    assert found["deal_id"] == (Use(1, "deal", "external_id"),) and found["odd"] == (Use(1, "deal", KEEP),)


def test_what_is_not_asked_stays() -> None:
    before = deepcopy(ENTRY)
    changed, clashes = entries.use_columns(ENTRY, HEADERS, TABLES, {"Odd": [(1, KEEP)], "Value": [(1, "amount")]})
    assert clashes == [] and before == ENTRY
    assert changed["tables"][1]["fields"] == ENTRY["tables"][1]["fields"]
    assert changed["tables"][1]["only"] == {"State": ["Won", "Open"]}


def test_left_out_kept_and_given_to_another_field() -> None:
    changed, _ = entries.use_columns(ENTRY, HEADERS, TABLES, {"Odd": [], "Value": [(1, KEEP)]})
    deal = changed["tables"][1]
    assert "amount" not in deal["fields"]
    assert deal["attributes"] == {"Value": "Value"}
    assert entries.uses(changed, HEADERS, TABLES)["Odd"] == ()
    back, _ = entries.use_columns(changed, HEADERS, TABLES, {"Odd": [(1, "amount")], "Value": []})
    assert back["tables"][1]["fields"]["amount"] == "Odd" and back["tables"][1]["attributes"] == "none"


def test_everything_unused_kept_is_said_shortly_so_that_new_columns_are_kept_too() -> None:
    entry = deepcopy(ENTRY)
    entry["tables"][1]["attributes"] = "none"
    changed, _ = entries.use_columns(entry, HEADERS, TABLES, {"Odd": [(1, KEEP)]})
    assert changed["tables"][1]["attributes"] == "unknown"


def test_names_of_attributes_stay() -> None:
    entry = deepcopy(ENTRY)
    entry["tables"][1]["attributes"] = {"oddity": "Odd"}
    changed, _ = entries.use_columns(entry, HEADERS, TABLES, {"Odd": [(1, KEEP)], "Value": [(1, KEEP)]})
    assert changed["tables"][1]["attributes"] == {"oddity": "Odd", "Value": "Value"}


def test_two_columns_change_places() -> None:
    changed, clashes = entries.use_columns(
        ENTRY, HEADERS, TABLES, {"Deal ID": [(1, "amount")], "Value": [(1, "external_id")]}
    )
    assert clashes == []
    assert changed["tables"][1]["fields"]["amount"] == "Deal ID"
    assert changed["tables"][1]["fields"]["external_id"] == "Value"


def test_two_columns_for_one_field_are_told() -> None:
    changed, clashes = entries.use_columns(ENTRY, HEADERS, TABLES, {"Odd": [(1, "amount")]})
    assert clashes == ["“Value” and “Odd” would both fill amount of deal; choose one."]
    assert changed["tables"][1]["fields"]["amount"] == {"column": "Value", "multiply": 1000}


@pytest.mark.parametrize("wanted", [(9, "amount"), (1, "nonsense"), (2, KEEP)])
def test_what_does_not_exist_is_not_used(wanted: tuple[int, str]) -> None:
    changed, _ = entries.use_columns(ENTRY, HEADERS, TABLES, {"Odd": [wanted]})
    assert entries.uses(changed, HEADERS, TABLES)["Odd"] == ()


def test_lacks_names_required_fields() -> None:
    entry = {"file": "x", "tables": [{"table": "deal", "fields": {"amount": "Value"}}, {"table": "rate"}]}
    assert entries.lacks(entry, TABLES) == (Lack(0, "deal", "external_id"), Lack(1, "rate", "day"))
    assert entries.lacks({"tables": [{"table": "deal", "known_by": ["amount"]}]}, TABLES) == ()


def test_fixed_texts_come_and_go() -> None:
    entry = entries.set_fixed(ENTRY, 1, "status", "open")
    assert entries.fixed(entry["tables"][1]) == {"status": "open"}
    assert "status" not in entries.set_fixed(entry, 1, "status", "")["tables"][1]["fields"]


def test_words_of_a_source() -> None:
    entry = entries.set_words(ENTRY, 1, "account", {"by": "name", "missing": "empty"})
    assert entry["tables"][1]["fields"]["account"] == {"column": "Company", "by": "name", "missing": "empty"}
    entry = entries.set_words(entry, 1, "account", {"by": None, "missing": None})
    assert entry["tables"][1]["fields"]["account"] == "Company"


# --- fitting a saved mapping to other files ------------------------------------------------------
def test_a_file_of_another_name_goes_to_the_entry_whose_columns_it_has() -> None:
    document = {"files": [ENTRY, {"file": "rates.csv", "tables": [{"table": "rate", "fields": {"day": "Day"}}]}]}
    fitted, left = entries.fit(document, {"deals [March].csv": HEADERS, "photo.csv": ("A", "B")}, TABLES)
    assert left == ["photo.csv"]
    assert entries.takes(fitted["files"][0], "deals [March].csv")  # brackets are no pattern here
    assert fitted["files"][0]["tables"] == ENTRY["tables"] and fitted["files"][1:] == document["files"]


def test_a_file_whose_name_fits_needs_no_entry() -> None:
    document = {"files": [{**ENTRY, "file": "deals*.csv"}]}
    assert entries.fit(document, {"deals-03.csv.gz": HEADERS}, TABLES) == (document, [])


def test_an_entry_that_says_its_headers_takes_those_only() -> None:
    signed = {**ENTRY, "headers": ["Deal ID", "Secret"]}
    assert entries.fit({"files": [signed]}, {"export.csv": HEADERS}, TABLES)[1] == ["export.csv"]
    fitted, left = entries.fit({"files": [signed]}, {"export.csv": (*HEADERS, "SECRET")}, TABLES)
    assert left == [] and fitted["files"][0]["file"] == "export.csv"


def test_rows_written_anew_have_no_encoding() -> None:
    entry = {**ENTRY, "encoding": "cp1252", "separator": ";"}
    assert entries.without_forms({"files": [entry]}) == {"files": [ENTRY]}


def test_formats_of_a_person_go_into_the_entry() -> None:
    chosen = {"separator": ";", "date": "dmy", "decimal": ","}
    entry = entries.set_formats({**ENTRY, "formats": {"time_zone": "Asia/Bangkok"}}, chosen, ("dmy", "iso"))
    assert entry["separator"] == ";"
    assert entry["formats"] == {"time_zone": "Asia/Bangkok", "date": ["dmy", "iso"], "decimal": ","}


@pytest.mark.parametrize("document", [{}, {"files": None}, {"files": ["x"]}, {"files": [{"tables": "x"}]}])
def test_a_broken_document_is_no_accident(document: dict) -> None:
    """What a person typed may be anything; the page must still open."""
    fitted, left = entries.fit(document, {"a.csv": ("A",)}, TABLES)
    assert left == ["a.csv"] and entries.entry_place(fitted, "a.csv") is None


def test_words_stand_in_the_order_of_the_guide() -> None:
    document = {"files": [{"tables": [{"fields": {"b": "B", "a": "A"}, "table": "deal"}], "file": "x"}], "system": "s"}
    ordered = entries.in_order(document)
    assert ordered == document and list(ordered) == ["system", "files"]
    assert list(ordered["files"][0]) == ["file", "tables"]
    target = ordered["files"][0]["tables"][0]
    assert list(target) == ["table", "fields"] and list(target["fields"]) == ["b", "a"]
