"""Stored scores as lines over time."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from data_collection.quality.calc.score import FEWEST_ROWS
from data_collection.quality.models import QualityScore
from salesops.access.models import User


@dataclass(frozen=True, slots=True)
class Line:
    """The scores of one rep, team, system, source or stage."""

    key: str
    label: str
    score: float | None  # on the latest day
    rows: int  # in play on the latest day
    findings: int
    money: Decimal | None
    points: tuple[tuple[date, float | None], ...]  # oldest first

    @property
    def few(self) -> bool:
        return self.rows < FEWEST_ROWS

    @property
    def change(self) -> float | None:
        """Against the first day shown; None with one day only."""
        known = [score for _day, score in self.points if score is not None]
        return known[-1] - known[0] if len(known) > 1 else None


def score_lines(user: User, by: str, *, since: date) -> list[Line]:
    """Lines with a score on the latest day, lowest first; those of too few rows come last."""
    rows = (
        QualityScore.objects.visible_to(user)
        .filter(by=by, day__gte=since)
        .select_related("rep", "team", "stage")
        .defer("checked")
        .order_by("day", "pk")
    )
    found: dict[str, list[QualityScore]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    latest = max((scores[-1].day for scores in found.values()), default=None)
    lines = [_line(scores) for scores in found.values() if scores[-1].day == latest]
    return sorted(lines, key=lambda line: (line.few, 2.0 if line.score is None else line.score, line.label))


def _line(scores: list[QualityScore]) -> Line:
    last = scores[-1]
    named = {"rep": last.rep, "team": last.team, "stage": last.stage}.get(last.by)
    return Line(
        last.key,
        str(named) if named is not None else last.key,
        last.score,
        last.rows,
        last.findings,
        last.money,
        tuple((row.day, row.score) for row in scores),
    )
