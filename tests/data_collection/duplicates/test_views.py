"""From a group to a merge and back through the pages, as operations sees them."""

from decimal import Decimal
from hashlib import sha256

import pytest
from django.test import Client
from django.urls import reverse

from data_collection.duplicates.services.bulk import groups_merge, sure_groups
from data_collection.duplicates.services.leads import lead_matches_rebuild
from data_collection.duplicates.services.search import duplicates_search, search_all
from data_collection.models import Account, DuplicateGroup, DuplicatePair, LeadMatch, MatchKey, Merge
from salesops.jobs.services import job_run
from salesops.models import JobRun, User
from tests.builders import make_account, make_contact, make_fx_rate, make_lead, make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(company: object) -> tuple[Account, Account]:
    """Two rows of one company; deals of 1,000 and 500 EUR at 1.1 hang on them."""
    make_fx_rate("EUR", "1.1")
    left = make_account("Acme Logistics Ltd", website="https://acme.com", city="Leeds", country="United Kingdom")
    right = make_account("ACME Logistics", website="www.acme.com", city="York", system="shop", country="UK")
    make_opportunity(account=left)
    make_opportunity(account=right, amount="500", currency="EUR", status="won")
    make_opportunity(account=right, amount="9000", status="lost")
    duplicates_search(kind="account")
    return left, right


def test_groups_are_listed_with_their_money_and_as_csv(pair: tuple, analyst_client: Client) -> None:
    group = DuplicateGroup.objects.get()
    assert (group.size, group.money, group.systems) == (2, Decimal("1550.00"), ["crm", "shop"])
    page = analyst_client.get(reverse("duplicates")).content.decode()
    assert "Acme Logistics Ltd · ACME Logistics" in page
    assert "1,550" in page
    lines = (
        b"".join(analyst_client.get(reverse("duplicates"), {"format": "csv"}).streaming_content).decode().splitlines()
    )
    assert len(lines) == 2 and "1550.00" in lines[1]
    for query, shown in (({"kind": "lead"}, False), ({"system": "shop"}, True), ({"score": "0.99999"}, True)):
        assert ("ACME Logistics" in analyst_client.get(reverse("duplicates"), query).content.decode()) is shown


def test_the_list_asks_a_known_number_of_queries(
    pair: tuple, analyst_client: Client, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(15):
        analyst_client.get(reverse("duplicates"))


def test_the_group_shows_why_and_the_preview_what_moves(pair: tuple, analyst_client: Client) -> None:
    left, right = pair
    group = DuplicateGroup.objects.get()
    page = analyst_client.get(reverse("duplicate_group", args=[group.pk])).content.decode()
    assert "same web domain" in page and "names 1.00 alike" in page
    query = {"winner": left.pk, "row": [left.pk, right.pk], "value-city": right.pk}
    page = analyst_client.get(reverse("duplicate_preview", args=[group.pk]), query).content.decode()
    assert "<del>Leeds</del> <ins>York</ins>" in page
    assert "9,550" in page, "500 EUR and the lost 9,000 move"
    assert Merge.objects.count() == 0


def test_merge_and_undo_by_page(pair: tuple, analyst_client: Client, analyst: User) -> None:
    left, right = pair
    group = DuplicateGroup.objects.get()
    answer = analyst_client.post(
        reverse("duplicate_merge", args=[group.pk]), {"winner": left.pk, "row": right.pk, "value-city": right.pk}
    )
    merge = Merge.objects.get()
    assert answer.url == reverse("merge", args=[merge.pk])
    left.refresh_from_db()
    assert (left.city, merge.user, merge.moved) == ("York", analyst, {"deals": 2})
    assert not DuplicateGroup.objects.exists()
    assert "Acme" in analyst_client.get(reverse("merges")).content.decode()
    analyst_client.post(reverse("merge", args=[merge.pk]))
    left.refresh_from_db()
    right.refresh_from_db()
    assert (left.city, right.deleted_at) == ("Leeds", None)
    assert "Undone" in analyst_client.get(reverse("merge", args=[merge.pk])).content.decode()


def test_not_a_duplicate_is_remembered_until_a_row_changes(pair: tuple, analyst_client: Client) -> None:
    _left, right = pair
    group = DuplicateGroup.objects.get()
    url = reverse("duplicate_different", args=[group.pk])
    analyst_client.post(url, {"reason": " "})
    assert DuplicatePair.objects.get().state == "open", "a reason is asked for"
    analyst_client.post(url, {"reason": "Two branches"})
    MatchKey.objects.update(checked=False)  # every row is compared again
    assert duplicates_search(kind="account").pairs == 1
    assert not DuplicateGroup.objects.exists()
    Account.objects.filter(pk=right.pk).update(employees=7)
    duplicates_search(kind="account")
    assert not DuplicateGroup.objects.exists(), "a field that is not compared changes nothing"
    Account.objects.filter(pk=right.pk).update(city="Leeds")
    duplicates_search(kind="account")
    assert DuplicateGroup.objects.count() == 1


def test_only_operations_may_look_or_merge(pair: tuple, manager_client: Client) -> None:
    group = DuplicateGroup.objects.get()
    for name in ("duplicates", "merges", "lead_matches", "duplicates_bulk"):
        assert manager_client.get(reverse(name)).status_code == 403
    assert manager_client.post(reverse("duplicate_merge", args=[group.pk])).status_code == 403


def test_bulk_merges_only_groups_in_which_every_pair_is_sure(company: object, analyst: User) -> None:
    for system in ("a", "b", "c"):
        make_account("Borealis Paper", website="borealis.fi", postal_code="10", city="Oulu", system=system)
    make_account("Sunrise Bakery", website="sunrise.com")
    make_account("Sunrise Bakkery", website="sunrise.com")
    duplicates_search(kind="account")
    assert DuplicateGroup.objects.count() == 2
    assert [g.size for g in sure_groups(kind="account", score=0.99)] == [3]
    done = groups_merge(kind="account", score=0.99, user=analyst)
    assert (done.groups, done.rows) == (1, 2)
    assert Account.objects.present().filter(name="Borealis Paper").count() == 1
    assert Account.objects.present().count() == 3


def test_search_by_page_runs_as_a_job(company: object, analyst_client: Client) -> None:
    make_account("Acme", website="acme.com")
    make_account("Acme Inc", website="acme.com")
    analyst_client.post(reverse("duplicates_search"))
    job = job_run(JobRun.objects.get(kind="duplicates_search").pk)
    assert job.state == "succeeded", job.trace
    assert (job.rows_in, job.result["account_groups"]) == (2, 1)


def test_a_lead_that_is_a_customer_already_is_shown(company: object, analyst_client: Client) -> None:
    account = make_account("Borealis Paper Oy", website="borealis.fi")
    contact = make_contact(account, first_name="Aino", last_name="Virtanen", email="aino.virtanen@borealis.fi")
    known = make_lead("Virtanen Aino", email="Aino.Virtanen@borealis.fi", company="Borealis Paper")
    make_lead("Someone Else", email="someone@elsewhere.org", company="Elsewhere")
    make_lead("Gone On", email="aino.virtanen@borealis.fi", status="converted")
    search_all()
    assert lead_matches_rebuild() == 2
    assert set(LeadMatch.objects.values_list("lead", "account", "contact")) == {
        (known.pk, account.pk, None),
        (known.pk, None, contact.pk),
    }
    assert "Virtanen Aino" in analyst_client.get(reverse("lead_matches")).content.decode()


def test_a_block_of_many_rows_is_skipped_and_named(company: object) -> None:
    for number in range(65):
        make_account(sha256(str(number).encode()).hexdigest()[:20], postal_code="99999")
    found = duplicates_search(kind="account")
    assert ("z:99999", 65) in found.candidates.skipped
    assert found.pairs == 0


def test_only_changed_rows_are_looked_at_again(company: object) -> None:
    for number in range(5):
        make_account(f"Company {chr(97 + number) * 6}", website=f"c{number}.com")
    assert duplicates_search(kind="account").changed == 5
    again = duplicates_search(kind="account")
    assert (again.changed, again.candidates.pairs) == (0, 0)
    make_account("Company aaaaaa Ltd", website="c0.com")
    found = duplicates_search(kind="account")
    assert (found.changed, found.pairs) == (1, 1)


def test_a_sign_no_text_holds_is_no_filter(pair: tuple, analyst_client: Client) -> None:
    for query in ("kind=%00", "system=%00", "score=%00"):
        assert analyst_client.get(f"{reverse('duplicates')}?{query}").status_code == 200
