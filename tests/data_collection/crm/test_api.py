"""The CRM mirror by API: visible rows only, loads by natural key."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from data_collection.models import Account, Activity, Lead, Opportunity, Rep
from tests.builders import make_account, make_activity, make_lead, make_opportunity, make_order_line

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def send(client: Client, path: str, rows: list):
    answer = client.post(API + path, {"rows": rows}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_foreign_rows_are_not_there(rep: Rep, outsider_rep: Rep, rep_client: Client, manager_client: Client) -> None:
    own, foreign = make_opportunity("Own", owner=rep), make_opportunity("Foreign", owner=outsider_rep)
    for client in (rep_client, manager_client):
        rows = client.get(API + "opportunities/").json()["results"]
        assert [row["name"] for row in rows] == ["Own"]
        assert client.get(f"{API}opportunities/{own.pk}/").status_code == 200
        assert client.get(f"{API}opportunities/{foreign.pk}/").status_code == 404


def test_filters_dates_are_half_open(rep: Rep, rep_client: Client) -> None:
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1)):
        make_opportunity(str(day), owner=rep, close_date=day)
    query = "opportunities/?close_date_from=2026-04-01&close_date_to=2026-07-01&ordering=close_date"
    rows = rep_client.get(API + query).json()["results"]
    assert [row["name"] for row in rows] == ["2026-04-01", "2026-06-30"]
    assert rep_client.get(API + "opportunities/?status=nonsense").status_code == 400
    assert rep_client.get(API + "opportunities/?close_date_from=soon").status_code == 400


@pytest.mark.parametrize("ordering", ["amount", "-amount", "id", "-id", "-close_date"])
def test_pages_give_every_row_once(ordering: str, rep: Rep, rep_client: Client) -> None:
    """Equal and unknown values lie across page borders; unknown ones come last both ways."""
    for amount in ("5", None, "5", "7.5", None, "5", "1", None):
        make_opportunity(owner=rep, amount=amount)
    url, seen = f"{API}opportunities/?page_size=2&ordering={ordering}&fields=id,amount", []
    while url:
        page = rep_client.get(url).json()
        seen += page["results"]
        url = page["next"]
    assert len({row["id"] for row in seen}) == len(seen) == 8
    if "amount" in ordering:
        amounts = [None if row["amount"] is None else Decimal(row["amount"]) for row in seen]
        assert amounts[5:] == [None] * 3
        assert amounts[:5] == sorted(amounts[:5], reverse=ordering.startswith("-"))


def test_a_list_asks_as_often_for_many_rows(
    rep: Rep, rep_client: Client, products, django_assert_max_num_queries
) -> None:
    for _i in range(8):
        make_opportunity(owner=rep, account=make_account(owner=rep), product=products["suite"])
    with django_assert_max_num_queries(6):
        assert len(rep_client.get(API + "opportunities/").json()["results"]) == 8


class TestBulk:
    def test_four_kinds_of_rows_go_in(self, rep: Rep, stages, products, segments, analyst_client: Client) -> None:
        accounts = [{"system": "crm", "external_id": "A1", "name": "Acme", "owner": "rui", "segment": "small"}]
        leads = [{"system": "crm", "external_id": "L1", "created_on": "2026-01-05", "account": "A1"}]
        deal = {"system": "crm", "external_id": "O1", "name": "Big", "stage": "Proposal", "account": "A1", "lead": "L1"}
        deals = [{**deal, "owner": "rui", "product": "suite", "amount": "1200.50"}]
        calls = [
            {
                "system": "crm",
                "external_id": "C1",
                "kind": "call",
                "day": "2026-01-06",
                "rep": "rui",
                "opportunity": "O1",
            }
        ]
        for path, rows in (("accounts", accounts), ("leads", leads), ("opportunities", deals), ("activities", calls)):
            assert send(analyst_client, f"{path}/bulk/", rows) == {
                "created": 1,
                "changed": 0,
                "same": 0,
                "rejected": [],
            }
            assert send(analyst_client, f"{path}/bulk/", rows)["same"] == 1
        deal = Opportunity.objects.get(external_id="O1")
        assert (deal.account.name, deal.owner, deal.amount, deal.status) == ("Acme", rep, Decimal("1200.5000"), "open")
        assert Activity.objects.get().opportunity == deal
        assert Lead.objects.get().account == Account.objects.get()

    def test_links_hold_within_one_system(self, rep: Rep, stages, analyst_client: Client) -> None:
        make_account("Elsewhere", system="shop", external_id="A1")
        row = {"system": "crm", "external_id": "O1", "name": "Big", "stage": "Proposal", "account": "A1"}
        answer = send(analyst_client, "opportunities/bulk/", [row, {**row, "system": "shop"}])
        assert (answer["created"], len(answer["rejected"])) == (1, 1)
        assert answer["rejected"][0] == {
            "row": 1, "field": "account", "value": "A1", "reason": "There is no account “A1”.",
        }  # fmt: skip

    def test_bad_rows_say_what_is_wrong(self, rep: Rep, stages, analyst_client: Client) -> None:
        make_opportunity("Known", owner=rep, external_id="O9", stage=stages["proposal"])
        base = {"system": "crm", "name": "X", "stage": "Proposal"}
        rows = [
            {**base, "external_id": "1", "close_date": "2026-02-30"},
            {**base, "external_id": "2", "owner": "stranger"},
            {**base, "external_id": "3", "stage": "Won"},
            {**base, "external_id": "4", "stage": "Won", "status": "open"},
            {**base, "external_id": "5", "probability": "7"},
            {**base, "external_id": "6", "amuont": "7"},
            {"system": "crm", "external_id": "O9", "amount": "77"},
            {**base, "external_id": "8"},
        ]
        answer = send(analyst_client, "opportunities/bulk/", rows)
        assert (answer["created"], answer["changed"]) == (1, 1)
        why = {bad["row"]: (bad["field"], bad["reason"]) for bad in answer["rejected"]}
        assert why[1][0] == "close_date"
        assert why[2] == ("owner", "There is no rep “stranger”.")
        assert why[3] == ("", "A won or lost deal needs its close date.")
        assert why[4][0] == "status"
        assert why[5] == ("", "Write the probability as a share between 0 and 1.")
        assert why[6] == ("amuont", "There is no such field to write.")
        assert Opportunity.objects.get(external_id="O9").name == "Known"

    def test_a_negative_quantity_is_refused(self, rep: Rep, analyst_client: Client) -> None:
        row = {
            "system": "crm",
            "external_id": "1",
            "order_id": "1",
            "ordered_on": "2026-01-01",
            "quantity": "-1",
            "amount": "5",
        }
        answer = send(analyst_client, "order-lines/bulk/", [row])
        assert "can't be negative" in answer["rejected"][0]["reason"].replace("’", "'")

    def test_no_other_role_loads(self, rep: Rep, rep_client: Client) -> None:
        answer = rep_client.post(API + "opportunities/bulk/", {"rows": [{}]}, content_type="application/json")
        assert answer.status_code == 403


def test_profit_is_a_cost(rep: Rep, rep_client: Client, analyst_client: Client) -> None:
    make_order_line(rep, profit=1)
    assert "profit" not in rep_client.get(API + "order-lines/").json()["results"][0]
    assert "profit" in analyst_client.get(API + "order-lines/").json()["results"][0]


def test_leads_and_activities_of_others_are_not_there(rep: Rep, outsider_rep: Rep, rep_client: Client) -> None:
    make_lead("Foreign", owner=outsider_rep)
    make_activity(outsider_rep, subject="Foreign")
    for path in ("leads/", "activities/"):
        assert rep_client.get(API + path).json()["results"] == []
