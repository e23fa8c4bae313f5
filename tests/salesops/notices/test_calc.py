"""Waits, signatures, Slack texts and the form of addresses."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from salesops.notices.calc import backoff, signing, slack
from salesops.notices.calc.addresses import AddressRefused, parse_address


def test_waits_grow_and_add_up_to_about_a_day() -> None:
    waits = [backoff.wait(n, chance=0.5) for n in range(1, backoff.MOST_TRIES)]
    assert waits[:4] == [timedelta(seconds=s) for s in (5, 20, 80, 320)]
    assert waits == sorted(waits) and waits[-1] == timedelta(hours=8)
    assert timedelta(hours=23) < sum(waits, timedelta()) < timedelta(hours=24)


def test_waits_spread_by_a_fifth() -> None:
    assert backoff.wait(2, chance=0) == timedelta(seconds=16)
    assert backoff.wait(2, chance=1) == timedelta(seconds=24)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("", 0), ("soon", 0), ("-5", 0), ("999999", 3600)])
def test_a_receiver_may_ask_for_a_pause_of_up_to_an_hour(text: str, seconds: int) -> None:
    assert backoff.asked(text) == timedelta(seconds=seconds)


def test_signature_of_the_specifications_example() -> None:
    """The example of the specification's own libraries (standard-webhooks, reference tests)."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signing.headers(
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body='{"test": 2432232314}', signing=[secret]
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"


def test_two_secrets_sign_side_by_side() -> None:
    old, new = signing.new_secret(), signing.new_secret()
    made = signing.headers(message_id="m", at=datetime.now(UTC), body="{}", signing=[new, old])
    for secret in (old, new):
        assert Webhook(secret).verify("{}", made) == {}
    key = base64.b64decode(new.removeprefix("whsec_"))
    by_hand = hmac.new(key, f"m.{made['webhook-timestamp']}.{{}}".encode(), hashlib.sha256).digest()
    assert made["webhook-signature"].split()[0] == "v1," + base64.b64encode(by_hand).decode()


def test_slack_shows_names_as_they_are() -> None:
    body = slack.message(title="A & B", text="<!channel> <https://bad.example|click>", url="https://s.example/1/")
    shown = body["blocks"][0]["text"]["text"]
    assert shown == "*A &amp; B*\n&lt;!channel&gt; &lt;https://bad.example|click&gt;"
    assert body["text"] == "A &amp; B: &lt;!channel&gt; &lt;https://bad.example|click&gt;"
    assert body["blocks"][1]["elements"][0]["text"] == "<https://s.example/1/|Open>"


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "https://", "https:///x", "http://a.example/", "https://u:p@a.example/", "//a.example/"]
    + ["https://a.example:22/", "https://a.example:99999/", "https://a b.example/", "https://a.example\\@b.example/"]
    + ["javascript:alert(1)", "https://[::1", "https://[fe80::1%25eth0]/", "https://a.example/\r\nX: y", "", "x" * 600],
)
def test_addresses_of_a_form_nobody_needs(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse_address(url, allow_private=False)


def test_addresses_that_are_fine() -> None:
    assert parse_address("https://a.example/hook?x=1", allow_private=False).hostname == "a.example"
    assert parse_address("http://10.0.0.5:9000/", allow_private=True).port == 9000
