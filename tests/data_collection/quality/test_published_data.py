"""The findings of a public data set, against counts of its file by other means."""

from io import StringIO

import pandas as pd
import pytest
from django.core.management import call_command

from data_collection.facts.services import facts_rebuild
from data_collection.models import QualityCount
from data_collection.quality.services.nightly import quality_night
from salesops.company.selectors import company_today
from tests.shared_data import data_set


@pytest.mark.slow
def test_maven(company: object, client_of, executive) -> None:
    folder = data_set("maven-crm")
    call_command("import_crm", str(folder), mapping="maven_crm", accept_suggestions=True, stdout=StringIO())
    deals = pd.read_csv(folder / "sales_pipeline.csv")
    is_open = ~deals.deal_stage.isin(["Won", "Lost"])
    quality_night(day=company_today())
    found = {count.rule: count for count in QualityCount.objects.all()}
    assert (found["account-missing"].broken, found["account-missing"].checked) == (1425, 8800)
    assert found["account-missing"].broken == deals.account.isna().sum()
    assert found["amount-missing"].broken + found["amount-missing-late"].broken == is_open.sum() == 2089
    assert found["close-date-missing"].broken == (is_open & deals.close_date.isna()).sum()
    assert found["won-without-amount"].broken == 0 and found["won-without-amount"].checked == 4238

    facts_rebuild()
    client = client_of(executive)
    assert "1,425" in client.get("/collect/quality/").content.decode()
    overview = client.get("/collect/overview/").content.decode()
    assert "The latest win is of 31 Dec 2017." in overview and "?period=2017-Q4" in overview
    year = client.get("/rows/bookings/?period=2016-10-01..2017-12-31").content.decode()
    assert "10,005,534.00" in year and "4,238 rows, together 10,005,534.00 USD" in year
