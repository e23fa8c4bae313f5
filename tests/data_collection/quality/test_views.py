"""Pages of data quality: whose rows, which numbers, what a person may do."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from data_collection.models import FindingEvent, Opportunity, QualityFinding, RecordLink, Rep
from data_collection.quality.services.nightly import quality_night
from salesops.company.selectors import company_today
from salesops.jobs.services import job_run
from salesops.models import JobRun, User
from tests.builders import make_account, make_lead, make_opportunity, make_user

RULE = "/collect/quality/open-past-close-date/"
LIST = "/collect/quality/worklist/"


@pytest.fixture
def dirty(rep: Rep, outsider_rep: Rep) -> None:
    for owner, name, amount in ((rep, "Rui deal", "1000"), (outsider_rep, "=Odd deal", "2000")):
        make_opportunity(name, owner=owner, close_date="2026-02-01", amount=amount, system="hubspot")
    make_lead("Rui lead", owner=rep, email="not an address", lead_source="Web")
    make_account("Rui firm", owner=rep, country="Atlantis")
    quality_night(day=company_today())


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def lines(client: Client, url: str) -> list[str]:
    body = b"".join(client.get(url).streaming_content).decode()
    return body.lstrip("\ufeff").splitlines()[1:]


def finding(name: str = "Rui deal") -> QualityFinding:
    return QualityFinding.objects.get(rule="open-past-close-date", opportunity__name=name)


def test_ops_see_all_rules_and_their_rows(dirty: None, analyst_client: Client) -> None:
    page = text(analyst_client, "/collect/quality/")
    assert "Open deal past its close date" in page and RULE in page
    rows = text(analyst_client, RULE)
    assert "Rui deal" in rows and "=Odd deal" in rows and "How to enter it right" in rows


def test_every_number_of_a_rule_opens_as_many_rows(dirty: None, analyst_client: Client, analyst: User) -> None:
    analyst_client.post(f"/collect/quality/findings/{finding().pk}/accept/", {"reason": "Fine"})
    page, seen = text(analyst_client, "/collect/quality/"), 0
    for label in ("To put right", "New in 7 days", "Fixed in 7 days"):
        cells = re.findall(rf'data-label="{label}">\s*<a[^>]*href="([^"]*)"[^>]*>\s*([\d,]+)', page)
        for url, shown in cells:
            url = url.replace("&amp;", "&")
            rows = lines(analyst_client, f"{url}{'&' if '?' in url else '?'}format=csv")
            assert len(rows) == int(shown), url
            seen += len(rows)
    assert seen == 2 * QualityFinding.objects.standing().count() > 2  # each is open, and new


def test_csv_holds_exactly_the_rows_of_the_filter_neutralised(dirty: None, analyst_client: Client) -> None:
    whole = lines(analyst_client, f"{LIST}?format=csv")
    assert len(whole) == QualityFinding.objects.count()
    assert any("'=Odd deal" in line for line in whole)
    odd = lines(analyst_client, f"{LIST}?rep=odd&rule=open-past-close-date&format=csv")
    assert len(odd) == 1 and "Odd deal" in odd[0]


def test_a_rep_sees_own_rows_only(dirty: None, rep_client: Client) -> None:
    for url in (RULE, LIST, f"{LIST}?rep=odd", f"{LIST}?state=all"):
        assert "Odd deal" not in text(rep_client, url), url
    assert "Rui deal" in text(rep_client, LIST) and "Rui deal" in text(rep_client, RULE)
    assert not any("Odd" in line for line in lines(rep_client, f"{LIST}?state=all&format=csv"))


def test_a_manager_sees_the_team(dirty: None, client_of: Callable, manager: User, outsider_manager: User) -> None:
    assert "Rui deal" in text(client_of(manager), LIST) and "Odd deal" not in text(client_of(manager), LIST)
    assert "Rui deal" not in text(client_of(outsider_manager), LIST)
    assert "Rui" not in text(client_of(outsider_manager), "/collect/quality/scores/?by=rep")


def test_a_row_that_moved_on_is_no_longer_shown(dirty: None, rep_client: Client, outsider_rep: Rep) -> None:
    Opportunity.objects.filter(name="Rui deal").update(owner=outsider_rep)
    assert "Rui deal" not in text(rep_client, LIST)


def test_the_worklist_groups_by_record_most_money_first(dirty: None, analyst_client: Client) -> None:
    page = text(analyst_client, LIST)
    places = [page.index(f">{name}</a>") for name in ("=Odd deal", "Rui deal")]
    assert places == sorted(places)
    assert "E-mail address cannot be right" in page and "Country not known" in page


def test_links_to_the_crm(dirty: None, rep_client: Client) -> None:
    RecordLink.objects.create(system="hubspot", table="opportunity", address="https://crm.example/deals/{id}")
    deal = Opportunity.objects.get(name="Rui deal")
    assert f'href="https://crm.example/deals/{deal.external_id}"' in text(rep_client, LIST)


def test_accepting_with_a_reason_and_opening_again(dirty: None, rep_client: Client, rep_user: User) -> None:
    row = finding()
    answer = rep_client.post(f"/collect/quality/findings/{row.pk}/accept/", {"reason": "", "next": LIST}, follow=True)
    assert "required" in answer.content.decode() and finding().state == "open"
    answer = rep_client.post(
        f"/collect/quality/findings/{row.pk}/accept/", {"reason": "On paper", "next": f"{LIST}?severity=high"}
    )
    assert answer.url == f"{LIST}?severity=high"
    assert (finding().state, finding().accepted_by) == ("accepted", rep_user)
    assert "On paper" in text(rep_client, f"{LIST}?state=accepted")
    rep_client.post(f"/collect/quality/findings/{row.pk}/reopen/", {"next": "https://evil.example/"})
    assert finding().state == "open"
    assert [e.user for e in FindingEvent.objects.filter(finding=row, step__in=(1, -1))][1:] == [rep_user, rep_user]


def test_only_safe_addresses_are_gone_back_to(dirty: None, rep_client: Client) -> None:
    answer = rep_client.post(f"/collect/quality/findings/{finding().pk}/recheck/", {"next": "https://evil.example/"})
    assert answer.url == LIST


def test_fixed_in_the_crm_is_checked_by_a_job(dirty: None, rep_client: Client) -> None:
    Opportunity.objects.filter(name="Rui deal").update(close_date=company_today() + timedelta(days=30))
    rep_client.post(f"/collect/quality/findings/{finding().pk}/recheck/")
    job_run(JobRun.objects.get(kind="quality_row").pk)
    assert finding().state == "fixed" and finding("=Odd deal").state == "open"


def test_a_rule_is_checked_again_by_a_job(dirty: None, rep_client: Client) -> None:
    Opportunity.objects.update(close_date=company_today() + timedelta(days=30))
    rep_client.post("/collect/quality/rules/open-past-close-date/check/")
    job_run(JobRun.objects.get(kind="quality_rule").pk)
    assert set(QualityFinding.objects.filter(rule="open-past-close-date").values_list("state", flat=True)) == {"fixed"}
    assert rep_client.post("/collect/quality/rules/nothing/check/").status_code == 404


def test_who_may_do_what(
    dirty: None, client_of: Callable, rep_user: User, outsider: User, executive: User, analyst: User
) -> None:
    accept = f"/collect/quality/findings/{finding().pk}/accept/"
    assert client_of(outsider).post(accept, {"reason": "x"}).status_code == 404
    assert client_of(executive).post(accept, {"reason": "x"}).status_code == 403
    assert client_of(rep_user).post("/collect/quality/check/").status_code == 403
    assert client_of(executive).post("/collect/quality/rules/open-past-close-date/check/").status_code == 403
    assert finding().state == "open" and not JobRun.objects.exists()
    job = client_of(analyst).post("/collect/quality/check/")
    assert job.url == f"/jobs/{JobRun.objects.get(kind='quality_all').pk}/"


def test_scores_by_every_dimension(dirty: None, analyst_client: Client) -> None:
    for by in ("rep", "team", "system", "source", "stage", "company"):
        page = text(analyst_client, f"/collect/quality/scores/?by={by}")
        assert "too few to judge" in page, by
    assert "Rui Rocha" in text(analyst_client, "/collect/quality/scores/")


def test_a_score_opens_its_findings(dirty: None, analyst_client: Client) -> None:
    for by in ("rep", "team", "system", "source", "stage"):
        page = text(analyst_client, f"/collect/quality/scores/?by={by}")
        found = re.findall(r'href="(/collect/quality/worklist/\?[^"]*)"[^>]*>\s*([\d,]+)\s*</a>', page)
        assert found, by
        for url, shown in found:
            assert len(lines(analyst_client, f"{url.replace('&amp;', '&')}&format=csv")) == int(shown), url


def test_empty_and_unknown(client_of: Callable, company: object, analyst: User) -> None:
    client = client_of(analyst)
    assert "Nothing was checked yet" in text(client, "/collect/quality/")
    assert "Nothing was checked yet" in text(client, LIST)
    assert "No score was stored" in text(client, "/collect/quality/scores/")
    assert client.get("/collect/quality/nothing/").status_code == 404
    quality_night(day=company_today())
    assert "data is in order" in text(client, LIST)


def test_odd_filters_are_left_out(dirty: None, analyst_client: Client) -> None:
    page = text(analyst_client, f"{LIST}?stage=x&age=-1&state=none&rep=%00&changed=99999999")
    assert "Rui deal" in page


def test_a_seller_without_a_rep_row_sees_nothing(dirty: None, client_of: Callable) -> None:
    nobody = client_of(make_user("rep"))
    page = text(nobody, f"{LIST}?state=all")
    assert "Rui" not in page and "Odd" not in page


def test_queries(
    dirty: None,
    client_of: Callable,
    analyst: User,
    manager: User,
    rep_user: User,
    django_assert_max_num_queries: Callable,
) -> None:
    for user in (analyst, manager, rep_user):
        client = client_of(user)
        for url in ("/collect/quality/", RULE, LIST, "/collect/quality/scores/", "/collect/quality/note/"):
            with django_assert_max_num_queries(15):
                assert client.get(url).status_code == 200
