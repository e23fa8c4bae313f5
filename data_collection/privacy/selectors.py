"""Finding a person, and everything held about them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from django.db import connection, models

from data_collection.crm.models import Contact, Lead
from data_collection.duplicates.calc.people import person_name, person_words
from data_collection.duplicates.calc.reachable import email_key, is_role, phone_key, phone_tail
from data_collection.duplicates.links import links_to
from data_collection.duplicates.models import MatchKey
from data_collection.privacy.calc.scrub import Texts, names_of
from data_collection.privacy.registry import BODY, FILE, FREE, GONE, LINKED, RECORD, classes_of, models_kept
from salesops.access.models import User

TABLES: dict[str, type[models.Model]] = {"contact": Contact, "lead": Lead}
MOST_FOUND = 50


@dataclass(slots=True)
class Person:
    """The rows that are one person."""

    rows: dict[str, list[Any]]  # contact, lead -> rows
    instead: str = ""  # pseudonym
    ids: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = {table: [row.pk for row in rows] for table, rows in self.rows.items()}

    @property
    def all(self) -> list[tuple[str, Any]]:
        return [(table, row) for table, rows in self.rows.items() for row in rows]

    @property
    def emails(self) -> set[str]:
        return {row.email for _table, row in self.all if row.email}

    @property
    def name(self) -> str:
        return next((str(row) for _table, row in self.all if str(row)), "")

    def texts(self) -> Texts:
        """What the person can be found by in other rows: addresses, numbers, full names, ids made of these."""
        texts = set(self.emails)
        for table, row in self.all:
            texts |= names_of(row.first_name, row.last_name) if table == "contact" else names_of("", "", row.name)
        texts |= {row.external_id for _table, row in self.all if self.is_personal_id(row.external_id)}
        return Texts.of(texts, {row.phone for _table, row in self.all}, self.instead)

    def is_personal_id(self, external_id: str) -> bool:
        """An id that says who it is: an address, or made of the name."""
        plain = external_id.casefold()
        words = {w for _t, row in self.all for w in person_words(*_names(row)) if len(w) >= 4}
        return "@" in plain or any(word in plain for word in words)


def _names(row: Any) -> tuple[str, ...]:
    return (row.first_name, row.last_name) if isinstance(row, Contact) else (row.name,)


def people_find(user: User, query: str) -> list[tuple[str, Any]]:
    """(table, row) of contacts and leads whose address, number, name or id is the query; at most 50 of each."""
    text = query.strip()
    found: list[tuple[str, Any]] = []
    if len(text) < 3:
        return found
    for table, model in TABLES.items():
        rows = model.objects.visible_to(user).filter(_matches(table, text)).distinct()
        found += [(table, row) for row in rows.order_by("pk")[:MOST_FOUND]]
    return found


def _matches(table: str, text: str) -> models.Q:
    wanted = models.Q(external_id=text) | models.Q(email__iexact=text)
    keys = MatchKey.objects.filter(kind=table)
    by_key = models.Q(pk__in=[])
    if "@" in text and (email := email_key(text)):
        by_key = models.Q(email=email)
    elif sum(c.isdigit() for c in text) >= 7:
        wanted |= models.Q(phone=text)
        by_key = models.Q(phone__endswith=phone_tail(phone_key(text) or text))
    elif name := person_name(text):
        by_key = models.Q(name=name)
    wanted |= models.Q(pk__in=keys.filter(by_key).values("row_id"))
    if table == "lead":
        return wanted | models.Q(name__icontains=text)
    first, _space, last = text.partition(" ")
    if last:
        return wanted | models.Q(first_name__iexact=first, last_name__iexact=last)
    return wanted | models.Q(last_name__iexact=text) | models.Q(first_name__iexact=text)


def person_of(table: str, pk: int, *, instead: str = "") -> Person | None:
    """The row with the others that are the same person: same address, linked lead and contact, merged rows.

    Rows marked as deleted belong to it, erased ones do not.
    """
    found: dict[str, dict[int, Any]] = {"contact": {}, "lead": {}}
    row = TABLES[table]._base_manager.filter(pk=pk).first()
    todo = [(table, row)] if row is not None else []
    while todo:
        name, row = todo.pop()
        if row.erased_at or row.pk in found[name]:
            continue
        found[name][row.pk] = row
        todo += list(_neighbours(name, row))
    rows = {name: [rows[pk] for pk in sorted(rows)] for name, rows in found.items()}
    return Person(rows, instead) if any(rows.values()) else None


def _neighbours(table: str, row: Any) -> Iterator[tuple[str, Any]]:
    model = TABLES[table]
    same = models.Q(merged_into=row.pk)
    same |= models.Q(pk=row.merged_into_id) if row.merged_into_id else models.Q()
    yield from ((table, other) for other in model._base_manager.filter(same))
    if table == "lead" and row.contact_id:
        yield "contact", Contact._base_manager.get(pk=row.contact_id)
    if table == "contact":
        yield from (("lead", lead) for lead in Lead._base_manager.filter(contact=row.pk))
    if row.email and not is_role(row.email.casefold()):  # info@… is not one person
        for name, other in TABLES.items():
            yield from ((name, found) for found in other._base_manager.filter(email__iexact=row.email))


# --- what is held -------------------------------------------------------------------------
def linked_to(person: Person) -> dict[type[models.Model], models.QuerySet]:
    """Rows that hang on the person, by table."""
    found: dict[type[models.Model], models.Q] = {}
    for table, model in TABLES.items():
        for link in links_to(model):
            if link.model not in TABLES.values():
                found[link.model] = found.get(link.model, models.Q()) | models.Q(
                    **{f"{link.name}__in": person.ids[table]}
                )
    return {model: model._base_manager.filter(wanted) for model, wanted in found.items()}


def searched(model: type[models.Model]) -> list[str]:
    """Columns of a table in which a person's texts may stand."""
    classes = classes_of(model)
    return [f.name for f in model._meta.concrete_fields if classes.get(f.name) in (LINKED, FREE, RECORD, GONE, BODY)]


def rows_with(model: type[models.Model], texts: Texts) -> list[int]:
    """Ids of rows of any table that hold one of the texts; a little more than that, as signs in it are not judged."""
    columns = searched(model)
    if not columns or not texts:
        return []
    table, named = model._meta.db_table, connection.ops.quote_name
    patterns = [f"%{_escaped(text)}%" for text in texts.looked_for]
    patterns += [f"%{_escaped(json.dumps(text)[1:-1])}%" for text in texts.looked_for if not text.isascii()]
    messages = patterns + [f"%{_escaped(form)}%" for text in texts.looked_for for form in _as_sent(text)]
    messages += [_as_bytes(p) for p in patterns if not p.isascii()]
    wanted = []
    for name in columns:
        f = model._meta.get_field(name)
        is_bytes, is_message = isinstance(f, models.BinaryField), classes_of(model)[name] == BODY
        text = f"encode({named(f.column)}, 'escape')" if is_bytes else f"{named(f.column)}::text"
        wanted.append(f"{text} ILIKE ANY(%({'messages' if is_message else 'patterns'})s)")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {named(model._meta.pk.column)} FROM {named(table)} WHERE {' OR '.join(wanted)}",
            {"patterns": patterns, "messages": messages},
        )
        return [pk for (pk,) in cursor.fetchall()]


def _as_sent(text: str) -> set[str]:
    """The ways a form or an address writes a text, and JSON with its letters escaped, as bytes show it."""
    forms = {write(text, safe=safe) for write in (quote, quote_plus) for safe in ("", "@")}
    return forms | {json.dumps(text)[1:-1].replace("\\", "\\\\")}


def _escaped(text: str) -> str:
    """For LIKE, as part of the pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _as_bytes(pattern: str) -> str:
    """The pattern as `encode(…, 'escape')` writes letters outside ASCII."""
    return "".join(c if c.isascii() else "".join(f"\\\\{b:03o}" for b in c.encode()) for c in pattern)


def history_models() -> list[type[models.Model]]:
    return [m for m in models_kept() if getattr(m, "pgh_tracked_model", None) is not None]


def held(person: Person) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Everything held about a person, as plain data: own rows, rows that hang on them, rows that name them."""
    own = {model._meta.label: [_plain(row) for row in person.rows[table]] for table, model in TABLES.items()}
    linked = {m._meta.label: [_plain(row) for row in rows] for m, rows in linked_to(person).items()}
    texts = person.texts()
    naming: dict[str, list[dict[str, Any]]] = {}
    for model in models_kept():
        ids = rows_with(model, texts) + _about(model, person)
        known = {row["id"] for row in own.get(model._meta.label, []) + linked.get(model._meta.label, [])}
        rows = model._base_manager.filter(pk__in=set(ids) - known)
        naming[model._meta.label] = [_plain(row) for row in rows]
    return {
        "own_rows": _filled(own),
        "rows_that_belong_to_the_person": _filled(linked),
        "rows_that_name_the_person": _filled(naming),
    }


def _filled(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {label: rows for label, rows in found.items() if rows}


def _about(model: type[models.Model], person: Person) -> list[int]:
    """Rows that name the person's rows by table and id."""
    names = {f.name for f in model._meta.concrete_fields}
    id_field = next((name for name in ("row_id", "row") if name in names), "")
    table_field = next((name for name in ("table", "kind") if name in names), "")
    if not id_field or not table_field or model._meta.label == "data_collection.RejectedRow":
        return []
    wanted = models.Q(pk__in=[])
    for table, ids in person.ids.items():
        spelled = [table, TABLES[table]._meta.db_table]
        wanted |= models.Q(**{f"{table_field}__in": spelled, f"{id_field}__in": ids})
    return list(model._base_manager.filter(wanted).values_list("pk", flat=True))


def _plain(row: models.Model) -> dict[str, Any]:
    """A row without secrets and bytes, ready for JSON."""
    found = {}
    for f in row._meta.concrete_fields:
        value = getattr(row, f.attname)
        if isinstance(value, bytes | memoryview):
            value = bytes(value).decode("utf-8", "replace")
        found["id" if f.primary_key else f.attname] = value
    return found


def files_holding(texts: Texts) -> list[str]:
    """Stored files that hold a text of the person, or that can't be searched."""
    found = []
    for model in models_kept():
        for name, word in classes_of(model).items():
            if word != FILE or model._meta.label == "data_collection.PersonExport":
                continue
            rows = model._base_manager.exclude(**{name: ""}).only("pk", name)
            found += [getattr(row, name).name for row in rows if _may_hold(getattr(row, name), texts)]
    return found


def _may_hold(stored: Any, texts: Texts) -> bool:
    try:
        with stored.open("rb") as file:
            if file.read(4)[:2] in (b"PK", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"):
                return True  # packed or UTF-16: not searched
            file.seek(0)
            rest = ""
            while chunk := file.read(1 << 20):
                text = rest + chunk.decode("utf-8", "replace")
                if texts.is_in(text):
                    return True
                rest = text[-300:]
    except OSError:  # the file is gone
        pass
    return False
