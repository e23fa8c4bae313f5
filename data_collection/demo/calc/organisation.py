"""The organisation's tables: teams, people, territories, segments, stages, holidays, ramp."""

import json
from datetime import date

import numpy as np
import pandas as pd

from data_collection.demo.calc.clock import NEVER, Clock, day_of
from data_collection.demo.calc.draws import stream
from data_collection.demo.calc.market import LEAVES, LOST, REGIONS, SEGMENTS, STAGE_PROBABILITY, STAGES, WON
from data_collection.demo.calc.staff import RAMP, Staff, memberships

_COST = {"ae": 98_000, "am": 92_000, "sdr": 58_000, "manager": 145_000}  # a year, USD
_HOURS = {"ae": 24.0, "am": 22.0, "sdr": 28.0, "manager": 8.0}  # of selling a week
_LEVEL = {"USD": 1.0, "EUR": 0.86, "THB": 14.0}  # pay in the currency per USD


def _date(day: int) -> date | None:
    return None if day == NEVER else day_of(day)


def team_frame(staff: Staff) -> pd.DataFrame:
    rows = [("ALL", "All sales", "", "USD"), *((r.code, r.name, "ALL", r.currency) for r in REGIONS)]
    rows += [(t.code, t.name, REGIONS[t.region].code, REGIONS[t.region].currency) for t in staff.teams]
    return pd.DataFrame(rows, columns=["code", "name", "parent", "currency"])


def territory_frame() -> pd.DataFrame:
    """Regions and, below each, groups of countries whose rule names countries (and states where shared)."""
    rows = [(region.code, region.name, "", "{}") for region in REGIONS]
    for region in REGIONS:
        for leaf in (leaf for _team, pair in region.teams for leaf in pair):
            rule: dict[str, list[str]] = {"country": sorted({place.country for place in leaf.places})}
            if rule["country"] == ["United States"]:
                rule["state"] = sorted({place.state for place in leaf.places})
            rows.append((leaf.code, leaf.name, region.code, json.dumps(rule)))
    return pd.DataFrame(rows, columns=["code", "name", "parent", "rule"])


def segment_frame() -> pd.DataFrame:
    rows = [(s.code, s.name, i + 1) for i, s in enumerate(SEGMENTS)]
    return pd.DataFrame(rows, columns=["code", "name", "rank"])


def stage_frame() -> pd.DataFrame:
    rows = [(name, i + 1, "open", STAGE_PROBABILITY[i]) for i, name in enumerate(STAGES)]
    rows += [(WON, len(STAGES) + 1, "won", 1.0), (LOST, len(STAGES) + 2, "lost", 0.0)]
    return pd.DataFrame(rows, columns=["name", "rank", "kind", "probability"]).assign(pipeline="default")


def ramp_frame() -> pd.DataFrame:
    rows = [("standard", "Standard, six months", json.dumps(list(RAMP)))]
    return pd.DataFrame(rows, columns=["code", "name", "shares"])


def holiday_frame(clock: Clock) -> pd.DataFrame:
    return pd.DataFrame([(day, "", name) for day, name in clock.holidays()], columns=["day", "country", "name"])


def rep_frame(staff: Staff, seed: int) -> pd.DataFrame:
    people, rng = staff.people, stream(seed, "reps")
    currency = [REGIONS[r].currency for r in people.region]
    cost = [_COST[job] * _LEVEL[c] * (0.9 + 0.25 * rng.random()) for job, c in zip(people.job, currency, strict=True)]
    return pd.DataFrame(
        {
            "code": people.code,
            "name": people.name,
            "job": people.job,
            "email": [f"{code}@altenmoor.example" for code in people.code],
            "hired_on": pd.Series([_date(day) for day in people.hired], dtype=object),
            "left_on": pd.Series([_date(day) for day in people.left], dtype=object),
            "currency": currency,
            "annual_cost": np.round(cost, -3),
            "ramp_profile": ["" if job == "manager" else "standard" for job in people.job],
            "selling_hours_per_week": [_HOURS[job] for job in people.job],
        }
    )


def membership_frame(staff: Staff, clock: Clock) -> pd.DataFrame:
    rows = [(_date(a), _date(b), staff.codes[i], team) for i, team, a, b in memberships(staff, clock)]
    return pd.DataFrame(rows, columns=["valid_from", "valid_to", "rep", "team"], dtype=object)


def manager_frame(staff: Staff) -> pd.DataFrame:
    people, rows = staff.people, []
    for t, person, _day in staff.managers:
        rows.append((_date(people.hired[person]), _date(people.left[person]), staff.teams[t].code, staff.codes[person]))
    for person, code in zip(staff.leaders, ("ALL", *(region.code for region in REGIONS)), strict=True):
        rows.append((_date(people.hired[person]), None, code, staff.codes[person]))
    return pd.DataFrame(rows, columns=["valid_from", "valid_to", "team", "rep"], dtype=object)


def territory_member_frame(staff: Staff) -> pd.DataFrame:
    """Sellers in their group of countries; a team's manager is in its first one, for the days a seat is empty."""
    people, rows = staff.people, []
    for i, code in enumerate(people.code):
        if people.team[i] >= 0:
            seat = people.seat[i]
            leaf = staff.seat_leaf[seat] if seat >= 0 else staff.teams[people.team[i]].leaves[0]
            rows.append((_date(people.hired[i]), _date(people.left[i]), LEAVES[leaf].code, code))
    return pd.DataFrame(rows, columns=["valid_from", "valid_to", "territory", "rep"], dtype=object)
