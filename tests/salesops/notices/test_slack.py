"""Slack's wire format: incoming webhooks, the bot's channel, direct messages, limits and refusals."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_httpserver import HTTPServer

from salesops.models import Endpoint, NoticeChoice, Outbox, SlackMember, User
from salesops.notices.kinds import event_kind
from salesops.notices.services import event_queue, notice_queue
from salesops.notices.services.relay import relay_run

pytestmark = pytest.mark.django_db
MakeEndpoint = Callable[..., Endpoint]
POST = "/api/chat.postMessage"


@pytest.fixture(autouse=True)
def _slack(settings: object, httpserver: HTTPServer) -> None:
    settings.SLACK_API_URL = httpserver.url_for("/api/")
    settings.SITE_URL = "https://sales.example"
    event_kind("slack.test", title="Lead has a new owner", sample={})


def event(key: str = "k") -> None:
    payload = {"text": "Ann <Lee> & Co: Rui → Mai", "url": "/collect/accounts/7/"}
    event_queue(kind="slack.test", payload=payload, key=key, subject="lead:7")


def test_an_incoming_webhook_gets_blocks_and_plain_text(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    secret = httpserver.url_for("/services/T0/B0/x")
    make_endpoint(kind="slack_incoming", url="", secret=secret, events=["slack.test"])
    httpserver.expect_request("/services/T0/B0/x").respond_with_data("ok")
    event()
    relay_run()
    body = httpserver.log[0][0].get_json()
    assert body["text"] == "Lead has a new owner: Ann &lt;Lee&gt; &amp; Co: Rui → Mai"
    assert body["blocks"][0]["text"]["text"] == "*Lead has a new owner*\nAnn &lt;Lee&gt; &amp; Co: Rui → Mai"
    assert "<https://sales.example/collect/accounts/7/|Open>" in str(body["blocks"])
    assert Outbox.objects.get().state == "sent"


@pytest.mark.parametrize(("code", "text", "paused"), [(404, "no_service", True), (403, "invalid_token", True)])
def test_an_incoming_webhook_that_was_removed_pauses(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, code: int, text: str, paused: bool
) -> None:
    make_endpoint(kind="slack_incoming", secret=httpserver.url_for("/s"), events=["slack.test"])
    httpserver.expect_request("/s").respond_with_data(text, code)
    event()
    relay_run()
    assert (Endpoint.objects.get().paused_at is not None) is paused
    assert Endpoint.objects.get().paused_because == text


@pytest.fixture
def bot(make_endpoint: MakeEndpoint) -> Endpoint:
    return make_endpoint(
        kind="slack_bot", url="", secret="xoxb-1", channel="C01", events=["slack.test"], for_people=True
    )


def test_the_bot_posts_to_its_channel_with_its_token(httpserver: HTTPServer, bot: Endpoint) -> None:
    httpserver.expect_request(POST, method="POST").respond_with_json({"ok": True, "ts": "1.2", "channel": "C01"})
    event()
    relay_run()
    request = httpserver.log[0][0]
    sent = request.get_json(silent=True) or request.form.to_dict()
    assert request.headers["Authorization"] == "Bearer xoxb-1"
    assert sent["channel"] == "C01" and "Rui → Mai" in str(sent["text"])
    assert Outbox.objects.get().message_id in str(sent["metadata"])


def test_slacks_limit_is_kept(httpserver: HTTPServer, bot: Endpoint) -> None:
    limited = {"ok": False, "error": "ratelimited"}
    httpserver.expect_oneshot_request(POST).respond_with_json(limited, 429, {"Retry-After": "30"})
    event()
    before = timezone.now()
    relay_run()
    row = Outbox.objects.get()
    assert row.state == "queued" and row.code == 429
    assert 30 <= (row.next_try_at - before).total_seconds() < 40
    assert (Endpoint.objects.get().not_before - before).total_seconds() >= 30


@pytest.mark.parametrize(
    ("error", "state", "paused"),
    [
        ("channel_not_found", "queued", True),
        ("invalid_auth", "queued", True),
        ("msg_too_long", "dead", False),
        ("internal_error", "queued", False),
    ],
)
def test_what_slack_says_decides_what_follows(
    httpserver: HTTPServer, bot: Endpoint, error: str, state: str, paused: bool
) -> None:
    httpserver.expect_request(POST).respond_with_json({"ok": False, "error": error})
    event()
    relay_run()
    assert Outbox.objects.get().state == state
    assert (Endpoint.objects.get().paused_at is not None) is paused
    assert error in Outbox.objects.get().answer


def test_an_answer_that_is_no_json_is_tried_again(httpserver: HTTPServer, bot: Endpoint) -> None:
    httpserver.expect_request(POST).respond_with_data("<html>bad gateway", 502)
    event()
    relay_run()
    assert Outbox.objects.get().state == "queued" and Endpoint.objects.get().paused_at is None


def test_a_person_is_found_by_address_and_remembered(httpserver: HTTPServer, bot: Endpoint, rep_user: User) -> None:
    httpserver.expect_request("/api/users.lookupByEmail").respond_with_json({"ok": True, "user": {"id": "U77"}})
    httpserver.expect_request(POST).respond_with_json({"ok": True})
    NoticeChoice.objects.create(user=rep_user, kind="note", slack=True)
    for key in ("a", "b"):
        notice_queue(user=rep_user, kind="note", subject="A lead", text="Yours", key=key, url="/me/")
    relay_run()
    paths = [request.path for request, _answer in httpserver.log]
    assert paths == ["/api/users.lookupByEmail", POST, POST]
    assert SlackMember.objects.get().member == "U77"
    assert set(Outbox.objects.values_list("state", flat=True)) == {"sent"}


def test_somebody_slack_does_not_know_is_left_out(httpserver: HTTPServer, bot: Endpoint, rep_user: User) -> None:
    httpserver.expect_request("/api/users.lookupByEmail").respond_with_json({"ok": False, "error": "users_not_found"})
    NoticeChoice.objects.create(user=rep_user, kind="note", slack=True)
    notice_queue(user=rep_user, kind="note", subject="A lead", text="Yours", key="a")
    relay_run()
    assert Outbox.objects.get().state == "dropped"


def test_without_a_bot_nothing_is_tried(rep_user: User) -> None:
    NoticeChoice.objects.create(user=rep_user, kind="note", slack=True)
    notice_queue(user=rep_user, kind="note", subject="A lead", text="Yours", key="a")
    relay_run()
    assert Outbox.objects.get().state == "dropped"
