"""Undoing a merge, and deciding that two rows are not the same."""

from django.db import connection, models, transaction
from django.utils import timezone

from data_collection.duplicates.models import DuplicateGroup, DuplicatePair, Merge
from data_collection.duplicates.services.images import images_restore, kept_as_json
from data_collection.duplicates.services.keys import keys_refresh
from data_collection.duplicates.services.merging import MergeRefused
from data_collection.duplicates.services.search import as_it_is, groups_refresh
from salesops.access.models import User


def merge_undo(*, merge: Merge, user: User | None) -> Merge:
    """Restore every row the merge touched; what was changed since stays and is listed in `kept`.

    Raises:
        MergeRefused: undone already, or a later merge of the same rows stands in the way.
    """
    with transaction.atomic():
        merge = Merge.objects.select_for_update().get(pk=merge.pk)
        if merge.undone_at:
            raise MergeRefused("This merge was undone already.")
        later = later_merges(merge)
        if later:
            numbers = ", ".join(f"#{other.pk}" for other in later)
            raise MergeRefused(f"Undo the later merges of these rows first: {numbers}.")
        merge.kept = kept_as_json(images_restore(merge))
        merge.undone_at, merge.undone_by = timezone.now(), user
        merge.save(update_fields=["kept", "undone_at", "undone_by"])
        keys_refresh(kind=merge.kind)
        rows = [merge.winner_id, *merge.losers]
        _decide(
            DuplicatePair.objects.filter(kind=merge.kind, left_id__in=rows, right_id__in=rows),
            state=DuplicatePair.State.UNDONE,
            reason="",
            user=user,
        )
    return merge


def later_merges(merge: Merge) -> list[Merge]:
    """Merges after this one that stand and have a row in common with it, newest first."""
    rows = [merge.winner_id, *merge.losers]
    later = Merge.objects.filter(kind=merge.kind, pk__gt=merge.pk, undone_at__isnull=True)
    return list(later.filter(models.Q(winner_id__in=rows) | models.Q(losers__overlap=rows)))


def group_dismiss(*, group: DuplicateGroup, rows: list[int], user: User, reason: str) -> int:
    """Remember that `rows` of a group are different from each other. Returns the number of pairs decided.

    They are not shown again until one of the rows changes.
    """
    with transaction.atomic():
        pairs = DuplicatePair.objects.filter(kind=group.kind, state=DuplicatePair.State.OPEN)
        decided = _decide(
            pairs.filter(left_id__in=rows, right_id__in=rows),
            state=DuplicatePair.State.DIFFERENT,
            reason=reason,
            user=user,
        )
        groups_refresh(kind=group.kind, rows=group.members)
    return decided


def pair_reopen(*, pair: DuplicatePair) -> None:
    """Take a decision back: the pair is shown again."""
    with transaction.atomic():
        DuplicatePair.objects.filter(pk=pair.pk).exclude(state=DuplicatePair.State.MERGED).update(
            state=DuplicatePair.State.OPEN, decided_by=None, decided_at=None, reason="", decided_on=""
        )
        groups_refresh(kind=pair.kind, rows=[pair.left_id, pair.right_id])


def _decide(pairs: models.QuerySet, *, state: str, reason: str, user: User | None) -> int:
    ids = list(pairs.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE data_collection_duplicatepair p SET state = %s, reason = %s, decided_by_id = %s, "
            f"decided_at = now(), group_id = NULL, decided_on = {as_it_is('p')} WHERE p.id = ANY(%s)",
            [state, reason[:300], user.pk if user else None, ids],
        )
    return len(ids)
