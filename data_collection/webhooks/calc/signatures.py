"""Who sent it: the four ways a sender proves itself, each checked against one secret.

Every check takes the raw body as it came; a body read and written again has another signature. Comparisons take the
same time wherever they differ.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TOKEN_HEADER = "x-webhook-token"  # noqa: S105 - the name of a header
_HEX = re.compile(r"[0-9a-f]{64}")
#: What HubSpot decodes in the address before it signs.
_HUBSPOT_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came."""

    method: str
    uri: str  # whole address with query, as the sender wrote it
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What a valid signature says beside its being valid."""

    seal: str  # the same for the same bytes signed at the same moment: a replay carries it again; "" = none
    key: str = ""  # the sender's own id of the message, when it is under the signature


def check(scheme: str, arrived: Arrived, secret: str, *, now: float, window: int) -> Proof | None:
    """None: not from whoever holds the secret, or too old, or from the future.

    Args:
        scheme: a key of `SCHEMES`.
        now: seconds since the epoch.
        window: seconds a timestamp may be off, either way.
    """
    return SCHEMES[scheme](arrived, secret, now, window) if secret else None


def _standard(arrived: Arrived, secret: str, now: float, window: int) -> Proof | None:
    """https://www.standardwebhooks.com: id.timestamp.body, HMAC-SHA256, base64."""
    given = arrived.headers
    message, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    key = _standard_key(secret)
    if not message or key is None or not _in_time(stamp, 1, now, window):
        return None
    mac = hmac.new(key, f"{message}.{stamp}.".encode() + arrived.body, hashlib.sha256).digest()
    wanted = base64.b64encode(mac).decode()
    signatures = [one.removeprefix("v1,") for one in given.get("webhook-signature", "").split() if one[:3] == "v1,"]
    if not any(_same(wanted, one) for one in signatures):
        return None
    return Proof(_seal(wanted), message)


def _standard_key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix("whsec_") + "==") or None
    except (binascii.Error, ValueError):
        return None


def _hmac(arrived: Arrived, secret: str, now: float, window: int) -> Proof | None:
    """`X-Signature: sha256=<hex>` over timestamp + "." + body, with `X-Timestamp` in seconds."""
    stamp = arrived.headers.get("x-timestamp", "")
    given = arrived.headers.get("x-signature", "").strip().removeprefix("sha256=").lower()
    if not _HEX.fullmatch(given) or not _in_time(stamp, 1, now, window):
        return None
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + arrived.body, hashlib.sha256).hexdigest()
    return Proof(_seal(wanted)) if _same(wanted, given) else None


def _hubspot(arrived: Arrived, secret: str, now: float, window: int) -> Proof | None:
    """HubSpot's v3: method + address + body + timestamp in milliseconds, with the app's client secret, base64."""
    stamp = arrived.headers.get("x-hubspot-request-timestamp", "")
    if not _in_time(stamp, 1000, now, window):
        return None
    source = (arrived.method + hubspot_uri(arrived.uri)).encode() + arrived.body + stamp.encode()
    wanted = base64.b64encode(hmac.new(secret.encode(), source, hashlib.sha256).digest()).decode()
    if not _same(wanted, arrived.headers.get("x-hubspot-signature-v3", "")):
        return None
    return Proof(_seal(wanted))


def hubspot_uri(uri: str) -> str:
    """The address as HubSpot signs it: some escapes decoded, the rest as it is."""
    return re.sub(r"%[0-9A-Fa-f]{2}", lambda m: _HUBSPOT_DECODED.get(m[0].upper(), m[0]), uri)


def _token(arrived: Arrived, secret: str, now: float, window: int) -> Proof | None:
    """A secret word in a header: says who sends, not what was sent or when."""
    bearer = arrived.headers.get("authorization", "")
    given = arrived.headers.get(TOKEN_HEADER, "") or bearer.removeprefix("Bearer ").strip()
    return Proof("") if _same(secret, given) else None


def _in_time(stamp: str, per_second: int, now: float, window: int) -> bool:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 16):
        return False
    return abs(now - int(stamp) / per_second) <= window


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))


def _seal(signature: str) -> str:
    return hashlib.sha256(signature.encode()).hexdigest()


SCHEMES: dict[str, Callable[[Arrived, str, float, int], Proof | None]] = {
    "standard": _standard,
    "hmac": _hmac,
    "hubspot": _hubspot,
    "token": _token,
}
