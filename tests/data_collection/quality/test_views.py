from collections.abc import Callable

import pytest
from django.test import Client

from data_collection.models import Rep
from salesops.models import User
from tests.builders import make_opportunity


@pytest.fixture
def dirty(rep: Rep, outsider_rep: Rep) -> None:
    for owner, name in ((rep, "Rui deal"), (outsider_rep, "=Odd deal")):
        make_opportunity(name, owner=owner, close_date="2026-02-01", amount="1000")


def test_ops_see_all_findings_and_their_rows(dirty: None, analyst_client: Client) -> None:
    page = analyst_client.get("/collect/quality/").content.decode()
    assert "Open deal past its close date" in page and "/collect/quality/open-past-close-date/" in page
    rows = analyst_client.get("/collect/quality/open-past-close-date/")
    assert "Rui deal" in rows.content.decode() and "=Odd deal" in rows.content.decode()


def test_csv_holds_the_rows_with_formulas_neutralised(dirty: None, analyst_client: Client) -> None:
    text = b"".join(analyst_client.get("/collect/quality/account-missing/?format=csv").streaming_content).decode()
    assert "'=Odd deal" in text and text.count("\r\n") == 3


def test_a_rep_sees_own_rows_only(dirty: None, rep_client: Client) -> None:
    page = rep_client.get("/collect/quality/open-past-close-date/").content.decode()
    assert "Rui deal" in page and "Odd deal" not in page


def test_no_such_rule(analyst_client: Client) -> None:
    assert analyst_client.get("/collect/quality/nothing/").status_code == 404


def test_queries(
    dirty: None, client_of: Callable[[User], Client], analyst: User, django_assert_max_num_queries: Callable
) -> None:
    client = client_of(analyst)
    for url in ("/collect/quality/", "/collect/quality/open-past-close-date/"):
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200
