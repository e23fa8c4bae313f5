"""Findings by API: the reader's, with the pages' filters; accepted with a reason."""

from collections.abc import Callable

import pytest
from django.test import Client

from data_collection.models import QualityFinding, Rep
from data_collection.quality.services.checking import quality_check
from salesops.company.selectors import company_today
from salesops.models import User
from tests.builders import make_opportunity

URL = "/api/v1/quality/findings/"


@pytest.fixture
def dirty(rep: Rep, outsider_rep: Rep) -> None:
    for owner, name, amount in ((rep, "Rui deal", "1000"), (outsider_rep, "Odd deal", "2000")):
        make_opportunity(name, owner=owner, close_date="2026-02-01", amount=amount)
    quality_check(day=company_today(), names=["open-past-close-date", "account-missing"])


def rows(client: Client, query: str = "") -> list[dict]:
    return client.get(f"{URL}?{query}").json()["results"]


def test_the_reader_gets_what_is_visible_by_the_filters(
    dirty: None, analyst_client: Client, rep_client: Client
) -> None:
    assert len(rows(analyst_client)) == 4 and {row["owner"] for row in rows(rep_client)} == {"rui"}
    assert [row["owner"] for row in rows(analyst_client, "rule=account-missing&rep=odd")] == ["odd"]
    assert [row["money"] for row in rows(analyst_client, "rule=account-missing&ordering=-money")] == [
        "2000.0000",
        "1000.0000",
    ]
    assert rows(analyst_client, "state=fixed") == [] and rows(rep_client, "rep=odd") == []
    assert analyst_client.get(f"{URL}?colour=red").status_code == 400


def test_accepting(dirty: None, client_of: Callable, rep_user: User, outsider: User, executive: User) -> None:
    pk = QualityFinding.objects.get(rule="account-missing", owner__code="rui").pk
    url = f"{URL}{pk}/accept/"
    assert client_of(outsider).post(url, {"reason": "x"}).status_code == 404
    assert client_of(executive).post(url, {"reason": "x"}).status_code == 403
    mine = client_of(rep_user)
    assert mine.post(url, {}).status_code == 400
    assert mine.post(url, {"reason": "x", "until": "2020-01-01"}).status_code == 400
    answer = mine.post(url, {"reason": "Partner deal"})
    assert (answer.json()["state"], answer.json()["accepted_reason"]) == ("accepted", "Partner deal")
    assert mine.post(url, {"reason": "again"}).status_code == 400
    assert mine.get(f"{URL}{pk}/").json()["accepted_by"] == rep_user.email
    assert len(rows(mine)) == 1 and len(rows(mine, "state=accepted")) == 1
