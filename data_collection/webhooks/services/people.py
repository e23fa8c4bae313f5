"""One person of a payload -> a lead or contact: found or made, and filled so that the order of arrival does not matter.

Every field remembers the time of the message that set it; an older message never overwrites a newer one, field by
field. What another way (import, connector) wrote counts as of the row's own time of modification.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Case, IntegerField, Value, When

from data_collection.crm.models import Contact, Lead
from data_collection.webhooks.calc.reading import Person
from data_collection.webhooks.fields import TABLES, column, read_value
from data_collection.webhooks.models import FieldTimes, WebhookSource
from salesops.company.selectors import company_zone_name

Row = Lead | Contact
FIRST_SEEN = "~created"  # time of the earliest message about somebody a webhook made
KEPT_WHEN_EMPTY = frozenset({"email", "status", "created_on"})  # an empty text says nothing about these

#: The ordering is done before the locks are taken; OFFSET 0 keeps the planner from folding the two into one.
LOCKS = """
    SELECT pg_advisory_xact_lock(number)
    FROM (SELECT DISTINCT hashtextextended(name, 16) AS number FROM unnest(%s) AS name ORDER BY 1 OFFSET 0) ordered
"""

#: Asked before somebody unknown is made: is this a person whose data was erased? (system, external id, e-mail)
GUARDS: list[Callable[[str, str, str], bool]] = []


def person_guard(guard: Callable[[str, str, str], bool]) -> Callable[[str, str, str], bool]:
    """Decorator: let a later suite say who may not be made again."""
    if guard not in GUARDS:
        GUARDS.append(guard)
    return guard


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a message happened; its key decides between messages of the same moment."""

    at: datetime
    key: str

    @property
    def day(self) -> date:
        """The company's day of it."""
        return self.at.astimezone(ZoneInfo(company_zone_name())).date()

    def __str__(self) -> str:
        return f"{written(self.at)}|{self.key[:80]}"


def written(at: datetime | None) -> str:
    """An instant as text that sorts as the instants do; empty sorts first."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def people_lock(source: WebhookSource, people: Iterable[Person]) -> None:
    """Nobody else works on these people until the transaction ends; always in the same order, so nobody deadlocks."""
    names = {f"{source.system}:{person.external_id}" for person in people if person.external_id}
    names |= {f"email:{person.email.lower()}" for person in people if person.email}
    with connection.cursor() as cursor:
        cursor.execute(LOCKS, [[f"webhooks:{name}" for name in sorted(names)]])


def person_apply(*, source: WebhookSource, person: Person, stamp: Stamp) -> tuple[Row | None, str]:
    """Find or make the row and fill it.

    Returns:
        The row, None when there is none and none may be made; and what happened: new, changed, same, unknown, erased.
    """
    row = person_find(source, person)
    if row is not None and row.erased_at is not None:
        return None, "erased"
    if row is None:
        if not person.create:
            return None, "unknown"
        if any(guard(source.system, person.external_id, person.email) for guard in GUARDS):
            return None, "erased"
        return _made(source, person, stamp), "new"
    times, _new = FieldTimes.objects.select_for_update().get_or_create(table=person.table, row_id=row.pk)
    return row, "changed" if _filled(source, row, person, stamp, times) else "same"


def person_find(source: WebhookSource, person: Person) -> Row | None:
    """By system and id, following a merge; else by e-mail address, rows of the same system first."""
    model: Any = TABLES[person.table]
    rows = model.objects.select_for_update()
    row = rows.filter(system=source.system, external_id=_external_id(person)).first()
    if row is not None and row.merged_into_id:
        row = rows.filter(pk=row.merged_into_id).first()
    if row is not None or not person.email:
        return row  # type: ignore[no-any-return]
    other = Case(When(system=source.system, then=Value(0)), default=Value(1), output_field=IntegerField())
    alike = rows.filter(email__iexact=person.email, deleted_at__isnull=True)
    return alike.order_by(other, "pk").first()  # type: ignore[no-any-return]


def _external_id(person: Person) -> str:
    """The source's id; of somebody known by address alone a hash of it, so that it is the same every time."""
    return person.external_id or f"email-{hashlib.sha256(person.email.lower().encode()).hexdigest()[:32]}"


def _made(source: WebhookSource, person: Person, stamp: Stamp) -> Row:
    model: Any = TABLES[person.table]
    row = model(system=source.system, external_id=_external_id(person))
    if isinstance(row, Lead):
        row.created_on = stamp.day
    times = FieldTimes(table=person.table, times={FIRST_SEEN: str(stamp)})
    _fill(source, row, person, stamp, times)
    row.modified_at = stamp.at
    row.save(force_insert=True)
    times.row_id, times.wrote = row.pk, row.modified_at
    times.save()
    return row  # type: ignore[no-any-return]


def _filled(source: WebhookSource, row: Row, person: Person, stamp: Stamp, times: FieldTimes) -> bool:
    """Fill a known row; whether anything changed."""
    if (
        times.wrote is None or times.wrote != row.modified_at
    ):  # another way wrote it since: all its fields are as of then
        times.base, times.times = f"{written(row.modified_at)}|" if row.modified_at else "", {}
    changed = _fill(source, row, person, stamp, times)
    is_own = row.system == source.system
    if is_own and (row.modified_at is None or stamp.at > row.modified_at):
        row.modified_at = stamp.at
        changed.append("modified_at")
    if changed:
        row.save(update_fields=sorted(set(changed)))
    times.wrote = row.modified_at
    times.save()
    return any(name != "modified_at" for name in changed)


def _fill(source: WebhookSource, row: Row, person: Person, stamp: Stamp, times: FieldTimes) -> list[str]:
    """Set what this message may set. Returns the columns that changed."""
    is_ours = row.system == source.system or person.overwrite
    changed = []
    for name, text in person.fields.items():
        attribute = column(person.table, name)
        now = getattr(row, attribute)
        if (not text and name in KEPT_WHEN_EMPTY) or not _may(name, now, stamp, times, is_ours):
            continue
        value = read_value(person.table, name, text, system=source.system)
        times.times[name] = str(stamp)
        if now != value:
            setattr(row, attribute, value)
            changed.append(attribute)
    if _fill_attributes(row, person, stamp, times, is_ours):
        changed.append("attributes")
    if isinstance(row, Lead) and _seen_earlier(row, person, stamp, times):
        changed.append("created_on")
    return changed


def _may(name: str, now: object, stamp: Stamp, times: FieldTimes, is_ours: bool) -> bool:
    """Whether this message may set a field: it is not older, and the field is ours, empty, or set by us before."""
    if name in times.times:
        return str(stamp) >= times.times[name]
    return str(stamp) >= times.base if is_ours else now in (None, "")


def _fill_attributes(row: Row, person: Person, stamp: Stamp, times: FieldTimes, is_ours: bool) -> bool:
    before = dict(row.attributes)
    for name, text in person.attributes.items():
        if _may(f"attributes.{name}", row.attributes.get(name), stamp, times, is_ours):
            times.times[f"attributes.{name}"] = str(stamp)
            row.attributes[name] = text
    return before != row.attributes


def _seen_earlier(row: Lead, person: Person, stamp: Stamp, times: FieldTimes) -> bool:
    """Messages about somebody new may arrive in any order; the day of creation is that of the earliest."""
    first = times.times.get(FIRST_SEEN, "")
    if not first or str(stamp) >= first or "created_on" in times.times or row.pk is None:
        return False
    times.times[FIRST_SEEN] = str(stamp)
    row.created_on = stamp.day
    return True
