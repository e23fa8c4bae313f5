"""The pages of notices and of outgoing endpoints."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from salesops.models import Endpoint, Notice, NoticeChoice, Outbox, User
from salesops.notices.kinds import notice_kind
from salesops.notices.services import event_queue, notice_queue
from salesops.notices.services.relay import relay_run

pytestmark = pytest.mark.django_db
MakeEndpoint = Callable[..., Endpoint]


def tell(user: User, key: str = "k", **more: str) -> Notice:
    notice_queue(user=user, **{"kind": "note", "subject": "A lead", "text": "Yours", "key": key, "url": "/me/"} | more)
    return Notice.objects.get(user=user, key=key)


# --- people --------------------------------------------------------------------------------------------------------
def test_the_bell_counts_and_the_page_lists_ones_own(rep_client: Client, rep_user: User, outsider: User) -> None:
    tell(rep_user, subject="Mine <b>")
    tell(outsider, subject="Theirs")
    page = rep_client.get("/notices/").content.decode()
    assert "Notices, 1 unread" in page and "Mine &lt;b&gt;" in page and "Theirs" not in page
    rep_client.post("/notices/read/")
    page = rep_client.get("/notices/").content.decode()
    assert "unread" not in page.split("<main")[0] and Notice.objects.get(user=outsider).read_at is None
    assert "Mine" not in rep_client.get("/notices/?show=unread").content.decode()


def test_opening_marks_read_and_leads_there(rep_client: Client, rep_user: User, outsider: User) -> None:
    mine, theirs = tell(rep_user), tell(outsider)
    answer = rep_client.post(f"/notices/{mine.pk}/")
    assert (answer.status_code, answer.url) == (302, "/me/")
    mine.refresh_from_db()
    assert mine.read_at is not None
    assert rep_client.post(f"/notices/{theirs.pk}/").status_code == 404
    away = tell(rep_user, key="k2", url="//bad.example/")
    assert rep_client.post(f"/notices/{away.pk}/").url == "/notices/"


def test_choices_are_kept_and_used(rep_client: Client, rep_user: User) -> None:
    notice_kind("views.test", title="Something of a test")
    page = rep_client.get("/profile/").content.decode()
    assert "Something of a test: by e-mail" in page
    rep_client.post("/notices/choices/", {"views.test.email": "on"})
    chosen = NoticeChoice.objects.get(user=rep_user, kind="views.test")
    assert (chosen.in_app, chosen.email, chosen.slack) == (False, True, False)
    tell(rep_user, kind="views.test")
    assert not Notice.objects.visible_to(rep_user).exists() and Outbox.objects.get().way == "email"


# --- outgoing ------------------------------------------------------------------------------------------------------
def test_a_webhook_is_added_and_its_secret_shown_once(analyst_client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/crm").respond_with_data("thanks")
    given = {"name": "CRM", "url": httpserver.url_for("/crm"), "min_points": "10", "is_active": "on", "events": []}
    answer = analyst_client.post("/collect/outgoing/new/webhook/", given | {"events": ["lead.owner_changed"]})
    [secret] = re.findall(r"whsec_[\w+/=]+", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    endpoint = Endpoint.objects.get()
    assert endpoint.secret.reveal() == secret and endpoint.events == ["lead.owner_changed"]
    for path in ("/collect/outgoing/", f"/collect/outgoing/{endpoint.pk}/", f"/collect/outgoing/{endpoint.pk}/edit/"):
        page = analyst_client.get(path).content.decode()
        assert "CRM" in page and secret not in page
    analyst_client.post(f"/collect/outgoing/{endpoint.pk}/do/", {"do": "test"})
    relay_run()
    [(request, _answer)] = httpserver.log
    assert Webhook(secret).verify(request.get_data(), dict(request.headers))["type"] == "test"
    page = analyst_client.get(f"/collect/outgoing/{endpoint.pk}/").content.decode()
    assert "Test message" in page and "thanks" in page and "Sent" in page
    row = Outbox.objects.get()
    page = analyst_client.get(f"/collect/outgoing/{endpoint.pk}/messages/{row.pk}/").content.decode()
    assert row.message_id in page and "previous_owner" in page


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "http://a.example/", "https://u:p@a.example/", "https://127.1/"])
def test_a_private_address_is_not_saved(analyst_client: Client, settings: object, url: str) -> None:
    settings.OUTGOING_ALLOW_PRIVATE = False
    given = {"name": "CRM", "min_points": "10", "events": ["lead.owner_changed"]}
    assert analyst_client.post("/collect/outgoing/new/webhook/", given | {"url": url}).status_code == 400
    assert not Endpoint.objects.exists()
    row = Endpoint.objects.create(name="Old", url="https://old.example/")
    answer = analyst_client.post(f"/collect/outgoing/{row.pk}/edit/", given | {"url": url})
    assert answer.status_code == 400 and 'class="field-errors"' in answer.content.decode()
    slack = {"name": "Slack", "min_points": "10", "secret": url}
    assert analyst_client.post("/collect/outgoing/new/slack_incoming/", slack).status_code == 400


def test_slack_secrets_are_kept_where_nothing_is_entered(analyst_client: Client) -> None:
    given = {"name": "Bot", "min_points": "10", "channel": "C1", "for_people": "on", "is_active": "on"}
    new = "/collect/outgoing/new/slack_bot/"
    assert analyst_client.post(new, given).status_code == 400
    assert analyst_client.post(new, given | {"secret": "word"}).status_code == 400
    assert analyst_client.post(new, given | {"secret": "xoxb-1"}).status_code == 302
    row = Endpoint.objects.get()
    edit = f"/collect/outgoing/{row.pk}/edit/"
    assert "xoxb-1" not in analyst_client.get(edit).content.decode()
    analyst_client.post(edit, given | {"channel": "C2"})
    row.refresh_from_db()
    assert (row.secret.reveal(), row.channel, row.for_people) == ("xoxb-1", "C2", True)


def test_the_log_is_filtered_and_what_was_given_up_sent_again(
    analyst_client: Client, make_endpoint: MakeEndpoint
) -> None:
    endpoint = make_endpoint()
    for number in range(3):
        event_queue(kind="x", payload={}, key=str(number))
    Outbox.objects.filter(key__in=["0", "1"]).update(state="dead", tries=10, code=500, answer="<boom>")
    address = f"/collect/outgoing/{endpoint.pk}/"
    page = analyst_client.get(f"{address}?state=dead").content.decode()
    assert page.count("&lt;boom&gt;") == 2 and "Send the 2 given up again" in page
    one = Outbox.objects.get(key="0")
    analyst_client.post(f"{address}do/", {"do": "replay", "message": one.pk})
    assert list(Outbox.objects.filter(state="dead").values_list("key", flat=True)) == ["1"]
    analyst_client.post(f"{address}do/", {"do": "replay"})
    assert Outbox.objects.filter(state="queued", tries=0).count() == 3


def test_resume_rotate_delete(analyst_client: Client, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint(paused_at="2026-01-01T00:00:00Z", paused_because="Gone")
    address = f"/collect/outgoing/{endpoint.pk}/"
    assert "Gone" in analyst_client.get(address).content.decode()
    analyst_client.post(f"{address}do/", {"do": "resume"})
    assert Endpoint.objects.get().paused_at is None
    page = analyst_client.post(f"{address}do/", {"do": "rotate"}).content.decode()
    assert Endpoint.objects.get().secret.reveal() in page and endpoint.secret.reveal() not in page
    assert analyst_client.post(f"{address}do/", {"do": "nonsense"}).status_code == 404
    analyst_client.post(f"{address}do/", {"do": "delete"})
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("path", ["", "new/webhook/", "1/", "1/edit/"])
def test_only_operations_see_what_leaves(manager_client: Client, make_endpoint: MakeEndpoint, path: str) -> None:
    make_endpoint()
    assert manager_client.get(f"/collect/outgoing/{path}").status_code == 403


def test_the_list_has_a_known_number_of_queries(
    analyst_client: Client, make_endpoint: MakeEndpoint, django_assert_max_num_queries: Callable
) -> None:
    for number in range(20):
        make_endpoint(f"e{number}")
    with django_assert_max_num_queries(8):
        analyst_client.get("/collect/outgoing/")
