"""Groups, rows side by side and merges as the pages show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from data_collection.duplicates.calc.scoring import SURE_AT
from data_collection.duplicates.links import MODELS
from data_collection.duplicates.models import DuplicateGroup, DuplicatePair, Kind, Merge
from data_collection.duplicates.selectors import (
    Moving,
    chosen_fields,
    chosen_values,
    default_choices,
    evidence_words,
    is_blank,
)
from salesops.frame.components import Column, Table

SHOWN = 12  # rows side by side; the rest of a larger group comes after a merge
LIKELY = 0.85


def level_of(score: float) -> str:
    return "good" if score >= SURE_AT else "info" if score >= LIKELY else "warn"


def shown_score(score: float) -> float:
    """Never 100 %: only a person can be that sure."""
    return min(score, 0.99)


def words_of(row: models.Model) -> str:
    """A row as a person calls it."""
    return str(row) or f"#{row.pk}"


def name_words(kind: str, rows: Iterable[int]) -> dict[int, str]:
    """Row id -> its name, for one kind, in one query."""
    return {row.pk: words_of(row) for row in MODELS[kind]._base_manager.filter(pk__in=list(rows))}


def groups_table(groups: list[DuplicateGroup], currency: str) -> Table:
    names: dict[str, dict[int, str]] = {}
    for kind in Kind.values:
        rows = [row for group in groups if group.kind == kind for row in group.members[:3]]
        names[kind] = name_words(kind, rows) if rows else {}
    lines = [
        {
            "names": " · ".join(names[group.kind].get(row, f"#{row}") for row in group.members[:3])
            + (f" + {group.size - 3}" if group.size > 3 else ""),
            "url": reverse("duplicate_group", args=[group.pk]),
            "kind": group.get_kind_display(),
            "rows": group.size,
            "score": shown_score(group.score),
            "systems": ", ".join(group.systems),
            "money": group.money,
        }
        for group in groups
    ]
    columns = [
        Column("names", _("Perhaps the same"), href="url"),
        Column("kind", _("Kind")),
        Column("rows", _("Rows"), "count"),
        Column("score", _("Confidence"), "percent", places=0, help=_("Of the surest pair in the group")),
        Column("money", _("Deals, %(c)s") % {"c": currency}, "money", help=_("Open and won deals of its rows")),
        Column("systems", _("Systems")),
    ]
    none = _("No group for this filter.")
    return Table(columns, lines, caption=_("Rows that seem to be the same"), phone="cards", id="groups", empty=none)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a field, as one of the rows has it."""

    row: int
    text: str  # "" = empty
    chosen: bool
    label: str  # read out


@dataclass(frozen=True, slots=True)
class Line:
    """One field over all rows."""

    name: str
    label: str
    differs: bool
    options: list[Option]


def side_by_side(rows: list[models.Model]) -> list[Line]:
    """Every field any of the rows fills, the differing ones first; the default choice is marked."""
    first, *others = rows
    choices = default_choices(first, others)
    lines = []
    for field in chosen_fields(type(first)):
        values = [getattr(row, field.attname) for row in rows]
        if all(is_blank(value) for value in values):
            continue
        label = _label(field)
        options = [
            Option(row.pk, text, choices[field.name] == row.pk, f"{label}: {text or _('empty')}")
            for row in rows
            for text in [value_words(field, row)]
        ]
        lines.append(Line(field.name, label, len({str(value) for value in values}) > 1, options))
    return sorted(lines, key=lambda line: not line.differs)


def _label(field: models.Field) -> str:
    text = str(field.verbose_name)
    return text[:1].upper() + text[1:]


def value_words(field: models.Field, row: models.Model) -> str:
    value = getattr(row, field.attname)
    if is_blank(value):
        return ""
    if field.is_relation:
        return str(getattr(row, field.name))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField):
        return date_format(value, "j M Y H:i")
    if isinstance(field, models.DateField):
        return date_format(value, "j M Y")
    if isinstance(field, models.DecimalField):
        return f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) and field.name != "founded_year" else str(value)


@dataclass(frozen=True, slots=True)
class Change:
    """A field of the kept row as it is and as it would be."""

    label: str
    before: str
    after: str


def preview_lines(winner: Any, losers: list[Any], choices: dict[str, int]) -> list[Change]:
    """What changes in the row that is kept."""
    values = chosen_values(winner, losers, choices)
    after = type(winner)(**{f.attname: getattr(winner, f.attname) for f in winner._meta.concrete_fields} | values)
    found = [
        Change(_label(f), value_words(f, winner), value_words(f, after))
        for f in chosen_fields(type(winner))
        if f.attname in values
    ]
    if "attributes" in values:
        new = sorted(set(values["attributes"]) - set(winner.attributes))
        found.append(Change(_("Further columns"), "", _("added: %s") % ", ".join(new)))
    return found


def moving_table(moving: list[Moving], currency: str) -> Table:
    columns = [
        Column("words", _("What moves")),
        Column("rows", _("Rows"), "count"),
        Column("money", _("Amount, %(c)s") % {"c": currency}, "money", reason="reason"),
    ]
    lines = [{"words": m.words, "rows": m.rows, "money": m.money, "reason": _("No amounts here")} for m in moving]
    return Table(columns, lines, caption=_("What moves to the kept row"), empty=_("Nothing hangs on these rows."))


def pairs_of(group: DuplicateGroup, rows: list[models.Model]) -> list[dict[str, Any]]:
    """Why the rows are together, pair by pair."""
    names = {row.pk: words_of(row) for row in rows}
    pairs = DuplicatePair.objects.filter(group=group, state=DuplicatePair.State.OPEN).order_by("-score", "pk")[:30]
    return [
        {
            "left": names.get(pair.left_id, f"#{pair.left_id}"),
            "right": names.get(pair.right_id, f"#{pair.right_id}"),
            "percent": round(shown_score(pair.score) * 100),
            "level": level_of(pair.score),
            "words": evidence_words(pair.evidence),
        }
        for pair in pairs
    ]


def asked_from(group: DuplicateGroup, values: QueryDict) -> tuple[Any, list[Any], dict[str, int]] | None:
    """(row to keep, rows to merge into it, field -> row whose value is taken), or None where the form is incomplete."""
    wanted = {int(text) for text in values.getlist("row") if text.isascii() and text.isdecimal()}
    winner = values.get("winner", "")
    if not winner.isascii() or not winner.isdecimal():
        return None
    rows = MODELS[group.kind]._base_manager.filter(pk__in=(wanted | {int(winner)}) & set(group.members))
    found = {row.pk: row for row in rows.filter(deleted_at__isnull=True).order_by("pk")}
    kept = found.pop(int(winner), None)
    if kept is None or not found:
        return None
    return kept, list(found.values()), _choices(type(kept), values, {kept.pk, *found})


def _choices(model: type[models.Model], values: Mapping[str, str], rows: set[int]) -> dict[str, int]:
    found = {}
    for field in chosen_fields(model):
        text = values.get(f"value-{field.name}", "")
        if text.isascii() and text.isdecimal() and int(text) in rows:
            found[field.name] = int(text)
    return found


def merges_table(merges: list[Merge]) -> Table:
    names = {
        kind: name_words(kind, [pk for m in merges if m.kind == kind for pk in (m.winner_id, *m.losers)])
        for kind in Kind.values
    }
    lines = [
        {
            "name": names[m.kind].get(m.winner_id, f"#{m.winner_id}"),
            "url": reverse("merge", args=[m.pk]),
            "kind": m.get_kind_display(),
            "losers": ", ".join(names[m.kind].get(pk, f"#{pk}") for pk in m.losers[:5]),
            "moved": sum(m.moved.values()),
            "who": str(m.user) if m.user else _("job"),
            "at": m.at,
            "state": _("Undone") if m.undone_at else _("Merged"),
            "level": "neutral" if m.undone_at else "good",
        }
        for m in merges
    ]
    columns = [
        Column("name", _("Kept"), href="url"),
        Column("kind", _("Kind")),
        Column("losers", _("Merged into it")),
        Column("moved", _("Rows moved"), "count"),
        Column("who", _("By")),
        Column("at", _("When"), "datetime"),
        Column("state", _("State"), "badge", level="level"),
    ]
    return Table(columns, lines, caption=_("Merges, newest first"), phone="cards", id="merges")


def decided_table(pairs: list[DuplicatePair]) -> Table:
    names = {
        kind: name_words(kind, [pk for p in pairs if p.kind == kind for pk in (p.left_id, p.right_id)])
        for kind in Kind.values
    }
    lines = [
        {
            "left": names[p.kind].get(p.left_id, f"#{p.left_id}"),
            "right": names[p.kind].get(p.right_id, f"#{p.right_id}"),
            "kind": p.get_kind_display(),
            "state": p.get_state_display(),
            "reason": p.reason,
            "who": str(p.decided_by) if p.decided_by else "",
            "at": p.decided_at,
        }
        for p in pairs
    ]
    columns = [
        Column("left", _("One")),
        Column("right", _("Other")),
        Column("kind", _("Kind")),
        Column("state", _("Decision")),
        Column("reason", _("Reason")),
        Column("who", _("By")),
        Column("at", _("When"), "datetime"),
    ]
    return Table(columns, lines, caption=_("Pairs decided not to be the same"), phone="cards", id="decided")
