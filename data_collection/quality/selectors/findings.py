"""Findings for pages, files and the API: one set of filters, cut to what a person may see."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from data_collection.crm.models import Opportunity
from data_collection.quality.models import (
    STANDING,
    FindingEvent,
    QualityCount,
    QualityFinding,
    QualityScore,
    RecordLink,
)
from data_collection.quality.rules import Rule, rules_now
from salesops.access.models import User

WEEK = 7  # days
TREND_WEEKS = 12
RECORDS = ("opportunity", "lead", "account", "contact", "order_line")
RELATED = (*RECORDS, "owner", "team", "stage", "opportunity__account", "contact__account", "accepted_by")
NONE = "-"  # in a filter: rows without
#: Names of a filter, each with the path of its value.
PATHS = {
    "rule": "rule",
    "severity": "severity",
    "rep": "owner__code",
    "team": "team__code",
    "source": "source",
    "system": "system",
    "table": "table",
}
STATES = ("standing", "open", "came_back", "accepted", "fixed", "all")


@dataclass(frozen=True, slots=True)
class FindingFilters:
    """What of the findings is asked for; the same names in every address."""

    values: Mapping[str, str]  # of PATHS, only those set
    stage: int | None = None
    state: str = "standing"
    age: int = 0  # days since first seen, at least
    changed: int = 0  # days since it came into its state, less than; 0 = ever

    def rows(self, user: User, today: date) -> QuerySet:
        """The findings of the filters that `user` may see, money first."""
        found = QualityFinding.objects.visible_to(user)
        for name, value in self.values.items():
            path = PATHS[name]
            found = found.filter(_without(path) if value == NONE else Q(**{path: value}))
        if self.stage is not None:
            found = found.filter(stage=self.stage)
        if self.state == "standing":
            found = found.filter(state__in=STANDING)
        elif self.state != "all":
            found = found.filter(state=self.state)
        if self.age:
            found = found.filter(first_seen__lte=today - timedelta(days=self.age))
        if self.changed:
            found = found.filter(state_since__gt=today - timedelta(days=self.changed))
        return found


def _without(path: str) -> Q:
    column = path.split("__")[0]
    return Q(**{f"{column}__isnull": True}) if "__" in path else Q(**{path: ""})


def parse_filters(query: Mapping[str, str]) -> FindingFilters:
    """The filters of an address; what it does not know is left out."""
    values = {name: query[name][:120] for name in PATHS if query.get(name) and "\0" not in query[name]}
    state = query.get("state", "standing")
    return FindingFilters(
        values,
        stage=_whole(query.get("stage", "")) or None,
        state=state if state in STATES else "standing",
        age=_whole(query.get("age", "")),
        changed=_whole(query.get("changed", "")),
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """What one rule found among the rows of one person."""

    rule: Rule
    open: int
    new: int  # of these, in the last seven days
    fixed: int  # in the last seven days
    accepted: int
    money: Decimal | None  # of the open ones, reporting currency
    checked: int | None  # rows the rule looked at; None: it was not asked
    trend: tuple[int | None, ...] = ()  # open at the end of each of the last weeks, oldest first; None: not checked yet

    @property
    def share(self) -> float | None:
        return self.open / self.checked if self.checked else None


def rule_summaries(user: User, today: date, *, trend: bool = True) -> list[RuleSummary]:
    """Every rule in force, with what it found: the worst first, then most money."""
    since = today - timedelta(days=WEEK)
    standing = Q(state__in=STANDING)
    rows = (
        QualityFinding.objects.visible_to(user)
        .order_by()
        .values("rule")
        .annotate(
            open=Count("pk", filter=standing),
            new=Count("pk", filter=standing & Q(state_since__gt=since)),
            fixed=Count("pk", filter=Q(state="fixed", state_since__gt=since)),
            accepted=Count("pk", filter=Q(state="accepted")),
            money=Sum("money", filter=standing),
        )
    )
    found = {row.pop("rule"): row for row in rows}
    checked = checked_rows(user)
    lines = _trends(user, today, {name: row["open"] for name, row in found.items()}) if trend else {}
    nothing = {"open": 0, "new": 0, "fixed": 0, "accepted": 0, "money": None}
    summaries = [
        RuleSummary(rule, **found.get(name, nothing), checked=checked.get(name), trend=lines.get(name, ()))
        for name, rule in rules_now().items()
    ]
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(summaries, key=lambda s: (order[s.rule.severity], -(s.money or 0), -s.open, str(s.rule.title)))


def checked_rows(user: User) -> dict[str, int]:
    """Rows each rule looked at in the latest check, of those this person may see."""
    if user.sees_everything:
        latest = QualityCount.objects.order_by("-day").values("day")[:1]
        return dict(QualityCount.objects.filter(day=latest).values_list("rule", "checked"))
    latest = QualityScore.objects.order_by("-day").values("day")[:1]
    total: dict[str, int] = defaultdict(int)
    for counts in QualityScore.objects.visible_to(user).filter(day=latest, by="rep").values_list("checked", flat=True):
        for name, n in counts.items():
            total[name] += n
    return dict(total)


def _trends(user: User, today: date, now: Mapping[str, int]) -> dict[str, tuple[int | None, ...]]:
    """Open findings at the end of each week, counted back from today by the steps of each day."""
    first = today - timedelta(days=WEEK * (TREND_WEEKS - 1))
    events = FindingEvent.objects.filter(day__gt=first).exclude(step=0)
    if not user.sees_everything:
        events = events.filter(finding__in=QualityFinding.objects.visible_to(user).order_by().values("pk"))
    steps: dict[str, list[int]] = defaultdict(lambda: [0] * TREND_WEEKS)
    for rule, day, step in events.order_by().values_list("finding__rule", "day").annotate(total=Sum("step")):
        steps[rule][min(max((today - day).days, 0) // WEEK, TREND_WEEKS - 1)] += step
    known = _weeks_checked(today)
    lines: dict[str, tuple[int | None, ...]] = {}
    for rule, count in now.items():
        line = [count]
        for step in steps[rule][: TREND_WEEKS - 1]:
            line.append(line[-1] - step)
        lines[rule] = tuple(reversed([*line[:known], *[None] * (TREND_WEEKS - known)]))
    return lines


def _weeks_checked(today: date) -> int:
    """Ends of weeks, counted back from today, since the first check."""
    first = QualityScore.objects.aggregate(day=Min("day"))["day"] or today
    return min(max((today - first).days, 0) // WEEK + 1, TREND_WEEKS)


def last_check() -> date | None:
    return QualityScore.objects.aggregate(day=Max("day"))["day"]


def record_of(finding: QualityFinding) -> object | None:
    """The row itself, as loaded with `RELATED`; None when it is gone."""
    return getattr(finding, finding.table)


def record_links() -> dict[tuple[str, str], str]:
    """Address patterns by system and table."""
    return {(link.system, link.table): link.address for link in RecordLink.objects.all()}


def fixes_of(rep_id: int) -> list[tuple[Opportunity, list[str]]]:
    """A rep's open deals that need something put right, most money first, each with what."""
    rules = rules_now()
    found = (
        QualityFinding.objects.standing()
        .filter(table="opportunity", owner=rep_id, opportunity__owner=rep_id, opportunity__status="open")
        .filter(opportunity__deleted_at=None)
        .select_related("opportunity__account", "opportunity__stage")
    )
    order = {name: place for place, name in enumerate(rules)}
    deals: dict[int, tuple[Opportunity, list[str]]] = {}
    for finding in sorted(found, key=lambda f: (-(f.money or 0), f.row_id, order.get(f.rule, 0))):
        if finding.rule in rules:
            deals.setdefault(finding.row_id, (finding.opportunity, []))[1].append(str(rules[finding.rule].words))
            finding.opportunity.touched = finding.money
    return list(deals.values())
