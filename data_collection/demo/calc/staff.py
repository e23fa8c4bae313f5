"""Seats and the people in them: who sells in which team, with which skill, from when to when.

A seat is a place in a team with accounts of its own; people come and go, the seat stays. Between two people the
team's manager looks after it. So the owner of anything on any day is `person_on[seat, day]`.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from data_collection.demo import truths
from data_collection.demo.calc.clock import NEVER, Clock, number
from data_collection.demo.calc.draws import Floats, Ints, Texts, stream
from data_collection.demo.calc.market import LEAVES, REGIONS
from data_collection.demo.calc.sizes import SEATS_PER_TEAM, Size
from data_collection.demo.calc.words import CULTURES, FAMILY, FAMILY_PLAIN, GIVEN, GIVEN_PLAIN

ACCOUNT_MANAGER, DEVELOPMENT = 6, 7  # places in a team; 0 to 5 are account executives
RAMP = (0.10, 0.30, 0.55, 0.75, 0.90, 1.0)  # share of full work in the first, second, ... month
MEAN_STAY_DAYS = 2_900
#: Per place in a team: accounts, deals a year, and the segments (SMB, MID, ENT, PUB) the accounts come from.
PLACE_ACCOUNTS = np.array([62, 62, 44, 44, 22, 22, 48, 0], dtype=float)
PLACE_DEALS = np.array([60, 60, 52, 52, 34, 32, 50, 0], dtype=float)
PLACE_SEGMENTS = np.array([
    [0.95, 0.05, 0.00, 0.00], [0.95, 0.05, 0.00, 0.00], [0.08, 0.89, 0.03, 0.00], [0.08, 0.89, 0.03, 0.00],
    [0.00, 0.06, 0.78, 0.16], [0.00, 0.04, 0.40, 0.56], [0.56, 0.32, 0.06, 0.06], [1.00, 0.00, 0.00, 0.00],
])  # fmt: skip
_TALENT = {truths.LOGIN_REP: 1.1, truths.OVER_COMMITTER: -0.1, truths.SANDBAGGER: 0.4, truths.DIRTY_REP: 0.0}
_MOVED_PLACES = (3, 5, 6)


@dataclass(frozen=True, slots=True)
class Team:
    code: str
    name: str
    region: int  # index into REGIONS
    leaves: tuple[int, int]  # indexes into LEAVES


@dataclass(slots=True)
class People:
    """One entry per person, in order of appearance."""

    code: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    job: list[str] = field(default_factory=list)
    region: list[int] = field(default_factory=list)
    team: list[int] = field(default_factory=list)  # -1: leads a region or the company
    seat: list[int] = field(default_factory=list)  # -1: no seat
    hired: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)  # NEVER: still here
    skill: list[float] = field(default_factory=list)  # standard deviations above the ordinary rep

    def add(self, name: tuple[str, str], job: str, place: tuple[int, int, int], stay: tuple[int, int]) -> int:
        """Append a person; `place` is region, team and seat, `stay` the day hired and left. Returns the index."""
        self.name.append(name[0])
        self.code.append(name[1])
        self.job.append(job)
        for column, value in zip((self.region, self.team, self.seat), place, strict=True):
            column.append(value)
        self.hired.append(stay[0])
        self.left.append(stay[1])
        self.skill.append(0.0)
        return len(self.code) - 1


@dataclass(frozen=True)
class Staff:
    teams: tuple[Team, ...]
    people: People
    codes: Texts  # of people
    skill: Floats  # of people
    seat_team: Ints
    seat_place: Ints
    seat_leaf: Ints
    seat_region: Ints
    person_on: Ints  # (seats, days) person index; the manager before the seat exists and while it is empty
    ramp_on: Floats  # (seats, days) share of full work; 0 before the seat exists and while it is empty
    managers: tuple[tuple[int, int, int], ...]  # team, person, first day (until the team's next row)
    leaders: tuple[int, ...]  # the company's, then each region's

    def owner(self, seats: Ints, days: Ints, clock: Clock) -> Ints:
        """Person who looks after each seat on each day."""
        return self.person_on[seats, np.clip(days - clock.early, 0, self.person_on.shape[1] - 1)]


def teams_of(size: Size) -> tuple[Team, ...]:
    teams, seen = [], [0] * len(REGIONS)
    for i in range(size.teams):
        r = i * len(REGIONS) // size.teams
        region, k = REGIONS[r], seen[r]
        seen[r] += 1
        name, leaves = region.teams[k % 2]
        first, second = (LEAVES.index(leaf) for leaf in leaves)
        teams.append(Team(f"{region.code}-{k + 1}", name if k < 2 else f"{name} {k // 2 + 1}", r, (first, second)))
    return tuple(teams)


class _Names:
    """Draws names that were not given yet, of the region's cultures."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._pools = []
        for region in REGIONS:
            cultures = [CULTURES.index(culture) for culture in region.cultures]
            pool = [(c, g, f) for c in cultures for g in range(GIVEN.shape[1]) for f in range(FAMILY.shape[1])]
            self._pools.append([pool[i] for i in rng.permutation(len(pool))])
        self._given: dict[str, int] = {}

    def fixed(self, code: str) -> tuple[str, str]:
        """The person whose code is `given.family`."""
        self._given[code] = 1
        given, family = code.split(".")
        g, f = np.argwhere(given == GIVEN_PLAIN)[0], np.argwhere(family == FAMILY_PLAIN)[0]
        return f"{GIVEN[tuple(g)]} {FAMILY[tuple(f)]}", code

    def next(self, region: int) -> tuple[str, str]:
        while True:
            c, g, f = self._pools[region].pop()
            code = f"{GIVEN_PLAIN[c, g]}.{FAMILY_PLAIN[c, f]}"
            if code not in self._given and code not in (*_TALENT, *truths.MOVED, truths.LOGIN_MANAGER):
                self._given[code] = 1
                return f"{GIVEN[c, g]} {FAMILY[c, f]}", code


def _planted_seats(teams: tuple[Team, ...]) -> dict[int, str]:
    """Seat -> code of the person planted there."""
    first = {code: i for i, code in enumerate(team.code for team in teams)}
    seats = {
        first["AMER-1"] * SEATS_PER_TEAM + 1: truths.LOGIN_REP,
        first["AMER-2"] * SEATS_PER_TEAM: truths.DIRTY_REP,
        first["EUR-1"] * SEATS_PER_TEAM + 1: truths.SANDBAGGER,
        first["EUR-2"] * SEATS_PER_TEAM: truths.OVER_COMMITTER,
    }
    moved = zip(_MOVED_PLACES, truths.MOVED, strict=True)
    return seats | {first["AMER-1"] * SEATS_PER_TEAM + place: code for place, code in moved}


def staff_of(size: Size, clock: Clock, seed: int) -> Staff:
    rng = stream(seed, "staff")
    teams, names, people = teams_of(size), _Names(rng), People()
    seat = np.arange(size.seats)
    leaders = tuple(_leader(region, people, names, clock, rng) for region in (-1, *range(len(REGIONS))))
    managers = _managers(teams, people, names, clock, rng)
    manager_on = np.zeros((len(teams), len(clock.days)), dtype=np.int64)
    for team, person, day in managers:
        manager_on[team, day - clock.early :] = person
    person_on = manager_on[seat // SEATS_PER_TEAM]
    ramp_on = np.zeros(person_on.shape)
    planted = _planted_seats(teams)
    for s in seat.tolist():
        _fill_seat(s, teams, planted.get(s), people, names, clock, rng, person_on[s], ramp_on[s], manager_on)
    skill = np.clip(rng.normal(0.0, 0.8, len(people.code)), -1.6, 1.6)
    for i, code in enumerate(people.code):
        skill[i] = _TALENT.get(code, 0.0 if people.seat[i] < 0 else skill[i])
    people.skill = skill.tolist()
    seat_team = seat // SEATS_PER_TEAM
    place = seat % SEATS_PER_TEAM
    leaf = np.array([team.leaves for team in teams])[seat_team, place % 2]
    region = np.array([team.region for team in teams])[seat_team]
    codes = np.array(people.code, dtype=object)
    return Staff(
        teams, people, codes, skill, seat_team, place, leaf, region, person_on, ramp_on, tuple(managers), leaders
    )


def _leader(region: int, people: People, names: _Names, clock: Clock, rng: np.random.Generator) -> int:
    hired = clock.early - int(rng.integers(200, 2_000))
    return people.add(names.next(max(region, 0)), "manager", (max(region, 0), -1, -1), (hired, NEVER))


def _managers(
    teams: tuple[Team, ...], people: People, names: _Names, clock: Clock, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """One manager a team; in the second European team one leaves and another follows."""
    rows = []
    for t, team in enumerate(teams):
        name = names.fixed(truths.LOGIN_MANAGER) if t == 0 else names.next(team.region)
        hired = clock.early - int(rng.integers(60, 1_500))
        leaves = clock.start + 520 if team.code == "EUR-2" else NEVER
        rows.append((t, people.add(name, "manager", (team.region, t, -1), (hired, leaves)), clock.early))
        if leaves != NEVER:
            follower = people.add(names.next(team.region), "manager", (team.region, t, -1), (leaves, NEVER))
            rows.append((t, follower, leaves))
    return rows


def _fill_seat(
    seat: int, teams: tuple[Team, ...], planted: str | None, people: People, names: _Names, clock: Clock,
    rng: np.random.Generator, person_on: Ints, ramp_on: Floats, manager_on: Ints,
) -> None:  # fmt: skip
    """Hire, and replace whoever leaves; fills the seat's rows of `person_on` and `ramp_on`."""
    t, place = divmod(seat, SEATS_PER_TEAM)
    job = {ACCOUNT_MANAGER: "am", DEVELOPMENT: "sdr"}.get(place, "ae")
    opens = clock.early
    if (place in (2, 4) and t % 2 == 1) or (place == 3 and not planted and t % 3 == 2):
        opens = clock.start + int(rng.integers(60, 800))  # the company grew by these seats
    hired = opens if opens > clock.early else clock.early - int(rng.integers(200, 1_900))
    luck = (0.3 + seat / 1.618034) % 1.0  # spread evenly over the seats, so that a few leave in every company
    while True:
        leaves = max(hired, clock.start - 60) + 150 - int(MEAN_STAY_DAYS * math.log(1.0 - luck))
        luck = float(rng.random())
        again = leaves + int(rng.integers(14, 75))
        stays = planted is not None or again > clock.end - 20
        name = names.fixed(planted) if planted else names.next(teams[t].region)
        person = people.add(name, job, (teams[t].region, t, seat), (hired, NEVER if stays else leaves))
        begin = max(hired - clock.early, 0)
        person_on[begin:] = person
        months = (clock.days[begin:] - hired) // 30
        ramp_on[begin:] = np.array(RAMP)[np.clip(months, 0, len(RAMP) - 1)]
        if stays:
            return
        gap = slice(leaves - clock.early, again - clock.early)
        person_on[gap] = manager_on[t, gap]
        ramp_on[gap] = 0.0
        hired = again


def memberships(staff: Staff, clock: Clock) -> list[tuple[int, str, int, int]]:
    """Person, team code, first day, first day no longer; the reorganisation is two rows for each who moved."""
    facts, people, rows = truths.planted(clock.until), staff.people, []
    moved_on = number(facts.reorganised_on)
    for i, code in enumerate(people.code):
        hired, left = people.hired[i], people.left[i]
        if people.team[i] < 0:
            rows.append((i, REGIONS[people.region[i]].code if i else "ALL", hired, left))
        elif code in facts.moved:
            rows.append((i, facts.moved_from, hired, moved_on))
            rows.append((i, facts.moved_to, moved_on, left))
        else:
            rows.append((i, staff.teams[people.team[i]].code, hired, left))
    return rows
