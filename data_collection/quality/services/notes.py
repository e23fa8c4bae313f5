"""The weekly note: what to put right first and what was fixed, to each rep; the team's to those who lead one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from data_collection.organisation.models import Rep, TeamManager
from data_collection.quality.models import QualityFinding
from data_collection.quality.rules import Rule, rules_now
from data_collection.quality.selectors.findings import WEEK
from data_collection.quality.selectors.worklist import Item, groups_of, items_of
from salesops.access.models import Role, User
from salesops.charts import numbers
from salesops.company.models import Company
from salesops.jobs.models import ScheduleSlot
from salesops.notices.kinds import notice_kind
from salesops.notices.services import notice_queue

KIND = notice_kind("quality_week", title=gettext_lazy("Weekly note on data quality"), email=True).name
MOST_ITEMS, MOST_REPS = 5, 5


@dataclass(frozen=True, slots=True)
class Note:
    """What one person is told."""

    subject: str
    text: str
    url: str


def note_of(user: User, today: date, rules: dict[str, Rule] | None = None) -> Note | None:
    """The note of a person as of today; None when there is nothing to say."""
    rules = rules if rules is not None else rules_now()
    rows = QualityFinding.objects.visible_to(user)
    standing = rows.standing()
    count = standing.count()
    fixed = rows.filter(state=QualityFinding.State.FIXED, state_since__gt=today - timedelta(days=WEEK)).count()
    if not count and not fixed:
        return None
    currency = Company.get().reporting_currency
    leads = _leads(user, today)
    lines = [_fixed_words(fixed, leads=leads)] if fixed else []
    if count:
        top = items_of(standing, list(groups_of(standing)[:MOST_ITEMS]))
        lines += ["", _("First to put right:"), *(f"- {_item_words(item, rules, currency)}" for item in top)]
        if leads:
            lines += ["", _("By person:"), *(f"- {words}" for words in _people(standing, currency))]
    else:
        lines.append(_("Nothing is left to put right. Thank you."))
    return Note(_subject(count, leads=leads), "\n".join(lines).strip(), reverse("worklist"))


def _subject(count: int, *, leads: bool) -> str:
    n = {"n": f"{count:,}"}
    if leads:
        return ngettext("Your team's data: %(n)s finding", "Your team's data: %(n)s findings", count) % n
    return (
        ngettext("Your CRM data: %(n)s finding to put right", "Your CRM data: %(n)s findings to put right", count) % n
    )


def _fixed_words(fixed: int, *, leads: bool) -> str:
    n = {"n": f"{fixed:,}"}
    if leads:
        return (
            ngettext("%(n)s finding was fixed in the last week.", "%(n)s findings were fixed in the last week.", fixed)
            % n
        )
    return (
        ngettext("You fixed %(n)s finding in the last week.", "You fixed %(n)s findings in the last week.", fixed) % n
    )


def _item_words(item: Item, rules: dict[str, Rule], currency: str) -> str:
    name = str(getattr(item.findings[0], item.table) or "")
    wrong = [str(rules[f.rule].words) for f in item.findings if f.rule in rules]
    money = f" ({numbers.compact(item.money)} {currency})" if item.money else ""
    return f"{name}{money}: {', '.join(dict.fromkeys(wrong))}"


def _people(standing: object, currency: str) -> list[str]:
    """The people with most findings, each with the number of findings and the money they touch."""
    counts: Counter[str] = Counter()
    money: dict[str, Decimal] = {}
    for name, amount in standing.order_by().values_list("owner__name", "money"):
        counts[name or _("nobody")] += 1
        money[name or _("nobody")] = money.get(name or _("nobody"), Decimal(0)) + (amount or 0)
    most = sorted(counts, key=lambda name: (-money[name], -counts[name], name))[:MOST_REPS]
    return [
        ngettext("%(who)s: %(n)s finding", "%(who)s: %(n)s findings", counts[name])
        % {"who": name, "n": f"{counts[name]:,}"}
        + (f", {numbers.compact(money[name])} {currency}" if money[name] else "")
        for name in most
    ]


def _leads(user: User, today: date) -> bool:
    return TeamManager.objects.on(today).filter(rep__user=user).exists()


def note_users(today: date) -> Iterator[User]:
    """Who gets a note: active reps and managers with a rep row that is still employed."""
    working = Rep.objects.filter(Q(left_on__isnull=True) | Q(left_on__gt=today), user__isnull=False)
    yield from User.objects.filter(
        is_active=True, role__in=(Role.REP, Role.MANAGER), pk__in=working.values("user")
    ).order_by("pk")


def notes_send(*, today: date) -> int:
    """Tell everybody once in the week, on the weekday of the setting or the first night after it. Returns how many.

    The week is marked when all are queued, and each note has the week as its key: cut off and run again, nobody is
    told twice and nobody is left out.
    """
    weekday = settings.QUALITY_NOTE_WEEKDAY
    if not weekday or today.isoweekday() < weekday:
        return 0
    year, week, _day = today.isocalendar()
    monday = datetime.combine(date.fromisocalendar(year, week, 1), time(), tzinfo=Company.get().zone)
    if ScheduleSlot.objects.filter(schedule=KIND, slot=monday).exists():
        return 0
    rules = rules_now()
    told = 0
    for user in note_users(today):
        note = note_of(user, today, rules)
        if note is not None:
            told += note_send(user=user, note=note, key=f"quality-{year}-W{week:02d}")
    try:
        with transaction.atomic():
            ScheduleSlot.objects.create(schedule=KIND, slot=monday)
    except IntegrityError:
        pass  # another worker marked the same week
    return told


def note_send(*, user: User, note: Note, key: str) -> bool:
    """Queue a note; False when this person was told under this key before."""
    return notice_queue(user=user, kind=KIND, subject=note.subject, text=note.text, key=key, url=note.url)
