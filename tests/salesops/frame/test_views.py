"""The frame through the client: navigation by role, theme, error pages, headers."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client, RequestFactory
from django.test.utils import override_settings

from salesops.frame import navigation
from salesops.frame.views import server_error
from salesops.models import User
from tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_user("ops"))
    return client


def test_the_four_stages_stand_in_order(signed_in: Client) -> None:
    html = signed_in.get("/supply/").content.decode()
    stages = re.findall(r'id="stage-(\w+)"', html)
    assert [s for s in stages if s in ("supply", "execute", "setup")] == ["supply", "execute", "setup"]
    assert 'href="/supply/" aria-current="page"' in html


@pytest.mark.parametrize("path", ["/supply/", "/execute/"])
def test_an_empty_stage_says_what_it_will_show_and_why_it_is_empty(signed_in: Client, path: str) -> None:
    html = signed_in.get(path).content.decode()
    assert "Empty for now" in html
    assert html.count("<h1") == 1


def test_navigation_offers_only_what_the_role_may_open() -> None:
    def labels(role: str) -> set[str]:
        pages = [p for stage in navigation.STAGES for p in stage.pages if role in p.roles]
        return {str(p.label) for p in pages}

    assert "My numbers" in labels("rep")
    assert not {"Admin", "Sources & imports", "Team performance"} & labels("rep")
    assert {"Admin", "Sources & imports"} <= labels("ops")


def test_a_page_that_does_not_exist_is_left_out() -> None:
    assert navigation.url_of("no_such_page") is None


def test_theme_is_kept_in_a_cookie_and_sent_in_the_page(signed_in: Client) -> None:
    answer = signed_in.post("/theme/", {"theme": "dark", "next": "/supply/"})
    assert (answer.status_code, answer.url) == (302, "/supply/")
    assert '<html lang="en" data-bs-theme="dark"' in signed_in.get("/supply/").content.decode()


def test_theme_does_not_send_people_to_another_host(signed_in: Client) -> None:
    assert signed_in.post("/theme/", {"theme": "dark", "next": "https://evil.example/"}).url == "/"


def test_theme_refuses_unknown_values(signed_in: Client) -> None:
    assert "theme" not in signed_in.post("/theme/", {"theme": "pink"}).cookies


def test_a_persons_own_theme_counts_without_a_cookie(client: Client) -> None:
    user = make_user("viewer")
    User.objects.filter(pk=user.pk).update(theme="dark")
    client.force_login(User.objects.get(pk=user.pk))
    assert 'data-bs-theme="dark"' in client.get("/supply/").content.decode()


def test_missing_page_is_a_page_of_ours(signed_in: Client) -> None:
    answer = signed_in.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_expired_form_is_explained() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()


def test_server_error_page_needs_no_database(
    django_assert_num_queries: Callable[[int], AbstractContextManager],
) -> None:
    with django_assert_num_queries(0):
        answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.content.decode()


def test_gallery_is_for_developers_only(signed_in: Client) -> None:
    assert signed_in.get("/_gallery/").status_code == 404
    with override_settings(DEBUG=True):
        assert signed_in.get("/_gallery/").status_code == 200


def test_favicon_is_found(client: Client) -> None:
    assert client.get("/favicon.ico").url.endswith("favicon.ico")


def test_login_page_is_ours_and_strict(client: Client) -> None:
    answer = client.get("/accounts/login/")
    html = answer.content.decode()
    assert "Log in" in html
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/email/",
        "/accounts/logout/",
    ],
)
def test_account_pages_use_the_frame(signed_in: Client, path: str) -> None:
    answer = signed_in.get(path, follow=True)
    assert answer.status_code == 200
    assert "salesops/app.css" in answer.content.decode()


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/signup/"])
def test_pages_before_the_login_use_the_plain_card(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "plain-card" in answer.content.decode()
