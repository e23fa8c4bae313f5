"""The one way out to addresses people typed in: never to a private network, no redirects, little time and memory.

`requests-hardened` resolves a name once and connects to that very address, so a name that changes its mind between
check and connect (DNS rebinding) gains nothing. Its list of ranges is completed by `addresses.is_public`.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from salesops.notices.calc.addresses import AddressRefused, is_public, parse_address

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5, 10, 15
MOST_READ = 16 * 1024  # bytes of an answer; nobody reads more of it
PRIVATE = "This address leads into a private network; nothing is sent there (see OUTGOING_ALLOW_PRIVATE)."


class Unreachable(Exception):
    """No answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    text: str  # begin of the body
    retry_after: str
    took_ms: int


def address_check(url: str) -> None:
    """Whether we would send there now.

    Raises:
        AddressRefused: form, scheme, port, a name nobody knows, or a private network.
    """
    parts = parse_address(url, allow_private=settings.OUTGOING_ALLOW_PRIVATE)
    if settings.OUTGOING_ALLOW_PRIVATE:
        return
    try:
        address = filter_host(parts.hostname or "", parts.port or 443, allow_loopback=False)
    except InvalidIPAddress:
        raise AddressRefused(PRIVATE) from None
    except (requests.RequestException, OSError, UnicodeError):
        raise AddressRefused("This host is not known; look at its spelling.") from None
    if not is_public(address):
        raise AddressRefused(PRIVATE)


def post(url: str, *, body: bytes, headers: dict[str, str]) -> Answer:
    """Send a body and read the begin of the answer.

    Raises:
        AddressRefused: we do not send there; nothing was connected.
        Unreachable: no answer in time.
    """
    parse_address(url, allow_private=settings.OUTGOING_ALLOW_PRIVATE)
    start = time.monotonic()
    try:
        with _session() as session, _cut_after(WHOLE_SECONDS) as was_cut:
            answer = session.post(url, data=body, headers=headers, stream=True)
            text = _beginning(answer)
        if was_cut():  # half an answer looks like a whole one when the connection ends there
            raise requests.Timeout
    except InvalidIPAddress:
        raise AddressRefused(PRIVATE) from None
    except (requests.RequestException, OSError, UnicodeError, ValueError) as wrong:
        raise Unreachable(_reason(wrong, time.monotonic() - start)) from None
    took = round((time.monotonic() - start) * 1000)
    return Answer(answer.status_code, text[:300], answer.headers.get("Retry-After", ""), took)


def _session() -> HTTPSession:
    filtered = not settings.OUTGOING_ALLOW_PRIVATE
    config = Config(
        ip_filter_enable=filtered,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        user_agent_override="salesops-webhooks/1",
    )
    session = HTTPSession(config)
    session.trust_env = False  # no credentials from .netrc, no proxy that would resolve the name for us
    for scheme in ("http", "https"):
        session.mount(f"{scheme}://", _Adapter(scheme == "https", filtered=filtered))
    return session


def _beginning(answer: requests.Response) -> str:
    read = b""
    for piece in answer.iter_content(4096):
        read += piece
        if len(read) >= MOST_READ:
            break
    return read[:MOST_READ].decode("utf-8", "replace").replace("\0", "")


def _reason(wrong: Exception, seconds: float) -> str:
    if isinstance(wrong, requests.Timeout) or seconds >= WHOLE_SECONDS - 1:
        return f"No answer within {max(1, round(seconds))} s."
    if isinstance(wrong, requests.exceptions.SSLError):
        return "The certificate of the other side is not valid."
    if isinstance(wrong, requests.ConnectionError):
        return "The connection was refused or broken off."
    return f"The answer could not be read ({type(wrong).__name__})."


# --- where a connection may lead, and how long it may last ---------------------------------------------------------
class _Adapter(IPFilterAdapter):
    def __init__(self, is_https: bool, *, filtered: bool) -> None:
        self._filtered = filtered
        super().__init__(is_https_proto=is_https)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        if not self._filtered:
            return super(IPFilterAdapter, self).build_connection_pool_key_attributes(request, verify, cert)
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if not is_public(host["host"]):
            raise InvalidIPAddress(host["host"])
        return host, pool


class _Watched(threading.local):
    """Doors to the sockets this thread opened, so that a timer can shut them."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []


_watched = _Watched()


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _kept(super()._new_conn())


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _kept(super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _kept(opened: socket.socket) -> socket.socket:
    _watched.sockets.append(opened.dup())
    return opened


@contextmanager
def _cut_after(seconds: float) -> Iterator[Callable[[], bool]]:
    """End the conversation after so long in all: the other timeouts begin anew with every byte. Yields: was it cut?"""
    sockets = _watched.sockets = []
    cut = threading.Event()
    timer = threading.Timer(seconds, _shut, [sockets, cut])
    timer.daemon = True
    timer.start()
    try:
        yield cut.is_set
    finally:
        timer.cancel()
        for door in sockets:
            door.close()


def _shut(sockets: list[socket.socket], cut: threading.Event) -> None:
    cut.set()
    for door in sockets:
        try:
            door.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed already
