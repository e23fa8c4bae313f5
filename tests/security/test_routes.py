"""Nobody reaches what is not theirs: every address of the product, walked as each kind of person.

The outsider's rows hold words and numbers that appear nowhere else (`world.py`); an answer to somebody who
may not see the outsider's rows that holds one of them is a leak, whatever its status.
"""

from collections.abc import Callable, Iterator

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from salesops.models import User
from tests.security.routes import ADMIN, LIBRARIES, ROUTES, Route
from tests.security.world import WORD, Side, World, build_world, leaks

pytestmark = pytest.mark.django_db
NOT_THEIRS = ("rep", "manager")  # may not see the outsider's rows
EVERYBODY = ("rep", "manager", "ops", "finance", "executive", "viewer")


def patterns(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            yield f"{space}{entry.name or entry.pattern}", entry


def is_library(name: str, pattern: URLPattern) -> bool:
    root = pattern.callback.__module__.split(".")[0]
    is_old_link = root == "django" and pattern.name is None  # a library's redirect
    return name.startswith(ADMIN) or root in LIBRARIES or is_old_link


@pytest.fixture
def world(company: object) -> World:
    return build_world()


def address(name: str, route: Route, world: World, side: Side) -> str:
    return reverse(name, kwargs=route.kwargs(world, side))


def text_of(answer: HttpResponseBase) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace") + str(dict(answer.headers))


def test_every_address_is_listed() -> None:
    names = {name for name, pattern in patterns() if not is_library(name, pattern)}
    assert names - set(ROUTES) == set(), "Add these to tests/security/routes.py."
    assert set(ROUTES) - names == set(), "These no longer exist; remove them from tests/security/routes.py."


@pytest.mark.parametrize("kind", ["page", "api"])
def test_strangers_are_asked_to_log_in(kind: str, world: World, client: Client) -> None:
    for name, route in ROUTES.items():
        if name.startswith("api-") != (kind == "api"):
            continue
        url = address(name, route, world, world.ours)
        for answer in (client.get(url), client.post(url), client.get(url, headers={"HX-Request": "true"})):
            if route.open:
                assert answer.status_code < 500, url
            elif kind == "api":
                assert answer.status_code == 401, url
            else:
                assert answer.status_code == 302, url
                assert answer.url.startswith("/accounts/login/"), url
            assert "Rui" not in text_of(answer), url


@pytest.mark.parametrize("actor", NOT_THEIRS)
def test_no_answer_holds_what_is_not_theirs(actor: str, world: World, client_of: Callable[[User], Client]) -> None:
    client = client_of(world.people[actor])
    client.raise_request_exception = False
    wrong = []
    for name, route in ROUTES.items():
        for side in (world.ours, world.foreign) if route.owned else (world.ours,):
            url = address(name, route, world, side)
            part = {"HX-Request": "true"}
            for target, headers in ((url, {}), (url, part), *((f"{url}?{query}", part) for query in route.queries)):
                answer = client.get(target, headers=headers)
                found = leaks(text_of(answer))
                if found or answer.status_code >= 500:
                    wrong.append((target, answer.status_code, found))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("actor", NOT_THEIRS)
def test_a_foreign_row_is_not_there(actor: str, world: World, client_of: Callable[[User], Client]) -> None:
    """404 as for a row that doesn't exist; 403 and 405 may come first where the method or the role decides."""
    client = client_of(world.people[actor])
    client.raise_request_exception = False
    wrong = []
    for name, route in ROUTES.items():
        if not route.owned:
            continue
        url = address(name, route, world, world.foreign)
        seen = client.get(url).status_code
        if seen not in (404, 405):
            wrong.append(("GET", url, seen))
        for send in (client.post, client.patch, client.put, client.delete):
            answer = send(url, {}, content_type="application/json")
            if answer.status_code not in (403, 404, 405) or leaks(text_of(answer)):
                wrong.append((answer.request["REQUEST_METHOD"], url, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("actor", EVERYBODY)
def test_every_address_answers_everybody(actor: str, world: World, client_of: Callable[[User], Client]) -> None:
    """No role meets a broken page; what is for operations only is closed to the others."""
    client = client_of(world.people[actor])
    client.raise_request_exception = False
    wrong = []
    for name, route in ROUTES.items():
        url = address(name, route, world, world.ours)
        for answer in (client.get(url), client.post(url, {}, content_type="application/json")):
            closed = actor == "ops" or not route.ops_only or answer.status_code in (403, 404, 405)
            if answer.status_code >= 500 or not closed:
                wrong.append((answer.request["REQUEST_METHOD"], url, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("actor", [name for name in EVERYBODY if name != "ops"])
def test_setup_is_closed(actor: str, world: World, client_of: Callable[[User], Client]) -> None:
    client = client_of(world.people[actor])
    for name, pattern in patterns():
        if not name.startswith(ADMIN) or name in (f"{ADMIN}logout", f"{ADMIN}jsi18n"):
            continue
        values = {key: _sample(key, world) for key in pattern.pattern.converters or pattern.pattern.regex.groupindex}
        try:
            url = reverse(name, kwargs=values)
        except NoReverseMatch:  # the catch-all and the redirect of old links
            continue
        answer = client.get(url, follow=True)
        assert answer.status_code in (403, 404), (url, answer.status_code)
        assert leaks(text_of(answer)) == [], url


def _sample(key: str, world: World) -> object:
    return {"app_label": "data_collection", "content_type_id": 1}.get(key, world.foreign.deal.pk)


def test_the_planted_words_can_be_found(world: World, client_of: Callable[[User], Client]) -> None:
    """The other side of the coin: who may see the rows finds the words, so their absence means something."""
    for actor in ("other rep", "other manager", "ops"):
        client = client_of(world.people[actor])
        for name in ("opportunities", "accounts", "leads", "contacts", "activities", "order-lines", "support-tickets"):
            assert leaks(text_of(client.get(f"/api/v1/{name}/"))), (actor, name)
        assert leaks(text_of(client.get("/api/v1/quotas/"))), actor
        for name, query in (("rows", "period=last_12m"), ("overview", "period=last_12m"), ("deal_page", "")):
            side = world.foreign
            found = leaks(text_of(client.get(f"{address(name, ROUTES[name], world, side)}?{query}")))
            assert found, (actor, name)
    assert WORD in text_of(client_of(world.people["other rep"]).get("/jobs/"))
