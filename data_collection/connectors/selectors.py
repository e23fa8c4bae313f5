"""Reads of the connections: what runs, what the last sync brought, the mapping as lines and as text."""

from dataclasses import dataclass
from typing import Any

import yaml

from data_collection.connectors.calc.words import FieldLine, mapping_lines
from data_collection.connectors.models import Connection, SyncRun
from data_collection.connectors.sources.registry import KINDS
from data_collection.imports.calc.documents import GivenTwice, read_document
from data_collection.imports.calc.mapping import MappingError
from data_collection.imports.selectors import mapping_parsed
from data_collection.imports.targets import tables
from salesops.access.models import User
from salesops.jobs.models import LIVE_STATES, JobRun


@dataclass(frozen=True, slots=True)
class Overview:
    """A connection as the list shows it."""

    connection: Connection
    title: str  # of the vendor
    run: SyncRun | None  # the newest
    job: JobRun | None  # that works on it now or will


def connections_overview(user: User) -> list[Overview]:
    """Every visible connection with its newest sync; three queries."""
    rows = list(Connection.objects.visible_to(user))
    newest = SyncRun.objects.filter(connection__in=rows).order_by("connection_id", "-pk").distinct("connection_id")
    runs = {run.connection_id: run for run in newest.select_related("batch")}
    jobs = jobs_alive()
    return [Overview(row, vendor(row.kind), runs.get(row.pk), jobs.get(row.pk)) for row in rows]


def jobs_alive() -> dict[int, JobRun]:
    """Connection id -> its waiting or running job."""
    alive = JobRun.objects.filter(kind="connector_sync", state__in=LIVE_STATES).defer("trace", "result").order_by("pk")
    return {job.params.get("connection"): job for job in alive}


def vendor(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else kind


def lines_of(connection: Connection) -> list[FieldLine]:
    """Column -> field of its mapping; none while it has mistakes."""
    try:
        mapping = mapping_parsed(connection.document, name=connection.kind, system=connection.system)
    except MappingError:
        return []
    return list(mapping_lines(mapping))


def document_text(document: dict[str, Any]) -> str:
    """The mapping as a person edits it."""
    if isinstance(document.get("notes"), str):
        document = {**document, "notes": document["notes"].strip()}
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def document_read(text: str, connection: Connection) -> dict[str, Any]:
    """The document a person wrote.

    Raises:
        MappingError: with every mistake and its place.
    """
    try:
        found = read_document(text, is_json=False)
    except GivenTwice as wrong:
        raise MappingError([str(wrong)]) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as wrong:
        raise MappingError([f"This is no valid YAML: {' '.join(str(wrong).split())}"]) from None
    if not isinstance(found, dict):
        raise MappingError(["Expected names with values, e.g. “files:”."])
    mapping_parsed(found, name=connection.kind, system=connection.system)
    return found


def column_set(document: dict[str, Any], *, file: str, table: str, field: str, column: str) -> dict[str, Any]:
    """The document with one field of one table filled from another column; "" takes the field out.

    Other words of the field (values, by, default, …) stay.
    """
    found = read_document(document_text(document), is_json=False)
    for entry in found.get("files", []):
        if str(entry.get("file", "")).removesuffix(".csv") != file:
            continue
        for target in entry.get("tables", []):
            if target.get("table") == table:
                _set(target.setdefault("fields", {}), field, column)
                return found
    raise MappingError([f"There is no table “{table}” in “{file}”."])


def _set(fields: dict[str, Any], field: str, column: str) -> None:
    if not column:
        fields.pop(field, None)
    elif isinstance(fields.get(field), dict):
        fields[field] = {k: v for k, v in fields[field].items() if k not in ("template", "constant")}
        fields[field]["column"] = column
    elif field in fields:
        fields[field] = column
    else:
        fields[field] = {"column": column, "optional": True}


def fields_of(table: str) -> list[str]:
    """Fields a mapping may fill."""
    return [name for name in tables()[table].fields if name not in ("system", "external_id")]
