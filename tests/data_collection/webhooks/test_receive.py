"""The open door: what is let in, what is not, and that it says nothing more than that."""

import base64
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.utils import timezone
from hubspot.utils.signature import Signature
from standardwebhooks import Webhook

from data_collection.models import InboxMessage, WebhookSource
from data_collection.webhooks.services import accepting
from data_collection.webhooks.services.sources import source_forget_before, source_rotate
from data_collection.webhooks.views import receive as receive_views
from tests.data_collection.webhooks.conftest import SECRET, Send, hmac_headers

pytestmark = pytest.mark.django_db
PAYLOAD = {"id": "e1", "type": "form", "person": {"email": "ann@example.com"}}


def test_accepted_once_and_answered_twice(source: WebhookSource, send: Send) -> None:
    first, second = send(PAYLOAD), send(PAYLOAD)
    assert (first.status_code, first.json()) == (202, {"accepted": True, "duplicate": False})
    assert (second.status_code, second.json()) == (202, {"accepted": True, "duplicate": True})
    message = InboxMessage.objects.get()
    assert (message.key, message.state, bytes(message.body)) == ("event:e1", "queued", json.dumps(PAYLOAD).encode())


@pytest.mark.parametrize(("skew", "status"), [(0, 202), (299, 202), (-299, 202), (301, 401), (-301, 401)])
def test_the_replay_window(source: WebhookSource, send: Send, skew: int, status: int) -> None:
    with time_machine.travel(1_790_000_000, tick=False):
        answer = send(PAYLOAD, signed=lambda body: hmac_headers(body, at=1_790_000_000 + skew))
    assert answer.status_code == status


def test_one_changed_bit_is_refused(source: WebhookSource, client: Client) -> None:
    """A thousand of them, over body, signature and time."""
    body = json.dumps(PAYLOAD | {"pad": "x" * 60}).encode()
    headers = hmac_headers(body)
    parts = {
        "body": body,
        "X-Signature": headers["X-Signature"].encode(),
        "X-Timestamp": headers["X-Timestamp"].encode(),
    }
    accepted, tried = 0, 0
    for name, part in parts.items():
        for place in range(len(part) * 8):
            changed = bytearray(part)
            changed[place // 8] ^= 1 << (place % 8)
            if changed.decode("latin-1").lower() == part.decode("latin-1"):
                continue  # the case of a hex digit says nothing
            sent = dict(headers)
            if name != "body":
                sent[name] = changed.decode("latin-1")
            arrived = accepting.Arrived(
                "POST", "", {k.lower(): v for k, v in sent.items()}, bytes(changed) if name == "body" else body
            )
            tried += 1
            accepted += accepting.message_prove(source=source, arrived=arrived) is not None
    assert tried > 1000 and accepted == 0


def test_a_body_written_again_has_another_signature(source: WebhookSource, send: Send) -> None:
    signature = hmac_headers(json.dumps(PAYLOAD).encode())
    assert send(json.dumps(PAYLOAD, indent=1).encode(), signed=lambda body: signature).status_code == 401


def test_nobody_learns_which_check_failed(source: WebhookSource, send: Send) -> None:
    wrong = [
        send(PAYLOAD, signed=None),
        send(PAYLOAD, signed=lambda body: hmac_headers(body, secret="other")),
        send(PAYLOAD, signed=lambda body: hmac_headers(body, at=1)),
        send(PAYLOAD, slug="unknown"),
        send(PAYLOAD, signed=lambda body: {"X-Timestamp": "soon", "X-Signature": "sha256=zz"}),
    ]
    WebhookSource.objects.update(is_active=False)
    wrong.append(send(PAYLOAD))
    assert {(answer.status_code, answer.content) for answer in wrong} == {
        (401, b'{"accepted": false, "detail": "Not accepted."}')
    }
    assert not InboxMessage.objects.exists()


def test_without_a_signature_nobody_learns_which_addresses_exist(make_source: Callable, send: Send) -> None:
    make_source(most_kb=1)
    asked: list[tuple[object, dict[str, str]]] = [
        (PAYLOAD, {}),
        ({"pad": "x" * 2000}, {}),
        (b"<x/>", {"Content_Type": "text/xml"}),
        (PAYLOAD, {"Content_Encoding": "gzip"}),
        (b"x" * (10_240 * 1024 + 1), {}),
    ]
    for payload, headers in asked:
        here, nowhere = (send(payload, slug=slug, signed=None, **headers) for slug in ("web", "unknown"))
        assert (here.status_code, here.content) == (nowhere.status_code, nowhere.content)


def test_an_empty_secret_opens_nothing(make_source: Callable, send: Send) -> None:
    make_source(secret="")
    assert send(PAYLOAD, signed=lambda body: hmac_headers(body, secret="")).status_code == 401
    make_source(slug="word", scheme="token", secret="")
    assert send(PAYLOAD, slug="word", signed=None, X_Webhook_Token="").status_code == 401


def test_two_secrets_live_while_one_is_replaced(source: WebhookSource, send: Send) -> None:
    new = source_rotate(source=source)
    for number, secret in enumerate((SECRET, new)):
        signed = lambda body, secret=secret: hmac_headers(body, secret=secret)  # noqa: E731
        assert send(PAYLOAD | {"id": f"n{number}"}, signed=signed).status_code == 202
    WebhookSource.objects.update(secret_before_until=timezone.now() - timedelta(seconds=1))
    assert send(PAYLOAD).status_code == 401
    WebhookSource.objects.update(secret_before_until=timezone.now() + timedelta(days=1))
    assert send(PAYLOAD).status_code == 202
    source_forget_before(source=source)
    assert send(PAYLOAD).status_code == 401


def test_standard_webhooks(make_source: Callable, send: Send) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    make_source(scheme="standard", secret=secret)

    def signed(body: bytes) -> dict[str, str]:
        now = timezone.now()
        signature = Webhook(secret).sign("msg_1", now, body.decode())
        stamp = str(int(now.timestamp()))
        return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1a,x v1,AAAA {signature}"}

    assert send(PAYLOAD, signed=signed).status_code == 202
    assert InboxMessage.objects.get().key == "id:msg_1"
    assert send(PAYLOAD, signed=lambda body: signed(body) | {"webhook-id": "msg_2"}).status_code == 401


def test_hubspots_signature_against_hubspots_own_code(make_source: Callable, send: Send, settings: object) -> None:
    settings.SITE_URL = "https://sales.example"
    make_source(scheme="hubspot", slug="hs")

    def signed(body: bytes, at: float | None = None) -> dict[str, str]:
        stamp = str(int((at or time.time()) * 1000))
        uri = "https://sales.example/hooks/hs/?event=a:b"
        signature = Signature.get_signature(SECRET, body.decode(), "v3", uri, "POST", stamp)
        return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}

    assert send(PAYLOAD, slug="hs", query="event=a%3Ab", signed=signed).status_code == 202
    assert send(PAYLOAD, slug="hs", query="event=other", signed=signed).status_code == 401
    old = lambda body: signed(body, time.time() - 301)  # noqa: E731
    assert send(PAYLOAD, slug="hs", query="event=a%3Ab", signed=old).status_code == 401


@pytest.mark.parametrize("headers", [{"X_Webhook_Token": SECRET}, {"Authorization": f"Bearer {SECRET}"}])
def test_a_secret_word(make_source: Callable, send: Send, headers: dict) -> None:
    make_source(scheme="token")
    assert send(PAYLOAD, signed=None, **headers).status_code == 202
    assert send(PAYLOAD, signed=None, X_Webhook_Token="wrong").status_code == 401


def test_what_makes_two_messages_the_same(source: WebhookSource, send: Send) -> None:
    plain = {"type": "form", "person": {"email": "a@example.com"}}
    base = int(time.time())
    later = lambda n: lambda body: hmac_headers(body, at=base + n)  # noqa: E731  # another time, another signature
    send(plain, signed=later(1), Idempotency_Key="k1")
    send(plain | {"x": 1}, signed=later(2), Idempotency_Key="k1")
    send(plain | {"id": "e9"}, signed=later(3))
    send(plain | {"id": "e9", "again": True}, signed=later(4))
    send(plain, signed=later(5))
    send(plain, signed=later(6))
    send([plain], signed=later(7))
    keys = sorted(key.partition(":")[0] for key in InboxMessage.objects.values_list("key", flat=True))
    assert keys == ["body", "body", "event", "id"]


def test_a_replay_under_another_key_is_the_same_message(source: WebhookSource, send: Send) -> None:
    """The key of this scheme is not under the signature; the signature itself is."""
    at = int(time.time())
    for key in ("k1", "k2", "k3"):
        answer = send(PAYLOAD, signed=lambda body: hmac_headers(body, at=at), Idempotency_Key=key)
        assert answer.status_code == 202
    assert InboxMessage.objects.count() == 1


def test_what_is_too_large_or_of_another_kind(make_source: Callable, send: Send) -> None:
    make_source(most_kb=1)
    assert send({"pad": "x" * 1100}).status_code == 413
    assert send(b"<x/>", Content_Type="text/xml").status_code == 415
    assert send(PAYLOAD, Content_Encoding="gzip").status_code == 415
    assert send(PAYLOAD, slug="unknown").status_code == 401
    assert not InboxMessage.objects.exists()


def test_other_methods_and_missing_tokens_of_ours(source: WebhookSource, client: Client) -> None:
    assert client.get("/hooks/web/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    body = json.dumps(PAYLOAD).encode()
    answer = strict.post("/hooks/web/", body, content_type="application/json", headers=hmac_headers(body))
    assert answer.status_code == 202


def test_a_source_that_sends_too_much_is_asked_to_wait(make_source: Callable, send: Send) -> None:
    make_source(most_per_minute=3, window_seconds=3600)
    with time_machine.travel(1_790_000_000, tick=False):  # within one minute
        strangers = [send(PAYLOAD, signed=None).status_code for _n in range(6)]  # they do not use up the share
        codes = [send(PAYLOAD | {"id": str(n)}).status_code for n in range(6)]
        assert send(PAYLOAD | {"id": "z"})["Retry-After"] == "60"
    assert strangers == [401] * 6 and codes == [202, 202, 202, 429, 429, 429]


def test_no_database_means_later(source: WebhookSource, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_given: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(receive_views, "message_accept", away)
    answer = send(PAYLOAD)
    assert answer.status_code == 503 and answer["Retry-After"] == "30"


@pytest.mark.django_db(transaction=True)
def test_a_source_deleted_a_moment_ago(make_source: Callable, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_source()
    remembered = WebhookSource.objects.get(pk=source.pk)
    source.delete()
    monkeypatch.setattr(receive_views, "source_by_slug", lambda slug: remembered)
    assert send(PAYLOAD).status_code == 401


def test_a_worker_is_called_once_until_it_begins(
    source: WebhookSource, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(accepting.current_app, "send_task", lambda name, **_given: calls.append(name))
    for number in range(5):
        send(PAYLOAD | {"id": str(number)})
    assert calls == [accepting.PROCESS]
    accepting.wake_answered()
    send(PAYLOAD | {"id": "5"})
    assert len(calls) == 2


def test_one_query_a_message_while_the_source_is_remembered(
    source: WebhookSource, send: Send, django_assert_num_queries: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_assert_num_queries(2):
        send(PAYLOAD)
    monkeypatch.setattr(accepting, "SOURCE_SECONDS", 60)
    with django_assert_num_queries(1):
        send(PAYLOAD | {"id": "e2"})


@pytest.mark.django_db(transaction=True)
def test_the_same_message_twenty_times_at_once(make_source: Callable) -> None:
    """Twenty threads behind one barrier: all are thanked, one row stands."""
    make_source()
    body = json.dumps({"type": "form", "person": {"email": "ann@example.com"}}).encode()
    start, codes = threading.Barrier(20), []

    def post(number: int) -> None:
        headers = hmac_headers(body, at=int(time.time()) + number) | {"Idempotency-Key": "same"}
        try:
            start.wait()
            answer = Client().post("/hooks/web/", body, content_type="application/json", headers=headers)
            codes.append((answer.status_code, answer.json()["duplicate"]))
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [(202, False)] + [(202, True)] * 19
    assert InboxMessage.objects.count() == 1
