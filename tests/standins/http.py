"""A small real HTTP server with a plan of faults, for stand-ins that speak a vendor's wire format."""

import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a vendor sees it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any = None  # JSON, or bytes as they are
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False  # the connection ends before the body does
    silent: bool = False  # the connection ends without an answer


class Plan:
    """Which request meets which fault: drawn from a seed, never more than `in_a_row` one after the other."""

    def __init__(self, faults: Sequence[str] = (), *, seed: int = 0, share: float = 0.15, in_a_row: int = 2) -> None:
        self.faults, self.share, self.in_a_row = tuple(faults), share, in_a_row
        self.random, self.row = random.Random(seed), 0
        self.met: Counter[str] = Counter()
        self.forced: list[str] = []

    def force(self, *faults: str) -> None:
        """The next requests meet these, one each; "" lets one through."""
        self.forced += faults

    def draw(self) -> str:
        fault = ""
        if self.forced:
            fault = self.forced.pop(0)
        elif self.faults and self.row < self.in_a_row and self.random.random() < self.share:
            fault = self.random.choice(self.faults)
        self.row = self.row + 1 if fault else 0
        if fault:
            self.met[fault] += 1
        return fault


class Standin:
    """Subclasses say in `answer` what the vendor says, and in `fault` how it fails."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.calls: list[str] = []
        self.lock = threading.RLock()
        self.address = self.elsewhere = ""
        self.ended: int | None = None  # calls when a token ended last
        self.held = threading.Event()  # the fault "timeout" waits for it

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def fault(self, kind: str, asked: Asked) -> Answer:
        """Faults every vendor has; a subclass adds its own and gives others here."""
        if kind == "500":
            return Answer({"message": "internal error"}, 500)
        if kind == "502":
            return Answer(HTML, 502, {"Content-Type": "text/html"})
        if kind == "html":
            return Answer(HTML, 200, {"Content-Type": "text/html"})
        if kind == "junk":
            told = self.answer(asked)
            name = "records" if "records" in told.body else "results"
            return Answer({**told.body, name: [None, "text", {}, *told.body[name]]})
        if kind == "redirect":
            return Answer({}, 302, {"Location": self.elsewhere})
        if kind == "closed":
            return Answer(silent=True)
        if kind == "timeout":
            self.held.wait(5)
            return Answer(silent=True)
        if kind == "cut":
            return Answer(self.answer(asked).body, cut=True)
        if kind == "half":
            whole = json.dumps(self.answer(asked).body).encode()
            return Answer(whole[: len(whole) // 2], 200, {"Content-Type": "application/json"})
        raise ValueError(kind)

    def ends_now(self) -> bool:
        """A token that was just handed out lives for some calls."""
        if self.ended is not None and len(self.calls) - self.ended < 6:
            return False
        self.ended = len(self.calls)
        return True

    def respond(self, asked: Asked) -> Answer:
        with self.lock:
            self.calls.append(f"{asked.method} {asked.path}")
            kind = self.plan.draw()
        if kind == "timeout":
            return self.fault(kind, asked)
        with self.lock:
            return self.fault(kind, asked) if kind else self.answer(asked)

    @contextmanager
    def running(self) -> Iterator["Standin"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.respond))
        server.daemon_threads = True
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.held.set()
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(respond: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = parse_qs(parts.query, keep_blank_values=True)
            self._send(respond(Asked(self.command, parts.path, query, dict(self.headers.items()), body)))

        do_GET = do_POST = _serve

        def _send(self, answer: Answer) -> None:
            if answer.silent:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json;charset=utf-8", **answer.headers}
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.cut:
                self.close_connection = True
                raw = raw[: len(raw) // 2]
            self.wfile.write(raw)
            if answer.cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler
