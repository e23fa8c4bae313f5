"""The relay against real receivers: at least once, signed, in order, retried, given up, replayed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from salesops.models import Endpoint, Notice, NoticeChoice, Outbox, User
from salesops.notices.calc import backoff
from salesops.notices.services import event_queue, notice_queue
from salesops.notices.services.endpoints import (
    endpoint_resume,
    endpoint_rotate,
    endpoint_test,
    outbox_forget,
    outbox_replay,
    outbox_tidy,
)
from salesops.notices.services.relay import Lane, outbox_claim, outbox_settle, relay_run
from salesops.notices.services.sending import Outcome

pytestmark = pytest.mark.django_db
MakeEndpoint = Callable[..., Endpoint]


def ids(httpserver: HTTPServer, path: str = "/crm") -> list[str]:
    return [request.headers["webhook-id"] for request, _answer in httpserver.log if request.path == path]


def test_a_webhook_arrives_signed_once(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    httpserver.expect_request("/crm", method="POST").respond_with_data("thanks")
    event_queue(kind="x", payload={"lead": {"name": "Zoë"}}, key="k", subject="lead:1")
    assert relay_run().sent == 1 and relay_run().sent == 0
    [(request, _answer)] = httpserver.log
    body = Webhook(endpoint.secret.reveal()).verify(request.get_data(), dict(request.headers))
    row = Outbox.objects.get()
    assert body == {
        "type": "x",
        "id": row.message_id,
        "timestamp": row.occurred_at.isoformat(),
        "sequence": row.pk,
        "data": {"lead": {"name": "Zoë"}},
    }
    assert (row.state, row.tries, row.code, row.answer) == ("sent", 1, 200, "thanks")
    endpoint.refresh_from_db()
    assert endpoint.last_sent_at is not None


def test_every_try_has_the_same_id_and_body(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, all_due: Callable[[], None]
) -> None:
    make_endpoint()
    httpserver.expect_ordered_request("/crm").respond_with_data("", 500)
    httpserver.expect_ordered_request("/crm").respond_with_data("", 500)
    httpserver.expect_ordered_request("/crm").respond_with_data("")
    event_queue(kind="x", payload={"b": 1, "a": 2}, key="k")
    for _try in range(3):
        relay_run()
        all_due()
    assert len(ids(httpserver)) == 3 and len(set(ids(httpserver))) == 1
    assert len({request.get_data() for request, _answer in httpserver.log}) == 1
    assert Outbox.objects.get().state == "sent"


def test_an_answer_that_is_lost_means_a_second_delivery_of_the_same_id(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, all_due: Callable[[], None]
) -> None:
    """The receiver took it, the connection broke before it could say so."""
    make_endpoint()

    def take_and_cut(request: Request) -> Response:
        request.environ["werkzeug.socket"].shutdown(2)
        return Response("ok")

    httpserver.expect_ordered_request("/crm").respond_with_handler(take_and_cut)
    httpserver.expect_ordered_request("/crm").respond_with_data("ok")
    event_queue(kind="x", payload={}, key="k")
    relay_run()
    assert Outbox.objects.get().state == "queued"
    all_due()
    relay_run()
    assert Outbox.objects.get().state == "sent" and len(set(ids(httpserver))) == 1


def test_given_up_after_the_last_try_then_sent_again_by_hand(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, all_due: Callable[[], None], analyst: User
) -> None:
    make_endpoint()
    httpserver.expect_request("/crm").respond_with_data("no such field", 422)
    event_queue(kind="x", payload={}, key="k")
    for _try in range(backoff.MOST_TRIES + 3):
        all_due()
        relay_run()
    row = Outbox.objects.get(key="k")
    assert (row.state, row.tries, row.code, row.answer) == ("dead", 10, 422, "no such field")
    assert "given up" in Notice.objects.visible_to(analyst).get().subject
    httpserver.clear()
    httpserver.expect_request("/crm").respond_with_data("")
    assert outbox_replay(rows=Outbox.objects.all()) == 1
    relay_run()
    assert ids(httpserver) == [row.message_id] and Outbox.objects.get(key="k").state == "sent"


def test_waits_between_tries_as_planned_and_as_asked(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    httpserver.expect_request("/crm").respond_with_data("", 503, {"Retry-After": "600"})
    event_queue(kind="x", payload={}, key="k")
    before = timezone.now()
    relay_run()
    assert Outbox.objects.get().next_try_at - before >= timedelta(seconds=600)
    assert Endpoint.objects.get().not_before - before >= timedelta(seconds=600)
    relay_run()
    assert len(httpserver.log) == 1


def test_one_that_fails_keeps_no_other_waiting_and_rests_itself(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint
) -> None:
    make_endpoint("bad")
    make_endpoint("good")
    httpserver.expect_request("/bad").respond_with_data("", 500)
    httpserver.expect_request("/good").respond_with_data("")
    for number in range(20):
        event_queue(kind="x", payload={}, key=str(number))
    relay_run()
    relay_run()
    assert len(ids(httpserver, "/good")) == 20
    assert len(ids(httpserver, "/bad")) == 1  # not once per waiting message


def test_a_receiver_that_is_back_gets_what_waited_at_once(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, all_due: Callable[[], None]
) -> None:
    endpoint = make_endpoint()
    httpserver.expect_oneshot_request("/crm").respond_with_data("", 500)
    for number in range(3):
        event_queue(kind="x", payload={}, key=str(number))
    relay_run()
    Outbox.objects.filter(key="0").update(next_try_at=timezone.now() + timedelta(hours=8))
    Endpoint.objects.filter(pk=endpoint.pk).update(not_before=timezone.now())
    httpserver.expect_request("/crm").respond_with_data("")
    relay_run()
    assert set(Outbox.objects.values_list("state", flat=True)) == {"sent"}


def test_events_about_one_subject_never_overtake_each_other(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, all_due: Callable[[], None]
) -> None:
    make_endpoint()
    httpserver.expect_oneshot_request("/crm").respond_with_data("", 422)
    httpserver.expect_request("/crm").respond_with_data("")
    for key in ("old", "new"):
        event_queue(kind="x", payload={"key": key}, key=key, subject="lead:1")
    event_queue(kind="x", payload={"key": "other"}, key="other", subject="lead:2")
    relay_run()
    all_due()
    relay_run()
    told = [request.get_json()["data"]["key"] for request, _answer in httpserver.log]
    assert told == ["old", "other", "old", "new"]
    numbers = [request.get_json()["sequence"] for request, _answer in httpserver.log[2:]]
    assert numbers == sorted(numbers)


def test_paused_after_hours_of_failures_and_resumed(
    httpserver: HTTPServer, make_endpoint: MakeEndpoint, analyst: User
) -> None:
    endpoint = make_endpoint(failing_since=timezone.now() - timedelta(hours=7), failures=30)
    httpserver.expect_oneshot_request("/crm").respond_with_data("", 500)
    event_queue(kind="x", payload={}, key="k")
    relay_run()
    endpoint.refresh_from_db()
    assert endpoint.paused_at is not None
    notice = Notice.objects.visible_to(analyst).get()
    assert "paused" in notice.subject and notice.url == f"/collect/outgoing/{endpoint.pk}/"
    Outbox.objects.update(next_try_at=timezone.now())
    event_queue(kind="x", payload={}, key="k2")
    relay_run()
    assert len(httpserver.log) == 1 and Outbox.objects.filter(state="queued").count() == 2
    httpserver.expect_request("/crm").respond_with_data("")
    endpoint_resume(endpoint=endpoint)
    relay_run()
    assert endpoint.outbox.filter(state="sent").count() == 2


def test_gone_pauses_at_once_and_costs_no_try(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    httpserver.expect_request("/crm").respond_with_data("", 410)
    event_queue(kind="x", payload={}, key="k")
    relay_run()
    assert Endpoint.objects.get().paused_at is not None
    assert (Outbox.objects.get().state, Outbox.objects.get().tries) == ("queued", 0)


def test_a_private_address_is_never_sent_to_and_pauses(make_endpoint: MakeEndpoint, settings: object) -> None:
    settings.OUTGOING_ALLOW_PRIVATE = False
    make_endpoint(url="https://10.0.0.1/hook")
    event_queue(kind="x", payload={}, key="k")
    relay_run()
    assert "private network" in Endpoint.objects.get().paused_because


def test_two_relays_never_hold_the_same_row(make_endpoint: MakeEndpoint) -> None:
    lane = Lane("endpoint", make_endpoint().pk)
    for key in ("a", "b"):
        event_queue(kind="x", payload={}, key=key)
    first, second = outbox_claim(lane), outbox_claim(lane)
    assert first is not None and second is not None and first.pk != second.pk
    assert outbox_claim(lane) is None


def test_a_relay_that_lost_its_lease_changes_nothing(make_endpoint: MakeEndpoint) -> None:
    lane = Lane("endpoint", make_endpoint().pk)
    event_queue(kind="x", payload={}, key="k")
    late = outbox_claim(lane)
    assert late is not None
    Outbox.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    taken_over = outbox_claim(lane)
    assert taken_over is not None and taken_over.tries == 2
    assert outbox_settle(row=late, outcome=Outcome("refused")) is False
    assert outbox_settle(row=taken_over, outcome=Outcome(code=200)) is True
    assert Outbox.objects.get().state == "sent"


def test_both_secrets_sign_while_one_is_replaced(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    old = endpoint.secret.reveal()
    new = endpoint_rotate(endpoint=endpoint)
    httpserver.expect_request("/crm").respond_with_data("")
    event_queue(kind="x", payload={}, key="k")
    relay_run()
    request = httpserver.log[0][0]
    for secret in (old, new):
        Webhook(secret).verify(request.get_data(), dict(request.headers))
    Endpoint.objects.update(secret_before_until=timezone.now())
    event_queue(kind="x", payload={}, key="k2")
    relay_run()
    assert len(httpserver.log[1][0].headers["webhook-signature"].split()) == 1


def test_the_test_button_sends_by_the_same_way(httpserver: HTTPServer, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    httpserver.expect_request("/crm").respond_with_data("")
    row = endpoint_test(endpoint=endpoint)
    relay_run()
    sent = httpserver.log[0][0].get_json()
    assert sent["type"] == "test" and sent["id"] == row.message_id and sent["data"]["test"] is True


def test_mail_goes_to_the_person_with_a_stable_id(rep_user: User, settings: object) -> None:
    settings.SITE_URL = "https://sales.example"
    NoticeChoice.objects.create(user=rep_user, kind="note", email=True)
    notice_queue(user=rep_user, kind="note", subject="Two\nlines", text="Look", key="k", url="/me/")
    relay_run()
    [sent] = mail.outbox
    row = Outbox.objects.get()
    assert (sent.to, sent.subject, sent.body) == (
        ["rui@example.test"],
        "Two lines",
        "Look\n\nhttps://sales.example/me/",
    )
    assert row.uid.hex in sent.extra_headers["Message-ID"] and row.state == "sent"


def test_nobody_is_written_to_who_no_longer_logs_in(rep_user: User) -> None:
    NoticeChoice.objects.create(user=rep_user, kind="note", email=True)
    notice_queue(user=rep_user, kind="note", subject="S", text="T", key="k")
    User.objects.filter(pk=rep_user.pk).update(is_active=False)
    relay_run()
    assert mail.outbox == [] and Outbox.objects.get().state == "dropped"


def test_old_messages_are_removed_and_a_subject_forgotten(make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    for key in ("old", "new"):
        event_queue(kind="x", payload={}, key=key, subject="lead:1")
    long_ago = timezone.now() - timedelta(days=31)
    Outbox.objects.filter(key="old").update(state="sent", ended_at=long_ago)
    assert outbox_tidy(now=timezone.now()) == 1
    assert outbox_forget(subject="lead:1") == 1
    assert not Outbox.objects.exists()
