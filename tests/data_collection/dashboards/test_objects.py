"""A deal or an account opens only for whom `visible_to` lets see it."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from data_collection.models import Account, Opportunity, Rep, Stage
from salesops.models import User
from tests.builders import make_account, make_activity, make_change, make_line, make_opportunity, make_owner, make_visit


@pytest.fixture
def deal(rep: Rep, outsider_rep: Rep, stages: dict[str, Stage]) -> Opportunity:
    account = make_account("Acme", owner=rep, industry="Mining")
    row = make_opportunity("Big deal", owner=rep, account=account, amount="125000.75", stage=stages["proposal"])
    make_visit(row, stages["discovery"], date(2026, 1, 15), date(2026, 1, 25))
    make_change(row, old_amount=100, new_amount=200)
    make_owner(row, outsider_rep, date(2026, 1, 15), date(2026, 1, 20))
    make_line(row)
    make_activity(rep, opportunity=row, subject="First call")
    return row


@pytest.fixture
def account(deal: Opportunity) -> Account:
    return deal.account


def test_the_owner_and_those_above_see_the_deal(
    deal: Opportunity, client_of: Callable[[User], Client], rep_user: User, manager: User, executive: User
) -> None:
    for user in (rep_user, manager, executive):
        page = client_of(user).get(f"/collect/deals/{deal.pk}/").content.decode()
        for words in ("Big deal", "125,001", "Acme", "Discovery", "10", "First call", "Odd Olsen"):
            assert words in page, words


def test_others_get_404(
    deal: Opportunity, client_of: Callable[[User], Client], outsider: User, outsider_manager: User
) -> None:
    for user in (outsider, outsider_manager):
        assert client_of(user).get(f"/collect/deals/{deal.pk}/").status_code == 404
        assert client_of(user).get(f"/collect/accounts/{deal.account_id}/").status_code == 404


def test_account_page_shows_visible_deals_only(
    account: Account, outsider_rep: Rep, rep_client: Client, analyst_client: Client
) -> None:
    make_opportunity("Secret deal", owner=outsider_rep, account=account)
    url = f"/collect/accounts/{account.pk}/"
    assert "Secret deal" in analyst_client.get(url).content.decode()
    mine = rep_client.get(url).content.decode()
    assert "Big deal" in mine and "Secret deal" not in mine


def test_queries(deal: Opportunity, analyst_client: Client, django_assert_max_num_queries: Callable) -> None:
    for url in (f"/collect/deals/{deal.pk}/", f"/collect/accounts/{deal.account_id}/"):
        with django_assert_max_num_queries(15):
            assert analyst_client.get(url).status_code == 200
