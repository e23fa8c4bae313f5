"""Words of a mapping that carry exports of real systems: other names, several values in a cell, sums, blanks."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.selectors import mapping_parsed
from data_collection.models import Account, Lead, Opportunity, OpportunityLine, Rep, Stage
from tests.builders import make_rep
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db
Folder = Callable[..., Path]


def deals(*tables: dict[str, Any], **entry: Any) -> dict[str, Any]:
    return {
        "name": "test",
        "system": "test",
        "rows": {"stage": [{"name": "Open", "rank": 1, "kind": "open"}, {"name": "Won", "rank": 9, "kind": "won"}]},
        "files": [{"file": "deals.csv", "tables": list(tables), **entry}],
    }


def opportunity(fields: dict[str, Any], **words: Any) -> dict[str, Any]:
    return {"table": "opportunity", "fields": {"external_id": "Id", "name": "Id", "stage": "Stage", **fields}, **words}


def test_a_column_may_have_other_names(folder: Folder) -> None:
    mapping = deals(opportunity({"amount": {"column": ["Amount", "Deal value", "Value"]}}))
    run_import(folder(deals="Id,Stage,deal_value\n1,Open,12.50\n"), mapping)
    assert Opportunity.objects.get().amount == Decimal("12.50")
    assert Opportunity.objects.get().attributes == {}


def test_the_first_of_several_values_counts_and_all_are_kept(folder: Folder) -> None:
    mapping = deals(
        {"table": "account", "duplicates": "first", "attributes": "none"}
        | {
            "skip_empty": ["Companies"],
            "fields": {"external_id": {"column": "Companies", "first_of": ";"}, "name": "Name"},
        },
        opportunity({"account": {"column": "Companies", "first_of": ";"}}),
    )
    rows = "Id,Stage,Companies,Name\n1,Open,77; 88 ;99,Acme\n2,Open,77,Acme\n3,Open,,\n4,Open,;88,Eighty\n"
    run_import(folder(deals=rows), mapping)
    assert list(Opportunity.objects.order_by("external_id").values_list("account__external_id", flat=True)) == [
        "77",
        "77",
        None,
        "88",
    ]
    assert Opportunity.objects.get(external_id="1").attributes["Companies"] == "77; 88 ;99"


def test_any_other_text_is_read_as_otherwise_says(folder: Folder) -> None:
    status = {"column": "Stage", "values": {"Won": "won"}, "otherwise": "open"}
    mapping = deals(opportunity({"status": status, "close_date": "Closed"}))
    run_import(folder(deals="Id,Stage,Closed\n1,Open,\n2,Won,2026-01-05\n"), mapping)
    assert list(Opportunity.objects.order_by("external_id").values_list("status", flat=True)) == ["open", "won"]


def test_stages_are_made_from_the_column_once(folder: Folder) -> None:
    kind = {"column": "Stage", "values": {"Closed Won": "won"}, "otherwise": "open"}
    made = {"table": "stage", "duplicates": "first", "insert_only": True, "skip_empty": ["Stage"]}
    made["fields"] = {"name": "Stage", "rank": {"constant": 50}, "kind": kind}
    mapping = deals(made, opportunity({}))
    place = folder(deals="Id,Stage\n1,Demo\n2,Closed Won\n3,Demo\n")
    run_import(place, mapping)
    Stage.objects.filter(name="Demo").update(rank=3)
    run_import(place, mapping)
    assert dict(Stage.objects.filter(name__in=["Demo", "Closed Won"]).values_list("name", "kind")) == {
        "Demo": "open",
        "Closed Won": "won",
    }
    assert Stage.objects.get(name="Demo").rank == 3


def test_numbers_of_lines_with_one_key_are_added_up(folder: Folder) -> None:
    lines = {
        "table": "opportunity_line",
        "fields": {
            "external_id": {"template": "{Id}:{#}"},
            "opportunity": "Id",
            "product": {"column": "Product", "create_missing": True},
            "amount": "Amount",
        },
    }
    mapping = deals(opportunity({"amount": "Amount"}, sum=["amount"], attributes="none"), lines)
    rows = "Id,Stage,Product,Amount\n1,Open,A,10.5\n1,Open,B,0.25\n2,Open,A,\n3,Open,A,\n3,Open,B,7\n"
    batch = run_import(folder(deals=rows), mapping)
    amounts = dict(Opportunity.objects.values_list("external_id", "amount"))
    assert amounts == {"1": Decimal("10.75"), "2": None, "3": Decimal(7)}
    assert counts(batch, "opportunity") == (3, 3, 0, 0, 0)
    assert set(OpportunityLine.objects.values_list("external_id", flat=True)) == {"1:2", "1:3", "2:4", "3:5", "3:6"}
    assert not [finding for finding in batch.findings if "amount" in finding["text"]]
    again = run_import(folder(deals=rows), mapping)
    assert again.total["new"] == again.total["changed"] == 0


def test_texts_that_mean_an_empty_cell_are_empty_in_every_column(folder: Folder) -> None:
    mapping = deals(opportunity({"next_step": "Next"}), blank=["Select", "n/a"])
    run_import(folder(deals="Id,Stage,Next,City,Note\n1,Open, Select ,n/a,Selected\n"), mapping)
    deal = Opportunity.objects.get()
    assert (deal.next_step, deal.attributes) == ("", {"Note": "Selected"})


def test_a_table_is_left_out_where_the_file_lacks_its_columns(folder: Folder) -> None:
    account = {
        "table": "account",
        "needs": ["Company ID"],
        "attributes": "none",
        "fields": {"external_id": "Company ID", "name": "Company"},
    }
    mapping = deals(account, opportunity({"account": {"column": "Company ID", "optional": True}}))
    batch = run_import(folder(deals="Id,Stage\n1,Open\n"), mapping)
    assert counts(batch, "opportunity") == (1, 1, 0, 0, 0)
    assert not Account.objects.exists()
    run_import(folder(deals="Id,Stage,company_id,Company\n1,Open,9,Nine\n"), mapping)
    assert Opportunity.objects.get().account.name == "Nine"


def test_missing_owners_are_made_unless_known_by_name(folder: Folder) -> None:
    make_rep("Ana Lima", code="ana")
    mapping = deals(opportunity({"owner": {"column": "Owner", "by": "name", "create_missing": True}}))
    run_import(folder(deals="Id,Stage,Owner\n1,Open,Ana Lima\n2,Open,Bo Ek\n3,Open,Bo Ek\n4,Open,\n"), mapping)
    owners = dict(Opportunity.objects.values_list("external_id", "owner__code"))
    assert owners == {"1": "ana", "2": "Bo Ek", "3": "Bo Ek", "4": None}
    assert Rep.objects.count() == 2


def test_formats_left_to_the_file(folder: Folder) -> None:
    mapping = deals(opportunity({"amount": "Value", "close_date": "Close", "created_on": {"constant": "2026-02-01"}}))
    mapping["formats"] = {"date": "auto", "decimal": "auto"}
    rows = 'Id,Stage,Value,Close\n1,Open,"1 234,56",31.12.2026\n2,Open,"1.000,00",01.02.2026\n'
    batch = run_import(folder(deals=rows), mapping)
    assert reasons(batch) == []
    first, second = Opportunity.objects.order_by("external_id")
    assert (first.amount, str(first.close_date), str(first.created_on)) == (
        Decimal("1234.56"),
        "2026-12-31",
        "2026-02-01",
    )
    assert (second.amount, str(second.close_date)) == (Decimal(1000), "2026-02-01")


def test_a_file_of_another_name_is_known_by_its_columns(folder: Folder) -> None:
    lead = {"table": "lead", "fields": {"external_id": "Lead ID", "created_on": "Created"}}
    mapping = deals(opportunity({}), headers=["Id", "Stage"], optional=True)
    mapping["files"].append({"file": "leads*.csv", "optional": True, "headers": ["Lead ID"], "tables": [lead]})
    place = folder(export1="ID;Stage\n1;Open\n", export2="Lead ID,Created\n7,2026-03-01\n", other="a,b\n1,2\n")
    batch = run_import(place, mapping)
    assert (Opportunity.objects.count(), Lead.objects.count()) == (1, 1)
    assert [f["values"] for f in batch.findings if "left alone" in f["text"]] == [["other.csv"]]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (opportunity({}, sum=["name"]), "no number among the fields"),
        (opportunity({"status": {"column": "Stage", "otherwise": "maybe"}}), "“maybe” is none of"),
        (opportunity({}, unless_known_by="amount"), "no field that names"),
        (opportunity({}, needs="Id"), "expected a list"),
    ],
)
def test_mistakes_are_named(table: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingError) as wrong:
        mapping_parsed(deals(table), name="test")
    assert said in str(wrong.value)
