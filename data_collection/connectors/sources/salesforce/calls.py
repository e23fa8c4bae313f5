"""Calls to Salesforce through simple-salesforce: logins, limits, errors and retries.

The client is always given a session of its own and a token; it would log in again by itself only with some logins, and
without a lock between workers.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError
from simple_salesforce.login import SalesforceLogin

from data_collection.connectors.calc.patience import Again, patiently, retry_after
from data_collection.connectors.calc.source import Settings, SourceRefused, TokenStore, World, token_renewed
from data_collection.connectors.sources.salesforce.errors import Expired, failure, login_failure

VERSION = "62.0"
BATCH = 1000  # records of one answer, at most
DOMAIN = re.compile(r"^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$")
OWN_HOSTS = (".salesforce.com", ".force.com", ".cloudforce.com", ".salesforce.mil", ".sfcrmapps.cn")
MORE = "/services/data/"
UNFORESEEN = (ValueError, AttributeError, TypeError)  # what the client raises on a login answer of another form

T = TypeVar("T")


class Calls:
    """One connected org; every method gives the JSON of one answer."""

    def __init__(self, settings: Settings, *, tokens: TokenStore, world: World) -> None:
        self.settings, self.tokens, self.world = settings, tokens, world
        self.session = _Session(world)
        self._client: tuple[str, Salesforce] | None = None

    def query(self, what: str, soql: str) -> Any:
        """The first page of a query, deleted records among it."""
        return self._page(what, lambda client: client.query(soql, include_deleted=True, headers=_BATCHED))

    def more(self, what: str, address: str) -> Any:
        """A further page. Its address is a path of this org: a whole one would be another server."""
        if not address.startswith(MORE):
            raise SourceRefused("Salesforce named a next page on another server; nothing was sent there.")
        told = self._page(
            what,
            lambda client: client.query_more(address, identifier_is_url=True, headers=_BATCHED),
            check=lambda told: _new_page(told, address),
        )
        return told

    def describe(self, what: str) -> Any:
        """The fields of an object this user may see."""
        return self._ask(what, lambda client: client.restful(f"sobjects/{what}/describe"), check=_described)

    @property
    def usage(self) -> str:
        """Calls of the last 24 hours, as the latest answer told; "" where it did not."""
        found = self._client[1].api_usage.get("api-usage") if self._client else None
        return "" if found is None else f"{found.used:,} of {found.total:,}"

    def _page(self, what: str, call: Callable[[Salesforce], Any], check: Callable[[Any], None] | None = None) -> Any:
        def whole(told: Any) -> None:
            if not isinstance(told.get("records"), list):
                raise Again(f"Salesforce's answer to the question for {what} holds no records.")
            if check is not None:
                check(told)

        return self._ask(what, call, check=whole)

    def _ask(self, what: str, call: Callable[[Salesforce], Any], *, check: Callable[[Any], None]) -> Any:
        """The answer in the end; a session that is over is renewed once."""
        renewed = False

        def once() -> Any:
            nonlocal renewed
            client = self._connected()
            try:
                told = self._answer(what, lambda: call(client))
            except Expired as why:
                if renewed:
                    raise SourceRefused(f"Salesforce ends each session at once. It says: {why}") from why
                renewed = True
                self._log_in(used=client.session_id)
                return once()
            if not isinstance(told, dict):
                raise Again(f"Salesforce's answer to the question for {what} has an unknown form.")
            check(told)
            return told

        return patiently(once, world=self.world)

    def _answer(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except SalesforceError as error:
            wait = retry_after(self.session.headers_seen.get("Retry-After"), self.world.now())
            raise failure(what, error.status, error.content, wait=wait) from error
        except requests.exceptions.JSONDecodeError as error:
            raise Again(f"Salesforce's answer to the question for {what} cannot be read.") from error
        except requests.exceptions.RequestException as error:
            words = f"Salesforce gave no complete answer when asked for {what} ({type(error).__name__})."
            raise Again(words) from error

    def _connected(self) -> Salesforce:
        stored = self.tokens.load()
        token = stored if stored.get("session_id") else self._log_in(used="")
        if self._client is None or self._client[0] != token["session_id"]:
            client = Salesforce(
                session_id=token["session_id"],
                instance=token["instance"],
                session=self.session,
                version=VERSION,
                parse_float=str,  # sums as they were written
            )
            self._client = (token["session_id"], client)
        return self._client[1]

    def _log_in(self, *, used: str) -> dict[str, str]:
        return token_renewed(
            self.tokens,
            used=used,
            ask=lambda stored: patiently(lambda: self._new_session(stored), world=self.world),
            name="session_id",
        )

    def _new_session(self, stored: dict[str, str]) -> dict[str, str]:
        try:
            if self.settings.get("refresh_token"):
                return self._refreshed(stored)
            session, instance = SalesforceLogin(session=self.session, sf_version=VERSION, **self._entered())
        except SalesforceAuthenticationFailed as error:
            raise login_failure(error.code, error.auth_message) from error
        except (requests.exceptions.RequestException, ExpatError, *UNFORESEEN) as error:
            raise Again(f"Salesforce's login gave no complete answer ({type(error).__name__}).") from error
        return {"session_id": session, "instance": self._own_host(instance)}

    def _refreshed(self, stored: dict[str, str]) -> dict[str, str]:
        """A session for the refresh token; an org may hand out a new one of those each time."""
        refresh = stored.get("refresh_token") or self.settings["refresh_token"]
        form = {
            "grant_type": "refresh_token",
            "client_id": self.settings.get("client_id", ""),
            "refresh_token": refresh,
        }
        if self.settings.get("client_secret"):
            form["client_secret"] = self.settings["client_secret"]
        answer = self.session.post(f"https://{self._domain()}.salesforce.com/services/oauth2/token", data=form)
        told = answer.json()
        if answer.status_code != 200:
            code = told.get("error") if answer.status_code < 500 else answer.status_code
            raise login_failure(code, str(told.get("error_description") or ""))
        return {
            "session_id": str(told["access_token"]),
            "instance": self._own_host(urlsplit(str(told["instance_url"])).netloc),
            "refresh_token": str(told.get("refresh_token") or refresh),
        }

    def _entered(self) -> dict[str, str]:
        """What of the entries the client needs for the login they make possible."""
        given = {name: self.settings.get(name, "").strip() for name in ("username", "password", "security_token")}
        key, secret = self.settings.get("client_id", "").strip(), self.settings.get("client_secret", "").strip()
        if given["username"] and key and secret:  # the password grant: the token stands behind the password
            password = given["password"] + given["security_token"]
            return {
                "username": given["username"], "password": password, "consumer_key": key, "consumer_secret": secret,
                "domain": self._domain(),
            }  # fmt: skip
        if given["username"] and given["password"]:
            return {**given, "domain": self._domain()}
        if key and secret and self._domain() not in ("login", "test"):
            return {"consumer_key": key, "consumer_secret": secret, "domain": self._domain()}
        raise SourceRefused(
            "Enter the app's key with its refresh token, or key and secret with My Domain as domain, or user name, "
            "password and security token."
        )

    def _domain(self) -> str:
        """First part of the login's address, whichever way it was written."""
        text = self.settings.get("domain", "").strip().lower() or "login"
        text = text.removeprefix("https://").strip("/").removesuffix(".salesforce.com")
        if not DOMAIN.match(text):
            raise SourceRefused(f"“{text}” is no domain of Salesforce: write “login”, “test” or “acme.my”.")
        return text

    def _own_host(self, host: str) -> str:
        """The server the login names; a token is sent to Salesforce only."""
        name = host.lower().partition(":")[0]
        if not self.world.address and ("@" in host or not name.endswith(OWN_HOSTS)):
            shown = name.rpartition("@")[2]
            raise SourceRefused(f"The login named “{shown}” as the server of the org, which is not Salesforce's.")
        return host


_BATCHED = {"Sforce-Query-Options": f"batchSize={BATCH}"}


class _Session(requests.Session):
    """Every request ends in time, and goes to the stand-in's address where there is one."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.time = (min(10.0, world.timeout), world.timeout)
        self.headers_seen: dict[str, str] = {}  # of the latest answer: the client's errors do not carry them
        self.trust_env = not world.address
        if world.address:
            self.mount("https://", _Elsewhere(world.address))

    def request(self, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        options.setdefault("timeout", self.time)
        options.setdefault("allow_redirects", False)  # a token follows nobody
        self.headers_seen = {}
        answer = super().request(*args, **options)
        self.headers_seen = {name.title(): value for name, value in answer.headers.items()}
        return answer


class _Elsewhere(HTTPAdapter):
    """Sends what is meant for Salesforce to another address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.base = urlsplit(address)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = parts._replace(scheme=self.base.scheme, netloc=self.base.netloc).geturl()
        return super().send(request, *args, **options)


def _described(told: Any) -> None:
    if not isinstance(told.get("fields"), list):
        raise Again("Salesforce's description of an object holds no fields.")


def next_address(told: Any) -> str | None:
    """Address of the next page; None after the last."""
    return None if told.get("done", True) else cast("str | None", told.get("nextRecordsUrl"))


def _new_page(told: Any, address: str) -> None:
    """A page that names itself as the next would be read for ever."""
    if next_address(told) == address:
        raise Again("Salesforce sent the same page again.")
