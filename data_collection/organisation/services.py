"""Changes of the organisation from a day on: the old row ends on the day the new one begins.

Every service locks the row the dates hang on (the rep, the team), so two people who change the same
rep at once do so one after the other. What can't be done raises `ValidationError` in words.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from data_collection.organisation.models import (
    Quota,
    RampProfile,
    Rep,
    Team,
    TeamManager,
    TeamMembership,
    Territory,
    TerritoryMember,
)
from salesops.effective.clashes import check_dated, day_words, describe, span_words
from salesops.effective.models import Effective
from salesops.lib.money import round_money

E = TypeVar("E", bound=Effective)
M = TypeVar("M", bound=Model)


@transaction.atomic
def rep_move_team(*, rep: Rep, team: Team, from_day: date) -> TeamMembership:
    """The rep is in `team` from `from_day` on; the membership of that day ends there.

    A membership that was to end later passes its end on to the new one. One that begins on the same
    day is replaced, it never held a day. One that begins later stands in the way.
    """
    rep = _locked(rep)
    _check_employed(rep, from_day)
    if not team.is_active:
        raise ValidationError(_("%(team)s is no longer active.") % {"team": team})
    new = TeamMembership(rep=rep, team=team, valid_from=from_day)
    return _begin(new, rep.memberships.all(), "team")


@transaction.atomic
def rep_set_territory(*, rep: Rep, territory: Territory, from_day: date, is_primary: bool = True) -> TerritoryMember:
    """The rep works `territory` from `from_day` on.

    As primary it ends the primary territory of that day; as overlay it stands beside it.
    """
    rep = _locked(rep)
    _check_employed(rep, from_day)
    new = TerritoryMember(rep=rep, territory=territory, valid_from=from_day, is_primary=is_primary)
    rows = rep.territories.filter(is_primary=True)
    if not is_primary:
        rows = rep.territories.filter(is_primary=False, territory=territory)
    return _begin(new, rows, "territory")


@transaction.atomic
def team_set_manager(*, team: Team, rep: Rep, from_day: date) -> TeamManager:
    """`rep` leads `team` from `from_day` on; the manager of that day stops there."""
    team = _locked(team)
    _check_employed(rep, from_day)
    new = TeamManager(team=team, rep=rep, valid_from=from_day)
    return _begin(new, team.managers.all(), "rep")


@transaction.atomic
def membership_end(*, rep: Rep, day: date) -> TeamMembership:
    """The rep is in no team from `day` on."""
    rep = _locked(rep)
    running = rep.memberships.on(day - timedelta(days=1)).first()
    if running is None:
        raise ValidationError(
            _("%(rep)s is in no team on the day before %(day)s.") % {"rep": rep, "day": day_words(day)}
        )
    if running.valid_to == day:
        raise ValidationError(_("The membership already ends on %(day)s.") % {"day": day_words(day)})
    later = rep.memberships.filter(valid_from__gte=day).order_by("valid_from").first()
    if later is not None:
        raise ValidationError(_in_the_way(later, ["rep"]))
    running.valid_to = day
    running.save(update_fields=["valid_to"])
    return running


@transaction.atomic
def rep_set_ramp_profile(*, rep: Rep, ramp_profile: RampProfile | None) -> Rep:
    rep = _locked(rep)
    if rep.ramp_profile_id == (ramp_profile.pk if ramp_profile else None):
        raise ValidationError(_("%(rep)s already has this ramp profile.") % {"rep": rep})
    rep.ramp_profile = ramp_profile
    rep.save(update_fields=["ramp_profile"])
    return rep


@transaction.atomic
def quota_copy(*, quota: Quota, uplift_percent: Decimal = Decimal(0)) -> Quota:
    """The same quota for the period right after, of the same length, raised by `uplift_percent`.

    Whole months stay whole months (a quarter is followed by a quarter); any other span by as many days.
    The amount is rounded once, to the currency's minor unit, for money; to whole pieces for counts.
    """
    if uplift_percent < -100:
        raise ValidationError(_("An uplift below -100 % would make the quota negative."))
    owner = quota.rep or quota.team or quota.territory
    _locked(owner)
    end = next_end(quota.valid_from, quota.valid_to)
    raised = quota.amount * (1 + uplift_percent / 100)
    is_money = quota.metric in (Quota.Metric.BOOKINGS, Quota.Metric.REVENUE)
    new = Quota(
        metric=quota.metric,
        rep=quota.rep,
        team=quota.team,
        territory=quota.territory,
        amount=round_money(raised, quota.currency) if is_money else round_money(raised, "JPY"),
        currency=quota.currency,
        valid_from=quota.valid_to,
        valid_to=end,
    )
    new.clean_fields()
    check_dated(new)
    new.save()
    return new


def next_end(start: date, end: date) -> date:
    """End of the period after the half-open `[start, end)`, with the same number of months or days.

    >>> next_end(date(2026, 1, 1), date(2026, 4, 1)), next_end(date(2026, 1, 10), date(2026, 1, 20))
    (datetime.date(2026, 7, 1), datetime.date(2026, 1, 30))
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day != end.day or months == 0:
        return end + (end - start)
    year, month = divmod(end.year * 12 + end.month - 1 + months, 12)
    return date(year, month + 1, min(end.day, monthrange(year, month + 1)[1]))


def _begin(new: E, rows: QuerySet[E], what: str) -> E:
    """Save `new`, ending the row of `rows` in force on its first day. `what` names the link that changes."""
    subjects = [field for field in ("rep", "team", "territory") if field != what]
    later = rows.filter(valid_from__gt=new.valid_from).order_by("valid_from").first()
    if later is not None:
        raise ValidationError(_in_the_way(later, subjects))
    running = rows.on(new.valid_from).first()
    if running is not None:
        if getattr(running, f"{what}_id") == getattr(new, f"{what}_id"):
            words = _("Nothing to change: already %(what)s, %(span)s.")
            raise ValidationError(words % _described(running, subjects))
        new.valid_to = running.valid_to
        if running.valid_from == new.valid_from:
            running.delete()
        else:
            running.valid_to = new.valid_from
            running.save(update_fields=["valid_to"])
    check_dated(new)
    new.save()
    return new


def _locked(row: M) -> M:
    return type(row)._default_manager.select_for_update().get(pk=row.pk)


def _check_employed(rep: Rep, day: date) -> None:
    if rep.hired_on and day < rep.hired_on:
        words = _("%(rep)s was hired on %(day)s; choose that day or a later one.")
        raise ValidationError(words % {"rep": rep, "day": day_words(rep.hired_on)})
    if rep.left_on and day >= rep.left_on:
        words = _("%(rep)s left on %(day)s; choose an earlier day.")
        raise ValidationError(words % {"rep": rep, "day": day_words(rep.left_on)})


def _in_the_way(row: Effective, subjects: Sequence[str]) -> str:
    words = _("A later change is already planned: %(what)s, %(span)s. Change or remove that one first.")
    return words % _described(row, subjects)


def _described(row: Effective, subjects: Sequence[str]) -> dict[str, str]:
    return {"what": describe(row, subjects), "span": span_words(row.valid_from, row.valid_to)}
