"""Addresses somebody mistyped: never an error page, never more than what was asked for."""

import pytest
from django.test import Client

from data_collection.kpis.filters import DIMENSIONS

pytestmark = pytest.mark.usefixtures("sales")
PAGES = (
    "/collect/overview/", "/collect/kpis/", "/collect/kpis/bookings/", "/collect/funnel/", "/collect/team/",
    "/rows/bookings/", "/rows/quota/",
)  # fmt: skip
WARNING = "There is no"


@pytest.mark.parametrize("page", PAGES)
def test_a_nul_in_a_filter_is_named(executive_client: Client, page: str) -> None:
    for name in DIMENSIONS:
        answer = executive_client.get(page, {name: "no\x00rth"})
        assert answer.status_code == 200 and WARNING in answer.content.decode(), name


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("value", ["\x00", "²", "-\x00"])
def test_other_parameters_that_cannot_be_read_are_ignored(executive_client: Client, page: str, value: str) -> None:
    for name in ("page", "sort", "grain", "by", "period", "cmp", "from", "part", "stage", "overdue", "job"):
        assert executive_client.get(page, {name: value}).status_code == 200, name


def test_an_unknown_team_shows_nothing_and_says_so(executive_client: Client) -> None:
    assert "10,001" in executive_client.get("/collect/overview/").content.decode()
    for name in ("team", "rep"):
        page = executive_client.get("/collect/overview/", {name: "moon"}).content.decode()
        assert WARNING in page and "10,001" not in page and "3,001" not in page


def test_rows_and_csv_of_an_unknown_team_are_empty(executive_client: Client) -> None:
    assert "Rui won A" in executive_client.get("/rows/bookings/").content.decode()
    page = executive_client.get("/rows/bookings/", {"team": "moon"}).content.decode()
    assert WARNING in page and "Rui won A" not in page and "Odd won" not in page
    answer = executive_client.get("/rows/bookings/", {"team": "moon", "format": "csv"})
    assert b"Rui won" not in b"".join(answer.streaming_content)
