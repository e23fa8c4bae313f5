"""Connections and syncs as the components of a page."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from data_collection.connectors.models import COUNTED, Connection, SyncProblem, SyncRun
from data_collection.connectors.selectors import Overview
from salesops.frame.components import Column, Table

LEVEL = {"new": "info", "ok": "good", "busy": "running", "trouble": "warn", "attention": "bad"}
RUN_LEVEL = {"reading": "running", "applying": "running", "done": "good", "dropped": "warn"}


def _count_columns() -> list[Column]:
    words = [_("Read"), _("New"), _("Changed"), _("Same"), _("Rejected"), _("Deleted"), _("Merged"), _("Problems")]
    return [Column(word, label, "count") for word, label in zip(COUNTED, words, strict=True)]


def when(moment: Any) -> str:
    return date_format(localtime(moment), "j M, H:i") if moment else ""


def plan_words(row: Connection) -> str:
    """When it syncs by itself."""
    words = [_("every night")] if row.nightly else []
    if row.every_minutes:
        words.append(_("every %(n)s minutes") % {"n": row.every_minutes})
    return _(" and ").join(words) or _("only by hand")


def connection_cards(found: Sequence[Overview]) -> list[dict[str, Any]]:
    return [
        {
            "row": one.connection,
            "title": one.title,
            "state": one.connection.get_state_display() if one.connection.active else _("Paused"),
            "level": LEVEL[one.connection.state] if one.connection.active else "info",
            "facts": facts_of(one.connection, one.run),
            "running": one.job is not None,
            "job": one.job,
            "counts": counts_table(one.run) if one.run and one.run.counts else None,
        }
        for one in found
    ]


def facts_of(row: Connection, run: SyncRun | None) -> list[tuple[str, str]]:
    """Name and value of what is worth knowing at a glance."""
    last = _("never")
    if run is not None:
        last = f"{when(run.ended_at or run.started_at)}, {run.get_what_display().lower()}"
    found = [(_("Last sync"), last), (_("Syncs"), plan_words(row))]
    if row.next_at and row.active:
        found.append((_("Next"), when(row.next_at)))
    return [*found, (_("Source of its rows"), row.system)]


def counts_table(run: SyncRun) -> Table:
    """What came, by object."""
    columns = [Column("object", _("Object")), *_count_columns()]
    lines = [{**row, "object": str(row["object"]).replace("_", " ").capitalize()} for row in run.counts]
    total = {"object": _("All"), **run.total}
    return Table(columns, lines, caption=_("Records by object"), total=total)


def runs_table(runs: Sequence[SyncRun]) -> Table:
    columns = [
        Column("started_at", _("Started"), "datetime", href="href"),
        Column("state", _("State"), "badge", level="level"),
        Column("what", _("What")),
        Column("cause", _("Cause")),
        *(column for column in _count_columns() if column.key not in ("same", "merged")),
        Column("error", _("Note")),
    ]
    lines = [
        {
            "started_at": run.started_at,
            "href": reverse("connection_run", args=[run.connection_id, run.pk]),
            "state": run.get_state_display(),
            "level": RUN_LEVEL[run.state],
            "what": run.get_what_display(),
            "cause": run.get_cause_display(),
            "error": run.error,
            **(run.total if run.counts else {}),
        }
        for run in runs
    ]
    return Table(columns, lines, caption=_("Syncs, newest first"), phone="cards")


def problems_table(rows: Sequence[SyncProblem]) -> Table:
    columns = [
        Column("object", _("Object")),
        Column("record", _("Record")),
        Column("reason", _("Reason")),
        Column("text", _("Begins with")),
    ]
    return Table(columns, rows, caption=_("Records with problems"), phone="cards")
