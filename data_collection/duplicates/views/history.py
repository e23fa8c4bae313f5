"""Merges made, with undo; decisions; merging many groups at once; leads that are known already. Operations only."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from data_collection.duplicates.calc.scoring import SURE_AT
from data_collection.duplicates.models import DuplicatePair, Kind, LeadMatch, Merge
from data_collection.duplicates.presentation import (
    decided_table,
    groups_table,
    level_of,
    merges_table,
    name_words,
    shown_score,
    words_of,
)
from data_collection.duplicates.selectors import evidence_words
from data_collection.duplicates.services import MergeRefused, merge_undo
from data_collection.duplicates.services.bulk import sure_groups
from data_collection.duplicates.services.undoing import later_merges
from data_collection.imports.views import operations_only
from salesops.company.models import Company
from salesops.frame.components import Column, Empty, Table
from salesops.jobs.services import job_enqueue
from salesops.tables.csv import table_csv

PER_PAGE = 50
BULK_SCORES = ("0.9", "0.95", "0.98", "0.99")


@require_GET
@operations_only
def merges(request: HttpRequest) -> HttpResponse:
    """Every merge, and every pair decided not to be the same."""
    rows = Merge.objects.visible_to(request.user).select_related("user")
    if request.GET.get("format") == "csv":
        return table_csv(merges_table(list(rows)), "merges")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    decided = DuplicatePair.objects.visible_to(request.user).select_related("decided_by")
    decided = decided.filter(state__in=[DuplicatePair.State.DIFFERENT, DuplicatePair.State.UNDONE])
    context = {
        "page_title": _("Merges and decisions"),
        "page_subtitle": _("A merge can be undone; a pair that is not the same is asked again when a row changes."),
        "page": page,
        "table": merges_table(list(page)),
        "decided": decided_table(list(decided.order_by("-decided_at", "pk")[:100])),
        "decided_n": decided.count(),
        "empty": Empty(_("Every merge with what it moved"), _("Nothing was merged yet."), icon="git-merge"),
    }
    return render(request, "data_collection/duplicates/merges.html", context)


@require_http_methods(["GET", "POST"])
@operations_only
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """One merge: what it moved; POST undoes it."""
    row = get_object_or_404(Merge.objects.visible_to(request.user).select_related("user", "undone_by"), pk=pk)
    if request.method == "POST":
        try:
            row = merge_undo(merge=row, user=request.user)
        except MergeRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The merge was undone."))
        return redirect("merge", pk)
    names = name_words(row.kind, [row.winner_id, *row.losers])
    winner = names.get(row.winner_id, f"#{row.winner_id}")
    context = {
        "page_title": _("Merge into “%s”") % winner,
        "page_subtitle": row.get_kind_display(),
        "merge": row,
        "losers": [names.get(pk, f"#{pk}") for pk in row.losers],
        "moved": sorted(row.moved.items()),
        "later": later_merges(row),
        "kept": _kept_table(row.kept) if row.kept else None,
    }
    return render(request, "data_collection/duplicates/merge.html", context)


def _kept_table(kept: list[dict[str, Any]]) -> Table:
    lines = [
        {
            "table": item["table"].removeprefix("data_collection_"),
            "row": item["row"],
            "columns": ", ".join(name.removesuffix("_id") for name in item["columns"]) or _("whole row"),
            "reason": item["reason"],
        }
        for item in kept
    ]
    columns = [
        Column("table", _("Table")),
        Column("row", _("Row"), "count"),
        Column("columns", _("Fields")),
        Column("reason", _("Why it was left")),
    ]
    return Table(columns, lines, caption=_("Left as it is"), phone="cards")


@require_http_methods(["GET", "POST"])
@operations_only
def duplicates_bulk(request: HttpRequest) -> HttpResponse:
    """The groups in which every pair is sure; POST merges them in a job."""
    values = request.POST if request.method == "POST" else request.GET
    kind = values["kind"] if values.get("kind") in Kind.values else Kind.ACCOUNT
    score = float(values["score"]) if values.get("score") in BULK_SCORES else SURE_AT
    if request.method == "POST":
        params = {"kind": str(kind), "score": score, "user": request.user.pk}
        job = job_enqueue(kind="duplicates_merge", params=params, key="merge", user=request.user)
        return redirect("job", job.pk)
    groups = sure_groups(kind=kind, score=score)
    page = Paginator(groups, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Merge the surest groups"),
        "page_subtitle": _("Only groups of up to ten rows in which every two rows reach the confidence."),
        "kind": str(kind),
        "kinds": Kind.choices,
        "score": f"{score:g}",
        "scores": [(text, f"{float(text):.0%}".replace("%", " %")) for text in BULK_SCORES],
        "page": page,
        "rows": sum(groups.values_list("size", flat=True)) - page.paginator.count,
        "table": groups_table(list(page), Company.get().reporting_currency),
    }
    return render(request, "data_collection/duplicates/bulk.html", context)


@require_POST
@operations_only
def pair_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that two rows are not the same."""
    from data_collection.duplicates.services.undoing import pair_reopen as reopen

    reopen(pair=get_object_or_404(DuplicatePair.objects.visible_to(request.user), pk=pk))
    messages.success(request, _("The pair is shown again."))
    return redirect("merges")


@require_GET
@operations_only
def lead_matches(request: HttpRequest) -> HttpResponse:
    """Leads that seem to be known already. Information: nothing is merged or linked."""
    rows = LeadMatch.objects.visible_to(request.user).select_related("lead__owner", "account", "contact__account")
    rows = rows.order_by("-score", "lead_id", "pk")
    if request.GET.get("format") == "csv":
        return table_csv(_leads_table(list(rows)), "leads-known-already")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_title": _("Leads known already"),
        "page_subtitle": _("Leads that seem to be a known contact, or to belong to a known account."),
        "page": page,
        "table": _leads_table(list(page)),
        "empty": Empty(
            _("Leads that are customers already"), _("No lead seems to be known as a contact or account."), icon="users"
        ),
    }
    return render(request, "data_collection/duplicates/leads.html", context)


def _leads_table(rows: list[LeadMatch]) -> Table:
    lines = [
        {
            "lead": words_of(row.lead),
            "company": row.lead.company,
            "owner": row.lead.owner,
            "known": words_of(row.contact or row.account),
            "as": _("Contact") if row.contact else _("Account"),
            "url": reverse("account_page", args=[account]) if (account := _account_of(row)) else "",
            "score": shown_score(row.score),
            "level": level_of(row.score),
            "why": ", ".join(evidence_words(row.evidence)),
        }
        for row in rows
    ]
    columns = [
        Column("lead", _("Lead")),
        Column("company", _("Company")),
        Column("owner", _("Owner")),
        Column("known", _("Known as"), href="url"),
        Column("as", _("Kind")),
        Column("score", _("Confidence"), "percent", places=0),
        Column("why", _("Why")),
    ]
    return Table(columns, lines, caption=_("Leads known already"), phone="cards")


def _account_of(row: LeadMatch) -> int | None:
    return row.account_id or (row.contact.account_id if row.contact else None)
