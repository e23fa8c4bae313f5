"""Nothing is ever sent to a private network: sixty addresses, a name that changes its mind, a redirect; 0 connects."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer

from salesops.notices import client
from salesops.notices.calc.addresses import AddressRefused, is_public
from salesops.notices.client import Unreachable, address_check, post

#: Names that public resolvers answer with an inner address; here the resolver is ours.
NAMES = {
    "127.0.0.1.nip.io": "127.0.0.1",
    "10.0.0.1.nip.io": "10.0.0.1",
    "169-254-169-254.sslip.io": "169.254.169.254",
    "localtest.me": "127.0.0.1",
    "inner.example": "192.168.1.10",
    "six.example": "::1",
    "mapped.example": "::ffff:10.1.2.3",
    "metadata.google.internal": "169.254.169.254",
    "shared.example": "100.64.3.4",
    "zero.example": "0.0.0.0",
}
HOSTS = [
    *NAMES,
    "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0",
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0x7f.1", "3232235777", "2852039166",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.1", "169.254.169.254",
    "169.254.0.1", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fc00::1]",
    "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]",
]  # fmt: skip


class Connects:
    """Counts attempts to connect; lets none through."""

    def __init__(self) -> None:
        self.to: list[object] = []

    def connect(self, _socket: socket.socket, address: object) -> None:
        self.to.append(address)
        raise ConnectionRefusedError


@pytest.fixture
def no_private(settings: object) -> None:
    settings.OUTGOING_ALLOW_PRIVATE = False


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> Connects:
    seen = Connects()
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: seen.connect(self, address))
    return seen


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, list[str]]], None]:
    """Names answered in turn from a list, the last one for ever; numbers are the system's to read."""
    real = socket.getaddrinfo

    def answer(names: dict[str, list[str]]) -> None:
        left = {name: list(found) for name, found in names.items()}

        def getaddrinfo(host: str, port: object, *args: object, **kwargs: object) -> list:
            if host not in left:
                return real(host, port, *args, **kwargs)
            found = left[host].pop(0) if len(left[host]) > 1 else left[host][0]
            return real(found, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer


def test_the_list_is_as_long_as_it_should_be() -> None:
    assert len(set(HOSTS)) >= 60


@pytest.mark.parametrize("host", HOSTS)
def test_neither_saved_nor_connected(host: str, no_private: None, connects: Connects, resolver: Callable) -> None:
    resolver({name: [address] for name, address in NAMES.items()})
    for url in (f"https://{host}/hook", f"https://{host}:8443/"):
        with pytest.raises(AddressRefused):
            address_check(url)
        with pytest.raises((AddressRefused, Unreachable)):
            post(url, body=b"{}", headers={})
    assert connects.to == []


def test_a_public_address_is_connected(no_private: None, connects: Connects, resolver: Callable) -> None:
    """The other side of the coin: the count above is not 0 because nothing ever connects."""
    resolver({"receiver.example": ["93.184.216.34"]})
    address_check("https://receiver.example/")
    with pytest.raises(Unreachable):
        post("https://receiver.example/", body=b"{}", headers={})
    assert connects.to == [("93.184.216.34", 443)]


def test_a_name_that_changes_its_mind_gains_nothing(no_private: None, connects: Connects, resolver: Callable) -> None:
    """Public when it is saved, inner when it is sent to; and public at the first of two look-ups of one send."""
    resolver({"flip.example": ["93.184.216.34", "127.0.0.1"]})
    address_check("https://flip.example/")
    with pytest.raises(AddressRefused):
        post("https://flip.example/", body=b"{}", headers={})
    assert connects.to == []
    resolver({"flip.example": ["93.184.216.34", "127.0.0.1"]})
    with pytest.raises(Unreachable):
        post("https://flip.example/", body=b"{}", headers={})
    assert connects.to == [("93.184.216.34", 443)]


def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/there").respond_with_data("", 302, {"Location": httpserver.url_for("/inner")})
    httpserver.expect_request("/inner").respond_with_data("secret")
    answer = post(httpserver.url_for("/there"), body=b"{}", headers={})
    assert answer.code == 302
    assert [request.path for request, _answer in httpserver.log] == ["/there"]


def test_only_the_beginning_of_a_long_answer_is_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/long").respond_with_data(b"x" * 50_000_000)
    assert len(post(httpserver.url_for("/long"), body=b"{}", headers={}).text) == 300


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that sends a byte of its header whenever it likes and never ends; its port."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            taken, _address = server.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    try:
                        taken.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join(5)


def test_an_answer_that_drips_is_cut_off(dripping: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "WHOLE_SECONDS", 0.3)
    with pytest.raises(Unreachable):
        post(f"http://127.0.0.1:{dripping}/", body=b"{}", headers={})


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "[2a00:1450:4001:830::200e]"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)
