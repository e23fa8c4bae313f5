"""Who sees which rows. Dates are half-open: the first day in the new team counts for the new manager."""

from datetime import date

import pytest

from data_collection.models import Opportunity, OrderLine, Rep
from salesops.models import User
from tests.builders import make_membership, make_opportunity, make_order_line

pytestmark = pytest.mark.django_db


def names(user: User) -> set[str]:
    return set(Opportunity.objects.visible_to(user).values_list("name", flat=True))


@pytest.fixture
def two_deals(rep: Rep, outsider_rep: Rep) -> None:
    make_opportunity("Ours", owner=rep)
    make_opportunity("Theirs", owner=outsider_rep)
    make_opportunity("Nobody's")


@pytest.mark.usefixtures("two_deals")
def test_a_rep_sees_own_rows(rep_user: User, outsider: User) -> None:
    assert names(rep_user) == {"Ours"}
    assert names(outsider) == {"Theirs"}


@pytest.mark.usefixtures("two_deals")
def test_a_manager_sees_the_team_led(manager: User, outsider_manager: User) -> None:
    assert names(manager) == {"Ours"}
    assert names(outsider_manager) == {"Theirs"}


@pytest.mark.usefixtures("two_deals")
@pytest.mark.parametrize("who", ["analyst", "executive", "finance", "viewer"])
def test_the_whole_company_roles_see_all(who: str, request: pytest.FixtureRequest) -> None:
    assert names(request.getfixturevalue(who)) == {"Ours", "Theirs", "Nobody's"}


def test_a_manager_sees_a_row_by_the_team_of_its_own_day(
    rep: Rep, teams, manager: User, outsider_manager: User
) -> None:
    rep.memberships.update(valid_to=date(2026, 3, 1))
    make_membership(rep, teams.south, date(2026, 3, 1))
    make_order_line(rep, ordered_on=date(2026, 2, 28), order_id="last day north")
    make_order_line(rep, ordered_on=date(2026, 3, 1), order_id="first day south")

    def orders(user: User) -> list[str]:
        return list(OrderLine.objects.visible_to(user).values_list("order_id", flat=True))

    assert orders(manager) == ["last day north"]
    assert orders(outsider_manager) == ["first day south"]
