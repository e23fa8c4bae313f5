"""HubSpot's JSON as the API documents it, and as accounts hold it."""

from typing import Any

import pytest

from data_collection.connectors.calc.patience import Again
from data_collection.connectors.calc.source import SourceBroken, SourceBusy, Whole
from data_collection.connectors.sources.hubspot.associations import batched, listed
from data_collection.connectors.sources.hubspot.errors import Expired, NotAllowed, failure
from data_collection.connectors.sources.hubspot.fields import KINDS
from data_collection.connectors.sources.hubspot.parse import Account, records_page
from data_collection.connectors.sources.hubspot.stages import known_stages
from tests.data_collection.connectors.hubspot_account import PIPELINES, step
from tests.standins.hubspot import FIRST

ACCOUNT = Account(currency="EUR", stages=known_stages(PIPELINES))
DEAL: dict[str, Any] = {
    "id": "512",
    "properties": {
        "amount": "1500.00",
        "closedate": "2026-12-07T16:50:06.678Z",
        "createdate": "2026-10-30T03:30:17.883Z",
        "dealname": "Custom data integrations",
        "dealstage": "contractsent",
        "dealtype": "existingbusiness",
        "deal_currency_code": "THB",
        "hs_deal_stage_probability": "0.9",
        "hs_manual_forecast_category": "BEST_CASE",
        "hs_is_closed": "false",
        "hs_is_closed_won": "false",
        "hs_lastmodifieddate": "2026-12-07T16:50:06.678Z",
        "hs_object_id": "512",
        "hubspot_owner_id": "910901",
        "pipeline": "default",
    },
    "createdAt": "2026-10-30T03:30:17.883Z",
    "updatedAt": "2026-12-07T16:50:06.678Z",
    "archived": False,
    "associations": {"companies": ["7", "8"], "contacts": []},
}


def rows(name: str, *records: Any, account: Account = ACCOUNT) -> dict[str, list[dict[str, str]]]:
    return records_page(KINDS[name], records, account).rows


def deal(**changed: Any) -> dict[str, Any]:
    more = {"propertiesWithHistory": changed.pop("history")} if "history" in changed else {}
    return {**DEAL, **more, "properties": {**DEAL["properties"], **changed}}


def test_a_deal() -> None:
    assert rows("deals", DEAL)["deals"] == [
        {
            "id": "512",
            "dealname": "Custom data integrations",
            "dealtype": "existingbusiness",
            "kind": "expansion",
            "amount": "1500.00",
            "currency": "THB",
            "stage": "Sales Pipeline/Contract sent",
            "status": "open",
            "forecast_category": "best_case",
            "probability": "0.9",
            "owner_id": "910901",
            "company_id": "7",
            "contact_id": "",
            "close_date": "2026-12-07T16:50:06.678Z",
            "created_at": "2026-10-30T03:30:17.883Z",
            "modified_at": "2026-12-07T16:50:06.678Z",
        }
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"dealtype": None}, {"kind": "new"}),
        ({"dealtype": "Partner deal"}, {"kind": "new", "dealtype": "Partner deal"}),
        ({"dealtype": "renewal"}, {"kind": "renewal"}),
        ({"amount": None}, {"amount": ""}),
        ({"amount": ""}, {"amount": ""}),
        ({"deal_currency_code": ""}, {"currency": "EUR"}),
        ({"dealname": None}, {"dealname": "Deal 512"}),
        ({"dealname": "ข้อเสนอ Ñandú 🚀"}, {"dealname": "ข้อเสนอ Ñandú 🚀"}),
        ({"hs_manual_forecast_category": "Commit"}, {"forecast_category": "commit"}),
        ({"hs_manual_forecast_category": "own word"}, {"forecast_category": "pipeline"}),
        ({"hs_deal_stage_probability": "12"}, {"probability": ""}),
        ({"dealstage": "closedlost"}, {"status": "lost", "stage": "Sales Pipeline/Closed Lost"}),
        ({"closedate": "1796083200000"}, {"close_date": "2026-12-01T00:00:00.000Z"}),
        ({"flags": "a;b", "is_key": "true"}, {"flags": "a;b", "is_key": "true"}),
    ],
)
def test_odd_deals(changed: dict[str, Any], expected: dict[str, str]) -> None:
    row = rows("deals", deal(**changed))["deals"][0]
    assert {name: row[name] for name in expected} == expected


def test_a_deal_in_a_stage_nobody_knows() -> None:
    found = rows("deals", deal(pipeline="55", dealstage="5501", hs_is_closed="true", hs_is_closed_won="true"))
    assert (found["deals"][0]["stage"], found["deals"][0]["status"]) == ("55/5501", "won")
    assert found["unknown_stages"] == [
        {"id": "5501", "pipeline": "55", "name": "5501", "rank": "999", "kind": "won", "probability": "0"}
    ]


def test_a_stage_the_history_does_not_name_yet_is_made_too() -> None:
    history = {"dealstage": [{"value": "contractsent", "timestamp": "2026-11-03T10:00:00Z"}]}
    found = rows("deals", deal(pipeline="55", dealstage="5501", history=history))
    assert [stage["name"] for stage in found["unknown_stages"]] == ["5501"]


def test_a_history_with_a_stage_that_was_removed() -> None:
    history = {
        "dealstage": [
            {
                "value": "contractsent",
                "timestamp": "2026-11-03T10:00:00Z",
                "sourceType": "CRM_UI",
                "updatedByUserId": 1,
            },
            {"value": "old", "timestamp": "1793440800000"},
            {"value": "appointmentscheduled", "timestamp": "2026-10-30T03:30:17.883Z"},
            {"value": "nonsense", "timestamp": None},
        ]
    }
    found = rows("deals", deal(history=history))
    assert [(v["stage"], v["left_at"][:10]) for v in found["stage_visits"]] == [
        ("Sales Pipeline/Appointment scheduled", "2026-10-31"),
        ("removed stages/old", "2026-11-03"),
        ("Sales Pipeline/Contract sent", ""),
    ]
    assert [s["name"] for s in found["unknown_stages"]] == ["old"]


def test_a_closed_deal_without_its_date_closed_when_it_came_there() -> None:
    history = {"dealstage": [{"value": "closedwon", "timestamp": "2026-11-03T10:00:00Z"}]}
    row = rows("deals", deal(dealstage="closedwon", closedate=None, history=history))["deals"][0]
    assert row["close_date"] == "2026-11-03T10:00:00.000Z"


def test_owners_of_a_deal_are_whole_unless_versions_may_be_missing() -> None:
    versions = [{"value": str(n), "timestamp": f"2026-11-{n:02}T10:00:00Z"} for n in range(20, 0, -1)]
    page = records_page(KINDS["deals"], [deal(history={"hubspot_owner_id": versions[-3:]})], ACCOUNT)
    ids = ("512:2026-11-01", "512:2026-11-02", "512:2026-11-03")
    assert page.whole == (Whole("opportunity_owner", "opportunity", "512", ids),)
    assert records_page(KINDS["deals"], [deal(history={"hubspot_owner_id": versions})], ACCOUNT).whole == ()


def contact(**properties: Any) -> dict[str, Any]:
    return {
        "id": "9",
        "properties": properties,
        "createdAt": "2026-01-02T08:00:00Z",
        "updatedAt": "2026-01-03T08:00:00Z",
    }


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"lifecyclestage": "lead"}, "new"),
        ({"lifecyclestage": "lead", "hs_lead_status": "OPEN"}, "new"),
        ({"lifecyclestage": "lead", "hs_lead_status": "IN_PROGRESS"}, "working"),
        ({"lifecyclestage": "lead", "hs_lead_status": "UNQUALIFIED"}, "disqualified"),
        ({"lifecyclestage": "marketingqualifiedlead"}, "mql"),
        ({"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "CONNECTED"}, "sql"),
        ({"lifecyclestage": "customer", "hs_lifecyclestage_lead_date": "2026-01-02T09:00:00Z"}, "converted"),
        ({"lifecyclestage": "customer"}, None),
        ({"lifecyclestage": None}, None),
        ({}, None),
    ],
)
def test_which_contacts_are_leads(properties: dict[str, Any], status: str | None) -> None:
    found = rows("contacts", contact(**properties))
    assert [lead["status"] for lead in found.get("leads", [])] == ([status] if status else [])
    assert len(found["contacts"]) == 1


def test_when_a_lead_reached_its_stages() -> None:
    found = rows(
        "contacts",
        contact(
            lifecyclestage="opportunity",
            hs_lifecyclestage_lead_date="1767340800000",
            hs_v2_date_entered_marketingqualifiedlead="2026-01-05T09:00:00Z",
            hs_lifecyclestage_marketingqualifiedlead_date="2026-01-09T09:00:00Z",
            hs_lifecyclestage_opportunity_date="2026-02-01T09:00:00Z",
            email="zoe@example.test",
        ),
    )
    lead = found["leads"][0]
    assert (lead["created_at"][:10], lead["mql_at"][:10], lead["sql_at"]) == ("2026-01-02", "2026-01-05", "")
    assert (lead["converted_at"][:10], lead["name"]) == ("2026-02-01", "zoe@example.test")


def test_a_company_with_nothing() -> None:
    row = rows("companies", {"id": "1", "properties": {"name": None, "domain": "", "founded_year": "c. 1990"}})[
        "companies"
    ][0]
    assert (row["name"], row["founded_year"], row["founded_year_text"], row["owner_id"]) == (
        "Company 1",
        "",
        "c. 1990",
        "",
    )
    assert row["modified_at"] == row["created_at"] == ""


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "text",
        {},
        {"id": "", "properties": {}},
        {"id": "1"},
        {"id": "1", "properties": None},
        {"id": "1", "properties": []},
    ],
)
def test_a_record_of_no_form_is_named(record: Any) -> None:
    page = records_page(KINDS["companies"], [record, {"id": "2", "properties": {"name": "Good"}}], ACCOUNT)
    assert [row["id"] for row in page.rows["companies"]] == ["2"]
    assert len(page.problems) == 1 and page.problems[0].object == "companies" and page.records == 2


def activity(name: str, own: str = "5", **properties: Any) -> dict[str, str]:
    record = {"id": own, "properties": {"hs_timestamp": "2026-03-02T10:00:00Z", **properties}, "associations": {}}
    return rows(name, record)[name][0]


def test_kinds_of_activities() -> None:
    assert activity("calls", hs_activity_type="Product DEMO")["kind"] == "demo"
    assert activity("meetings", hs_activity_type="Proposal review")["kind"] == "proposal"
    assert activity("calls", hs_call_duration="-5", hs_call_disposition="own")["duration_minutes"] == ""
    assert activity("calls", hs_call_disposition="own")["outcome"] == "own"
    late = activity(
        "meetings", hs_meeting_start_time="2026-03-02T11:00:00Z", hs_meeting_end_time="2026-03-02T10:00:00Z"
    )
    assert (late["duration_minutes"], late["at"]) == ("", "2026-03-02T11:00:00.000Z")
    assert activity("emails", hs_email_subject="x" * 300)["subject"] == "x" * 199 + "…"


def test_lines_without_a_deal_are_none() -> None:
    line = {"id": "1", "properties": {"name": "Widget", "hs_product_id": "5"}, "associations": {"deals": []}}
    assert rows("line_items", line) == {}
    line["associations"] = {"deals": ["512"]}
    assert rows("line_items", line)["line_products"] == [{"id": "5", "name": "Widget", "currency": "EUR"}]


def test_stages_of_one_name_are_told_apart() -> None:
    twins = [
        {"id": "1", "label": "Sales " * 10, "stages": [step("11", "Open", 0, "0.1"), step("12", "Open", 1, "0.2")]},
        {"id": "2", "label": "Sales " * 10, "stages": [step("21", "Open", 0, "0.1")]},
        {"id": "3", "label": "default", "stages": [step("31", "Open", 0, "x")]},
    ]
    found = known_stages(twins)
    assert {s.name for s in found.values()} == {"Open (11)", "Open (12)", "Open"}
    assert len({s.pipeline for s in found.values()}) == 3 and max(len(s.pipeline) for s in found.values()) <= 40
    assert found["31"].key == "Open" and found["31"].probability == "0" and found["12"].rank == 2


def test_links_of_a_list_and_of_a_batch() -> None:
    links = [{"id": "3", "type": "deal_to_company_unlabeled"}, {"id": "9", "type": "deal_to_company_unlabeled"}]
    record = {"associations": {"companies": {"results": [*links, {"id": "9", "type": "deal_to_company"}]}}}
    assert listed(record) == {"companies": ["9", "3"]} and listed({}) == {}
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
    primary = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}
    to = [{"toObjectId": 3, "associationTypes": [plain]}, {"toObjectId": 9, "associationTypes": [plain, primary]}]
    assert batched([{"from": {"id": "1"}, "to": to}]) == {"1": ["9", "3"]}


def told(status: int, body: str, **headers: str) -> Exception:
    return failure("deals", status, body, {k.replace("_", "-"): v for k, v in headers.items()}, now=FIRST)


def test_what_errors_mean() -> None:
    assert isinstance(told(401, '{"category": "INVALID_AUTHENTICATION"}'), Expired)
    wait = told(429, '{"policyName": "SECONDLY"}')
    assert isinstance(wait, Again) and (wait.wait, wait.busy) == (1.0, True)
    dated = told(429, "", Retry_After="Sun, 01 Mar 2026 08:00:30 GMT")
    assert isinstance(dated, Again) and dated.wait == 30
    assert isinstance(told(429, '{"policyName": "DAILY"}', Retry_After="120"), SourceBusy)
    assert isinstance(told(477, "", Retry_After="900"), SourceBusy)
    assert isinstance(told(502, "<html>"), Again) and isinstance(told(404, "[]"), NotAllowed)
    assert isinstance(told(400, '{"message": "odd"}'), SourceBroken)
