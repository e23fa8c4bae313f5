from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from data_collection.dashboards.selectors.team import quarter_of
from data_collection.kpis.selectors import KpiRow
from data_collection.kpis.values import KpiValue
from data_collection.models import Rep
from salesops.models import User


def peers(*values: int) -> list[KpiRow]:
    return [KpiRow(str(i), str(i), {"calls": KpiValue(Decimal(v), "", v, "count")}) for i, v in enumerate(values)]


def test_quarters_go_by_rank() -> None:
    rows = peers(10, 20, 30, 40, 50, 60, 70, 80)
    assert [quarter_of(row, rows, "calls") for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_too_few_peers_or_all_alike_are_not_judged() -> None:
    assert quarter_of(peers(1)[0], peers(1, 2, 3), "calls") is None
    assert quarter_of(peers(5)[0], peers(*[5] * 9), "calls") is None


@pytest.mark.usefixtures("sales")
class TestPage:
    def test_a_manager_sees_the_own_subtree(self, manager_client: Client, executive_client: Client) -> None:
        mine = manager_client.get("/collect/team/").content.decode()
        assert "Rui Rocha" in mine and "Odd Olsen" not in mine
        everybody = executive_client.get("/collect/team/").content.decode()
        assert "Rui Rocha" in everybody and "Odd Olsen" in everybody

    def test_a_rep_is_refused(self, rep_client: Client) -> None:
        assert rep_client.get("/collect/team/").status_code == 403

    def test_sorting_by_address(self, executive_client: Client) -> None:
        for sort, first in (("-bookings", "Odd Olsen"), ("bookings", "Rui Rocha"), ("name", "Odd Olsen")):
            text = b"".join(executive_client.get(f"/collect/team/?sort={sort}&format=csv").streaming_content).decode()
            rows = [line.split(",")[0] for line in text.splitlines()[1:]]
            assert next(name for name in rows if name in ("Odd Olsen", "Rui Rocha")) == first, sort

    def test_queries(
        self, client_of: Callable, executive: User, manager: User, rep: Rep, django_assert_max_num_queries: Callable
    ) -> None:
        for user in (executive, manager):
            client = client_of(user)
            with django_assert_max_num_queries(15):
                assert client.get("/collect/team/").status_code == 200
