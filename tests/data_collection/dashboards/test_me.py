"""My numbers: own rows only, no Plotly, few queries."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from data_collection.dashboards.selectors.me import Quarter, numbers_of
from data_collection.models import Rep
from salesops.lib.periods import Grain, Period
from salesops.models import User

pytestmark = pytest.mark.usefixtures("sales")


def test_to_go_and_pace() -> None:
    period = Period(date(2026, 10, 1), date(2027, 1, 1), "2026-Q4", "Q4 2026", Grain.QUARTER)
    quarter = Quarter(period, Decimal(60), Decimal(100), Decimal("0.6"), "", None, Decimal(0), 0, date(2026, 11, 11))
    assert quarter.days_left == 50
    assert quarter.to_go == 40
    assert quarter.needed_a_week == Decimal(40) * 7 / 50  # 5.6
    assert quarter.booked_a_week == 10  # 60 in 42 days = six weeks
    last = Quarter(period, Decimal(60), Decimal(100), Decimal("0.6"), "", None, Decimal(0), 0, date(2026, 12, 31))
    assert last.needed_a_week is None and last.days_left == 0


def test_own_numbers(rep: Rep, rep_user: User, quarter: tuple[date, date], today: date) -> None:
    found = numbers_of(rep, rep_user)
    assert found.quarter.bookings == Decimal("3000.75")
    assert found.quarter.quota == 10000
    assert found.quarter.expected == 200  # 500 at the proposal stage's 40 %; the overdue deal is not in it
    soon = (quarter[1] - timedelta(days=1) - today).days <= 45
    assert [deal.opportunity.name for deal in found.deals] == (["Rui ahead"] if soon else [])
    assert "Rui late" in [deal.name for deal, _words in found.fixes]
    assert {item.name: item.this_week for item in found.inputs}["calls"] == 1


def test_the_page_is_light(rep_client: Client) -> None:
    page = rep_client.get("/me/").content.decode()
    assert "plotly" not in page and "charts.js" not in page
    assert "Rui late" in page and "Odd" not in page and "3,001" in page


def test_links_lead_to_rows_with_the_same_sum(rep_client: Client) -> None:
    rows = rep_client.get("/rows/coverage/?period=this_quarter&overdue=0&rep=rui").content.decode()
    assert "Rui ahead" in rows and "Rui late" not in rows
    booked = rep_client.get("/rows/bookings/?period=this_quarter&rep=rui").content.decode()
    assert "3,000.75" in booked


def test_whose_page_opens_for_whom(
    rep: Rep,
    outsider_rep: Rep,
    client_of: Callable[[User], Client],
    rep_user: User,
    manager: User,
    outsider_manager: User,
    executive: User,
) -> None:
    for user, status in ((rep_user, 200), (manager, 200), (executive, 200), (outsider_manager, 404)):
        assert client_of(user).get(f"/reps/{rep.pk}/").status_code == status, user
    assert client_of(rep_user).get(f"/reps/{outsider_rep.pk}/").status_code == 404
    assert client_of(executive).get("/reps/999999/").status_code == 404


def test_somebody_who_does_not_sell_is_told(executive_client: Client) -> None:
    assert "not linked to a person who sells" in executive_client.get("/me/").content.decode()


def test_queries(rep_client: Client, django_assert_max_num_queries: Callable) -> None:
    with django_assert_max_num_queries(15):
        assert rep_client.get("/me/").status_code == 200
