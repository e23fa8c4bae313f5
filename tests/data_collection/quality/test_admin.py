"""Custom rules in the admin: checked on save, counted before, kept with their history."""

import json

import pytest
from django.test import Client

from data_collection.models import CustomRule, QualityFinding, RecordLink, Rep
from data_collection.quality.calc.conditions import parse_condition
from data_collection.quality.rules.base import Basis
from data_collection.quality.rules.custom import condition_query
from data_collection.quality.visibility import MODELS
from salesops.company.selectors import company_today
from salesops.jobs.services import job_run
from salesops.models import JobRun
from tests.builders import make_account, make_opportunity, make_stage

ADD = "/admin/data_collection/customrule/add/"


@pytest.fixture
def deals(rep: Rep) -> None:
    account = make_account("Acme", country="Italy")
    make_opportunity("Small", owner=rep, amount="100", account=account, attributes={"Tier": "Gold", "Seats": "12"})
    make_opportunity("Large", owner=rep, amount="9000", attributes={"Tier": "silver", "Seats": "n/a"})
    make_opportunity("Unknown", amount=None, attributes={}, stage=make_stage("Proposal", rank=3))


def found(*parts: dict, match: str = "all", table: str = "opportunity") -> list[str]:
    group = parse_condition({"match": match, "parts": list(parts)}, table)
    rows = MODELS[table].objects.filter(condition_query(group, Basis(company_today(), "USD")))
    return sorted(row.name for row in rows)


def line(field: str, op: str, value: str = "") -> dict[str, str]:
    return {"field": field, "op": op, "value": value}


def test_every_test_finds_what_it_says(deals: None) -> None:
    assert found(line("amount", "more", "100")) == ["Large"]
    assert found(line("amount", "least", "100")) == ["Large", "Small"]
    assert found(line("amount", "empty")) == ["Unknown"] and found(line("amount", "less", "101")) == ["Small"]
    assert found(line("account", "empty")) == ["Large", "Unknown"]
    assert found(line("account.country", "is", "ITALY")) == ["Small"]
    assert found(line("account.country", "is_not", "Italy")) == ["Large", "Unknown"]
    assert found(line("stage.name", "one_of", "proposal, demo")) == ["Unknown"]
    assert found(line("name", "contains", "AR")) == ["Large"]
    assert found(line("created_on", "after", "2026-01-14")) == ["Large", "Small", "Unknown"]
    assert found(line("attributes.Tier", "is", "gold")) == ["Small"]
    assert found(line("attributes.Tier", "empty")) == ["Unknown"]
    assert found(line("attributes.Seats", "more", "11")) == ["Small"]  # “n/a” is no number
    assert found(line("attributes.No'such\"key", "filled")) == []
    either = {"match": "any", "parts": [line("amount", "empty"), line("amount", "more", "5000")]}
    assert found(either, line("account", "empty")) == ["Large", "Unknown"]


def form(**values: str) -> dict[str, str]:
    return {
        "title": "Large deal without an account",
        "code": "large-no-account",
        "table": "opportunity",
        "severity": "high",
        "why": "Nobody knows the customer.",
        "fix": "Choose the account.",
        "is_active": "on",
        "condition-match": "all",
        "condition-0-match": "all",
        "condition-0-0-field": "opportunity:amount",
        "condition-0-0-op": "more",
        "condition-0-0-value": "5000",
        "condition-0-1-field": "opportunity:account",
        "condition-0-1-op": "empty",
    } | values


def test_a_rule_is_built_counted_saved_and_checked(deals: None, analyst_client: Client) -> None:
    preview = analyst_client.post("/admin/data_collection/customrule/preview/", form())
    assert json.loads(preview.content) == {"words": "Finds 1 of 3 rows: Large", "wrong": False}
    assert not CustomRule.objects.exists()
    answer = analyst_client.post(ADD, form(), follow=True)
    assert "Finds 1 of 3 rows: Large" in answer.content.decode()
    rule = CustomRule.objects.get()
    assert rule.condition["parts"][0]["parts"][1] == {"field": "account", "op": "empty", "value": ""}
    job_run(JobRun.objects.get(kind="quality_rule").pk)
    assert QualityFinding.objects.get().opportunity.name == "Large"
    page = analyst_client.get(f"/admin/data_collection/customrule/{rule.pk}/change/").content.decode()
    assert 'value="opportunity:amount" selected' in page and 'value="5000"' in page
    history = analyst_client.get(f"/admin/data_collection/customrule/{rule.pk}/history/").content.decode()
    assert "Large deal without an account" in history
    assert (
        "Large deal without an account"
        in analyst_client.get("/collect/quality/custom-large-no-account/").content.decode()
    )


def test_a_rule_that_cannot_be_read_is_not_saved(deals: None, analyst_client: Client) -> None:
    wrong = form(**{"condition-0-0-value": "many"})
    page = analyst_client.post(ADD, wrong).content.decode()
    assert "no number" in page and not CustomRule.objects.exists()
    answer = analyst_client.post("/admin/data_collection/customrule/preview/", wrong)
    assert json.loads(answer.content)["wrong"]
    empty = {name: value for name, value in form().items() if not name.endswith("-field")}
    assert "at least one line" in analyst_client.post(ADD, empty).content.decode()


def test_attributes_are_offered(deals: None, analyst_client: Client) -> None:
    answer = analyst_client.get("/admin/data_collection/customrule/attributes/?table=opportunity")
    assert answer.json()["names"] == ["Seats", "Tier"]
    assert analyst_client.get("/admin/data_collection/customrule/attributes/?table=user").json()["names"] == []


def test_a_longer_condition_survives_an_edit_of_the_title(deals: None, analyst_client: Client) -> None:
    lines = [line("name", "is_not", str(i)) for i in range(9)]
    rule = CustomRule.objects.create(
        code="long",
        title="Long",
        why="w",
        fix="f",
        condition={"match": "all", "parts": [{"match": "all", "parts": lines}]},
    )
    analyst_client.post(f"/admin/data_collection/customrule/{rule.pk}/change/", form(title="Longer"))
    rule.refresh_from_db()
    assert rule.title == "Longer" and len(rule.condition["parts"][0]["parts"]) == 9


def test_a_condition_that_no_longer_fits_finds_nothing(deals: None, analyst_client: Client) -> None:
    CustomRule.objects.create(code="old", title="Old", why="w", fix="f", condition={"gone": True})
    assert analyst_client.get("/collect/quality/custom-old/").status_code == 404


def test_links_take_web_addresses_only(analyst_client: Client, company: object) -> None:
    url = "/admin/data_collection/recordlink/add/"
    for address in ("javascript:alert(1)", "https://crm.example/{name}", "ftp://crm.example/{id}"):
        analyst_client.post(url, {"system": "hubspot", "table": "opportunity", "address": address})
    assert not RecordLink.objects.exists()
    good = "https://crm.example/deal/{id}?tab=1"
    analyst_client.post(url, {"system": "hubspot", "table": "opportunity", "address": good})
    assert RecordLink.objects.get().address == good
