"""Merging many groups at once: only those in which every two rows are surely the same."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from data_collection.duplicates.links import MODELS
from data_collection.duplicates.models import DuplicateGroup
from data_collection.duplicates.selectors import best_first
from data_collection.duplicates.services.merging import MergeRefused, rows_merge
from salesops.access.models import User

MOST_ROWS = 10  # larger groups are looked at by a person


@dataclass(frozen=True, slots=True)
class Bulk:
    groups: int
    rows: int  # merged away
    left: int  # groups that could not be merged


def sure_groups(*, kind: str, score: float) -> QuerySet:
    """Groups in which every pair of rows reaches the score."""
    reached = Count("pairs", filter=Q(pairs__state="open", pairs__score__gte=score))
    groups = DuplicateGroup.objects.filter(kind=kind, score__gte=score, size__lte=MOST_ROWS).alias(reached=reached)
    return groups.filter(reached=F("size") * (F("size") - 1) / 2).order_by("-weight", "-score", "pk")


def groups_merge(
    *, kind: str, score: float, user: User | None, progress: Callable[[int, int | None, str], None] | None = None
) -> Bulk:
    """Merge all sure groups, each in its own transaction; cut off and run again, it goes on with the rest."""
    groups = list(sure_groups(kind=kind, score=score))
    merged = rows = left = 0
    for done, group in enumerate(groups, start=1):
        winner, *losers = best_first(MODELS[kind], group.members)
        try:
            rows_merge(winner=winner, losers=losers, user=user)
        except MergeRefused:  # somebody was faster
            left += 1
        else:
            merged, rows = merged + 1, rows + len(losers)
        if progress:
            progress(done, len(groups), "")
    return Bulk(merged, rows, left)
