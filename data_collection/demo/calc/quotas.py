"""Quotas: set so that the company as a whole ends a quarter near its plan, and people around theirs.

A region's quarter is planned at what it booked divided by a planned attainment of about 96 %, and shared by what
seats of this kind usually bring and how far each person's ramp is. Quarters not over yet take last year's plus growth.
"""

from datetime import date

import numpy as np
import pandas as pd

from data_collection.demo.calc.clock import NEVER, Clock, day_of, quarter_start
from data_collection.demo.calc.deals import YEARLY_GROWTH, Deals
from data_collection.demo.calc.draws import Floats, Ints, stream
from data_collection.demo.calc.market import REGIONS
from data_collection.demo.calc.staff import DEVELOPMENT, RAMP, Staff, memberships

QUARTERS_AHEAD = 2
FEWEST_DAYS = 28  # who is there for less of a quarter has no quota in it
LEAST_RAMP = 0.35  # of a full quota, from the first one on
OVER_ASSIGNMENT = 1.05  # sum of the reps' quotas / the team's
_ROUND = {"USD": 1_000, "EUR": 1_000, "THB": 10_000}
#: Places that share a kind: small, middle, large accounts, account managers, development (no quota).
_KIND_OF_PLACE = np.array([0, 0, 1, 1, 2, 2, 3, 4])
_COLUMNS = ["valid_from", "valid_to", "metric", "rep", "team", "amount", "currency"]


def quota_frame(deals: Deals, final: Ints, staff: Staff, rates: Floats, clock: Clock, seed: int) -> pd.DataFrame:
    """`quota.csv`: bookings per quarter, of reps in their currency, of teams, regions and the company."""
    first, last = int(clock.quarter(np.array([clock.start]))[0]), int(clock.quarter(np.array([clock.end]))[0])
    quarters = range(first, last + 1 + QUARTERS_AHEAD)
    plan = _regional_plans(deals, final, quarters, last, clock, seed)
    share = _seat_values(deals, final, staff, clock)
    teams = {code: (team, first, left) for team, first, left, code in _stays(staff, clock)}
    rows: list[tuple[date, date, str, str, str, float, str]] = []
    for i, quarter in enumerate(quarters):
        begin, end = max(quarter_start(quarter), clock.start), quarter_start(quarter + 1)
        weight, days = _weights(staff, share, begin, end)
        region = np.array(staff.people.region)
        total = np.bincount(region, weights=weight, minlength=len(REGIONS))
        amount = plan[i][region] * np.divide(weight, total[region], out=np.zeros_like(weight), where=weight > 0)
        of_team: dict[str, float] = {}
        for p in np.flatnonzero(weight > 0).tolist():
            currency = REGIONS[region[p]].currency
            step = _ROUND[currency]
            value = max(round(amount[p] / step), 1) * step
            stay = (day_of(days[p][0]), day_of(days[p][1]))
            rows.append((*stay, "bookings", staff.codes[p], "", value, currency))
            for code, part in _by_team(p, days[p], teams, staff).items():
                of_team[code] = of_team.get(code, 0.0) + value * part
        rows += _team_rows(of_team, staff, rates, (day_of(begin), day_of(end)))
    return pd.DataFrame(rows, columns=_COLUMNS).assign(territory="")


def _regional_plans(
    deals: Deals, final: Ints, quarters: range, current: int, clock: Clock, seed: int
) -> Floats:  # fmt: skip
    """Sum of the reps' quotas in the region's currency, shape (quarters, regions)."""
    rng = stream(seed, "quotas")
    won = deals.won(clock)
    booked = np.zeros((len(quarters), len(REGIONS)))
    place = clock.quarter(deals.close[won]) - quarters.start
    np.add.at(booked, (place, deals.region[won]), final[won] / 100.0)
    planned = np.clip(rng.normal(0.955, 0.04, booked.shape), 0.87, 1.04)
    plan = booked / planned
    for i, quarter in enumerate(quarters):
        if quarter >= current:  # not over: what the same quarter of the two years before says
            plan[i] = (plan[i - 4] * YEARLY_GROWTH + plan[i - 8] * YEARLY_GROWTH**2) / 2
    return plan


def _seat_values(deals: Deals, final: Ints, staff: Staff, clock: Clock) -> Floats:
    """What a seat brings per ramped day: half its own past, half that of its kind in the region, shape (seats,)."""
    kinds = int(_KIND_OF_PLACE.max()) + 1
    group = staff.seat_region * kinds + _KIND_OF_PLACE[staff.seat_place]
    won = deals.won(clock)
    value = np.bincount(group[deals.seat[won]], weights=final[won] / 100.0, minlength=len(REGIONS) * kinds)
    span = slice(clock.start - clock.early, clock.end - clock.early + 1)
    ramped = staff.ramp_on[:, span].sum(axis=1)
    effort = np.bincount(group, weights=ramped, minlength=len(REGIONS) * kinds)
    own = np.bincount(deals.seat[won], weights=final[won] / 100.0, minlength=len(ramped)) / np.maximum(ramped, 1.0)
    each = (np.divide(value, effort, out=np.zeros_like(value), where=effort > 0)[group] + own) / 2
    return np.where(staff.seat_place == DEVELOPMENT, 0.0, each)


def _weights(staff: Staff, share: Floats, begin: int, end: int) -> tuple[Floats, list[tuple[int, int]]]:
    """Per person the expected share of `[begin, end)`, and the days of it the person is employed."""
    people = staff.people
    weight, days = np.zeros(len(people.code)), []
    for p, seat in enumerate(people.seat):
        left = people.left[p] if people.left[p] != NEVER else end
        low, high = max(begin, people.hired[p]), min(end, left)
        days.append((low, high))
        if seat >= 0 and share[seat] > 0 and high - low >= min(FEWEST_DAYS, end - begin):
            month = min(max((low + high) // 2 - people.hired[p], 0) // 30, len(RAMP) - 1)
            weight[p] = share[seat] * max(RAMP[month], LEAST_RAMP) * (high - low)
    return weight, days


def _stays(staff: Staff, clock: Clock) -> list[tuple[str, int, int, tuple[int, int]]]:
    """Team, first day, first day no longer, (person, number of the stay)."""
    rows, count = [], {}  # type: list[tuple[str, int, int, tuple[int, int]]], dict[int, int]
    for person, team, begin, end in memberships(staff, clock):
        count[person] = count.get(person, -1) + 1
        rows.append((team, begin, end if end != NEVER else clock.last, (person, count[person])))
    return rows


def _by_team(
    person: int, days: tuple[int, int], stays: dict[tuple[int, int], tuple[str, int, int]], staff: Staff
) -> dict[str, float]:
    """Share of the person's days spent in each team."""
    found = {}
    for number in range(2):
        if stay := stays.get((person, number)):
            team, begin, end = stay
            overlap = min(end, days[1]) - max(begin, days[0])
            if overlap > 0:
                found[team] = overlap / (days[1] - days[0])
    return found


def _team_rows(
    of_team: dict[str, float], staff: Staff, rates: Floats, days: tuple[date, date]
) -> list[tuple[date, date, str, str, str, float, str]]:
    """Quotas of teams, regions and the company: less than the sum below them."""
    rows, of_region = [], np.zeros(len(REGIONS))
    for team in staff.teams:
        currency = REGIONS[team.region].currency
        step = _ROUND[currency]
        value = round(of_team.get(team.code, 0.0) / OVER_ASSIGNMENT / step) * step
        if value:
            rows.append((*days, "bookings", "", team.code, float(value), currency))
            of_region[team.region] += value
    for r, region in enumerate(REGIONS):
        rows.append((*days, "bookings", "", region.code, float(of_region[r]), region.currency))
    company = round(float((of_region * rates).sum()) / 1_000) * 1_000
    rows.append((*days, "bookings", "", "ALL", float(company), "USD"))
    return rows
