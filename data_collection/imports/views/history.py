"""Sources & imports: what comes in from where, and every import with its numbers."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import preset_titles, system_lines
from data_collection.imports.services.uploads import GIVEN_UP
from data_collection.imports.views.rights import operations_only
from data_collection.imports.views.words import COUNTS, LEVEL, counts_words
from salesops.access.models import User
from salesops.frame.components import Choice, Column, Filter, Table

PERIODS = {"7": 7, "30": 30, "90": 90, "365": 365}  # days


@require_GET
@operations_only
def sources(request: HttpRequest) -> HttpResponse:
    batches = ImportBatch.objects.visible_to(request.user)
    filters = _filters(request, batches)
    asked = {one.name: one.value for one in filters}
    rows = _filtered(batches, asked).select_related("user", "job").defer("definition", "changes", "guess", "findings")
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Sources & imports"),
        "page_subtitle": _("What comes in from where; what could not go in is listed with its reason."),
        "filters": filters,
        "page": page,
        "table": _table(list(page)),
        "systems": system_lines(),
        "any": batches.exists(),
        "presets": preset_titles(),
    }
    return render(request, "data_collection/imports/sources.html", context)


def _filters(request: HttpRequest, batches: Any) -> list[Filter]:
    asked = request.GET
    systems = batches.exclude(system="").order_by("system").values_list("system", flat=True).distinct()
    people = User.objects.filter(pk__in=batches.order_by().values("user").distinct()).order_by("email")
    return [
        Filter(
            "show",
            _("Show"),
            asked.get("show", ""),
            [
                Choice("", _("All but dry runs that were applied")),
                Choice("all", _("Everything")),
                *(Choice(value, label) for value, label in ImportBatch.State.choices),
            ],
        ),
        Filter(
            "system", _("System"), asked.get("system", ""), [Choice("", _("All")), *(Choice(s, s) for s in systems)]
        ),
        Filter(
            "by",
            _("Started by"),
            asked.get("by", ""),
            [
                Choice("", _("Everybody")),
                *(Choice(str(user.pk), str(user)) for user in people),
                Choice("command", _("command or connection")),
            ],
        ),
        Filter(
            "days",
            _("Started"),
            asked.get("days", ""),
            [
                Choice("", _("At any time")),
                *(Choice(key, _("In the last %s days") % days) for key, days in PERIODS.items()),
            ],
        ),
    ]


def _filtered(batches: Any, asked: dict[str, str]) -> Any:
    if asked["show"] in ImportBatch.State.values:
        batches = batches.filter(state=asked["show"])
    elif asked["show"] != "all":
        applied = ImportBatch.objects.filter(retry_of=OuterRef("pk"), dry_run=False).exclude(state__in=GIVEN_UP)
        batches = batches.exclude(Q(dry_run=True) & Exists(applied))
    if asked["system"]:
        batches = batches.filter(system=asked["system"]) if "\0" not in asked["system"] else batches.none()
    if asked["by"] == "command":
        batches = batches.filter(user__isnull=True)
    elif asked["by"]:
        known = asked["by"].isascii() and asked["by"].isdecimal() and len(asked["by"]) < 10
        batches = batches.filter(user=int(asked["by"])) if known else batches.none()
    if asked["days"] in PERIODS:
        batches = batches.filter(started_at__gte=timezone.now() - timedelta(days=PERIODS[asked["days"]]))
    return batches


def _table(rows: list[ImportBatch]) -> Table:
    columns = [
        Column("name", _("Import"), href="href"),
        Column("system", _("System")),
        Column("state", _("State"), "badge", level="level"),
        Column("started_at", _("Started"), "datetime"),
        *(Column(word, label, "count") for word, label in zip(COUNTS, counts_words(), strict=True)),
        Column("seconds", _("Seconds"), "number", places=1, help=_("Opens the job")),
        Column("by", _("Started by")),
    ]
    return Table(columns, [_line(row) for row in rows], caption=_("Imports, newest first"), phone="cards", id="batches")


def _line(row: ImportBatch) -> dict[str, Any]:
    draft = row.state == row.State.DRAFT
    counts = {word: None if draft else number for word, number in row.total.items()}
    return {
        "name": f"{row.mapping or _('Import')} #{row.pk}",
        "href": reverse("import_batch", args=[row.pk]),
        "system": row.system,
        "state": row.get_state_display(),
        "level": LEVEL.get(row.state, "neutral"),
        "started_at": row.started_at,
        "seconds": (row.ended_at - row.started_at).total_seconds() if row.ended_at else None,
        "by": _started_by(row),
        **counts,
    }


def _started_by(row: ImportBatch) -> str:
    """The person; without one the connection that was due, or the command."""
    if row.user:
        return str(row.user)
    return row.source if row.source.startswith("connection ") else _("command")
