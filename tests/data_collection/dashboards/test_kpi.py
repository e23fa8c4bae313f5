from collections.abc import Callable

import pytest
from django.test import Client

from data_collection.kpis.catalogue import CATALOGUE, GROUPS
from salesops.models import User

pytestmark = pytest.mark.usefixtures("sales")


def text(response: object) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")


@pytest.mark.parametrize("group", list(GROUPS))
def test_every_group_opens(group: str, executive_client: Client) -> None:
    page = executive_client.get(f"/collect/kpis/?group={group}").content.decode()
    for kpi in CATALOGUE.values():
        assert (f'/collect/kpis/{kpi.name}/"' in page) == (kpi.group == group), kpi.name


def test_every_kpi_opens(executive_client: Client) -> None:
    for name in CATALOGUE:
        assert executive_client.get(f"/collect/kpis/{name}/").status_code == 200, name
    assert executive_client.get("/collect/kpis/nothing/").status_code == 404


def test_breakdown_by_team_adds_up(executive_client: Client) -> None:
    lines = text(executive_client.get("/collect/kpis/bookings/?by=team&format=csv&table=breakdown")).splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["South", "7000.0000"], ["North", "3000.7500"]]


def test_a_rep_breaks_down_own_rows_only(rep_client: Client) -> None:
    page = rep_client.get("/collect/kpis/bookings/").content.decode()
    assert "by=rep" not in page and "by=product" in page and "Odd" not in page


def test_the_catalogue_as_csv_has_every_kpi(executive_client: Client) -> None:
    lines = text(executive_client.get("/collect/kpis/?format=csv")).splitlines()
    assert len(lines) == len(CATALOGUE) + 1
    assert any(line.startswith("Goals,bookings,Bookings,10000.75") for line in lines)


def test_queries(client_of: Callable, executive: User, django_assert_max_num_queries: Callable) -> None:
    client = client_of(executive)
    for url in (
        *(f"/collect/kpis/?group={group}" for group in GROUPS),
        "/collect/kpis/attainment/",
        "/collect/kpis/coverage/?grain=quarter",
    ):
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200, url
