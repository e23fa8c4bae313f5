"""Exports of known systems go in by their preset without touching a setting.

The files are written after the vendors' descriptions: headers as exported, dates and decimals of the user, several
ids in a cell, records linked by name.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data_collection.imports.models import ImportBatch
from data_collection.models import Account, Contact, Lead, Opportunity, OpportunityLine, Rep, Stage
from salesops.models import Company
from tests.data_collection.imports.conftest import counts, reasons, run_import

pytestmark = pytest.mark.django_db
Shared = Callable[[str], Path]

HUBSPOT_DEALS = """\
"Record ID","Deal Name","Deal Stage","Close Date","Pipeline","Amount","Deal owner","Associated Company",\
"Associated Company IDs"
"9001","Acme – 50 seats","Closed Won","2026-03-31 17:05","Sales Pipeline","12500.5","Ana Lima",\
"Acme (acme.com);Beta","77;88"
"9002","Beta renewal","Contract Sent","2026-12-31 00:00","Sales Pipeline","","Bo Ek","Beta","88"
"9003","ร้านค้า","Closed Lost","2026-02-01 09:00","Sales Pipeline","700","","",""
"""
HUBSPOT_CONTACTS = """\
"Record ID","First Name","Last Name","Email","Phone Number","Contact owner","Lead Status","Create Date"
"501","Zoë","Müller","zoe@acme.test","+49 30 1234","Ana Lima","Attempted to contact","2026-01-05 08:30"
"502","สมชาย","ใจดี","somchai@beta.test","","","","2026-01-06 10:00"
"503","Kim","","kim@x.test","","Bo Ek","New","2026-01-07 10:00"
"""
PIPEDRIVE = """\
Deal - Title*;Deal - Value;Deal - Currency of value;Deal - Owner;Deal - Stage;Deal - Status;Deal - Expected close date;\
Deal - Won time;Deal - Lost time;Deal - Lost reason;Deal - Probability;Deal - Label;Organization;Contact person;\
Deal - Pipedrive System ID
Umbau;1 234,56;EUR;Ana Lima;Angebot;Open;31.12.2026;;;;80;Hot;Zur Post GmbH;Max Muster;11
Server;12 000,00;CHF;Bo Ek;Vertrag;Won;01.10.2026;15.09.2026 10:30:00;;;;;Zur Post GmbH;;12
Lager;0,50;EUR;Ana Lima;Angebot;Lost;05.06.2026;;07.06.2026 23:59:00;Preis;;;Kran AG;;13
"""


@pytest.fixture(autouse=True)
def _company(company: Company) -> None:
    Company.objects.update(reporting_currency="EUR")


def written(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def clean(batch: ImportBatch) -> ImportBatch:
    assert reasons(batch) == []
    assert [file.refused for file in batch.files.all() if file.refused] == []
    return batch


def test_hubspot(tmp_path: Path) -> None:
    names = {"hubspot-crm-exports-all-deals-2026-04-01": HUBSPOT_DEALS, "my people": HUBSPOT_CONTACTS}
    batch = clean(run_import(written(tmp_path, **names), "hubspot"))
    won, open_, lost = Opportunity.objects.order_by("external_id")
    assert (won.status, won.amount, won.currency) == ("won", Decimal("12500.5"), "EUR")
    assert won.close_date == date(2026, 3, 31)
    assert (won.account.external_id, won.account.name) == ("77", "Acme (acme.com)")
    assert won.attributes["Associated Company IDs"] == "77;88"
    assert (open_.status, open_.amount, open_.stage.name, open_.account.name) == ("open", None, "Contract Sent", "Beta")
    assert (lost.status, lost.owner, lost.name) == ("lost", None, "ร้านค้า")
    assert set(Rep.objects.values_list("name", flat=True)) == {"Ana Lima", "Bo Ek"}
    assert dict(Stage.objects.values_list("name", "kind")) == {
        "Closed Won": "won",
        "Contract Sent": "open",
        "Closed Lost": "lost",
    }
    assert set(Contact.objects.values_list("first_name", flat=True)) == {"Zoë", "สมชาย", "Kim"}
    leads = dict(Lead.objects.values_list("external_id", "status"))
    assert leads == {"501": "working", "503": "new"}
    assert Lead.objects.get(external_id="501").contact.email == "zoe@acme.test"
    again = clean(run_import(tmp_path, "hubspot"))
    assert (batch.total["new"] > 0, again.total["new"], again.total["changed"]) == (True, 0, 0)


def test_hubspot_companies_give_the_names_deals_did_not_have(tmp_path: Path) -> None:
    deals = HUBSPOT_DEALS
    for named in ('"Associated Company",', '"Acme (acme.com);Beta",', '"Beta",'):
        deals = deals.replace(named, "")
    deals = deals.replace('"","",""\n', '"",""\n')
    clean(run_import(written(tmp_path, deals=deals), "hubspot"))
    assert Account.objects.get(external_id="88").name == "88"
    companies = '"Record ID","Company name","Company owner","Country/Region"\n"88","Beta Ltd","Ana Lima","Thailand"\n'
    clean(run_import(written(tmp_path, companies=companies), "hubspot"))
    beta = Account.objects.get(external_id="88")
    assert (beta.name, beta.country, beta.owner.name) == ("Beta Ltd", "Thailand", "Ana Lima")


def test_pipedrive_with_dates_and_decimals_of_the_user(tmp_path: Path) -> None:
    clean(run_import(written(tmp_path, **{"deals-1": PIPEDRIVE}), "pipedrive"))
    first, won, lost = Opportunity.objects.order_by("external_id")
    assert (first.amount, first.currency, first.close_date) == (Decimal("1234.56"), "EUR", date(2026, 12, 31))
    assert (first.probability, first.account.name, first.owner.name) == (Decimal("0.8"), "Zur Post GmbH", "Ana Lima")
    assert first.attributes["Contact person"] == "Max Muster"
    assert (won.status, won.close_date, won.currency, won.amount) == ("won", date(2026, 9, 15), "CHF", Decimal(12000))
    assert (lost.status, lost.close_date, lost.lost_reason) == ("lost", date(2026, 6, 7), "Preis")
    assert Account.objects.count() == 2
    again = clean(run_import(tmp_path, "pipedrive"))
    assert (again.total["new"], again.total["changed"]) == (0, 0)


def test_pipedrive_in_american_form(tmp_path: Path) -> None:
    text = PIPEDRIVE.replace("1 234,56", '"1,234.56"').replace("12 000,00", '"12,000.00"').replace("0,50", "0.50")
    for day, month in (("31", "12"), ("01", "10"), ("15", "09"), ("05", "06"), ("07", "06")):
        text = text.replace(f"{day}.{month}.2026", f"{month}/{day}/2026")
    clean(run_import(written(tmp_path, deals=text.replace(";", ",")), "pipedrive"))
    first, _won, lost = Opportunity.objects.order_by("external_id")
    assert (first.amount, first.close_date) == (Decimal("1234.56"), date(2026, 12, 31))
    assert lost.close_date == date(2026, 6, 7)


def test_salesforce_report_with_its_footer(tmp_path: Path) -> None:
    report = (
        '"Opportunity Name","Account Name","Stage","Amount","Close Date","Opportunity Owner","Probability (%)"\n'
        '"Pumps","Acme","Closed Won","USD 1,200.00","3/31/2026","Ana Lima","100"\n'
        '"Pipes","Acme","Prospecting","","12/5/2026","Ana Lima","10"\n\n\n'
        '"My opportunities"\n"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."\n'
        '"Confidential Information - Do Not Distribute"\n"Generated By:  Ana Lima  11/24/2026 9:00 AM"\n"Acme Inc."\n'
    )
    batch = clean(run_import(written(tmp_path, report1764000000000=report), "salesforce_report"))
    assert counts(batch, "opportunity") == (2, 2, 0, 0, 0)
    pumps = Opportunity.objects.get(name="Pumps")
    assert (pumps.amount, pumps.close_date, pumps.status) == (Decimal(1200), date(2026, 3, 31), "won")
    assert (pumps.account.name, pumps.owner.name, pumps.probability) == ("Acme", "Ana Lima", 1)


def test_salesforce_data_loader(shared: Shared) -> None:
    folder = shared("salesforce-dataloader-csv")
    batch = clean(run_import(folder / "accountData.csv", "salesforce_dataloader"))
    assert counts(batch, "account") == (423, 423, 0, 0, 0)
    batch = clean(run_import(folder / "opportunityData.csv", "salesforce_dataloader"))
    assert counts(batch, "opportunity") == (38, 38, 0, 0, 0)
    deal = Opportunity.objects.get(external_id="006x0000001YtCrAAK")
    assert (deal.status, deal.amount, deal.probability, deal.close_date) == ("won", 500000, 1, date(2005, 11, 9))
    assert (deal.account.external_id, deal.forecast_category) == ("001x0000002xLD0AAM", "closed")
    assert deal.attributes["EXPECTEDREVENUE"] == "500000.0"
    assert Account.objects.filter(deleted_at__isnull=False).count() == 0
    assert Account.objects.filter(name__contains="\ufffd").count() == 0
    assert not OpportunityLine.objects.exists()
