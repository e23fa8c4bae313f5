"""Requests to Pipedrive: addresses, tokens, waits, and what each refusal means.

The addresses, old (`v1`) and new (`api/v2`), and the renewal of tokens are the library's (pipedrive-python-lib). Its
one method that sends is ours: the library's opens a connection for every request, sets no time limit, writes the API
token into the address, and drops status and headers of an answer that is no JSON, so that a rate limit told by a proxy
could not be honoured.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from pipedrive.client import Client

from data_collection.connectors.calc.patience import Again, patiently, retry_after
from data_collection.connectors.calc.source import (
    CursorGone,
    Settings,
    SourceBroken,
    SourceRefused,
    TokenStore,
    World,
    token_renewed,
)

COMPANY = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
HOME = "pipedrive.com"


class NotThere(Exception):
    """The record asked for does not exist (any more)."""


class Calls:
    """One company's API."""

    def __init__(self, settings: Settings, tokens: TokenStore, world: World) -> None:
        self._settings, self._tokens, self._world = settings, tokens, world
        self._session = requests.Session()
        if not self._api_token and not settings.get("refresh_token"):
            raise SourceRefused("Enter an API token, or client id, client secret and refresh token of an app.")
        if not self._api_token and not (settings.get("client_id") and settings.get("client_secret")):
            raise SourceRefused("An app needs its client id and client secret beside the refresh token.")
        company = company_of(settings.get("company", ""))
        self._root = world.address.rstrip("/") or f"https://{company}.{HOME}"

    @property
    def _api_token(self) -> str:
        return self._settings.get("api_token", "").strip()

    def v1(self, ask: Callable[[Client], requests.Response]) -> dict[str, Any]:
        """The answer to one request of the older API."""
        return self._asked(ask, "v1/")

    def v2(self, ask: Callable[[Client], requests.Response]) -> dict[str, Any]:
        return self._asked(ask, "api/v2/")

    def _asked(self, ask: Callable[[Client], requests.Response], part: str) -> dict[str, Any]:
        """
        Raises:
            NotThere, CursorGone, SourceRefused, SourceBusy, SourceBroken
        """
        return patiently(lambda: self._once(ask, part), world=self._world)

    def _once(self, ask: Callable[[Client], requests.Response], part: str) -> dict[str, Any]:
        token = {} if self._api_token else self._tokens.load()
        if not self._api_token and not token.get("access_token"):
            token = self._renewed("")
        response = self._send(ask, part, token)
        if response.status_code == 401 and not self._api_token:
            token = self._renewed(token.get("access_token", ""))
            response = self._send(ask, part, token)
        return self._read(response)

    def _send(self, ask: Callable[[Client], requests.Response], part: str, token: dict[str, str]) -> requests.Response:
        headers = {"x-api-token": self._api_token} if self._api_token else {}
        if token:
            headers = {"Authorization": f"Bearer {token['access_token']}"}
        client = _Client(self._session, headers, self._world.timeout)
        client.BASE_URL = f"{self._base(token)}/{part}"
        try:
            return ask(client)
        except requests.RequestException as broken:
            raise Again(f"Pipedrive did not answer ({type(broken).__name__}).") from None

    def _base(self, token: dict[str, str]) -> str:
        """The company's own host, which a token also names."""
        host = urlsplit(token.get("api_domain", "")).hostname or ""
        return f"https://{host}" if not self._world.address and host.endswith(f".{HOME}") else self._root

    def _renewed(self, used: str) -> dict[str, str]:
        return token_renewed(self._tokens, used=used, ask=self._ask_token)

    def _ask_token(self, stored: dict[str, str]) -> dict[str, str]:
        client = _Client(self._session, {}, self._world.timeout)
        client.client_id, client.client_secret = self._settings["client_id"], self._settings["client_secret"]
        if self._world.address:
            client.OAUTH_BASE_URL = f"{self._root}/oauth/"
        try:
            response = client.refresh_token(stored.get("refresh_token") or self._settings["refresh_token"])
        except requests.RequestException as broken:
            raise Again(f"Pipedrive did not answer ({type(broken).__name__}).") from None
        if response.status_code in (400, 401, 403):
            raise SourceRefused("Pipedrive does not accept the app's refresh token any more. Enter a new one.")
        found = self._read(response)
        if not found.get("access_token"):
            raise Again("Pipedrive answered without a token.")
        kept = {name: str(found[name]) for name in ("access_token", "refresh_token", "api_domain") if found.get(name)}
        return {**stored, **kept}

    def _read(self, response: requests.Response) -> dict[str, Any]:
        status = response.status_code
        if status == 429:
            raise Again("Pipedrive asks for a pause (rate limit).", wait=self._wait(response), busy=True)
        if status >= 500 or status == 408:
            raise Again(f"Pipedrive answered with an error ({status}).", wait=self._wait(response))
        found = _json(response)
        if status == 403 and found is None:
            raise Again("Pipedrive asks for a pause (its guard).", wait=self._wait(response), busy=True)
        if status >= 300:
            raise _refusal(status, found or {})
        if found is None:
            raise Again("Pipedrive sent something that is no data, or a part of it only.")
        if found.get("success") is False:
            raise SourceBroken(f"Pipedrive refused: {found.get('error') or 'no reason given'}.")
        return found

    def _wait(self, response: requests.Response) -> float | None:
        asked = retry_after(response.headers.get("Retry-After"), self._world.now())
        return retry_after(response.headers.get("x-ratelimit-reset"), self._world.now()) if asked is None else asked


class _Client(Client):
    """The library's addresses over one kept connection; gives the answer as it came."""

    def __init__(self, session: requests.Session, headers: dict[str, str], timeout: float) -> None:
        super().__init__()
        self._session, self._headers, self._timeout = session, headers, timeout

    def _request(
        self, method: str, url: str, headers: Any = None, params: Any = None, **more: Any
    ) -> requests.Response:
        return self._session.request(
            method,
            url,
            headers={**self._headers, **(headers or {})},
            params=params,
            timeout=self._timeout,
            allow_redirects=False,  # another host would get the token
            **more,
        )


def company_of(text: str) -> str:
    """The company domain out of what people enter: `acme`, `acme.pipedrive.com` or its whole address.

    Raises:
        SourceRefused: it is none.
    """
    words = text.strip().lower()
    host = urlsplit(words if "//" in words else f"//{words}").hostname or ""
    name = host.removesuffix(f".{HOME}")
    if "@" in words or not COMPANY.match(name):
        raise SourceRefused("Enter the company domain: the first part of your Pipedrive address, e.g. “acme”.")
    return name


def _json(response: requests.Response) -> dict[str, Any] | None:
    """The answer's object; None where it is none, or was cut short."""
    try:
        found = response.json()
    except (ValueError, requests.RequestException):
        return None
    return found if isinstance(found, dict) else None


def _refusal(status: int, found: dict[str, Any]) -> Exception:
    said = str(found.get("error") or found.get("message") or "")
    if status == 401:
        return SourceRefused("Pipedrive does not accept the token. Enter a new one.")
    if status == 402:
        return SourceRefused("Pipedrive says the company's subscription has ended.")
    if status == 403:
        return SourceRefused(
            f"The token may not read this. Give its user the right, or the app the scope. {said}".strip()
        )
    if status in (404, 410):
        return NotThere(said)
    if status == 400 and "cursor" in said.lower():
        return CursorGone("Pipedrive no longer knows the place where reading stopped.")
    return SourceBroken(f"Pipedrive refused the request ({status}). {said}".strip())
