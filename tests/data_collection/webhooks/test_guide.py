"""The examples of the guide work as they are printed."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from data_collection.models import InboxMessage
from data_collection.webhooks.selectors import recipe_document
from salesops.notices.calc.signing import headers, new_secret
from tests.data_collection.webhooks.conftest import SECRET

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide/webhooks.md"


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
@pytest.mark.django_db(transaction=True)
def test_sending_by_curl_and_openssl(make_source: Callable, live_server: object) -> None:
    make_source()
    environ = {**os.environ, "URL": f"{live_server.url}/hooks/web/", "SECRET": SECRET}
    for duplicate in ("false", "true"):
        done = subprocess.run(["bash", "-c", example("send")], env=environ, capture_output=True, text=True, check=True)
        assert done.stdout == f'{{"accepted": true, "duplicate": {duplicate}}}', done.stderr
    assert InboxMessage.objects.get().key == "event:evt-1001"


def test_verifying_what_we_sign() -> None:
    room: dict = {}
    exec(example("verify"), room)  # the guide's own code
    secret, body = new_secret(), b'{"a": 1}'
    signed = headers(message_id="msg_1", at=timezone.now(), body=body.decode(), signing=[new_secret(), secret])
    assert room["is_genuine"](secret, signed, body) is True
    assert room["is_genuine"](secret, signed, body + b" ") is False
    assert room["is_genuine"](new_secret(), signed, body) is False
    old = headers(message_id="msg_1", at=datetime(2026, 1, 1, tzinfo=UTC), body=body.decode(), signing=[secret])
    assert room["is_genuine"](secret, old, body) is False


def test_the_recipe_of_the_guide_has_no_mistake() -> None:
    found = re.search(r"### Writing a recipe\n\n```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None and recipe_document(found[1])["title"] == "Our shop"
