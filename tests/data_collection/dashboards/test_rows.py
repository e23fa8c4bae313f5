"""Card = sum of the rows = CSV, for whoever reads; and only that."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from data_collection.kpis.catalogue import CATALOGUE
from data_collection.kpis.filters import parse
from data_collection.kpis.selectors import kpi_values
from salesops.models import User

pytestmark = pytest.mark.usefixtures("sales")


def lines(response: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("bookings", "Amount, USD"),
        ("open_pipeline", "Amount, USD"),
        ("weighted_pipeline", "Weighted, USD"),
        ("pipeline_created", "Amount, USD"),
        ("revenue", "Revenue, USD"),
    ],
)
@pytest.mark.parametrize("query", ["", "period=ytd&family=Software", "period=last_90&team=north"])
def test_card_is_sum_of_rows_is_csv(
    name: str, column: str, query: str, client_of: Callable, executive: User, manager: User, rep_user: User
) -> None:
    for user in (executive, manager, rep_user):
        filters = parse({k: v for k, _, v in (part.partition("=") for part in query.split("&") if part)})
        value = kpi_values(user, filters, [name])[0].values[name].value or Decimal(0)
        client = client_of(user)
        assert sum(Decimal(r[column] or 0) for r in lines(client.get(f"/rows/{name}/?{query}&format=csv"))) == value
        page = client.get(f"/rows/{name}/?{query}").content.decode()
        assert f"together {value:,.2f} USD" in page or "0 rows" in page


@pytest.mark.parametrize("name", ["wins", "losses", "open_deals", "calls", "meetings", "leads_created"])
def test_counts_are_their_rows(name: str, executive_client: Client, executive: User) -> None:
    value = kpi_values(executive, parse({}), [name])[0].values[name].value
    assert value and len(lines(executive_client.get(f"/rows/{name}/?format=csv"))) == value


def test_every_kpi_has_its_rows_page(executive_client: Client) -> None:
    for name in CATALOGUE:
        assert executive_client.get(f"/rows/{name}/").status_code == 200, name
    assert executive_client.get("/rows/nothing/").status_code == 404


def test_a_rate_has_a_part_for_each_measure(executive_client: Client) -> None:
    page = executive_client.get("/rows/win_rate/?part=lost_n").content.decode()
    assert "Rui lost" in page and "Odd won" not in page and "75.0" in page  # 3 won, 1 lost


def test_rows_of_others_are_not_there(rep_client: Client, manager_client: Client) -> None:
    for client in (rep_client, manager_client):
        for query in ("", "?rep=odd", "?team=south", "?format=csv"):
            response = client.get(f"/rows/bookings/{query}")
            body = b"".join(response.streaming_content) if response.streaming else response.content
            assert b"Odd won" not in body, query


def test_deals_open_where_the_person_may_see_them(rep_client: Client) -> None:
    assert "/collect/deals/" in rep_client.get("/rows/bookings/").content.decode()


def test_free_dates_become_one_name(executive_client: Client) -> None:
    response = executive_client.get("/rows/bookings/?from=2026-01-01&to=2026-04-01&team=north")
    assert response.headers["Location"] == "/rows/bookings/?team=north&period=2026-01-01..2026-03-31"


def test_queries(client_of: Callable, executive: User, rep_user: User, django_assert_max_num_queries: Callable) -> None:
    for user in (executive, rep_user):
        client = client_of(user)
        for name in ("bookings", "win_rate", "attainment", "open_pipeline"):
            with django_assert_max_num_queries(15):
                assert client.get(f"/rows/{name}/").status_code == 200
