from collections.abc import Callable

import pytest
from django.test import Client

from salesops.models import User

pytestmark = pytest.mark.usefixtures("sales")


def test_the_overview_shows_the_numbers_of_those_one_may_see(
    executive_client: Client, manager_client: Client, rep_client: Client
) -> None:
    assert "10,001" in executive_client.get("/collect/overview/").content.decode()  # 3,000.75 + 7,000
    for client in (manager_client, rep_client):
        page = client.get("/collect/overview/").content.decode()
        assert "3,001" in page and "10,001" not in page and "Odd" not in page


def test_what_needs_attention_is_computed_and_opens_its_rows(executive_client: Client) -> None:
    page = executive_client.get("/collect/overview/").content.decode()
    assert "1 open deal is past its close date: 200 USD." in page
    rows = executive_client.get("/rows/open_pipeline/?overdue=1").content.decode()
    assert "Rui late" in rows and "Rui ahead" not in rows and "together 200.00 USD" in rows


def test_a_changed_filter_answers_only_the_part(executive_client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "results"}
    part = executive_client.get("/collect/overview/?period=ytd", headers=headers)
    assert "<html" not in part.content.decode() and 'id="results"' in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    back = executive_client.get("/collect/overview/", headers=headers | {"HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode()


def test_tables_as_csv(executive_client: Client) -> None:
    text = _text(executive_client.get("/collect/overview/?format=csv&table=teams"))
    assert "North" in text and "South" in text and "3000.7500" in text


def test_queries(client_of: Callable, executive: User, manager: User, django_assert_max_num_queries: Callable) -> None:
    for user in (executive, manager):
        client = client_of(user)
        with django_assert_max_num_queries(15):
            assert client.get("/collect/overview/").status_code == 200


def test_an_empty_company_says_why(client_of: Callable, viewer: User) -> None:
    from data_collection.models import Opportunity

    Opportunity.objects.all().delete()
    assert client_of(viewer).get("/collect/overview/?period=2020-Q1").status_code == 200


def _text(response: object) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")
