"""Duplicates: groups, one group side by side, preview, merge, decisions, history with undo. Operations only."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from data_collection.duplicates.links import MODELS
from data_collection.duplicates.models import DuplicateGroup, Kind
from data_collection.duplicates.presentation import (
    SHOWN,
    asked_from,
    groups_table,
    moving_table,
    pairs_of,
    preview_lines,
    side_by_side,
    words_of,
)
from data_collection.duplicates.selectors import best_first, groups_filtered, what_moves
from data_collection.duplicates.services import MergeRefused, rows_merge
from data_collection.duplicates.services.undoing import group_dismiss
from data_collection.imports.views import operations_only
from salesops.company.models import Company
from salesops.frame.components import Empty, Filter
from salesops.jobs.models import LIVE_STATES, JobRun
from salesops.jobs.services import job_enqueue
from salesops.tables.csv import table_csv

PER_PAGE = 50
SCORES = {"": gettext_lazy("Any"), "0.85": gettext_lazy("85 % and up"), "0.95": gettext_lazy("95 % and up")}


@require_GET
@operations_only
def duplicates(request: HttpRequest) -> HttpResponse:
    """The groups, what weighs most first."""
    kind, score, system = (request.GET.get(name, "").replace("\0", "") for name in ("kind", "score", "system"))
    groups = groups_filtered(request.user, kind=kind, score=score if score in SCORES else "", system=system)
    currency = Company.get().reporting_currency
    if request.GET.get("format") == "csv":
        return table_csv(groups_table(list(groups), currency), "duplicates")
    page = Paginator(groups, PER_PAGE).get_page(request.GET.get("page"))
    everything = DuplicateGroup.objects.visible_to(request.user)
    systems = sorted({name for names in everything.values_list("systems", flat=True).distinct() for name in names})
    last = JobRun.objects.filter(kind__in=("duplicates", "duplicates_search")).order_by("-pk").first()
    context = {
        "page_title": _("Duplicates"),
        "page_subtitle": _(
            "Accounts, contacts and leads that seem to be there twice; the surest with most money first."
        ),
        "filters": [
            Filter("kind", _("Kind"), kind, [("", _("All")), *Kind.choices]),
            Filter("score", _("Confidence"), score, list(SCORES.items())),
            Filter("system", _("System"), system, [("", _("All")), *((name, name) for name in systems)]),
        ],
        "page": page,
        "any": everything.exists(),
        "table": groups_table(list(page), currency),
        "last": last,
        "running": last is not None and last.state in LIVE_STATES,
        "empty": Empty(
            _("Duplicates shows rows that seem to mean the same company or person"),
            _("None are known. They are looked for every night, and when you ask for it."),
            icon="copy",
        ),
    }
    return render(request, "data_collection/duplicates/list.html", context)


@require_POST
@operations_only
def duplicates_search(request: HttpRequest) -> HttpResponse:
    """Look for duplicates now."""
    job = job_enqueue(kind="duplicates_search", key="duplicates", user=request.user)
    return redirect("job", job.pk)


def _group(request: HttpRequest, pk: int) -> DuplicateGroup | None:
    return DuplicateGroup.objects.visible_to(request.user).filter(pk=pk).first()


def _gone(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("This group was settled, or the search has put it together anew."))
    return redirect("duplicates")


@require_GET
@operations_only
def duplicate_group(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows side by side: choose the one to keep, and each value."""
    group = _group(request, pk)
    if group is None:
        return _gone(request)
    rows = best_first(MODELS[group.kind], group.members)
    if len(rows) < 2:
        return _gone(request)
    shown = rows[:SHOWN]
    context = {
        "page_title": _("%(n)s rows, perhaps one %(kind)s")
        % {"n": len(rows), "kind": group.get_kind_display().lower()},
        "page_subtitle": _(
            "Choose the row to keep and the values it gets; nothing is written before you have seen it."
        ),
        "group": group,
        "rows": [{"pk": r.pk, "title": words_of(r), "system": r.system, "external_id": r.external_id} for r in shown],
        "winner": shown[0].pk,
        "lines": side_by_side(shown),
        "more": len(rows) - len(shown),
        "pairs": pairs_of(group, rows),
        "currency": Company.get().reporting_currency,
    }
    return render(request, "data_collection/duplicates/group.html", context)


@require_GET
@operations_only
def duplicate_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What a merge would do: the row as it would be, and what moves to it."""
    group = _group(request, pk)
    if group is None:
        return _gone(request)
    asked = asked_from(group, request.GET)
    if asked is None:
        messages.error(request, _("Choose two or more different rows and one of them to keep."))
        return redirect("duplicate_group", pk)
    winner, losers, choices = asked
    currency = Company.get().reporting_currency
    context = {
        "page_title": _("Merge into “%s”?") % words_of(winner),
        "page_subtitle": ngettext("%(n)s row is merged into it.", "%(n)s rows are merged into it.", len(losers))
        % {"n": len(losers)},
        "group": group,
        "winner": winner,
        "losers": [
            {"pk": row.pk, "title": words_of(row), "system": row.system, "id": row.external_id} for row in losers
        ],
        "choices": choices,
        "lines": preview_lines(winner, losers, choices),
        "moving": moving_table(what_moves(type(winner), [row.pk for row in losers], currency), currency),
    }
    return render(request, "data_collection/duplicates/preview.html", context)


@require_POST
@operations_only
def duplicate_merge(request: HttpRequest, pk: int) -> HttpResponse:
    group = _group(request, pk)
    asked = asked_from(group, request.POST) if group is not None else None
    if asked is None:
        return _gone(request)
    winner, losers, choices = asked
    try:
        merge = rows_merge(winner=winner, losers=losers, user=request.user, choices=choices)
    except MergeRefused as refused:
        messages.error(request, str(refused))
        return redirect("duplicates")
    words = ngettext("%(n)s row was merged into “%(name)s”.", "%(n)s rows were merged into “%(name)s”.", len(losers))
    messages.success(request, words % {"n": len(losers), "name": words_of(winner)})
    return redirect("merge", merge.pk)


@require_POST
@operations_only
def duplicate_different(request: HttpRequest, pk: int) -> HttpResponse:
    """These rows are not the same; remembered until one of them changes."""
    group = _group(request, pk)
    if group is None:
        return _gone(request)
    rows = _numbers(request.POST.getlist("row")) or group.members
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say in a few words why they are not the same."))
        return redirect("duplicate_group", pk)
    decided = group_dismiss(group=group, rows=rows, user=request.user, reason=reason)
    words = ngettext("%(n)s pair is not shown again.", "%(n)s pairs are not shown again.", decided) % {"n": decided}
    messages.success(request, words)
    return redirect("duplicates")


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdecimal()]
