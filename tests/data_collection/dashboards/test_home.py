"""The first page by role, and the checks of the set-up page."""

from collections.abc import Callable
from datetime import date

from django.test import Client

from data_collection.dashboards.selectors.setup import recent_jobs, setup_checks
from data_collection.models import Rep
from data_collection.quality.services.checking import quality_check
from salesops.models import Company, User
from tests.builders import make_fx_rate, make_job, make_opportunity, make_quota

TODAY = date(2026, 3, 1)


def states() -> dict[str, str]:
    return {str(check.title): check.state for check in setup_checks(TODAY, Company.get(), recent_jobs()[0])}


def test_each_role_lands_where_it_works(
    client_of: Callable[[User], Client], rep_user: User, manager: User, executive: User, finance: User, viewer: User
) -> None:
    assert client_of(rep_user).get("/").headers["Location"] == "/me/"
    for user in (manager, executive, finance, viewer):
        assert client_of(user).get("/").headers["Location"] == "/collect/overview/"


def test_an_empty_installation_says_what_is_missing(db: None) -> None:
    found = states()
    assert found["Data loaded"] == "bad"
    assert {
        found[name] for name in ("Company and calendar", "Quotas", "Logins", "Nightly run", "Teams and managers")
    } == {"warn"}


def test_checks_turn_good_one_by_one(rep: Rep, manager_rep: Rep) -> None:
    assert states()["Quotas"] == "warn"
    make_quota(rep, start=date(2026, 1, 1))
    make_opportunity(owner=rep, currency="EUR")
    found = states()
    assert found["Quotas"] == "good" and found["Data loaded"] == "good" and found["Logins"] == "good"
    assert found["Everybody in a team"] == "good"
    assert found["Teams and managers"] == "warn"  # Mai sits in the region's team, which nobody manages
    assert found["Exchange rates"] == "bad"
    make_fx_rate("EUR")
    assert states()["Exchange rates"] == "good"


def test_a_failed_night_is_said(company: object) -> None:
    make_job("nightly", state="failed")
    assert states()["Nightly run"] == "bad"


def test_ops_see_checklist_and_worklist(
    analyst_client: Client, rep: Rep, django_assert_max_num_queries: Callable
) -> None:
    make_opportunity("Old", owner=rep, close_date=date(2026, 1, 1), created_on=date(2025, 12, 1), amount="250000")
    quality_check(day=TODAY, names=["open-past-close-date"])
    make_job("import", title="Import of leads", state="failed", error="Wrong header")
    with django_assert_max_num_queries(15):
        page = analyst_client.get("/").content.decode()
    assert "Import of leads failed: Wrong header" in page
    assert "Open deal past its close date: 1 (250K USD)" in page
