"""A source and a sender that signs as the real ones do."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from data_collection.models import InboxMessage, WebhookSource
from data_collection.webhooks.selectors import recipe_document, shipped_recipes
from data_collection.webhooks.services import accepting
from data_collection.webhooks.services.processing import inbox_run
from salesops.models import Company

SECRET = "a-word-only-both-know"
Send = Callable[..., HttpResponse]


def build_source(**fields: Any) -> WebhookSource:
    """A source whose payloads the generic recipe reads, signed by HMAC."""
    recipe = fields.pop("recipe_name", "generic")
    text = fields.pop("recipe_text", shipped_recipes().get(recipe, ""))
    fields = {"slug": "web", "name": "Web", "system": "web", "scheme": "hmac", "secret": SECRET} | fields
    return WebhookSource.objects.create(recipe=recipe_document(text), recipe_text=text, **fields)


def hmac_headers(body: bytes, *, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    stamp = str(int(time.time()) if at is None else at)
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Timestamp": stamp, "X-Signature": f"sha256={mac}"}


@pytest.fixture(autouse=True)
def _sources_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "SOURCE_SECONDS", 0)


@pytest.fixture
def make_source(company: Company) -> Callable[..., WebhookSource]:
    return build_source


@pytest.fixture
def source(company: Company) -> WebhookSource:
    return build_source()


@pytest.fixture
def send(client: Client) -> Send:
    """Post a payload, signed; `headers` are added, `signed=None` leaves the signature out."""

    def post(payload: Any, *, slug: str = "web", query: str = "", signed: Callable | None = hmac_headers, **more: str):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {
            **(signed(body) if signed else {}),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        address = f"/hooks/{slug}/" + (f"?{query}" if query else "")
        return client.post(address, body, content_type=headers.pop("Content-Type", "application/json"), headers=headers)

    return post


@pytest.fixture
def process(db: None) -> Callable[[], dict[str, int]]:
    """Work the inbox; states with their numbers."""

    def run() -> dict[str, int]:
        inbox_run()
        states = list(InboxMessage.objects.values_list("state", flat=True))
        return {state: states.count(state) for state in sorted(set(states))}

    return run
