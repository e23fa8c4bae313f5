"""Salesforce's JSON as the REST API documents it, and as orgs hold it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from data_collection.connectors.calc.patience import Again
from data_collection.connectors.calc.source import SourceBroken, SourceBusy, SourceRefused
from data_collection.connectors.sources.salesforce.deals import deal_kind
from data_collection.connectors.sources.salesforce.errors import (
    Expired,
    LocatorGone,
    NoField,
    NotThere,
    failure,
    login_failure,
)
from data_collection.connectors.sources.salesforce.fields import KINDS
from data_collection.connectors.sources.salesforce.parse import Org, history_page, lead_status, records_page
from data_collection.connectors.sources.salesforce.records import id18
from data_collection.connectors.sources.salesforce.soql import Place, query

ORG = Org(currency="EUR", stages=frozenset({"Prospecting", "Closed Won"}))
DEAL: dict[str, Any] = {
    "attributes": {"type": "Opportunity", "url": "/services/data/v62.0/sobjects/Opportunity/006D0000008hXyXIAU"},
    "Id": "006D0000008hXyXIAU",
    "IsDeleted": False,
    "AccountId": "001D000000IqhSLIAZ",
    "Name": "Burlington Textiles Weaving Plant Generator",
    "StageName": "Closed Won",
    "Amount": "235000.5",
    "Probability": 100,
    "CloseDate": "2026-10-14",
    "Type": "Existing Customer - Upgrade",
    "NextStep": None,
    "LeadSource": "Web",
    "IsClosed": True,
    "IsWon": True,
    "ForecastCategory": "Closed",
    "ForecastCategoryName": "Closed",
    "OwnerId": "005D0000001KyXIIA0",
    "CurrencyIsoCode": "THB",
    "CreatedDate": "2026-08-14T06:38:16.000+0000",
    "SystemModstamp": "2026-10-14T17:00:00.000+0700",
    "Rival__c": "Acme;Globex",
    "Signed__c": "2026-10-01T08:00:00.000+0000",
    "Key__c": True,
}


def rows(name: str, *records: Any) -> dict[str, list[dict[str, str]]]:
    return records_page(KINDS[name], records, ORG).rows


def test_an_opportunity() -> None:
    assert rows("Opportunity", DEAL) == {
        "opportunities": [
            {
                "id": "006D0000008hXyXIAU",
                "Name": "Burlington Textiles Weaving Plant Generator",
                "Amount": "235000.5",
                "Probability": "100",
                "CloseDate": "2026-10-14",
                "Type": "Existing Customer - Upgrade",
                "NextStep": "",
                "LeadSource": "Web",
                "Rival__c": "Acme;Globex",
                "Signed__c": "2026-10-01T08:00:00.000Z",
                "Key__c": "true",
                "owner_id": "005D0000001KyXIIA0",
                "created_at": "2026-08-14T06:38:16.000Z",
                "modified_at": "2026-10-14T10:00:00.000Z",
                "account_id": "001D000000IqhSLIAZ",
                "contact_id": "",
                "stage": "Salesforce/Closed Won",
                "status": "won",
                "kind": "expansion",
                "forecast_category": "closed",
                "currency": "THB",
                "lost_reason": "",
            }
        ]
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"Amount": None}, {"Amount": ""}),
        ({"Name": None}, {"Name": "Opportunity 006D0000008hXyXIAU"}),
        ({"IsWon": False}, {"status": "lost"}),
        (
            {"IsWon": False, "IsClosed": False, "ForecastCategory": "Forecast"},
            {"status": "open", "forecast_category": "commit"},
        ),
        ({"ForecastCategory": None, "ForecastCategoryName": "Best Case"}, {"forecast_category": "best_case"}),
        ({"ForecastCategory": "MostLikely"}, {"forecast_category": "best_case"}),
        ({"Probability": 250}, {"Probability": "0"}),
        ({"Probability": None}, {"Probability": ""}),
        ({"CurrencyIsoCode": None}, {"currency": "EUR"}),
        ({"Loss_Reason__c": "Price"}, {"lost_reason": "Price", "Loss_Reason__c": "Price"}),
        ({"AccountId": "001D000000IqhSL"}, {"account_id": "001D000000IqhSLIAZ"}),
    ],
)
def test_odd_opportunities(changed: dict[str, Any], expected: dict[str, str]) -> None:
    row = rows("Opportunity", DEAL | changed)["opportunities"][0]
    assert {name: row[name] for name in expected} == expected


def test_a_stage_that_left_the_list_is_made() -> None:
    found = rows("Opportunity", DEAL | {"StageName": "Alte Phase", "IsWon": False})
    assert found["unknown_stages"][0] | {"rank": ""} == {
        "id": "Alte Phase",
        "pipeline": "Salesforce",
        "name": "Alte Phase",
        "rank": "",
        "kind": "lost",
        "probability": "100",
    }


def test_ids_of_fifteen_signs() -> None:
    """The example of Salesforce's own description."""
    assert id18("0017000000LeisV") == "0017000000LeisVAAR" and id18("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert id18("001D000000IqhSLIAZ") == "001D000000IqhSLIAZ" and id18("") == ""


def test_deleted_and_merged() -> None:
    gone = DEAL | {"IsDeleted": True}
    page = records_page(KINDS["Opportunity"], [gone], ORG)
    assert page.deleted == (("opportunity", "006D0000008hXyXIAU"),) and not page.rows and page.newest
    loser = {"Id": "001D000000IqhSLIAZ", "IsDeleted": True, "MasterRecordId": "001D000000IqhSM"}
    page = records_page(KINDS["Account"], [loser], ORG)
    assert page.merged == (("account", "001D000000IqhSLIAZ", id18("001D000000IqhSM")),)


@pytest.mark.parametrize(
    ("text", "converted", "status"),
    [
        ("Open - Not Contacted", False, "new"),
        ("Working - Contacted", False, "working"),
        ("Closed - Not Converted", False, "disqualified"),
        ("Closed - Converted", True, "converted"),
        ("Marketing Qualified", False, "mql"),
        ("Qualified", False, "sql"),
        ("Unqualified", False, "disqualified"),
        ("Nurturing", False, "working"),
        ("", False, "new"),
    ],
)
def test_lead_statuses(text: str, converted: bool, status: str) -> None:
    assert lead_status(text, converted=converted) == status


def test_kinds_of_deals() -> None:
    words = ["New Customer", "Existing Customer - Replacement", "Renewal", "Existing Business", "", "Partner"]
    assert [deal_kind(word) for word in words] == ["new", "expansion", "renewal", "expansion", "new", "new"]


TASK: dict[str, Any] = {
    "Id": "00TD000000abcdeMAA", "IsDeleted": False, "Subject": "Call", "TaskSubtype": "Call", "Type": None,
    "Status": "Completed", "IsClosed": True, "ActivityDate": "2026-03-02", "CompletedDateTime": None,
    "CallDurationInSeconds": None, "CallDisposition": None, "OwnerId": "005D0000001KyXIIA0",
    "WhoId": "003D000000QYVZkIAP", "WhatId": "001D000000IqhSLIAZ", "AccountId": None,
    "CreatedDate": "2026-03-01T06:38:16.000+0000", "SystemModstamp": "2026-03-02T06:38:16.000+0000",
}  # fmt: skip


def test_tasks() -> None:
    row = rows("Task", TASK)["tasks"][0]
    assert (row["id"], row["kind"], row["day"], row["at"]) == ("task-00TD000000abcdeMAA", "call", "2026-03-02", "")
    assert (row["account_id"], row["contact_id"], row["lead_id"], row["opportunity_id"]) == (
        "001D000000IqhSLIAZ", "003D000000QYVZkIAP", "", "",
    )  # fmt: skip
    assert rows("Task", TASK | {"Type": "Demo"})["tasks"][0]["kind"] == "demo"
    assert (
        rows("Task", TASK | {"TaskSubtype": "Task", "ActivityDate": None})["tasks"][0]["day"]
        == "2026-03-01T06:38:16.000Z"
    )
    page = records_page(KINDS["Task"], [TASK | {"IsClosed": False}], ORG)
    assert page.deleted == (("activity", "task-00TD000000abcdeMAA"),) and not page.rows


def test_events() -> None:
    event = {
        "Id": "00UD000000abcdeMAA",
        "Subject": "Show",
        "Type": None,
        "ActivityDate": "2026-03-02",
        "IsAllDayEvent": True,
        "ActivityDateTime": "2026-03-02T00:00:00.000+0000",
        "DurationInMinutes": 1440,
        "IsChild": False,
    }
    row = rows("Event", event)["events"][0]
    assert (row["kind"], row["day"], row["at"], row["duration_minutes"]) == ("meeting", "2026-03-02", "", "")
    timed = rows("Event", event | {"IsAllDayEvent": False, "DurationInMinutes": 45})["events"][0]
    assert (timed["at"], timed["duration_minutes"]) == ("2026-03-02T00:00:00.000Z", "45.0")
    assert not records_page(KINDS["Event"], [event | {"IsChild": True}], ORG).rows


def test_owner_history_counts_the_rows_with_ids() -> None:
    deal, made = "006D0000008hXyXIAU", {"CreatedDate": "2026-03-01T06:00:00.000+0000"}
    step = {"OpportunityId": deal, "Field": "Owner", "CreatedDate": "2026-03-05T06:00:00.000+0000", "Opportunity": made}
    records = [
        step | {"OldValue": "Ann Arbor", "NewValue": "005 Bo"},
        step | {"OldValue": "005D0000001KyXIIA0", "NewValue": "005D0000001KyXJIA0"},
    ]
    page = history_page(KINDS["OpportunityFieldHistory"], records, ORG, cursor=None, read=2)
    spans = [(r["owner_id"], r["valid_from"], r["valid_to"]) for r in page.rows["opportunity_owners"]]
    assert spans == [("005D0000001KyXIIA0", "2026-03-01", "2026-03-05"), ("005D0000001KyXJIA0", "2026-03-05", "")]
    assert page.whole[0].parent_id == deal


@pytest.mark.parametrize("record", [None, [], "text", {}, {"Id": None}])
def test_a_record_of_no_form_is_named(record: Any) -> None:
    page = records_page(KINDS["Account"], [record, {"Id": "001D000000IqhSLIAZ", "Name": "Good"}], ORG)
    assert [row["Name"] for row in page.rows["accounts"]] == ["Good"] and len(page.problems) == 1


def test_queries() -> None:
    since = datetime(2026, 11, 24, 10, tzinfo=UTC)
    fields = ["Id", "SystemModstamp"]
    assert query(KINDS["Account"], fields, since=since, place=Place("2026-11-24T11:00:00.000Z", "001A")) == (
        "SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp >= 2026-11-24T10:00:00Z AND "
        "(SystemModstamp > 2026-11-24T11:00:00.000Z OR (SystemModstamp = 2026-11-24T11:00:00.000Z AND Id > '001A')) "
        "ORDER BY SystemModstamp, Id"
    )
    assert query(KINDS["OpportunityHistory"], ["Id"], since=since, place=Place(deal="006A")) == (
        "SELECT Id FROM OpportunityHistory WHERE Opportunity.IsDeleted = false AND OpportunityId IN (SELECT Id FROM "
        "Opportunity WHERE SystemModstamp >= "
        "2026-11-24T10:00:00Z) AND OpportunityId >= '006A' ORDER BY OpportunityId, CreatedDate, Id"
    )


def told(status: int, code: str, message: str = "") -> Exception:
    return failure("Account", status, [{"errorCode": code, "message": message}])


def test_what_errors_mean() -> None:
    assert isinstance(told(401, "INVALID_SESSION_ID"), Expired)
    assert isinstance(told(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), SourceBusy)
    assert isinstance(told(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), Again)
    assert isinstance(told(403, "API_DISABLED_FOR_ORG"), SourceRefused)
    assert isinstance(told(400, "INVALID_QUERY_LOCATOR"), LocatorGone)
    assert isinstance(told(400, "INVALID_TYPE"), NotThere) and isinstance(told(400, "MALFORMED_QUERY"), SourceBroken)
    field = told(400, "INVALID_FIELD", "ERROR at Row:1:Column:8\nNo such column 'X__c' on entity 'Account'.")
    assert isinstance(field, NoField) and str(field) == "X__c"
    assert isinstance(failure("Account", 503, "<html>"), Again)
    assert isinstance(login_failure(503, ""), Again) and isinstance(login_failure("INVALID_LOGIN", "no"), SourceRefused)
    assert isinstance(login_failure("LOGIN_RATE_EXCEEDED", ""), SourceBusy)
