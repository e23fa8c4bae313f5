"""Signatures of outgoing webhooks, as https://www.standardwebhooks.com describes them."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A fresh secret, `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(*, message_id: str, at: datetime, body: str, signing: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature per secret, so that a receiver may hold the old or the new one.

    Args:
        at: the time of this try, aware.
        signing: secrets in force, the newest first.
    """
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in signing]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
