"""Receivers that speak the real wire format on this machine."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_httpserver import HTTPServer

from salesops.models import Endpoint, Outbox
from salesops.notices.calc.signing import new_secret


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: object) -> None:
    settings.OUTGOING_ALLOW_PRIVATE = True


@pytest.fixture
def make_endpoint(db: None, httpserver: HTTPServer) -> Callable[..., Endpoint]:
    """An endpoint at a path of the local receiver."""

    def make(name: str = "crm", **fields: object) -> Endpoint:
        fields = {"url": httpserver.url_for(f"/{name}"), "secret": new_secret(), "events": ["x"]} | fields
        return Endpoint.objects.create(name=name, **fields)

    return make


@pytest.fixture
def all_due(db: None) -> Callable[[], None]:
    """The time of every waiting row and endpoint has come."""

    def come() -> None:
        Outbox.objects.filter(state="queued").update(next_try_at=timezone.now())
        Endpoint.objects.update(not_before=timezone.now())

    return come
