"""Copied rows are looked at; only the links that are ours can be set."""

import pytest
from django.test import Client

from data_collection.models import Rep
from tests.builders import make_account, make_opportunity

pytestmark = pytest.mark.django_db


def test_only_our_links_are_saved(rep: Rep, segments, analyst_client: Client) -> None:
    account = make_account("From the CRM")
    data = {"name": "Overwritten", "owner": rep.pk, "segment": segments["small"].pk, "parent": "", "latitude": "52.5"}
    answer = analyst_client.post(f"/admin/data_collection/account/{account.pk}/change/", data)
    assert answer.status_code == 302
    account.refresh_from_db()
    assert (account.name, account.owner, account.segment) == ("From the CRM", rep, segments["small"])
    assert account.latitude == 52.5


def test_rows_are_neither_added_nor_deleted(rep: Rep, analyst_client: Client) -> None:
    deal = make_opportunity(owner=rep)
    assert analyst_client.get("/admin/data_collection/opportunity/add/").status_code == 403
    assert analyst_client.post(f"/admin/data_collection/opportunity/{deal.pk}/delete/").status_code == 403


def test_a_list_can_be_cut_to_one_system(analyst_client: Client) -> None:
    make_account("Alpha", system="hubspot")
    make_account("Beta", system="shop")
    text = analyst_client.get("/admin/data_collection/account/", {"system": "shop"}).content.decode()
    assert "Beta" in text
    assert "Alpha" not in text
