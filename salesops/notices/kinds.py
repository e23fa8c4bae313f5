"""Which notices and events exist. A suite registers its own where it makes them; pages list what is registered."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A notice to a person, with the ways it takes until that person chooses others."""

    name: str
    title: Text
    in_app: bool = True
    email: bool = False
    slack: bool = False


@dataclass(frozen=True, slots=True)
class EventKind:
    """Something other systems may be told. `sample` is the `data` part that the test button sends."""

    name: str
    title: Text
    sample: dict


NOTICE_KINDS: dict[str, NoticeKind] = {}
EVENT_KINDS: dict[str, EventKind] = {}


def notice_kind(name: str, *, title: Text, in_app: bool = True, email: bool = False, slack: bool = False) -> NoticeKind:
    """Register a kind of notice, so that people can choose how they get it."""
    return NOTICE_KINDS.setdefault(name, NoticeKind(name, title, in_app, email, slack))


def notice_kind_of(name: str) -> NoticeKind:
    """The registered kind; one nobody registered is shown in the product only."""
    return NOTICE_KINDS.get(name) or NoticeKind(name, name.replace("_", " ").capitalize())


def event_kind(name: str, *, title: Text, sample: dict) -> EventKind:
    """Register a kind of event that endpoints can subscribe to."""
    return EVENT_KINDS.setdefault(name, EventKind(name, title, sample))


TEST_EVENT = "test"
ENDPOINT_PAUSED = notice_kind("endpoint_paused", title=_("An outgoing endpoint was paused"), email=True)
