"""Calls to HubSpot through its own client: tokens, limits, errors and retries.

Answers are read here, not by the client, whose models leave out what they do not know and take a cut answer for text.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import urllib3
from hubspot import HubSpot
from hubspot.crm.associations.v4 import ApiException as AssociationsError
from hubspot.crm.objects import ApiException as ObjectsError
from hubspot.crm.owners import ApiException as OwnersError
from hubspot.crm.pipelines import ApiException as PipelinesError
from hubspot.crm.properties import ApiException as PropertiesError
from hubspot.oauth import ApiException as OauthError

from data_collection.connectors.calc.history import as_text
from data_collection.connectors.calc.patience import Again, patiently
from data_collection.connectors.calc.source import Settings, SourceRefused, TokenStore, World, token_renewed
from data_collection.connectors.calc.values import moment
from data_collection.connectors.sources.hubspot.errors import Expired, failure

API_ERRORS = (AssociationsError, ObjectsError, OwnersError, PipelinesError, PropertiesError, OauthError)
SEARCH_GAP = timedelta(milliseconds=250)  # HubSpot allows five searches a second and account, with others on it
SPARE = timedelta(seconds=60)  # a token is renewed this long before it ends

Call = Callable[[Any], Any]


class Calls:
    """One connected account; every method gives the JSON of one answer."""

    def __init__(self, settings: Settings, *, tokens: TokenStore, world: World) -> None:
        self.settings, self.tokens, self.world = settings, tokens, world
        self._apis: dict[tuple[str, str], Any] = {}
        self._next_search = world.now()

    def list(self, name: str, **query: Any) -> Any:
        """A page of an object: limit, after, properties, properties_with_history, associations, archived."""
        after = query.get("after")

        def once(api: Any) -> Any:
            return api.get_page(name, **{key: value for key, value in query.items() if value}, **self._raw)

        return self._ask(name, "crm.objects.basic_api", once, check=lambda told: _new_page(told, after))

    def search(self, name: str, body: dict[str, Any]) -> Any:
        wait = (self._next_search - self.world.now()).total_seconds()
        if wait > 0:
            self.world.sleep(wait)
        self._next_search = self.world.now() + SEARCH_GAP
        return self._ask(name, "crm.objects.search_api", lambda api: api.do_search(name, body, **self._raw))

    def read(self, name: str, body: dict[str, Any]) -> Any:
        """Records by id, with properties and history."""
        return self._ask(name, "crm.objects.batch_api", lambda api: api.read(name, body, **self._raw))

    def associations(self, name: str, to: str, ids: Sequence[str]) -> Any:
        body = {"inputs": [{"id": own} for own in ids]}
        return self._ask(name, "crm.associations.v4.batch_api", lambda api: api.get_page(name, to, body, **self._raw))

    def owners(self, *, after: str | None, archived: bool) -> Any:
        query = {"limit": 100, "archived": archived} | ({"after": after} if after else {})
        return self._ask(
            "owners",
            "crm.owners.owners_api",
            lambda api: api.get_page(**query, **self._raw),
            check=lambda told: _new_page(told, after),
        )

    def pipelines(self, name: str) -> Any:
        return self._ask(
            "pipelines", "crm.pipelines.pipelines_api", lambda api: api.get_all(name, **self._raw), check=_listed
        )

    def properties(self, name: str) -> Any:
        return self._ask(
            f"properties of {name}",
            "crm.properties.core_api",
            lambda api: api.get_all(name, **self._raw),
            check=_listed,
        )

    def account(self) -> Any:
        """Number, currency and kind of the account; the client has no method of its own for it."""
        return self._ask(
            "account details",
            "crm.objects.basic_api",
            lambda api: api.api_client.call_api(
                "/account-info/v3/details", "GET", header_params={}, auth_settings=["oauth2"], **self._raw
            ),
        )

    @property
    def _raw(self) -> dict[str, Any]:
        return {"_preload_content": False, "_request_timeout": (min(10.0, self.world.timeout), self.world.timeout)}

    def _ask(self, what: str, api: str, call: Call, *, check: Callable[[Any], None] | None = None) -> Any:
        """The answer in the end; a token that is used up is renewed once."""
        renewed = False

        def once() -> Any:
            nonlocal renewed
            used = self._token()
            try:
                told = self._answer(what, lambda: call(self._api(api, used)))
            except Expired as why:
                if renewed:
                    raise SourceRefused(_refused_token(str(why))) from why
                renewed = True
                self._renew(used, str(why))
                return once()
            if check is not None:
                check(told)
            return told

        return patiently(once, world=self.world)

    def _api(self, name: str, token: str) -> Any:
        """An API of the client, made once a token: each keeps its connections open."""
        if (token, name) not in self._apis:
            self._apis = {key: api for key, api in self._apis.items() if key[0] == token}
            config: dict[str, Any] = {"access_token": token or None, "retry": False}
            if self.world.address:
                config["host"] = self.world.address.rstrip("/")
            api: Any = HubSpot(**config)
            for part in name.split("."):
                api = getattr(api, part)
            self._apis[token, name] = api
        return self._apis[token, name]

    def _token(self) -> str:
        if self.settings.get("access_token"):
            return self.settings["access_token"]
        stored = self.tokens.load()
        ends = moment(stored.get("expires_at", ""))
        if stored.get("access_token") and (ends is None or ends - SPARE > self.world.now()):
            return stored["access_token"]
        return self._renew(stored.get("access_token", ""), "")

    def _renew(self, used: str, said: str) -> str:
        if self.settings.get("access_token") or not self.settings.get("refresh_token"):
            raise SourceRefused(_refused_token(said))
        return token_renewed(self.tokens, used=used, ask=self._refreshed)["access_token"]

    def _refreshed(self, stored: dict[str, str]) -> dict[str, str]:
        """New tokens for the refresh token; HubSpot may hand out a new one of those too."""
        refresh = stored.get("refresh_token") or self.settings["refresh_token"]
        form = {
            "grant_type": "refresh_token",
            "client_id": self.settings.get("client_id", ""),
            "client_secret": self.settings.get("client_secret", ""),
            "refresh_token": refresh,
        }
        told = patiently(
            lambda: self._answer("a new token", lambda: self._api("oauth.tokens_api", "").create(**form, **self._raw)),
            world=self.world,
        )
        ends = self.world.now() + timedelta(seconds=int(told.get("expires_in") or 1800))
        return {
            "access_token": str(told["access_token"]),
            "refresh_token": str(told.get("refresh_token") or refresh),
            "expires_at": as_text(ends),
        }

    def _answer(self, what: str, call: Callable[[], Any]) -> Any:
        """The JSON of one answer, or what its error means."""
        try:
            response = call()
            raw = response.data  # read here: the end of the answer may be missing
        except API_ERRORS as error:
            body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else error.body
            if what == "a new token" and error.status in (400, 401, 403):
                raise SourceRefused(_refused_token(_message(body))) from error
            raise failure(what, error.status or 0, body, error.headers, now=self.world.now()) from error
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError) as error:
            raise Again(f"HubSpot gave no complete answer when asked for {what} ({type(error).__name__}).") from error
        try:
            told = json.loads(raw)
        except ValueError as error:
            raise Again(f"HubSpot's answer to the question for {what} cannot be read.") from error
        if not isinstance(told, dict):
            raise Again(f"HubSpot's answer to the question for {what} has an unknown form.")
        return told


def _listed(told: Any) -> None:
    if not isinstance(told.get("results"), list):
        raise Again("HubSpot's answer holds no records.")


def _new_page(told: Any, after: str | None) -> None:
    """A page that names itself as the next would be read for ever."""
    _listed(told)
    if after and next_after(told) == after:
        raise Again("HubSpot sent the same page again.")


def next_after(told: Any) -> str | None:
    """Where the next page of a list starts; None after the last."""
    after = ((told.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _message(body: str | None) -> str:
    try:
        return str(json.loads(body or "{}").get("message") or "")[:300]
    except (ValueError, AttributeError):
        return ""


def _refused_token(said: str) -> str:
    words = "HubSpot does not take the access token: give a new one, or connect the app again."
    return f"{words} It says: {said}" if said else words
