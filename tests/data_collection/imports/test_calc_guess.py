"""The guess: which table a file fills, which field a column, checked on public data sets and on small files by hand."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data_collection.imports.calc.detect import detect
from data_collection.imports.calc.guess import Guess, guess
from data_collection.imports.calc.guess_matching import words_of
from data_collection.imports.calc.mapping import parse_mapping
from data_collection.imports.calc.reading import survey
from data_collection.imports.selectors import presets
from data_collection.imports.targets import tables

Shared = Callable[[str], Path]
TODAY = date(2026, 11, 24)
pytestmark = pytest.mark.django_db  # the tables are read from the models


def guessed(*paths: Path, **options: Any) -> Guess:
    files = [(path.name, detect(survey(path))) for path in paths]
    found = guess(files, tables=tables(), presets=presets(), today=TODAY, **options)
    if found.definition["files"]:
        parse_mapping(found.definition, name="guessed", tables=tables())  # a mapping like any other
    return found


def fields_of(found: Guess, file: str, table: str) -> dict[str, Any]:
    entry = next(entry for entry in found.definition["files"] if entry["file"] == file)
    return next(t["fields"] for t in entry["tables"] if t["table"] == table)


def column(spec: Any) -> Any:
    return spec.get("column") if isinstance(spec, dict) else spec


def one(tmp_path: Path, name: str, text: str) -> Guess:
    path = tmp_path / name
    path.write_text(text)
    return guessed(path)


def test_a_star_of_files_is_understood(shared: Shared) -> None:
    found = guessed(*sorted(shared("obvience-opportunities").glob("*.csv")))
    assert found.preset == ""
    assert [(row["name"], row["rank"]) for row in found.definition["rows"]["stage"]] == [
        ("Lead", 1),
        ("Qualify", 2),
        ("Solution", 3),
        ("Proposal", 4),
        ("Finalize", 5),
    ]
    deal = fields_of(found, "fact.csv", "opportunity")
    assert {name: column(spec) for name, spec in deal.items()} == {
        "external_id": "Opportunity ID",
        "account": "Account ID",
        "product": "Product ID",
        "stage": "Sales Stage ID",
        "status": "Sales Stage ID",
        "close_date": "EstimatedCloseDate",
        "created_on": "Create Date",
        "amount": "ProductRevenue",
        "name": "Opportunity ID",
    }
    assert deal["stage"]["values"]["3.0"] == "Solution"
    assert fields_of(found, "fact.csv", "opportunity_line")["product"] == deal["product"]
    assert fields_of(found, "opportunity.csv", "opportunity") == {"external_id": "Opportunity ID", "name": "Name"}
    assert fields_of(found, "product.csv", "product") == {"code": "Product ID", "name": "Product Code"}
    assert fields_of(found, "account.csv", "account")["external_id"] == "Account ID"
    assert any("partner.csv" in note for note in found.notes)


def test_deals_without_id_date_and_stage(shared: Shared) -> None:
    found = guessed(*shared("b2b-salvirt").glob("*.csv"))
    deal = fields_of(found, "Salvirt_B2B_ML_dataset.csv", "opportunity")
    assert deal["status"]["values"] == {"Won": "won", "Lost": "lost"}
    assert (column(deal["owner"]), column(deal["product"]), column(deal["stage"])) == ("Seller", "Product", "Status")
    assert deal["close_date"] == {"constant": "2026-11-24"}
    assert deal["external_id"] == {"template": "Salvirt_B2B_ML_dataset:{#}"}
    assert not {"Client", "Strat_deal", "Deal_type"} & {column(spec) for spec in deal.values()}
    assert any("today" in note for note in found.notes)


def test_leads_with_placeholders(shared: Shared) -> None:
    found = guessed(*shared("x-education-leads").glob("Leads.csv.gz"))
    assert found.definition["files"][0]["blank"] == ["Select"]
    lead = fields_of(found, "Leads.csv.gz", "lead")
    assert (lead["external_id"], lead["lead_source"]) == ("Prospect ID", "Lead Source")
    assert lead["status"] == {"column": "Converted", "values": {"0": "new", "1": "converted"}, "otherwise": "new"}
    kept = {guess.header for guess in found.columns["Leads.csv.gz"] if not guess.field}
    assert {"Tags", "Lead Quality", "Do Not Email", "TotalVisits"} <= kept


def test_orders_of_a_shop(shared: Shared) -> None:
    found = guessed(*shared("superstore").glob("orders_2011-2014.csv.gz"))
    order = fields_of(found, "orders_2011-2014.csv.gz", "order_line")
    wanted = {"external_id": "Row ID", "order_id": "Order ID", "ordered_on": "Order Date", "amount": "Sales"}
    assert {name: column(order[name]) for name in wanted} == wanted
    assert column(order["account"]) == "Customer ID"


def test_api_names_in_capitals_are_the_data_loaders(shared: Shared) -> None:
    folder = shared("salesforce-dataloader-csv")
    found = guessed(folder / "accountData.csv", folder / "opportunityData.csv")
    assert found.preset == "salesforce_dataloader"
    assert found.definition["system"] == "salesforce"
    assert {guess.field for guess in found.columns["opportunityData.csv"]} >= {"stage", "amount", "close_date"}


def test_words_of_a_header() -> None:
    assert words_of("EstimatedCloseDate (UTC)") == ["estimated", "close", "date", "utc"]
    assert words_of("close_date*") == ["close", "date"]


def test_cells_speak_against_a_name(tmp_path: Path) -> None:
    """A column called amount that holds words is no amount, one called e-mail without a single address no e-mail."""
    text = "Deal ID,Deal Name,Stage,Close Date,Amount,Email\n" + "".join(
        f"{i},Deal {i},Demo,2026-01-0{i},large,yes\n" for i in range(1, 6)
    )
    found = one(tmp_path, "deals.csv", text)
    by_header = {guess.header: guess.field for guess in found.columns["deals.csv"]}
    assert (by_header["Close Date"], by_header["Amount"], by_header["Email"]) == ("close_date", "", "")


def test_percent_and_reference_by_mail(tmp_path: Path) -> None:
    text = "Id,Opportunity Name,Stage,Expected Close Date,Probability (%),Owner Email\n" + "".join(
        f"{i},Deal {i},Demo,2026-01-0{i},{i}0,ana{i}@example.test\n" for i in range(1, 6)
    )
    deal = fields_of(one(tmp_path, "opps.csv", text), "opps.csv", "opportunity")
    assert deal["probability"] == {"column": "Probability (%)", "percent": True}
    assert deal["owner"]["by"] == "email"


def test_a_file_nothing_fits_is_left_out_and_named(tmp_path: Path) -> None:
    found = one(tmp_path, "weather.csv", "Temperature,Wind\n12,3\n13,4\n")
    assert found.definition["files"] == []
    assert any("weather.csv" in note for note in found.notes)
    assert [guess.why for guess in found.columns["weather.csv"]] == ["no table fits the file"] * 2


def test_signs_of_a_pattern_in_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deals [1].csv"
    path.write_text("Deal ID,Deal Name,Stage,Close Date\n1,A,Demo,2026-01-01\n")
    files = [(path.name, detect(survey(path)))]
    found = guess(files, tables=tables(), presets=[], today=TODAY)
    mapping = parse_mapping(found.definition, name="x", tables=tables())
    assert mapping.files[-1].takes("deals [1].csv")
    assert not mapping.files[-1].takes("deals 1.csv")
