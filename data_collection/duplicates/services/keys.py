"""Match keys: every present row in the form it is compared in, made anew only where the row has changed."""

import csv
import io
from collections.abc import Callable, Iterable

from django.db import connection, transaction

from data_collection.duplicates.calc.companies import company_name
from data_collection.duplicates.calc.countries import country_code
from data_collection.duplicates.calc.folding import fold
from data_collection.duplicates.calc.people import person_name
from data_collection.duplicates.calc.reachable import domain_key, email_key, phone_key
from data_collection.duplicates.calc.records import Record, blocks_of

CHUNK = 5_000
KEYS = "data_collection_matchkey"
COLUMNS = (
    "kind", "row_id", "source_hash", "name", "mirrored", "company", "email", "phone", "domain", "country", "place",
    "account_id", "system", "blocks", "checked",
)  # fmt: skip
Progress = Callable[[int, int | None, str], None]

#: What the keys are made from, by kind: texts in the order their maker takes them.
_PHONE = "coalesce({0}.attributes->>'phone', {0}.attributes->>'Phone', {0}.attributes->>'Phone Number', '')"
SOURCES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "account": (
        "data_collection_account r",
        ("r.name", "r.website", "r.country", "r.city", "r.postal_code", _PHONE.format("r")),
        "",
    ),
    "contact": (
        "data_collection_contact r LEFT JOIN data_collection_account a ON a.id = r.account_id",
        ("r.first_name", "r.last_name", "r.email", "r.phone", "coalesce(nullif(r.country, ''), a.country, '')",
         "coalesce(a.name, '')", "coalesce(r.account_id::text, '')"),
        "AND r.erased_at IS NULL",
    ),
    "lead": (
        "data_collection_lead r",
        ("r.name", "r.company", "r.email", "r.phone", "r.country"),
        "AND r.erased_at IS NULL",
    ),
}  # fmt: skip


def account_record(name: str, website: str, country: str, city: str, postal_code: str, phone: str) -> Record:
    return Record(
        name=company_name(name),
        domain=domain_key(website),
        country=country_code(country) if country else "",
        place=_place(postal_code, city),
        phone=phone_key(phone, country),
    )


def contact_record(
    first_name: str, last_name: str, email: str, phone: str, country: str, company: str, account: str
) -> Record:
    return Record(
        name=person_name(first_name, last_name),
        company=company_name(company) if company else "",
        email=email_key(email),
        phone=phone_key(phone, country),
        domain=domain_key(email),
        country=country_code(country) if country else "",
        account=int(account) if account else None,
    )


def lead_record(name: str, company: str, email: str, phone: str, country: str) -> Record:
    return contact_record(name, "", email, phone, country, company, "")


MAKERS: dict[str, Callable[..., Record]] = {
    "account": account_record,
    "contact": contact_record,
    "lead": lead_record,
}


def _place(postal_code: str, city: str) -> str:
    postal = "".join(c for c in fold(postal_code) if c.isalnum())
    town = "".join(c for c in fold(city) if c.isalnum())
    return f"{postal}|{town}"[:140] if postal or town else ""


def keys_refresh(*, kind: str, progress: Progress | None = None) -> int:
    """Make the keys of new and changed rows, drop those of rows that are gone. Returns how many were made.

    Each chunk is its own transaction, so that a run that was cut off goes on where it stopped.
    """
    _drop_gone(kind)
    made, last = 0, 0
    while True:
        rows = _changed(kind, after=last)
        if not rows:
            break
        with transaction.atomic():
            _write(_key(kind, row) for row in rows)
        made, last = made + len(rows), rows[-1][0]
        if progress:
            progress(made, None, f"Reading {kind}s")
    if made:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {KEYS}")  # the search would otherwise be planned for the table as it was
    return made


def _drop_gone(kind: str) -> None:
    source, _texts, also = SOURCES[kind]
    table = source.split()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {KEYS} k WHERE k.kind = %s AND NOT EXISTS "
            f"(SELECT 1 FROM {table} r WHERE r.id = k.row_id AND r.deleted_at IS NULL {also})",
            [kind],
        )


def _changed(kind: str, *, after: int) -> list[tuple]:
    """(id, system, hash, texts ...) of rows whose key is missing or was made from other texts."""
    source, texts, also = SOURCES[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM (SELECT r.id, r.system, md5(concat_ws(chr(31), {', '.join(texts)})) AS hash, "
            f"{', '.join(f'{text} AS t{i}' for i, text in enumerate(texts))} FROM {source} "
            f"WHERE r.id > %s AND r.deleted_at IS NULL {also}) s WHERE NOT EXISTS "
            f"(SELECT 1 FROM {KEYS} k WHERE k.kind = %s AND k.row_id = s.id AND k.source_hash = s.hash) "
            f"ORDER BY s.id LIMIT {CHUNK}",
            [after, kind],
        )
        return cursor.fetchall()


def _key(kind: str, row: tuple) -> list:
    pk, system, source_hash, *texts = row
    record = MAKERS[kind](*texts)
    return [
        kind, pk, source_hash, record.name, record.name.replace(" ", "")[::-1], record.company, record.email,
        record.phone, record.domain, record.country[:80], record.place, record.account or "", system,
        _array(blocks_of(kind, record)), "f",
    ]  # fmt: skip


def _array(texts: Iterable[str]) -> str:
    """A list as Postgres reads it."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _write(keys: Iterable[list]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    for key in keys:
        writer.writerow([str(value).replace("\0", "") for value in key])
    names = ", ".join(COLUMNS)
    sets = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS duplicates_keys")
        cursor.execute(f"CREATE TEMP TABLE duplicates_keys ON COMMIT DROP AS SELECT {names} FROM {KEYS} LIMIT 0")
        text.seek(0)
        cursor.copy_expert(
            f"COPY duplicates_keys ({names}) FROM STDIN WITH (FORMAT csv, FORCE_NULL (account_id))", text
        )
        cursor.execute(
            f"INSERT INTO {KEYS} ({names}) SELECT {names} FROM duplicates_keys "
            f"ON CONFLICT (kind, row_id) DO UPDATE SET {sets}"
        )
