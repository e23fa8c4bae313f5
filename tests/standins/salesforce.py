"""A Salesforce org that answers as the REST API, the SOAP login and the token endpoint do."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.standins.http import Answer, Asked, Plan, Standin
from tests.standins.soql import Query, parsed, value_of

FIRST = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PREFIXES = {
    "User": "005", "Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "Product2": "01t",
    "PricebookEntry": "01u", "OpportunityStage": "01J", "OpportunityHistory": "008", "OpportunityFieldHistory": "017",
    "OpportunityLineItem": "00k", "Task": "00T", "Event": "00U", "Organization": "00D",
}  # fmt: skip
SYSTEM = ("Id", "IsDeleted", "SystemModstamp", "CreatedDate")
NO_DELETES = ("OpportunityStage", "Organization")
HISTORY = ("StageName", "Amount", "CloseDate", "ForecastCategory")
FAULT = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body>
<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><detail><sf:LoginFault>
<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>
<sf:exceptionMessage>Invalid username, password, security token; or user locked out.</sf:exceptionMessage>
</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""
LOGGED_IN = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body>
<loginResponse><result><serverUrl>https://acme.my.salesforce.com/services/Soap/u/62.0/00D000000000001</serverUrl>
<sessionId>{session}</sessionId></result></loginResponse></soapenv:Body></soapenv:Envelope>"""


def show(value: Any) -> Any:
    """A value as the API writes it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value


class SalesforceStandin(Standin):
    """State is `records[object][id]`; change it between calls as a person in Salesforce would."""

    def __init__(self, plan: Plan | None = None, *, page: int = 2000) -> None:
        super().__init__(plan)
        self.now, self.page = FIRST, page
        self.session, self.logins = "00D!session-1", 1
        self.refresh, self.client = "refresh-1", ("key", "hush")
        self.user = ("ops@acme.test", "pass<word", "TOKEN")
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in PREFIXES}
        self.hidden: set[str] = set()  # objects, or "Object.Field", this user may not see
        self.surprise: set[str] = set()  # fields described, but refused in a query
        self.locators: dict[str, list[dict[str, Any]]] = {}
        self.number = 0
        self.asked_for: list[str] = []
        self.insert("Organization", Name="Acme", IsSandbox=False)

    # What a person does

    def tick(self, seconds: float = 60) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def insert(self, name: str, **fields: Any) -> str:
        self.number += 1
        own = f"{PREFIXES[name]}5e{self.number:010d}AAA"
        self.records[name][own] = {"Id": own, "IsDeleted": False, "CreatedDate": self.tick()}
        if name == "Opportunity":
            fields = {"IsWon": False, "IsClosed": False, "Amount": None, "CloseDate": None} | fields
        self.update(name, own, **fields)
        return own

    def update(self, name: str, own: str, **fields: Any) -> None:
        """A changed deal gets a row in its histories, as the org would write it."""
        record, at = self.records[name][own], self.tick()
        before = dict(record)
        record |= fields | {"SystemModstamp": at}
        if name != "Opportunity":
            return
        if any(field in fields for field in HISTORY):
            told = {field: record.get(field) for field in HISTORY}
            self._note("OpportunityHistory", at, OpportunityId=own, Opportunity=record, **told)
        if before.get("OwnerId") and before["OwnerId"] != record.get("OwnerId"):
            both = {"OpportunityId": own, "Field": "Owner", "Opportunity": record}
            names = [self.records["User"].get(i, {}).get("Name") for i in (before["OwnerId"], record["OwnerId"])]
            self._note("OpportunityFieldHistory", at, **both, OldValue=names[0], NewValue=names[1])
            self._note("OpportunityFieldHistory", at, **both, OldValue=before["OwnerId"], NewValue=record["OwnerId"])

    def _note(self, name: str, at: datetime, **fields: Any) -> None:
        self.number += 1
        own = f"{PREFIXES[name]}5e{self.number:010d}AAA"
        self.records[name][own] = {"Id": own, "IsDeleted": False, "CreatedDate": at, "SystemModstamp": at} | fields

    def delete(self, name: str, own: str) -> None:
        self.update(name, own, IsDeleted=True)

    def undelete(self, name: str, own: str) -> None:
        self.update(name, own, IsDeleted=False)

    def merge(self, name: str, loser: str, winner: str) -> None:
        """The loser is deleted and names the winner, which takes over what belonged to it."""
        self.update(name, loser, IsDeleted=True, MasterRecordId=winner)
        for other in ("Contact", "Opportunity", "Task", "Event"):
            for own, record in self.records[other].items():
                if record.get(f"{name}Id") == loser:
                    self.update(other, own, **{f"{name}Id": winner})
        self.update(name, winner)

    # What Salesforce answers

    def answer(self, asked: Asked) -> Answer:
        parts = [part for part in asked.path.split("/") if part]
        if parts[:2] == ["services", "Soap"]:
            return self._soap(asked.body.decode())
        if parts[:2] == ["services", "oauth2"]:
            return self._oauth(asked)
        if asked.headers.get("Authorization") != f"Bearer {self.session}":
            return Answer([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
        if parts[3] == "sobjects":
            return self._describe(parts[4])
        told = self._more(parts[4]) if len(parts) > 4 else self._query(asked)
        return Answer(told.body, told.status, {"Sforce-Limit-Info": f"api-usage={len(self.calls)}/100000"})

    def fault(self, kind: str, asked: Asked) -> Answer:
        if kind == "busy":
            said = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            return Answer([{"message": said, "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403, {"Retry-After": "2"})
        if kind == "day over":
            return Answer([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403)
        if kind == "503":
            return Answer([{"message": "Server is too busy", "errorCode": "SERVER_UNAVAILABLE"}], 503)
        if kind == "expired":
            if "/services/data/" in asked.path and self.ends_now():
                self.session = f"{self.session}-old"
            return self.answer(asked)
        if kind == "dead cursor":
            self.locators.clear()
            return self.answer(asked)
        if kind == "repeat":
            return self._repeated(asked)
        if kind == "change":
            self._somebody_types()
            return self.answer(asked)
        return super().fault(kind, asked)

    def _repeated(self, asked: Asked) -> Answer:
        """The page before once more: its next page is the one that was asked for."""
        told = self.answer(asked)
        if "-" not in asked.path.rsplit("/", 1)[-1] or told.status != 200 or "/query" not in asked.path:
            return told
        return Answer({**told.body, "done": False, "nextRecordsUrl": asked.path})

    def _somebody_types(self) -> None:
        living = sorted(own for own, record in self.records["Opportunity"].items() if not record["IsDeleted"])
        if living:
            own, number = self.plan.random.choice(living), self.plan.random.randint(1, 9)
            self.update("Opportunity", own, NextStep=f"call {number}")

    def _soap(self, body: str) -> Answer:
        user, password, token = self.user
        escaped = password.replace("<", "&lt;")
        if f"<n1:username>{user}<" in body and f"<n1:password>{escaped}{token}<" in body:
            xml = LOGGED_IN.format(session=self._new_session())
            return Answer(xml.encode(), 200, {"Content-Type": "text/xml;charset=UTF-8"})
        return Answer(FAULT.encode(), 500, {"Content-Type": "text/xml;charset=UTF-8"})

    def _oauth(self, asked: Asked) -> Answer:
        form = asked.form()
        good = {
            "refresh_token": form.get("refresh_token") == self.refresh and form.get("client_id") == self.client[0],
            "client_credentials": self._basic(asked) == ":".join(self.client),
            "password": (form.get("username"), form.get("password")) == (self.user[0], self.user[1] + self.user[2]),
        }
        if not good.get(form.get("grant_type", "")):
            return Answer({"error": "invalid_grant", "error_description": "expired access/refresh token"}, 400)
        return Answer(
            {
                "access_token": self._new_session(),
                "instance_url": "https://acme.my.salesforce.com",
                "id": "https://login.salesforce.com/id/00D000000000001EAA/0055e0000000001AAA",
                "token_type": "Bearer",
                "issued_at": "1767225600000",
            }
        )

    @staticmethod
    def _basic(asked: Asked) -> str:
        return base64.b64decode(asked.headers.get("Authorization", "").partition(" ")[2] or "").decode()

    def _new_session(self) -> str:
        self.logins += 1
        self.session = f"00D!session-{self.logins}"
        return self.session

    def _known(self, name: str) -> set[str]:
        own = {field for record in self.records[name].values() for field in record} | set(SYSTEM)
        own |= {"Pricebook2", "IsActive"} if name == "PricebookEntry" else set()
        own -= {"IsDeleted", "SystemModstamp"} if name in NO_DELETES else set()
        return {field for field in own if f"{name}.{field}" not in self.hidden}

    def _describe(self, name: str) -> Answer:
        if name in self.hidden or name not in self.records:
            return Answer([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], 404)
        fields = [
            {"name": field, "type": "string", "custom": field.endswith("__c"), "label": field}
            for field in sorted(self._known(name) | {f.partition(".")[2] for f in self.surprise if f.startswith(name)})
        ]
        return Answer({"name": name, "fields": fields, "queryable": True})

    def _query(self, asked: Asked) -> Answer:
        text = unquote(asked.one("q"))
        self.asked_for.append(text)
        query = parsed(text, self._ids)
        if query.object in self.hidden:
            said = f"sObject type '{query.object}' is not supported."
            return Answer([{"message": said, "errorCode": "INVALID_TYPE"}], 400)
        unknown = [f for f in query.fields if f.partition(".")[0] not in self._known(query.object)]
        unknown += [f for f in query.fields if f"{query.object}.{f}" in self.surprise]
        if unknown:
            said = (
                f"\nSELECT {unknown[0]} FROM\n       ^\nERROR at Row:1:Column:8\nNo such column '{unknown[0]}' on "
                f"entity '{query.object}'. If you are attempting to use a custom field, be sure to append the '__c'."
            )
            return Answer([{"message": said, "errorCode": "INVALID_FIELD"}], 400)
        deleted = asked.path.rstrip("/").endswith("queryAll")
        rows = [self._shown(query, record) for record in self._found(query, deleted=deleted)]
        self.number += 1
        locator = f"01g5e{self.number:013d}"
        self.locators[locator] = rows
        while len(self.locators) > 10:  # the oldest cursor of a user is released
            del self.locators[next(iter(self.locators))]
        options = asked.headers.get("Sforce-Query-Options", "batchSize=2000")
        self._size = min(self.page, int(options.partition("=")[2]))
        return self._paged(locator, 0)

    def _ids(self, text: str) -> set[str]:
        return {record["Id"] for record in self._found(parsed(text, self._ids), deleted=True)}

    def _found(self, query: Query, *, deleted: bool) -> list[dict[str, Any]]:
        records = [r for r in self.records[query.object].values() if query.holds(r) and (deleted or not r["IsDeleted"])]
        for field in reversed(query.order):
            records.sort(key=lambda record, field=field: value_of(record, field))
        return records[: query.limit]

    @staticmethod
    def _shown(query: Query, record: dict[str, Any]) -> dict[str, Any]:
        address = f"/services/data/v62.0/sobjects/{query.object}/{record['Id']}"
        row: dict[str, Any] = {"attributes": {"type": query.object, "url": address}}
        for path in query.fields:
            head, _, tail = path.partition(".")
            row[head] = {"attributes": {}, tail: show(value_of(record, path))} if tail else show(record.get(head))
        return row

    def _more(self, text: str) -> Answer:
        locator, _, start = text.rpartition("-")
        if locator not in self.locators:
            return Answer([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}], 400)
        return self._paged(locator, int(start))

    def _paged(self, locator: str, start: int) -> Answer:
        rows, end = self.locators[locator], start + self._size
        told = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[start:end]}
        if not told["done"]:
            told["nextRecordsUrl"] = f"/services/data/v62.0/query/{locator}-{end}"
        return Answer(told)
