"""A stand-in for Pipedrive's API on a port of this machine.

It answers as the API reference describes it: cursors in the newer API (`/api/v2`), start and limit in the older
(`/v1`), times of both kinds, errors as `success: false`, rate limits with their headers, tokens by key or OAuth with
rotating refresh tokens. `faults` breaks chosen requests; the number of every request is counted.
"""

import base64
import copy
import json
import logging
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

Record = dict[str, Any]
API_TOKEN = "pd-token-0000"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
COLOUR = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2"  # a custom field with choices, of organizations and deals
SIZE = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"


def v2_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def v1_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


@dataclass
class Pipedrive:
    """What a small company holds. Times of change are `update_time` of every record."""

    now: datetime = START
    users: list[Record] = field(default_factory=list)
    pipelines: list[Record] = field(default_factory=list)
    stages: list[Record] = field(default_factory=list)
    products: dict[int, Record] = field(default_factory=dict)
    organizations: dict[int, Record] = field(default_factory=dict)
    persons: dict[int, Record] = field(default_factory=dict)
    leads: dict[str, Record] = field(default_factory=dict)
    deals: dict[int, Record] = field(default_factory=dict)
    activities: dict[int, Record] = field(default_factory=dict)
    lines: dict[int, list[Record]] = field(default_factory=dict)
    flow: dict[int, list[Record]] = field(default_factory=dict)
    recents: list[Record] = field(default_factory=list)  # with "at"
    numbers: int = 1000

    # --- what people do there -------------------------------------------------------------
    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def stamped(self, record: Record) -> Record:
        record["update_time"] = v2_time(self.now)
        record.setdefault("add_time", v2_time(self.now))
        return record

    def change(self, object: str, key: Any, **values: Any) -> None:
        record = getattr(self, object)[key]
        record |= values
        self.stamped(record)
        if object == "leads":
            record["update_time"] = self.now.isoformat().replace("+00:00", ".000Z")

    def change_deal(self, key: int, **values: Any) -> None:
        """A change that the deal's flow tells of."""
        deal = self.deals[key]
        for name, new in values.items():
            self.numbers += 1
            shown = next((s["name"] for s in self.stages if name == "stage_id" and s["id"] == new), None)
            data = {
                "id": self.numbers, "item_id": key, "user_id": 1, "field_key": {"owner_id": "user_id"}.get(name, name),
                "old_value": _text(deal.get(name)), "new_value": _text(new), "is_bulk_update_flag": None,
                "log_time": v1_time(self.now), "change_source": "app",
                "additional_data": {"new_value_formatted": shown} if shown else {},
            }  # fmt: skip
            self.flow.setdefault(key, []).append({"object": "dealChange", "timestamp": v1_time(self.now), "data": data})
        if values.get("status") in ("won", "lost"):
            values |= {f"{values['status']}_time": v2_time(self.now), "close_time": v2_time(self.now)}
        self.change("deals", key, **values)

    def delete(self, object: str, key: Any) -> None:
        record = getattr(self, object)[key]
        record["is_deleted"] = True
        self.stamped(record)
        if object == "deals":
            record["status"] = "deleted"
            return
        if object == "leads":
            del self.leads[key]
            return
        data = {"id": key, "active_flag": False, "update_time": v1_time(self.now)}
        item = {"organizations": "organization", "persons": "person", "activities": "activity"}[object]
        self.recents.append({"item": item, "id": key, "data": data, "at": self.now})

    def merge(self, object: str, loser: int, winner: int) -> None:
        """The loser is deleted and names the winner."""
        self.delete(object, loser)
        self.recents[-1]["data"]["merge_what_id"] = winner
        for deal in self.deals.values():
            name = {"organizations": "org_id", "persons": "person_id"}[object]
            if deal[name] == loser:
                deal[name] = winner
                self.stamped(deal)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def company(seed: int = 1, *, deals: int = 14) -> Pipedrive:
    """A company with odd values in it, the same for the same seed."""
    made, dice = Pipedrive(), random.Random(seed)
    made.users = [
        {"id": 1, "name": "Rui Rocha", "email": "rui@example.test", "active_flag": True, "is_deleted": False},
        {"id": 2, "name": "Żaneta Ödegård", "email": "zaneta@example.test", "active_flag": True, "is_deleted": False},
        {"id": 3, "name": "Gone Person", "email": "gone@example.test", "active_flag": False, "is_deleted": False},
    ]
    made.pipelines = [{"id": 1, "name": "Sales", "order_nr": 0, "is_deleted": False}]
    made.pipelines += [{"id": 2, "name": "Renewals", "order_nr": 1, "is_deleted": False}]
    names = ["Qualified", "Proposal", "Negotiation"]
    made.stages = [
        {"id": n + 1, "order_nr": n % 3, "name": names[n % 3], "is_deleted": False, "pipeline_id": 1 + n // 3,
         "deal_probability": [20, 50, 80][n % 3]}
        for n in range(6)
    ]  # fmt: skip
    for n in range(1, 4):
        prices = [{"product_id": n, "price": 100.5 * n, "currency": "EUR", "cost": None, "notes": ""}]
        made.products[n] = made.stamped(
            {"id": n, "name": f"Product {n}", "code": None, "category": None, "prices": prices, "is_deleted": False}
        )
    for n in range(1, 12):
        made.later(minutes=1)
        address = {
            "value": f"{n} Main St",
            "country": "Thailand",
            "admin_area_level_1": None,
            "locality": "กรุงเทพฯ",
            "postal_code": "10110",
        }
        made.organizations[n] = made.stamped(
            {"id": n, "name": f"Org {n}" if n != 4 else "Ünïcode & Söhne  " + "x" * 250, "owner_id": 1 + n % 3,
             "is_deleted": False, "address": address if n % 2 else None, "label_ids": [n] if n % 3 else [],
             "custom_fields": {COLOUR: 11 if n % 2 else None, SIZE: {"value": 12.5, "currency": "EUR"}}}
        )  # fmt: skip
    for n in range(1, 14):
        made.later(minutes=1)
        emails = [
            {"value": f"p{n}@org.test", "primary": False, "label": "home"},
            {"value": f"main{n}@org.test", "primary": True, "label": "work"},
        ]
        made.persons[n] = made.stamped(
            {"id": n, "name": f"First{n} Last{n}", "first_name": f"First{n}",
             "last_name": f"Last{n}" if n % 4 else None,
             "owner_id": 2, "org_id": 1 + n % 11 if n % 5 else None, "is_deleted": False, "custom_fields": {},
             "emails": emails if n % 3 else [],
             "phones": [{"value": "+66 2 123 4567", "primary": True, "label": "work"}]}
        )  # fmt: skip
    for n in range(1, 7):
        made.later(minutes=1)
        key = f"adf21080-0e10-11eb-879b-05d71fb426{n:02d}"
        made.leads[key] = {
            "id": key, "title": f"Lead {n}", "owner_id": 1, "person_id": n, "organization_id": n if n % 2 else None,
            "source_name": "Web", "is_archived": n == 6, "was_seen": n % 2 == 0, "expected_close_date": None,
            "value": {"amount": 999.5, "currency": "USD"} if n % 2 else None, COLOUR: 12,
            "add_time": "2026-03-01T10:00:00.000Z", "update_time": made.now.isoformat().replace("+00:00", ".000Z"),
        }  # fmt: skip
    for n in range(1, deals + 1):
        _deal(made, n, dice)
    for n in range(1, 16):
        made.later(minutes=1)
        made.activities[n] = made.stamped(
            {"id": n, "subject": f"Call {n}" if n != 3 else None,
             "type": ["call", "meeting", "task", "lunch", "email"][n % 5],
             "owner_id": 1 + n % 3, "is_deleted": False, "done": n % 4 != 0, "deal_id": n % deals + 1, "lead_id": None,
             "org_id": None, "person_id": n % 13 + 1, "due_date": "2026-03-05", "due_time": "",
             "duration": ["00:30", "01:15:00", ""][n % 3],
             "marked_as_done_time": "2026-03-05T09:30:00Z" if n % 4 and n % 2 else None}
        )  # fmt: skip
    return made


def _deal(made: Pipedrive, n: int, dice: random.Random) -> None:
    made.later(minutes=2)
    pipeline = 1 + n % 2
    made.deals[n] = made.stamped(
        {"id": n, "title": f"Deal {n}", "owner_id": 1, "person_id": n % 13 + 1, "org_id": n % 11 + 1,
         "stage_id": 3 * pipeline - 2, "pipeline_id": pipeline, "currency": "EUR",
         "value": None if n == 2 else 1000.25 * n, "status": "open", "probability": None if n % 2 else 40,
         "expected_close_date": "2026-06-30", "lost_reason": None,
         "is_archived": n == 5, "is_deleted": False, "won_time": None, "lost_time": None, "close_time": None,
         "label_ids": [], "custom_fields": {COLOUR: dice.choice([11, 12, None])}}
    )  # fmt: skip
    if n % 3 == 0:
        made.later(hours=20)
        made.change_deal(n, stage_id=3 * pipeline - 1)
    if n % 4 == 0:
        made.later(hours=30)
        made.change_deal(n, owner_id=2, value=2222)
    if n % 6 == 0:
        made.change_deal(n, status="won")
    elif n % 5 == 0:
        made.change_deal(n, status="lost", lost_reason="Price")
    made.lines[n] = [
        {"id": 10 * n + k, "deal_id": n, "product_id": k + 1, "name": f"Product {k + 1}", "quantity": 2,
         "item_price": 50, "discount": 10, "discount_type": "percentage", "sum": 90, "tax": 0,
         "currency": "EUR", "is_enabled": True}
        for k in range(n % 3)
    ]  # fmt: skip


# --- the wire ------------------------------------------------------------------------------
Fault = Callable[[Request], Response | None]


@dataclass
class StandIn:
    """Answers requests from a company's records."""

    company: Pipedrive
    server: HTTPServer
    faults: dict[int, list[str]] = field(default_factory=dict)  # number of the request -> faults, in order of tries
    calls: int = 0
    seen: list[str] = field(default_factory=list)
    token: str = API_TOKEN
    oauth: dict[str, str] = field(default_factory=dict)  # access, refresh: set to ask for a bearer token
    refreshed: int = 0
    before: Callable[[int, Request], None] = lambda number, request: None
    pause: float = 0.4  # seconds a timeout keeps the other side waiting
    last: dict[str, Response] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return self.server.url_for("").rstrip("/")

    def handle(self, request: Request) -> Response:
        with self.lock:
            self.calls += 1
            number = self.calls
            self.seen.append(f"{request.method} {request.path}?{request.query_string.decode()}")
            self.before(number, request)
            wanted = self.faults.get(number, [])
            fault = wanted.pop(0) if wanted else ""
        if fault:
            broken = self._fault(fault, request)
            if broken is not None:
                return broken
        with self.lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            return self._refresh(request)
        if not self._known(request):
            return refused(401, "unauthorized access")
        for pattern, answer in ROUTES.items():
            found = re.fullmatch(pattern, request.path)
            if found:
                response = answer(self, request, *found.groups())
                self.last[request.path] = response
                return response
        return refused(404, "Unknown method .")

    def _known(self, request: Request) -> bool:
        if "api_token" in request.args:
            return False  # a token in an address ends in logs
        if self.oauth:
            return request.headers.get("Authorization") == f"Bearer {self.oauth['access']}"
        return request.headers.get("x-api-token") == self.token

    def _refresh(self, request: Request) -> Response:
        given = request.form.get("refresh_token")
        if request.authorization is None or given != self.oauth.get("refresh"):
            return answer({"success": False, "error": "invalid_grant", "message": "Invalid grant"}, 400)
        self.refreshed += 1
        self.oauth = {"access": f"access-{self.refreshed}", "refresh": f"refresh-{self.refreshed}"}
        return answer(
            {"access_token": self.oauth["access"], "refresh_token": self.oauth["refresh"], "token_type": "Bearer",
             "scope": "base", "expires_in": 3599, "api_domain": "https://acme.pipedrive.com"}
        )  # fmt: skip

    def _fault(self, kind: str, request: Request) -> Response | None:
        if kind == "429":
            response = refused(429, "request over limit")
            response.headers |= {"x-ratelimit-limit": "40", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
            response.headers["Retry-After"] = "2"
            return response
        if kind == "long":
            response = refused(429, "daily budget used up")
            response.headers["Retry-After"] = "1800"
            return response
        if kind == "500":
            return Response("<html><body>Internal Server Error</body></html>", 500, content_type="text/html")
        if kind == "502":
            return refused(502, "bad gateway")
        if kind == "timeout":
            threading.Event().wait(self.pause)
            return Response("", 504)
        if kind == "html":
            return Response("<html><title>Just a moment...</title></html>", 200, content_type="text/html")
        if kind == "cut":
            whole = self._answer(request).get_data()
            return Response(whole[: len(whole) // 2], 200, content_type="application/json; charset=utf-8")
        if kind == "expired":
            self.oauth = self.oauth and {**self.oauth, "access": "expired"}
            return None
        if kind == "again" and request.args.get("cursor") and request.path in self.last:
            return self.last[request.path]  # the page before, with its cursor
        if kind == "dead" and request.args.get("cursor"):
            return refused(400, "Invalid cursor provided")
        return None


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")


def refused(status: int, error: str) -> Response:
    return answer({"success": False, "error": error, "errorCode": status, "data": None}, status)


def by_cursor(request: Request, records: list[Record]) -> Response:
    """A page of the newer API: sorted by id, from the one the cursor names."""
    records = sorted((r for r in records), key=lambda r: (r.get("id") is None, r.get("id") or 0))
    since, limit = request.args.get("updated_since"), int(request.args.get("limit", 100))
    if since:
        records = [r for r in records if r.get("update_time", "9") >= since]
    if limit > 500:
        return refused(400, "limit: must be at most 500")
    after = int(base64.b64decode(request.args["cursor"]).decode()) if request.args.get("cursor") else -1
    records = [r for r in records if r.get("id") is None or r["id"] > after]
    page, rest = records[:limit], records[limit:]
    cursor = base64.b64encode(str(page[-1]["id"]).encode()).decode() if rest else None
    return answer({"success": True, "data": copy.deepcopy(page), "additional_data": {"next_cursor": cursor}})


def by_start(request: Request, records: list[Record]) -> Response:
    """A page of the older API."""
    start, limit = int(request.args.get("start", 0)), int(request.args.get("limit", 100))
    more = start + limit < len(records)
    pagination = {"start": start, "limit": limit, "more_items_in_collection": more}
    pagination |= {"next_start": start + limit} if more else {}
    data = records[start : start + limit] or None
    return answer({"success": True, "data": data, "additional_data": {"pagination": pagination}})


def alive(records: dict[Any, Record]) -> list[Record]:
    return [r for r in records.values() if not r.get("is_deleted")]


def the_deals(stand: StandIn, request: Request, *, archived: bool) -> Response:
    wanted = request.args.get("status", "open,won,lost").split(",")
    found = [
        d for d in stand.company.deals.values() if d["status"] in wanted and bool(d.get("is_archived")) == archived
    ]
    return by_cursor(request, found)


def the_lines(stand: StandIn, request: Request) -> Response:
    keys = [int(key) for key in request.args["deal_ids"].split(",")]
    if len(keys) > 100:
        return refused(400, "deal_ids: at most 100")
    return by_cursor(request, [line for key in keys for line in stand.company.lines.get(key, [])])


def the_leads(stand: StandIn, request: Request, *, archived: bool) -> Response:
    found = [lead for lead in stand.company.leads.values() if lead["is_archived"] == archived]
    field_, way = request.args.get("sort", "id ASC").split(" ")
    return by_start(request, sorted(found, key=lambda lead: lead[field_], reverse=way == "DESC"))


def the_flow(stand: StandIn, request: Request, key: str) -> Response:
    deal = stand.company.deals.get(int(key))
    if deal is None:
        return refused(404, "Deal not found")
    note = {"object": "note", "timestamp": v1_time(START), "data": {"id": 5}}
    found = [note, *stand.company.flow.get(int(key), [])]
    if request.args.get("items") == "dealChange":
        found = found[1:]
    return by_start(request, list(reversed(found)))


def the_recents(stand: StandIn, request: Request) -> Response:
    items = request.args.get("items", "").split(",")
    since = datetime.strptime(request.args["since_timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    found = [r for r in stand.company.recents if r["item"] in items and r["at"] >= since]
    return by_start(request, [{k: v for k, v in r.items() if k != "at"} for r in found])


def the_fields(stand: StandIn, request: Request, object: str) -> Response:
    plain = [{"id": 1, "key": "title", "name": "Title", "field_type": "varchar"}]
    custom = [
        {"id": 2, "key": COLOUR, "name": "Colour", "field_type": "enum",
         "options": [{"id": 11, "label": "Blue"}, {"id": 12, "label": "Red"}]},
        {"id": 3, "key": SIZE, "name": "Size", "field_type": "monetary"},
    ]  # fmt: skip
    return by_start(request, plain + (custom if object in ("deal", "organization") else []))


def the_me(stand: StandIn, request: Request) -> Response:
    return answer({"success": True, "data": {"id": 1, "name": "Rui Rocha", "company_name": "Acme Ltd"}})


ROUTES: dict[str, Callable[..., Response]] = {
    r"/v1/users/me": the_me,
    r"/v1/users": lambda s, r: answer({"success": True, "data": s.company.users}),
    r"/v1/(deal|person|organization|product)Fields": the_fields,
    r"/v1/leads": lambda s, r: the_leads(s, r, archived=False),
    r"/v1/leads/archived": lambda s, r: the_leads(s, r, archived=True),
    r"/v1/deals/(\d+)/flow": the_flow,
    r"/v1/recents": the_recents,
    r"/api/v2/pipelines": lambda s, r: by_cursor(r, s.company.pipelines),
    r"/api/v2/stages": lambda s, r: by_cursor(r, s.company.stages),
    r"/api/v2/products": lambda s, r: by_cursor(r, alive(s.company.products)),
    r"/api/v2/organizations": lambda s, r: by_cursor(r, alive(s.company.organizations)),
    r"/api/v2/persons": lambda s, r: by_cursor(r, alive(s.company.persons)),
    r"/api/v2/deals": lambda s, r: the_deals(s, r, archived=False),
    r"/api/v2/deals/archived": lambda s, r: the_deals(s, r, archived=True),
    r"/api/v2/deals/products": the_lines,
    r"/api/v2/activities": lambda s, r: by_cursor(r, alive(s.company.activities)),
}
KINDS = ("429", "500", "502", "timeout", "html", "cut", "again", "dead")


def fault_plan(seed: int, *, calls: int, faults: int) -> dict[int, list[str]]:
    """Which requests break and how; never the same twice for different seeds."""
    dice = random.Random(seed)
    return {dice.randrange(2, calls): [dice.choice(KINDS)] for _ in range(faults)}


@contextmanager
def stand_in(made: Pipedrive, **options: Any) -> Iterator[StandIn]:
    server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
    found = StandIn(made, server, **options)
    server.expect_request(re.compile(r".*")).respond_with_handler(found.handle)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server.start()
    try:
        yield found
    finally:
        server.clear()
        server.stop()
