"""Merging rows into one: what belongs to the losers goes to the winner, nothing is lost, everything can be undone."""

from datetime import date
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from data_collection.crm.models import Mirror
from data_collection.duplicates.links import MODELS, links_ruled
from data_collection.duplicates.models import DuplicatePair, MatchKey, Merge
from data_collection.duplicates.selectors import chosen_values
from data_collection.duplicates.services.images import IMAGES, Recorder
from data_collection.duplicates.services.search import groups_refresh
from salesops.access.models import User


class MergeRefused(ValueError):
    """These rows can't be merged (or this merge not undone); the text says why, for a person."""


def rows_merge(
    *, winner: Mirror, losers: list[Mirror], user: User | None, choices: dict[str, int] | None = None
) -> Merge:
    """Merge `losers` into `winner`, rows of one table.

    Args:
        choices: field name to the id of the row whose value the winner takes. Where a field is not named, the winner
            keeps its value, and takes that of the first loser that has one where its own is empty.

    Raises:
        MergeRefused: a row is gone, merged or erased, or the rows are not of one table.
    """
    kind = kind_of(winner)
    with transaction.atomic():
        first, others = _locked(kind, winner.pk, [row.pk for row in losers])
        merge = Merge.objects.create(
            kind=kind, winner_id=first.pk, losers=[row.pk for row in others], choices=choices or {}, user=user
        )
        recorder = Recorder(merge)
        values = chosen_values(first, others, choices or {})
        _move(recorder, first, others, values)
        recorder.change(first, values)
        for row in others:
            recorder.change(row, {"merged_into_id": first.pk, "deleted_at": row.deleted_at or timezone.now()})
        merge.moved = recorder.moved
        merge.save(update_fields=["moved"])
        _settle_pairs(kind, first.pk, merge.losers, user)
    return merge


def kind_of(row: models.Model) -> str:
    """account, contact or lead.

    Raises:
        MergeRefused: rows of this table can't be merged.
    """
    for kind, model in MODELS.items():
        if isinstance(row, model):
            return kind
    raise MergeRefused("Only accounts, contacts and leads can be merged.")


def _locked(kind: str, winner: int, losers: list[int]) -> tuple[Any, list[Any]]:
    """The rows, locked in the order of their ids, so that two merges of the same rows follow each other."""
    if not losers or winner in losers or len(set(losers)) != len(losers):
        raise MergeRefused("Choose two or more different rows and one of them to keep.")
    rows = MODELS[kind]._base_manager.select_for_update(of=("self",)).filter(pk__in=[winner, *losers]).order_by("pk")
    found = {row.pk: row for row in rows}
    for pk in (winner, *losers):
        row = found.get(pk)
        if row is None or row.merged_into_id or row.deleted_at:
            raise MergeRefused(f"Row {pk} is gone or already merged; load the page again.")
        if getattr(row, "erased_at", None):
            raise MergeRefused(f"Row {pk} was erased; it can't be merged.")
    return found[winner], [found[pk] for pk in losers]


def _move(recorder: Recorder, winner: Any, losers: list[Any], values: dict[str, Any]) -> None:
    """Everything that points at a loser."""
    model, ids = type(winner), [row.pk for row in losers]
    for link, rule in links_ruled(model, "repoint", "chain"):
        recorder.count(rule.words, recorder.repoint(link, ids, winner.pk) if rule.what == "repoint" else 0)
        if rule.what == "chain":
            recorder.repoint(link, ids, winner.pk)
    for link, rule in links_ruled(model, "dates"):
        recorder.count(rule.words, _move_dated(recorder, link, ids, winner.pk))
    for link, rule in links_ruled(model, "tree"):
        recorder.count(rule.words, _move_branch(recorder, link, winner, losers, values))
    for link, _rule in links_ruled(model, "drop"):
        link.model._base_manager.filter(**{f"{link.name}__in": ids}).delete()


def _move_branch(recorder: Recorder, link: models.Field, winner: Any, losers: list[Any], values: dict[str, Any]) -> int:
    """Children of the losers go under the winner; a winner that stood below a loser takes the loser's place."""
    ids = {row.pk for row in losers}
    model = type(winner)
    above, seen = getattr(winner, link.attname), {winner.pk}
    below_loser = False
    while above and above not in seen:
        seen.add(above)
        below_loser = below_loser or above in ids
        above = model._base_manager.filter(pk=above).values_list(link.attname, flat=True).first()
    wanted = values.get(link.attname, getattr(winner, link.attname))
    if below_loser or wanted in ids or wanted == winner.pk or _is_below(model, link, wanted, winner.pk, ids):
        # the first parent above the losers that is none of the rows being merged nor under them
        outside = [getattr(row, link.attname) for row in losers]
        free = (pk for pk in outside if pk and pk != winner.pk and pk not in ids)
        values[link.attname] = next((pk for pk in free if not _is_below(model, link, pk, winner.pk, ids)), None)
    moved = model._base_manager.filter(**{f"{link.name}__in": ids}).exclude(pk=winner.pk)
    children = list(moved.values_list("pk", flat=True))
    recorder.repoint(link, list(ids), winner.pk)
    return len(children)


def _is_below(model: type[models.Model], link: models.Field, start: int | None, winner: int, losers: set[int]) -> bool:
    """Whether `start` hangs under one of the rows being merged."""
    at, seen = start, set()
    while at and at not in seen:
        if at == winner or at in losers:
            return True
        seen.add(at)
        at = model._base_manager.filter(pk=at).values_list(link.attname, flat=True).first()
    return False


def _move_dated(recorder: Recorder, link: models.Field, losers: list[int], winner: int) -> int:
    """Effective rows of the losers, less the days the winner has a row for already."""
    rows = link.model._base_manager.select_for_update().order_by("valid_from", "pk")
    taken = [(row.valid_from, row.valid_to) for row in rows.filter(**{link.attname: winner})]
    moved = 0
    for row in rows.filter(**{f"{link.name}__in": losers}):
        moved += 1
        free = days_left(row.valid_from, row.valid_to, taken)
        taken += free
        if not free:
            recorder.remove(row)
            continue
        (start, end), *more = free
        recorder.change(row, {link.attname: winner, "valid_from": start, "valid_to": end})
        for start, end in more:
            copy = link.model(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
            copy.pk, copy.valid_from, copy.valid_to = None, start, end
            setattr(copy, link.attname, winner)
            recorder.add(copy)
    return moved


Days = tuple[date, date | None]  # [from, to); None = open


def days_left(start: date, end: date | None, taken: list[Days]) -> list[Days]:
    """The parts of [start, end) that none of the `taken` spans covers."""
    left: list[Days] = [(start, end)]
    for taken_from, taken_to in taken:
        parts: list[Days] = []
        for low, high in left:
            if (taken_to is not None and taken_to <= low) or (high is not None and taken_from >= high):
                parts.append((low, high))
                continue
            if low < taken_from:
                parts.append((low, taken_from))
            if taken_to is not None and (high is None or taken_to < high):
                parts.append((taken_to, high))
        left = parts
    return sorted(left, key=lambda span: span[0])


def _settle_pairs(kind: str, winner: int, losers: list[int], user: User | None) -> None:
    """Pairs among the merged rows are decided; other pairs of the losers go, the winner's stay."""
    rows = [winner, *losers]
    pairs = DuplicatePair.objects.filter(kind=kind)
    pairs.filter(left_id__in=rows, right_id__in=rows).update(
        state=DuplicatePair.State.MERGED, decided_by=user, decided_at=timezone.now(), group=None, decided_on=""
    )
    open_pairs = pairs.filter(state=DuplicatePair.State.OPEN)
    open_pairs.filter(models.Q(left_id__in=losers) | models.Q(right_id__in=losers)).delete()
    MatchKey.objects.filter(kind=kind, row_id__in=losers).delete()
    groups_refresh(kind=kind, rows=rows)


def strays_repoint() -> int:
    """Rows that came to point at a merged row while it was being merged, or by SQL, go to the row it was merged into.

    They are added to the images of the merge, so that undoing takes them along.
    """
    total = 0
    for kind, model in MODELS.items():
        table = model._meta.db_table
        for link, _rule in links_ruled(model, "repoint"):
            source, column = link.model._meta.db_table, link.column
            stray = f"FROM {source} t JOIN {table} r ON r.id = t.{column} AND r.merged_into_id IS NOT NULL"
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f'INSERT INTO {IMAGES} (merge_id, "table", row_id, action, before, after) SELECT m.id, %s, t.id, '
                    f"'changed', jsonb_build_object(%s, t.{column}), jsonb_build_object(%s, r.merged_into_id) {stray} "
                    "JOIN data_collection_merge m ON m.kind = %s AND m.undone_at IS NULL AND r.id = ANY(m.losers)",
                    [source, column, column, kind],
                )
                cursor.execute(
                    f"UPDATE {source} s SET {column} = r.merged_into_id FROM {table} r "
                    f"WHERE r.id = s.{column} AND r.merged_into_id IS NOT NULL"
                )
                total += cursor.rowcount
    return total
