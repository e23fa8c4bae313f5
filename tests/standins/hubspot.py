"""A HubSpot account that answers as the CRM API v3, the associations API v4 and the token endpoint do."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.standins.http import Answer, Asked, Plan, Standin

FIRST = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
WINDOW = 10_000  # results one search gives in all; the account may have a smaller one
HISTORY_LIMIT, LIMIT, SEARCH_LIMIT = 50, 100, 200
LABELS = {"companies": ("deal_to_company", 5), "contacts": ("deal_to_contact", 3), "deals": ("line_item_to_deal", 20)}

SCOPES = {
    "owners": "crm.objects.owners.read",
    "companies": "crm.objects.companies.read",
    "contacts": "crm.objects.contacts.read",
    "deals": "crm.objects.deals.read",
    "leads": "crm.objects.leads.read",
    "products": "crm.objects.products.read",
    "line_items": "crm.objects.line_items.read",
    "emails": "sales-email-read",
}


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class HubSpotStandin(Standin):
    """State is `records[object][id]`; change it between calls as a person in HubSpot would."""

    def __init__(self, plan: Plan | None = None, *, token: str = "pat-eu1-secret") -> None:
        super().__init__(plan)
        self.now = FIRST
        self.token, self.refresh, self.client = token, "refresh-1", ("client", "hush")
        self.refreshed, self.window = 0, WINDOW
        self.records: dict[str, dict[str, dict[str, Any]]] = {}
        self.owners: list[dict[str, Any]] = []
        self.pipelines: list[dict[str, Any]] = []
        self.custom: dict[str, list[dict[str, Any]]] = {}
        self.forbidden: set[str] = set()
        self.on_search: list[Any] = []  # one is called before each search is answered
        self.info = {"portalId": 4321, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "companyCurrency": "EUR"}

    # What a person does

    def tick(self, seconds: float = 60) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def put(
        self, name: str, own: str | int, /, *, links: dict[str, list[str]] | None = None, **properties: Any
    ) -> dict[str, Any]:
        """Make or change a record; a changed property gets a version in its history."""
        at, table = self.tick(), self.records.setdefault(name, {})
        fresh = {"properties": {}, "history": {}, "createdAt": at, "archived": False, "links": {}}
        record = table.setdefault(str(own), fresh)
        for key, value in properties.items():
            record["properties"][key] = value
            record["history"].setdefault(key, []).insert(0, {"value": value or "", "timestamp": iso(at)})
        record["links"] |= links or {}
        record["updatedAt"] = at
        return record

    def history(self, name: str, own: str | int, key: str, versions: Iterable[tuple[str, str]]) -> None:
        """Set the history of a property: (ISO time, value), oldest first."""
        given = [{"value": value, "timestamp": at, "sourceType": "CRM_UI"} for at, value in versions]
        self.records[name][str(own)]["history"][key] = given[::-1]

    def archive(self, name: str, own: str | int) -> None:
        record, at = self.records[name][str(own)], self.tick()
        record |= {"archived": True, "archivedAt": at, "updatedAt": at}

    def restore(self, name: str, own: str | int) -> None:
        record = self.records[name][str(own)]
        record |= {"archived": False, "updatedAt": self.tick()}
        record.pop("archivedAt", None)

    def merge(self, name: str, loser: str | int, winner: str | int) -> None:
        """The loser is seen no more; the winner names it, and what was linked to the loser is linked to it."""
        del self.records[name][str(loser)]
        for other, table in self.records.items():
            for own, record in table.items():
                if str(loser) in record["links"].get(name, []):
                    moved = [str(winner) if one == str(loser) else one for one in record["links"][name]]
                    self.put(other, own, links={name: list(dict.fromkeys(moved))})
                if name == "companies" and record["properties"].get("associatedcompanyid") == str(loser):
                    self.put(other, own, associatedcompanyid=str(winner))
        before = self.records[name][str(winner)]["properties"].get("hs_merged_object_ids")
        self.put(name, winner, hs_merged_object_ids=";".join(filter(None, (before, str(loser)))))

    # What HubSpot answers

    def answer(self, asked: Asked) -> Answer:
        parts = [part for part in asked.path.split("/") if part]
        if parts[:2] == ["oauth", "v1"]:
            return self._tokens(asked.form())
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return self._expired()
        if parts[:2] == ["account-info", "v3"]:
            return Answer(self.info)
        name = "owners" if parts[2] == "owners" else parts[3]
        if name in self.forbidden:
            return self._forbidden(name)
        if parts[2] == "owners":
            return self._owners(asked)
        if parts[2] == "pipelines":
            return Answer({"results": self.pipelines})
        if parts[2] == "properties":
            return Answer({"results": self._properties(name)})
        if parts[2] == "associations":
            return self._associations(name, parts[4], asked.json())
        if asked.method == "GET":
            return self._list(name, asked)
        return self._search(name, asked.json()) if parts[4] == "search" else self._read(name, asked.json())

    def fault(self, kind: str, asked: Asked) -> Answer:
        limit = {"status": "error", "errorType": "RATE_LIMIT", "correlationId": "c-1", "requestId": "r-1"}
        if kind == "429":
            body = {
                "message": "You have reached your ten_secondly_rolling limit.",
                "policyName": "TEN_SECONDLY_ROLLING",
            }
            return Answer(limit | body, 429, {"Retry-After": "2"})
        if kind == "429 silent":
            return Answer(limit | {"message": "You have reached your secondly limit.", "policyName": "SECONDLY"}, 429)
        if kind == "429 daily":
            return Answer(limit | {"message": "You have reached your daily limit.", "policyName": "DAILY"}, 429)
        if kind == "expired":
            if not asked.path.startswith("/oauth") and self.ends_now():
                self.token = f"{self.token}-old"
            return self.answer(asked)
        if kind == "repeat" and asked.method == "GET" and asked.one("after"):
            return self._repeated(asked)
        if kind == "change":
            self._somebody_types()
            return self.answer(asked)
        if kind in ("repeat", "none"):
            return self.answer(asked)
        return super().fault(kind, asked)

    def _repeated(self, asked: Asked) -> Answer:
        """The page before once more: its next page is the one that was asked for."""
        told = self.answer(asked)
        return Answer({**told.body, "paging": {"next": {"after": asked.one("after"), "link": "?after"}}})

    def _somebody_types(self) -> None:
        table = self.records.get("deals") or {}
        living = sorted(own for own, record in table.items() if not record["archived"])
        if living:
            self.put("deals", self.plan.random.choice(living), hs_next_step=f"call {self.plan.random.randint(1, 9)}")

    def _tokens(self, form: dict[str, str]) -> Answer:
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            body = {
                "status": "BAD_REFRESH_TOKEN",
                "message": "missing or unknown refresh token",
                "correlationId": "c-2",
            }
            return Answer(body, 400)
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return Answer({"status": "BAD_CLIENT_SECRET", "message": "client secret does not match"}, 400)
        self.refreshed += 1
        self.token = f"access-{self.refreshed}"
        body = {"token_type": "bearer", "refresh_token": self.refresh, "access_token": self.token, "expires_in": 1800}
        return Answer(body)

    def _expired(self) -> Answer:
        return Answer(
            {
                "status": "error",
                "message": "The OAuth token used to make this call expired 3 second(s) ago.",
                "correlationId": "c-3",
                "category": "EXPIRED_AUTHENTICATION",
            },
            401,
        )

    def _forbidden(self, name: str) -> Answer:
        scope = SCOPES.get(name, "crm.objects.contacts.read")
        body = {
            "status": "error",
            "message": "This app hasn't been granted all required scopes to make this call. Read more about required "
            "scopes here: https://developers.hubspot.com/scopes.",
            "correlationId": "c-4",
            "errors": [
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": [scope]},
                }
            ],
            "links": {"scopes": "https://developers.hubspot.com/scopes"},
            "category": "MISSING_SCOPES",
        }
        return Answer(body, 403)

    def _bad(self, message: str) -> Answer:
        return Answer({"status": "error", "message": message, "category": "VALIDATION_ERROR"}, 400)

    def _owners(self, asked: Asked) -> Answer:
        archived = asked.one("archived", "false").lower() == "true"
        found = [owner for owner in self.owners if bool(owner.get("archived")) == archived]
        return self._paged(found, asked, LIMIT, key="id")

    def _paged(self, found: list[dict[str, Any]], asked: Asked, most: int, *, key: str) -> Answer:
        """Pages of a list; a place is the id of the last record of the page before."""
        limit, after = int(asked.one("limit", "10")), asked.one("after")
        if limit > most:
            return self._bad(f"limit must be at most {most}")
        if after and not after.isdigit():
            return self._bad("The provided 'after' parameter is not a valid paging cursor")
        ordered = sorted(found, key=lambda one: int(one[key]))
        rest = [one for one in ordered if not after or int(one[key]) > int(after)]
        page, body = rest[:limit], {}
        if len(rest) > limit:
            last = page[-1][key]
            body = {"paging": {"next": {"after": last, "link": f"{self.address}{asked.path}?after={last}"}}}
        return Answer({"results": page, **body})

    def _list(self, name: str, asked: Asked) -> Answer:
        archived = asked.one("archived", "false").lower() == "true"
        history = asked.query.get("propertiesWithHistory", [])
        shown = [
            self._shown(own, record, asked.query.get("properties", []), history, asked.query.get("associations", []))
            for own, record in self.records.get(name, {}).items()
            if record["archived"] == archived
        ]
        return self._paged(shown, asked, HISTORY_LIMIT if history else LIMIT, key="id")

    def _shown(
        self, own: str, record: dict[str, Any], properties: list[str], history: list[str], links: list[str]
    ) -> dict[str, Any]:
        at = iso(record["updatedAt"])
        values = {
            "hs_object_id": own,
            "createdate": iso(record["createdAt"]),
            "hs_createdate": iso(record["createdAt"]),
            "hs_lastmodifieddate": at,
            "lastmodifieddate": at,
            **record["properties"],
        }
        always = {"hs_object_id", "createdate", "hs_lastmodifieddate"}
        body = {
            "id": own,
            "properties": {key: values.get(key) for key in sorted({*properties, *always})},
            "createdAt": iso(record["createdAt"]),
            "updatedAt": at,
            "archived": record["archived"],
        }
        if record["archived"]:
            body["archivedAt"] = iso(record["archivedAt"])
        if history:
            body["propertiesWithHistory"] = {key: record["history"].get(key, []) for key in history}
        given = {to: self._listed_links(to, record["links"].get(to, [])) for to in links if record["links"].get(to)}
        return body | ({"associations": given} if given else {})

    def _listed_links(self, to: str, ids: list[str]) -> dict[str, Any]:
        """The first one is the primary one; here it stands last, as it may."""
        label = LABELS[to][0]
        every = [{"id": str(own), "type": f"{label}_unlabeled"} for own in sorted(ids)]
        return {"results": [*every, {"id": str(ids[0]), "type": label}]}

    def _search(self, name: str, body: dict[str, Any]) -> Answer:
        if self.on_search:
            self.on_search.pop(0)()
        limit, after = int(body.get("limit", 10)), int(body.get("after") or 0)
        groups, sorts = body.get("filterGroups", []), body.get("sorts", [])
        if limit > SEARCH_LIMIT or len(sorts) > 1 or len(groups) > 5 or any(len(g["filters"]) > 6 for g in groups):
            return self._bad("the request is over a limit of the search")
        if after + limit > self.window:
            return self._bad(f"Searching beyond {self.window} results is not supported (after: {after})")
        shown = [
            self._shown(own, record, [*body.get("properties", []), *self._named(body)], [], [])
            for own, record in self.records.get(name, {}).items()
            if not record["archived"]
        ]
        kept = [one for one in shown if all(_holds(one["properties"], f) for g in groups for f in g["filters"])]
        for sort in sorts:
            name_of = sort["propertyName"]
            kept.sort(key=lambda one: _comparable(one["properties"].get(name_of)))
        page, body = kept[after : after + limit], {"total": len(kept)}
        if len(kept) > after + limit:
            body["paging"] = {"next": {"after": str(after + limit), "link": ""}}
        return Answer({**body, "results": page})

    @staticmethod
    def _named(body: dict[str, Any]) -> list[str]:
        return [f["propertyName"] for g in body.get("filterGroups", []) for f in g["filters"]]

    def _read(self, name: str, body: dict[str, Any]) -> Answer:
        inputs, history = body["inputs"], body.get("propertiesWithHistory") or []
        if len(inputs) > (HISTORY_LIMIT if history else LIMIT):
            return self._bad("too many inputs")
        table = self.records.get(name, {})
        found = [one["id"] for one in inputs if one["id"] in table and not table[one["id"]]["archived"]]
        missing = [one["id"] for one in inputs if one["id"] not in found]
        told = {
            "status": "COMPLETE",
            "results": [self._shown(own, table[own], body.get("properties") or [], history, []) for own in found],
        }
        if not missing:
            return Answer(told)
        errors = [{"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": missing}}]
        return Answer(told | {"numErrors": len(missing), "errors": errors}, 207)

    def _associations(self, name: str, to: str, body: dict[str, Any]) -> Answer:
        results, errors = [], []
        for one in body["inputs"]:
            ids = self.records.get(name, {}).get(one["id"], {}).get("links", {}).get(to, [])
            if not ids:
                errors.append(
                    {
                        "status": "error",
                        "category": "OBJECT_NOT_FOUND",
                        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                        "message": f"No {to} associated",
                        "context": {"fromObjectId": [one["id"]]},
                    }
                )
                continue
            links = [{"toObjectId": int(own), "associationTypes": self._types(own == ids[0])} for own in sorted(ids)]
            results.append({"from": {"id": one["id"]}, "to": links})
        told: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if errors:
            return Answer(told | {"numErrors": len(errors), "errors": errors}, 207)
        return Answer(told)

    @staticmethod
    def _types(primary: bool) -> list[dict[str, Any]]:
        plain = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
        return [plain, {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}] if primary else [plain]

    def _properties(self, name: str) -> list[dict[str, Any]]:
        times = {"closedate", "createdate", "hs_timestamp", "hs_lastmodifieddate", "lastmodifieddate"}
        used = {key for record in self.records.get(name, {}).values() for key in record["properties"]}
        own = {one["name"] for one in self.custom.get(name, [])}
        defined = [
            {"name": key, "label": key, "type": "datetime" if key in times else "string", "hubspotDefined": True}
            for key in sorted((used | times | STANDARD.get(name, set())) - own)
        ]
        return [*defined, *self.custom.get(name, [])]


STANDARD = {
    "companies": {"name", "domain", "website", "industry", "hubspot_owner_id", "hs_merged_object_ids"},
    "contacts": {"firstname", "lastname", "email", "lifecyclestage", "hs_merged_object_ids"},
    "deals": {"dealname", "amount", "pipeline", "dealstage", "hubspot_owner_id", "dealtype"},
}


def _comparable(text: Any) -> Any:
    """Numbers by size, times by instant."""
    text = str(text or "")
    if text.isdigit():
        return int(text)
    return text


def _holds(properties: dict[str, Any], condition: dict[str, Any]) -> bool:
    """One filter: times are compared as epoch milliseconds."""
    text, value = str(properties.get(condition["propertyName"]) or ""), int(condition["value"])
    if not text:
        return False
    own = int(text) if text.isdigit() else round(datetime.fromisoformat(text).timestamp() * 1000)
    return own >= value if condition["operator"] == "GTE" else own > value
