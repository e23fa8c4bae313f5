"""The scores of a day: how sound the rows in play are, by rep, team, system, lead source and stage.

One query a table sums rows and worst findings by every combination of the dimensions, one counts the findings; the
rest is adding up.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, Count, IntegerField, Max, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from data_collection.organisation.models import Rep, Team, TeamMembership
from data_collection.quality.calc.score import IN_PLAY_DAYS, WEIGHTS
from data_collection.quality.models import QualityCount, QualityFinding, QualityScore
from data_collection.quality.rules.base import OPEN, Basis, Condition, Rule
from data_collection.quality.selectors.rows import PLACES
from data_collection.quality.visibility import MODELS

By = QualityScore.By
Group = tuple[int | None, str, str, int | None]  # owner, system, lead source, stage
Checked = dict[int | None, dict[str, int]]  # by owner and rule


@dataclass(slots=True)
class Sums:
    """What is added up for one score."""

    rows: int = 0
    weight: int = 0
    findings: int = 0
    money: Decimal | None = None

    def add(self, other: "Sums") -> None:
        self.rows += other.rows
        self.weight += other.weight
        self.findings += other.findings
        if other.money is not None:
            self.money = (self.money or Decimal(0)) + other.money


def scores_store(*, basis: Basis, rules: list[Rule]) -> int:
    """Store the scores and the counts by rule of the day of `basis`; the day's earlier ones are replaced.

    Args:
        rules: those that were asked.
    """
    groups: dict[Group, Sums] = defaultdict(Sums)
    for table in MODELS:
        _add_rows(table, basis.today, groups)
    _add_findings(groups)
    checked = _checked(rules, basis)
    rows = _scores(groups, basis.today, checked)
    with transaction.atomic():
        QualityScore.objects.filter(day=basis.today).delete()
        QualityScore.objects.bulk_create(rows, batch_size=2000)
        _store_counts(basis.today, checked)
    return len(rows)


def in_play(table: str, today: date) -> Q:
    """Rows a score speaks about: what is open, what ended lately, and every account and contact."""
    since = today - timedelta(days=IN_PLAY_DAYS)
    if table == "opportunity":
        return OPEN | Q(close_date__gte=since)
    if table == "lead":
        ended = Q(converted_on__gte=since) | Q(disqualified_on__gte=since) | Q(created_on__gte=since)
        return ~Q(status__in=("converted", "disqualified")) | ended
    return Q(ordered_on__gte=since) if table == "order_line" else Q()


def _add_rows(table: str, today: date, groups: dict[Group, Sums]) -> None:
    place = PLACES[table]
    weight = Case(*(When(severity=name, then=Value(weight)) for name, weight in WEIGHTS.items()))
    worst = QualityFinding.objects.standing().filter(table=table, row_id=OuterRef("pk")).order_by()
    worst = worst.values("row_id").annotate(most=Max(weight, output_field=IntegerField())).values("most")
    keys = [place.owner, "system", *filter(None, (place.source, place.stage))]
    rows = (
        MODELS[table]
        .objects.present()
        .filter(in_play(table, today))
        .order_by()
        .annotate(worst=Coalesce(Subquery(worst[:1]), 0))
        .values(*keys)
        .annotate(n=Count("pk"), total=Sum("worst"))
    )
    for row in rows:
        source = row[place.source] if place.source else ""
        key = (row[place.owner], row["system"], source, row[place.stage] if place.stage else None)
        groups[key].add(Sums(rows=row["n"], weight=row["total"]))


def _add_findings(groups: dict[Group, Sums]) -> None:
    keys = ("owner_id", "system", "source", "stage_id")
    found = QualityFinding.objects.standing().order_by().values_list(*keys).annotate(n=Count("pk"), total=Sum("money"))
    for *key, n, total in found:
        groups[(key[0], key[1], key[2], key[3])].add(Sums(findings=n, money=total))


def _scores(groups: Mapping[Group, Sums], day: date, checked: Checked) -> list[QualityScore]:
    team_of: dict[int | None, int] = dict(TeamMembership.objects.on(day).values_list("rep_id", "team_id"))
    codes = {
        By.REP: dict(Rep.objects.values_list("pk", "code")),
        By.TEAM: dict(Team.objects.values_list("pk", "code")),
    }
    sums: dict[tuple[By, str | int | None], Sums] = defaultdict(Sums)
    sums[By.COMPANY, ""] = Sums()  # also where there is nothing yet: it tells that a check ran
    for (owner, system, source, stage), part in groups.items():
        places: list[tuple[By, str | int | None]] = [(By.COMPANY, ""), (By.SYSTEM, system), (By.SOURCE, source)]
        places += [(By.REP, owner), (By.TEAM, team_of.get(owner))] + ([(By.STAGE, stage)] if stage is not None else [])
        for place in places:
            sums[place].add(part)
    scores = []
    for (by, key), total in sums.items():
        number = key if isinstance(key, int) else None
        words = codes[by].get(number or 0, "") if by in codes else str(key)
        row = QualityScore(day=day, by=by, key=words, rows=total.rows, weight=total.weight)
        row.findings, row.money = total.findings, total.money
        row.checked = checked.get(number, {}) if by == By.REP else {}
        row.rep_id = number if by == By.REP else None
        row.team_id = team_of.get(number) if by == By.REP else number if by == By.TEAM else None
        row.stage_id = number if by == By.STAGE else None
        scores.append(row)
    return scores


def _checked(rules: list[Rule], basis: Basis) -> Checked:
    """Rows each rule speaks about by owner, one query a table."""
    found: Checked = defaultdict(dict)
    for table, model in MODELS.items():
        mine = [rule for rule in rules if rule.table == table]
        asked: dict[Condition, str] = {}  # rules that speak about the same rows are counted once
        for rule in mine:
            asked.setdefault(rule.checked, f"c_{len(asked)}")
        if not asked:
            continue
        counts = {name: Count("pk", filter=condition(basis)) for condition, name in asked.items()}
        owner = PLACES[table].owner
        for row in model.objects.present().order_by().values(owner).annotate(**counts):
            found[row[owner]].update({r.name: row[asked[r.checked]] for r in mine if row[asked[r.checked]]})
    return found


def _store_counts(day: date, checked: Checked) -> None:
    standing = QualityFinding.objects.standing().order_by().values("rule").annotate(n=Count("pk"), total=Sum("money"))
    found = {row["rule"]: row for row in standing}
    totals: dict[str, int] = defaultdict(int)
    for counts in checked.values():
        for name, n in counts.items():
            totals[name] += n
    nothing = {"n": 0, "total": None}
    rows = [
        QualityCount(day=day, rule=name, checked=n, broken=row["n"], money=row["total"])
        for name, n in totals.items()
        for row in [found.get(name, nothing)]
    ]
    QualityCount.objects.filter(day=day).delete()
    QualityCount.objects.bulk_create(rows)
