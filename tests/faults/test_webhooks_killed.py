"""kill -9 at thirty random statements, of the inbox's worker and of the outbox's relay: nothing lost, nothing doubled.

The worker is forked inside the product and kills itself before its n-th statement, so that every place between two
statements can be hit, right after a commit or a delivery too.
"""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.product import Product, product

pytestmark = [pytest.mark.faults, pytest.mark.slow]
KILLS = 30

CUT = """
import json, os, random, signal
from datetime import timedelta
from django.db import connection
from django.utils import timezone

def cut(number, work):
    "Work in a child that dies before its number-th statement; whether it died."
    connection.close()
    pid = os.fork()
    if pid == 0:
        seen = 0
        def count(execute, sql, params, many, context):
            global seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)
        globals()["seen"] = 0
        with connection.execute_wrapper(count):
            work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])

def cut_often(dice, kills, most, work, model):
    died = 0
    while died < kills:
        died += cut(dice.randrange(1, most), work)
        model.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    return died
"""

INBOX = """
import hashlib
from data_collection.models import FieldTimes, InboxMessage, Lead, MarketingEvent, WebhookSource
from data_collection.webhooks.selectors import recipe_document, shipped_recipes
from data_collection.webhooks.services.processing import inbox_run
from salesops.models import Company

Company(name="C", reporting_currency="USD", time_zone="UTC").save()
recipe = recipe_document(shipped_recipes()["generic"])

def fill(system):
    dice = random.Random(5)
    source = WebhookSource.objects.create(slug=system, name=system, system=system, scheme="hmac", recipe=recipe)
    for n in range(MESSAGES):
        who = n % 30 if n < 30 else dice.randrange(30)
        person = {"id": f"p{who}", "email": f"p{who}@{system}.example"}
        person[dice.choice(["company", "title", "phone"])] = f"v{n}"
        at = f"2026-03-{dice.randrange(1, 28):02d}T10:{dice.randrange(60):02d}:00Z"
        payload = {"id": f"e{n % (MESSAGES * 9 // 10)}", "type": "visit", "occurred_at": at, "person": person, "n": n}
        body = json.dumps(payload).encode()
        InboxMessage.objects.create(source=source, key=f"k{n}", body=body, content_type="application/json")

def content(system):
    pks = {row.pk: row.external_id for row in Lead.objects.filter(system=system)}
    leads = sorted(Lead.objects.filter(system=system).values_list(
        "external_id", "company", "title", "phone", "created_on", "modified_at"))
    events = sorted(MarketingEvent.objects.filter(system=system).values_list("external_id", "day", "lead__external_id"))
    kept = FieldTimes.objects.filter(row_id__in=pks)
    times = sorted((pks[row.row_id], json.dumps(row.times, sort_keys=True)) for row in kept)
    states = sorted(InboxMessage.objects.filter(source__slug=system).values_list("key", "state"))
    return leads, events, times, states

fill("calm")
while inbox_run():
    pass
fill("cut")
died = cut_often(random.Random(3), KILLS, 90, inbox_run, InboxMessage)
while inbox_run():
    pass
calm, hurt = content("calm"), content("cut")
print(json.dumps({
    "died": died, "leads": len(calm[0]), "events": len(calm[1]), "same": [a == b for a, b in zip(calm, hurt)],
    "tries": InboxMessage.objects.filter(source__slug="cut", tries__gt=1).count(),
}))
"""

OUTBOX = """
from salesops.models import Endpoint, Outbox
from salesops.notices.calc.signing import new_secret
from salesops.notices.services import event_queue
from salesops.notices.services.relay import relay_run

Endpoint.objects.create(name="r", url=URL, secret=new_secret(), events=["x"])
for n in range(MESSAGES):
    event_queue(kind="x", payload={"n": n}, key=f"k{n}", subject=f"lead:{n % 17}")
died = cut_often(random.Random(4), KILLS, 45, relay_run, Outbox)
while relay_run().sent:
    pass
print(json.dumps({
    "died": died, "left": Outbox.objects.exclude(state="sent").count(),
    "ids": [row.message_id for row in Outbox.objects.order_by("pk")],
}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with product("hooks_killed", tmp_path_factory.mktemp("hooks"), broker=12) as one:
        one.environ["OUTGOING_ALLOW_PRIVATE"] = "1"
        yield one


def run(made: Product, code: str, **values: object) -> dict:
    names = "\n".join(f"{name} = {value!r}" for name, value in {"KILLS": KILLS, **values}.items())
    return json.loads(made.run(f"{names}\n{CUT}\n{code}").splitlines()[-1])


def test_the_inbox_ends_as_without_kills(made: Product) -> None:
    found = run(made, INBOX, MESSAGES=150)
    assert found["died"] == KILLS and found["tries"] > 5
    assert found["leads"] == 30 and found["events"] == 135
    assert found["same"] == [True, True, True, True]


def test_the_receiver_gets_every_id(made: Product, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("ok")
    found = run(made, OUTBOX, MESSAGES=120, URL=httpserver.url_for("/hook"))
    got = Counter(request.headers["webhook-id"] for request, _answer in httpserver.log)
    assert found["died"] == KILLS and found["left"] == 0
    assert set(got) == set(found["ids"]) and len(found["ids"]) == 120
    assert 120 < sum(got.values()) <= 120 + KILLS  # a kill between delivery and its mark sends once more
    order: dict[str, int] = {}
    for request, _answer in httpserver.log:
        body = request.get_json()
        subject = body["data"]["n"] % 17
        assert body["sequence"] >= order.get(str(subject), 0), "an older event came after a newer one"
        order[str(subject)] = body["sequence"]
