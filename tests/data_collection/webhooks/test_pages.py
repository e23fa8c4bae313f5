"""The pages of webhook sources and their messages."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from data_collection.models import InboxMessage, Lead, WebhookSource
from data_collection.webhooks.selectors import shipped_recipes
from tests.data_collection.webhooks.conftest import SECRET, Send, hmac_headers

pytestmark = pytest.mark.django_db
PAYLOAD = {"id": "e1", "type": "form", "person": {"id": "p1", "email": "ann@example.com", "status": "hot"}}
GIVEN = {
    "name": "Site", "slug": "site", "system": "site", "scheme": "hmac", "recipe_text": shipped_recipes()["generic"],
    "most_per_minute": 600, "most_kb": 512, "window_seconds": 300, "is_active": "on",
}  # fmt: skip


def test_added_with_a_secret_shown_once_that_works(analyst_client: Client, send: Send, company: object) -> None:
    page = analyst_client.get("/collect/webhooks/new/generic/").content.decode()
    assert "person.email" in page
    answer = analyst_client.post("/collect/webhooks/new/generic/", GIVEN)
    [secret] = re.findall(r'<code class="secret">([^<]+)</code>', answer.content.decode())
    assert "no-store" in answer["Cache-Control"] and "http://testserver/hooks/site/" in answer.content.decode()
    assert send(PAYLOAD, slug="site", signed=lambda body: hmac_headers(body, secret=secret)).status_code == 202
    row = WebhookSource.objects.get()
    for path in ("/collect/webhooks/", f"/collect/webhooks/{row.pk}/", f"/collect/webhooks/{row.pk}/edit/"):
        assert secret not in analyst_client.get(path).content.decode()


def test_mistakes_of_a_recipe_are_shown_with_their_place(analyst_client: Client, company: object) -> None:
    wrong = GIVEN | {"recipe_text": "lead: {email: a..b, fields: {shoe: x}}"}
    answer = analyst_client.post("/collect/webhooks/new/generic/", wrong)
    assert answer.status_code == 400
    assert "no field “shoe”" in answer.content.decode() and "is no path" in answer.content.decode()
    assert not WebhookSource.objects.exists()


def test_hubspot_needs_the_secret_of_the_app(analyst_client: Client, company: object) -> None:
    given = GIVEN | {"scheme": "hubspot"}
    assert analyst_client.post("/collect/webhooks/new/hubspot_workflow/", given).status_code == 400
    answer = analyst_client.post("/collect/webhooks/new/hubspot_workflow/", given | {"secret": "client-secret"})
    assert answer.status_code == 302 and WebhookSource.objects.get().secret.reveal() == "client-secret"


def test_tried_on_the_last_message_and_on_a_payload_without_a_trace(
    analyst_client: Client, source: WebhookSource, send: Send
) -> None:
    edit = f"/collect/webhooks/{source.pk}/edit/"
    given = GIVEN | {"slug": "web", "try": "1"}
    assert "No message has come yet" in analyst_client.post(edit, given).content.decode()
    send(PAYLOAD)
    assert "“hot” is none of new" in analyst_client.post(edit, given).content.decode()
    mended = given["recipe_text"].replace("status: person.status", "status: {path: person.status, values: {hot: mql}}")
    page = analyst_client.post(edit, given | {"recipe_text": mended}).content.decode()
    assert "new leads: 1" in page and "mql" in page and "ann@example.com" in page
    page = analyst_client.post(edit, given | {"sample": '[{"person": {"id": 7, "shoe": 38}}]'}).content.decode()
    assert "kept as attribute: shoe" in page
    assert not Lead.objects.exists() and InboxMessage.objects.get().state == "queued"
    source.refresh_from_db()
    assert source.recipe_text == shipped_recipes()["generic"]


def test_mended_and_worked_again_from_the_page(
    analyst_client: Client, source: WebhookSource, send: Send, process: Callable
) -> None:
    send(PAYLOAD)
    send(PAYLOAD | {"id": "e2"})
    assert process() == {"dead": 2}
    home = f"/collect/webhooks/{source.pk}/"
    page = analyst_client.get(f"{home}?state=dead").content.decode()
    assert "Work the 2 set aside again" in page and "is none of new" in page
    first = InboxMessage.objects.earliest("pk")
    page = analyst_client.get(f"{home}messages/{first.pk}/").content.decode()
    assert "&quot;hot&quot;" in page and "is none of new" in page
    mended = GIVEN["recipe_text"].replace("status: person.status", "status: {path: person.status, values: {hot: mql}}")
    analyst_client.post(f"{home}edit/", GIVEN | {"slug": "web", "recipe_text": mended})
    source.refresh_from_db()
    assert source.secret.reveal() == SECRET
    analyst_client.post(f"{home}do/", {"do": "replay", "message": first.pk})
    assert process() == {"dead": 1, "done": 1}
    analyst_client.post(f"{home}do/", {"do": "replay"})
    assert process() == {"done": 2}
    assert Lead.objects.get().status == "mql"
    assert "New leads: 1, new events: 1" in analyst_client.get(home).content.decode()


def test_secrets_are_replaced_and_sources_deleted(
    analyst_client: Client, source: WebhookSource, send: Send, process: Callable
) -> None:
    do = f"/collect/webhooks/{source.pk}/do/"
    page = analyst_client.post(do, {"do": "rotate"}).content.decode()
    [secret] = re.findall(r'<code class="secret">([^<]+)</code>', page)
    assert "accepted until" in page and send(PAYLOAD).status_code == 202
    analyst_client.post(do, {"do": "forget"})
    assert send(PAYLOAD | {"id": "e2"}).status_code == 401
    signed = lambda body: hmac_headers(body, secret=secret)  # noqa: E731
    assert send(PAYLOAD | {"id": "e3"}, signed=signed).status_code == 202
    assert analyst_client.post(do, {"do": "nonsense"}).status_code == 404
    analyst_client.post(do, {"do": "delete"})
    assert not WebhookSource.objects.exists() and not InboxMessage.objects.exists()


@pytest.mark.parametrize("path", ["", "new/generic/", "1/", "1/edit/", "1/messages/1/"])
def test_only_operations_see_payloads(manager_client: Client, source: WebhookSource, path: str) -> None:
    assert manager_client.get(f"/collect/webhooks/{path}").status_code == 403


def test_pages_have_a_known_number_of_queries(
    analyst_client: Client, make_source: Callable, send: Send, django_assert_max_num_queries: Callable
) -> None:
    for number in range(10):
        make_source(slug=f"s{number}")
    for number in range(30):
        send(PAYLOAD | {"id": str(number)}, slug="s0")
    with django_assert_max_num_queries(9):
        analyst_client.get("/collect/webhooks/")
    with django_assert_max_num_queries(10):
        analyst_client.get(f"/collect/webhooks/{WebhookSource.objects.get(slug='s0').pk}/")
