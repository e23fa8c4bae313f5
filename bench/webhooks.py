# ruff: noqa: T201  (a bench talks to the terminal)
"""Webhooks: how many are accepted a second over HTTP, how many are worked, and whether the tables end as they should.

    python -m salesops.launcher test -- python bench/webhooks.py [--messages 10000] [--workers 2]

Messages about 500 people, each with some fields, are signed and sent by eight connections; 30 % are sent twice and 20 %
out of order. Afterwards every lead and event is compared with an oracle: one dictionary, filled in the order of time.
The sender runs on the same machine and takes its share of the processors.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.product import Product, product, wait_until  # noqa: E402

SECRET = "a-word-only-both-know"  # noqa: S105 - of this bench
PEOPLE, CONNECTIONS = 500, 8

SOURCE = """
from data_collection.models import WebhookSource
from data_collection.webhooks.selectors import recipe_document, shipped_recipes
from salesops.models import Company
Company(name="C", reporting_currency="USD", time_zone="UTC").save()
recipe = recipe_document(shipped_recipes()["generic"])
WebhookSource.objects.create(
    slug="bench", name="B", system="bench", scheme="hmac", secret={secret!r}, recipe=recipe, most_per_minute=10**8
)
"""
WORK = """
import os
from django.db import connection
from data_collection.webhooks.services.processing import inbox_run
from data_collection.models import InboxMessage
connection.close()
for _ in range({workers}):
    if os.fork() == 0:
        while InboxMessage.objects.filter(state="queued").exists():
            inbox_run(seconds=600)
        os._exit(0)
for _ in range({workers}):
    os.wait()
"""


def made_up(count: int, dice: random.Random) -> list[dict]:
    """Messages in the order of time."""
    found = []
    for n in range(count):
        person = {"id": f"p{dice.randrange(PEOPLE)}", dice.choice(["company", "title", "phone", "country"]): f"v{n}"}
        at = f"2026-{1 + n * 11 // count:02d}-{1 + n % 28:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00Z"
        found.append({"id": f"e{n}", "type": "visit", "occurred_at": at, "person": person})
    return found


def as_sent(messages: list[dict], dice: random.Random) -> list[dict]:
    """20 % moved to another place, 30 % sent a second time."""
    order = [(n + dice.uniform(-2000, 2000) * (dice.random() < 0.2), message) for n, message in enumerate(messages)]
    order += [(n + dice.uniform(0, 500), message) for n, message in enumerate(messages) if dice.random() < 0.3]
    return [message for _place, message in sorted(order, key=lambda item: item[0])]


def oracle(messages: list[dict]) -> tuple[dict[tuple[str, str], str], int]:
    values: dict[tuple[str, str], str] = {}
    for message in sorted(messages, key=lambda m: (m["occurred_at"], f"event:{m['id']}#0")):
        who = message["person"]["id"]
        values |= {(who, name): text for name, text in message["person"].items() if name != "id"}
    return values, len({message["id"] for message in messages})


def send(url: str, messages: list[dict]) -> tuple[float, dict[int, int]]:
    """Seconds it took and answers by status."""
    place, lock, codes = iter(messages), threading.Lock(), {}
    host = urlsplit(url).netloc

    def sender() -> None:
        connection = http.client.HTTPConnection(host, timeout=60)
        while True:
            with lock:
                message = next(place, None)
            if message is None:
                return
            body, stamp = json.dumps(message).encode(), str(int(time.time()))
            mac = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": f"sha256={mac}"}
            connection.request("POST", "/hooks/bench/", body, headers)
            answer = connection.getresponse()
            answer.read()
            with lock:
                codes[answer.status] = codes.get(answer.status, 0) + 1

    threads = [threading.Thread(target=sender) for _number in range(CONNECTIONS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, codes


def web(made: Product) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made.start("gunicorn", "salesops.wsgi", "-b", f"127.0.0.1:{port}", "-w", "2", "-k", "gthread", "--threads", "4")
    wait_until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), what="gunicorn listens")
    return f"http://127.0.0.1:{port}"


def compare(made: Product, expected: dict[tuple[str, str], str], events: int) -> int:
    rows = made.sql(
        "SELECT external_id, company, title, phone, country FROM data_collection_lead WHERE system = 'bench'"
    )
    names = ("company", "title", "phone", "country")
    found = {(row[0], name): text for row in rows for name, text in zip(names, row[1:], strict=True) if text}
    wrong = len(set(found.items()) ^ set(expected.items()))
    counted = made.sql("SELECT count(*) FROM data_collection_marketingevent WHERE system = 'bench'")[0][0]
    return wrong + abs(counted - events)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    dice = random.Random(7)  # noqa: S311
    messages = made_up(given.messages, dice)
    sent = as_sent(messages, dice)
    with tempfile.TemporaryDirectory() as folder, product("bench_webhooks", Path(folder), broker=14) as made:
        made.run(SOURCE.format(secret=SECRET))
        url = web(made)
        seconds, codes = send(url, sent)
        kept = made.sql("SELECT count(*) FROM data_collection_inboxmessage")[0][0]
        print(f"accepted: {len(sent):,} requests in {seconds:.1f} s = {len(sent) / seconds:,.0f}/s; answers {codes}")
        print(f"kept: {kept:,} of {given.messages:,} different messages")
        start = time.perf_counter()
        made.run(WORK.format(workers=given.workers))
        seconds = time.perf_counter() - start
        print(f"worked: {kept:,} in {seconds:.1f} s = {kept / seconds:,.0f}/s by {given.workers} workers")
        wrong = compare(made, *oracle(messages))
        print(f"differences to the oracle: {wrong}")
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return 1 if wrong or kept != given.messages or set(codes) != {202} else 0


if __name__ == "__main__":
    sys.exit(main())
