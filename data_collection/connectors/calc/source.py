"""What the framework asks of a source of records, and what it gives a source to work with.

A vendor's folder `sources/<kind>/` holds `__init__.py` (its `Kind`), `fetch.py` (talks to the world, offers `connect`),
`parse.py` (pure: the vendor's JSON to pages) and `mapping.yaml` (which column fills which field).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Literal, Protocol

Settings = Mapping[str, str]  # what was entered, by the names of `Kind.fields`, secrets among it


class SourceError(Exception):
    """The source did not give what was asked; the text is for a person and holds no secret."""


class SourceRefused(SourceError):
    """Wrong credentials, a missing right, an account that is off: a person must act. The text says what to do."""


class SourceBusy(SourceError):
    """A rate limit that outlasts the bounded wait inside a page: the sync is put off."""

    def __init__(self, words: str, *, retry_after: float = 60.0) -> None:
        super().__init__(words)
        self.retry_after = retry_after  # seconds


class SourceBroken(SourceError):
    """An answer that stayed cut short, unreadable or an error after the retries."""


class CursorGone(SourceError):
    """The vendor no longer knows this cursor: the object is read again from its beginning."""


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """A record that could not be read; the others of its page are used."""

    object: str  # of `Source.objects`
    id: str  # "" where it has none
    reason: str  # for a person
    text: str = ""  # the start of the record, at most 300 characters


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a child table one parent has: what else is known below that parent is gone.

    For children that vanish without a sign, e.g. the product lines of a deal.
    """

    table: str  # e.g. "opportunity_line"
    parent: str  # its field that names the parent, e.g. "opportunity"
    parent_id: str  # external id
    ids: tuple[str, ...]  # external ids of the children that are there


@dataclass(frozen=True, slots=True)
class Page:
    """One request's worth of one object.

    A file is named by the mapping ("deals" is its entry `file: deals.csv`). Columns may differ from row to row; one no
    field uses becomes an attribute. Cells are text as an import reads it: ISO dates, times with their offset, a decimal
    point, "true"/"false", "" for not known.

    Every row has a column `id`, unique within its file; where it becomes a row of the mirror it is the external id.
    Of rows met twice (a record changed while paging, a page sent again) the one read last counts.

    Owners: the file "owners" has the columns id, email, name, active, and the framework adds `rep`, the code of the rep
    with this e-mail, else a new one. Everywhere else the owner's id stands as it is: the mapping says
    `owner: {column: owner_id, missing: empty}`, and the framework sees to it that the id means that rep.
    """

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    cursor: str | None = None  # gives the next page of this object; None: this was the last
    newest: str | None = None  # highest modification time of the records (ISO, UTC)
    deleted: tuple[tuple[str, str], ...] = ()  # (table, external id)
    merged: tuple[tuple[str, str, str], ...] = ()  # (table, external id of the loser, of the winner)
    whole: tuple[Whole, ...] = ()
    problems: tuple[RecordProblem, ...] = ()
    records: int = 0  # the vendor's records in it


class Source(Protocol):
    """One connected account of a vendor."""

    @property
    def objects(self) -> tuple[str, ...]:
        """In loading order: owners, products, accounts, contacts, leads, deals, stage history, activities."""

    @property
    def complete(self) -> frozenset[str]:
        """Tables whose full load names every living row, so that a row absent from it was deleted."""

    def test(self) -> str:
        """Words about the account that was reached.

        Raises:
            SourceRefused: with what to do.
        """

    def page(self, object: str, *, since: datetime | None, cursor: str | None) -> Page:
        """One page; waits and tries again within bounds, and renews its token.

        Args:
            since: only what changed at or after it; None: everything.
            cursor: from the page before, None for the first. Enough to go on with in another process.

        Raises:
            SourceRefused, SourceBusy, SourceBroken, CursorGone
        """


class TokenStore(Protocol):
    """Where the tokens a vendor hands out are kept, shared by every worker of a connection."""

    def load(self) -> dict[str, str]:
        """What was saved last; empty before the first."""

    def save(self, token: dict[str, str]) -> None:
        """Keep it, encrypted, at once: a vendor may have spent the old one."""

    def renewing(self) -> AbstractContextManager[dict[str, str]]:
        """Hold the one lock of this token; gives what is stored now."""


def token_renewed(
    store: TokenStore, *, used: str, ask: Callable[[dict[str, str]], dict[str, str]], name: str = "access_token"
) -> dict[str, str]:
    """A token that is newer than the one that was `used` up: another worker's if it was first, else a new one.

    Args:
        used: the access token the vendor refused ("" for none yet).
        ask: gets the stored token, asks the vendor for a new one and returns what to keep.
    """
    with store.renewing() as stored:
        if stored.get(name) and stored[name] != used:
            return stored
        token = ask(stored)
        store.save(token)
        return token


class MemoryTokens:
    """Tokens of one process, for tests and for trying a connection that is not saved yet."""

    def __init__(self, token: dict[str, str] | None = None) -> None:
        self.token = dict(token or {})

    def load(self) -> dict[str, str]:
        return dict(self.token)

    def save(self, token: dict[str, str]) -> None:
        self.token = dict(token)

    @contextmanager
    def renewing(self) -> Iterator[dict[str, str]]:
        yield self.load()


@dataclass(frozen=True, slots=True)
class World:
    """What a source needs from outside, so that a test can stand in for it."""

    address: str = ""  # base URL in place of the vendor's, for a stand-in or a proxy; "" for the vendor's own
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    timeout: float = 30.0  # seconds for one answer
    zone: tzinfo = UTC  # of the company, for rows that need a local day


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field of a connection's form."""

    name: str
    label: str
    kind: Literal["text", "secret", "choice"] = "text"
    help: str = ""
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""


class Connect(Protocol):
    """`connect` of a source's fetch.py. Makes no request yet."""

    def __call__(self, settings: Settings, *, tokens: TokenStore, world: World) -> Source: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A vendor, as the registry lists it."""

    name: str  # "pipedrive"; also the folder, and the usual `system` of its rows
    title: str
    fields: tuple[SettingField, ...]
    module: str  # dotted name of its fetch module, loaded when it is needed
    mapping: str  # path of the shipped mapping document
    guide: str = ""  # anchor in docs/guide/connections.md
