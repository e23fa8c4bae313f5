"""Changes from a day on. Ranges are half-open: the old row ends on the day the new one begins."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from data_collection.models import Quota, Rep, TeamMembership, TerritoryMember
from data_collection.organisation.services import (
    membership_end,
    next_end,
    quota_copy,
    rep_move_team,
    rep_set_ramp_profile,
    rep_set_territory,
    team_set_manager,
)
from tests.builders import make_membership, make_quota, make_ramp_profile, make_rep, make_team
from tests.conftest import Teams

pytestmark = pytest.mark.django_db
DAY = date(2026, 7, 1)


def spans(rows) -> list[tuple]:
    return [
        (str(getattr(r, "team", None) or r.territory), r.valid_from, r.valid_to) for r in rows.order_by("valid_from")
    ]


class TestMoveTeam:
    def test_the_old_membership_ends_where_the_new_begins(self, rep: Rep, teams: Teams) -> None:
        rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        assert spans(rep.memberships) == [("North", date(2020, 1, 1), DAY), ("South", DAY, None)]
        assert rep.memberships.on(date(2026, 6, 30)).get().team == teams.north
        assert rep.memberships.on(DAY).get().team == teams.south

    def test_a_planned_end_moves_to_the_new_membership(self, rep: Rep, teams: Teams) -> None:
        rep.memberships.update(valid_to=date(2026, 12, 31))
        rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        assert spans(rep.memberships) == [("North", date(2020, 1, 1), DAY), ("South", DAY, date(2026, 12, 31))]

    def test_a_membership_that_ends_that_day_is_left_alone(self, rep: Rep, teams: Teams) -> None:
        rep.memberships.update(valid_to=DAY)
        rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        assert spans(rep.memberships) == [("North", date(2020, 1, 1), DAY), ("South", DAY, None)]

    def test_a_membership_that_begins_that_day_is_replaced(self, teams: Teams) -> None:
        rep = make_rep("New hire", team=teams.north, since=DAY)
        rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        assert spans(rep.memberships) == [("South", DAY, None)]

    def test_a_later_membership_stands_in_the_way_and_is_named(self, rep: Rep, teams: Teams) -> None:
        rep.memberships.update(valid_to=date(2026, 10, 1))
        make_membership(rep, teams.region, date(2026, 10, 1))
        with pytest.raises(ValidationError, match="Region, from 1 Oct 2026 until further notice"):
            rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        assert rep.memberships.count() == 2

    def test_refusals_say_why(self, rep: Rep, teams: Teams) -> None:
        with pytest.raises(ValidationError, match="already North, from 1 Jan 2020"):
            rep_move_team(rep=rep, team=teams.north, from_day=DAY)
        with pytest.raises(ValidationError, match="hired on 1 Jan 2020"):
            rep_move_team(rep=rep, team=teams.south, from_day=date(2019, 12, 31))
        with pytest.raises(ValidationError, match="no longer active"):
            rep_move_team(rep=rep, team=make_team("Gone", is_active=False), from_day=DAY)

    def test_the_leaving_day_is_the_first_day_not_employed(self, teams: Teams) -> None:
        rep = make_rep("Leaver", team=teams.north, left_on=DAY)
        with pytest.raises(ValidationError, match="left on 1 Jul 2026"):
            rep_move_team(rep=rep, team=teams.south, from_day=DAY)
        rep_move_team(rep=rep, team=teams.south, from_day=date(2026, 6, 30))
        assert rep.memberships.count() == 2


def test_end_of_a_membership(rep: Rep) -> None:
    membership_end(rep=rep, day=DAY)
    assert rep.memberships.on(date(2026, 6, 30)).exists()
    assert not rep.memberships.on(DAY).exists()
    with pytest.raises(ValidationError, match="already ends on 1 Jul 2026"):
        membership_end(rep=rep, day=DAY)
    with pytest.raises(ValidationError, match="is in no team"):
        membership_end(rep=rep, day=date(2026, 7, 3))


def test_territory_primary_is_replaced_and_overlay_stands_beside(rep: Rep, territories) -> None:
    rep_set_territory(rep=rep, territory=territories["world"], from_day=DAY, is_primary=False)
    rep_set_territory(rep=rep, territory=territories["south"], from_day=DAY)
    assert spans(rep.territories.filter(is_primary=True)) == [
        ("Northlands", date(2020, 1, 1), DAY),
        ("Southlands", DAY, None),
    ]
    assert TerritoryMember.objects.on(DAY).filter(rep=rep).count() == 2


def test_a_team_has_one_manager_a_day(manager_rep: Rep, outsider_manager_rep: Rep, teams: Teams) -> None:
    team_set_manager(team=teams.north, rep=outsider_manager_rep, from_day=DAY)
    assert teams.north.managers.on(date(2026, 6, 30)).get().rep == manager_rep
    assert teams.north.managers.on(DAY).get().rep == outsider_manager_rep


def test_ramp_profile_is_set_once(rep: Rep) -> None:
    profile = make_ramp_profile()
    assert rep_set_ramp_profile(rep=rep, ramp_profile=profile).ramp_profile == profile
    with pytest.raises(ValidationError, match="already has this"):
        rep_set_ramp_profile(rep=rep, ramp_profile=profile)


class TestQuotaCopy:
    def test_next_quarter_with_uplift(self, rep: Rep) -> None:
        quota = make_quota(rep, "333333.33", date(2026, 1, 1), date(2026, 4, 1))
        new = quota_copy(quota=quota, uplift_percent=Decimal("7.5"))
        assert (new.valid_from, new.valid_to) == (date(2026, 4, 1), date(2026, 7, 1))
        assert new.amount == Decimal("358333.33")  # 333333.33 * 1.075 = 358333.32975

    def test_counts_stay_whole(self, teams: Teams) -> None:
        quota = make_quota(teams.north, "10", date(2026, 1, 1), date(2026, 4, 1), metric=Quota.Metric.NEW_CUSTOMERS)
        assert quota_copy(quota=quota, uplift_percent=Decimal(25)).amount == 13  # 12.5, ties away from zero

    def test_twice_is_refused_and_names_the_row(self, rep: Rep) -> None:
        quota = make_quota(rep, "100", date(2026, 1, 1), date(2026, 4, 1))
        quota_copy(quota=quota)
        with pytest.raises(ValidationError, match="Already there: 100 USD, from 1 Apr 2026 until 1 Jul 2026"):
            quota_copy(quota=quota)
        assert Quota.objects.count() == 2

    @pytest.mark.parametrize(
        ("start", "end", "after"),
        [
            (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)),
            (date(2026, 10, 1), date(2027, 1, 1), date(2027, 4, 1)),
            (date(2026, 1, 1), date(2027, 1, 1), date(2028, 1, 1)),
            (date(2026, 1, 10), date(2026, 1, 20), date(2026, 1, 30)),
        ],
    )
    def test_the_period_after(self, start: date, end: date, after: date) -> None:
        assert next_end(start, end) == after


def test_the_database_refuses_what_slips_past(rep: Rep, teams: Teams) -> None:
    """Neighbours may touch, never share a day."""
    from django.db import IntegrityError

    rep.memberships.update(valid_to=DAY)
    make_membership(rep, teams.south, DAY)
    with pytest.raises(IntegrityError, match="teammembership_one_team_a_day"):
        TeamMembership.objects.create(rep=rep, team=teams.region, valid_from=date(2026, 6, 30), valid_to=DAY)
