"""One try to send one outbox row, by each of the ways there are. Nothing here writes to the database."""

from dataclasses import dataclass
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Literal

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from salesops.access.models import User
from salesops.notices import client
from salesops.notices.calc import signing, slack
from salesops.notices.calc.addresses import AddressRefused
from salesops.notices.kinds import EVENT_KINDS
from salesops.notices.links import whole_url
from salesops.notices.models import Endpoint, Outbox, SlackMember
from salesops.secrets.cipher import Unreadable

# What went wrong decides what follows: the message waits; the whole receiver waits; a person must act; no use trying.
Fault = Literal["", "message", "receiver", "setup", "refused", "unwanted"]
MESSAGE_CODES = frozenset({400, 413, 415, 422})  # this message, not this receiver
GONE = 410
SLACK_PASSING = frozenset(
    ["ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"]
    + ["team_added_to_org", "accesslimited"]
)
SLACK_MESSAGE = frozenset(["msg_too_long", "invalid_blocks", "invalid_blocks_format", "no_text"])


@dataclass(frozen=True, slots=True)
class Outcome:
    fault: Fault = ""
    code: int | None = None
    answer: str = ""
    retry_after: str = ""
    took_ms: int | None = None
    member: str = ""  # Slack id found on the way, to be remembered


def send(row: Outbox) -> Outcome:
    """Try once."""
    try:
        if row.endpoint is not None:
            return SENDERS[row.endpoint.kind](row, row.endpoint)
        if row.notice is None or not row.notice.user.is_active:
            return Outcome("unwanted", answer="The person no longer logs in.")
        return _email(row) if row.way == Outbox.Way.EMAIL else _slack_person(row)
    except Unreadable as lost:
        return Outcome("setup", answer=str(lost))


# --- webhooks ------------------------------------------------------------------------------------------------------
def body_of(row: Outbox) -> bytes:
    """The body, byte for byte the same in every try."""
    return orjson.dumps({**dict(row.parts()), "data": row.payload}, option=orjson.OPT_SORT_KEYS)


def _webhook(row: Outbox, endpoint: Endpoint) -> Outcome:
    body, now = body_of(row), timezone.now()
    signed = signing.headers(
        message_id=row.message_id, at=now, body=body.decode(), signing=endpoint.signing_secrets(now)
    )
    return _post(endpoint.url, body, signed)


def _post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    try:
        answer = client.post(url, body=body, headers={"Content-Type": "application/json", **headers})
    except AddressRefused as refused:
        return Outcome("setup", answer=str(refused))
    except client.Unreachable as away:
        return Outcome("receiver", answer=str(away))
    return Outcome(_fault(answer.code), answer.code, answer.text, answer.retry_after, answer.took_ms)


def _fault(code: int) -> Fault:
    if 200 <= code < 300:
        return ""
    if code == GONE:
        return "setup"
    return "message" if code in MESSAGE_CODES else "receiver"


# --- Slack ---------------------------------------------------------------------------------------------------------
def slack_body(row: Outbox) -> dict:
    """What a Slack channel shows of an event: its title, its sentence, a link."""
    known = EVENT_KINDS.get(row.kind)
    title = str(known.title) if known else _("Test message")
    url = whole_url(str(row.payload.get("url", "")))
    return slack.message(title=title, text=str(row.payload.get("text", "")), url=url, link=_("Open"))


def _slack_incoming(row: Outbox, endpoint: Endpoint) -> Outcome:
    outcome = _post(endpoint.secret.reveal(), orjson.dumps(slack_body(row)), {})
    if outcome.code in (403, 404, GONE):  # invalid_token, action_prohibited, no_service, channel_is_archived
        return Outcome("setup", outcome.code, outcome.answer, took_ms=outcome.took_ms)
    return Outcome("refused", 400, outcome.answer) if outcome.code == 400 else outcome


def _slack_bot(row: Outbox, endpoint: Endpoint) -> Outcome:
    return _slack_call(
        lambda web: web.chat_postMessage(channel=endpoint.channel, metadata=_named(row), **slack_body(row)), endpoint
    )


def _slack_person(row: Outbox) -> Outcome:
    """A notice as a direct message; the person is found by e-mail address."""
    bot = Endpoint.objects.filter(kind=Endpoint.Kind.SLACK_BOT, is_active=True, for_people=True).first()
    if bot is None or row.notice is None:
        return Outcome("unwanted", answer="No Slack bot sends people their notices.")
    notice, user = row.notice, row.notice.user
    known = SlackMember.objects.filter(user=user).first()
    found = known.member if known else ""
    if not found:
        looked_up = _slack_call(lambda web: web.users_lookupByEmail(email=user.email), bot)
        if looked_up.fault:
            return looked_up
        found = looked_up.member
    body = slack.message(title=notice.subject, text=notice.text, url=whole_url(notice.url), link=_("Open"))
    sent = _slack_call(lambda web: web.chat_postMessage(channel=found, metadata=_named(row), **body), bot)
    return Outcome(sent.fault, sent.code, sent.answer, sent.retry_after, sent.took_ms, found)


def _named(row: Outbox) -> dict:
    return {"event_type": "salesops_message", "event_payload": {"id": row.message_id}}


def _slack_call(call: object, endpoint: Endpoint) -> Outcome:
    web = WebClient(endpoint.secret.reveal(), base_url=settings.SLACK_API_URL, timeout=10, retry_handlers=[])
    try:
        answer = call(web)  # type: ignore[operator]
    except SlackApiError as refused:
        return _slack_fault(refused)
    except (SlackClientError, OSError) as away:
        return Outcome("receiver", answer=f"Slack gave no answer ({type(away).__name__}).")
    member = (answer.get("user") or {}).get("id", "") if isinstance(answer.get("user"), dict) else ""
    return Outcome(code=answer.status_code, answer="ok", member=member)


def _slack_fault(refused: SlackApiError) -> Outcome:
    answer = refused.response
    data = getattr(answer, "data", answer)
    error = str(data.get("error", "")) if isinstance(data, dict) else ""
    code = getattr(answer, "status_code", None)
    headers = {name.lower(): value for name, value in dict(getattr(answer, "headers", {}) or {}).items()}
    wait = headers.get("retry-after", "")
    wait = wait[0] if isinstance(wait, list) else str(wait)
    if error == "users_not_found":
        return Outcome("unwanted", code, "Slack knows nobody with this e-mail address.")
    if error in SLACK_MESSAGE:
        return Outcome("refused", code, f"Slack: {error}")
    passing = error in SLACK_PASSING or not error or (code or 0) >= 429
    return Outcome("receiver" if passing else "setup", code, f"Slack: {error or 'no readable answer'}", wait)


# --- e-mail --------------------------------------------------------------------------------------------------------
def _email(row: Outbox) -> Outcome:
    notice = row.notice
    user: User = notice.user  # type: ignore[union-attr]
    link = whole_url(notice.url)  # type: ignore[union-attr]
    text = "\n\n".join(part for part in (notice.text, link) if part)  # type: ignore[union-attr]
    mail = EmailMessage(
        subject=" ".join(notice.subject.split()),  # type: ignore[union-attr]  # no line break reaches the headers
        body=text,
        to=[user.email],
        headers={"Message-ID": f"<{row.uid.hex}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].strip('>')}>"},
    )
    try:
        mail.send()
    except SMTPRecipientsRefused:
        return Outcome("refused", answer="The mail server refuses this address.")
    except (SMTPException, OSError) as away:
        return Outcome("message", answer=f"The mail server took it not ({type(away).__name__}).")
    return Outcome(answer="ok")


SENDERS = {
    Endpoint.Kind.WEBHOOK: _webhook,
    Endpoint.Kind.SLACK_INCOMING: _slack_incoming,
    Endpoint.Kind.SLACK_BOT: _slack_bot,
}
