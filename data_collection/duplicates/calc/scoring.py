"""How sure it is that two rows mean the same company or person: evidence added up as log odds.

Fellegi and Sunter, “A Theory for Record Linkage” (1969): each field that agrees or differs adds a weight, a missing
one adds none; the sum, from a start that says most pairs are different, becomes a share between 0 and 1. The
weights are set by hand and checked on generated duplicates; docs/algorithms/duplicates.md has the table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import OSA

from data_collection.duplicates.calc.likeness import company_likeness, person_likeness
from data_collection.duplicates.calc.reachable import is_role, phone_tail
from data_collection.duplicates.calc.records import Record

START = -4.0
OPEN_AT = 0.7  # shown from here on
SURE_AT = 0.95  # offered for merging together

#: Likeness of the names -> weight; straight lines between the points.
COMPANY_NAME = ((0.0, -7.0), (0.5, -5.0), (0.65, -2.0), (0.75, 0.0), (0.85, 2.5), (0.95, 4.5), (1.0, 5.2))
PERSON_NAME = ((0.0, -8.0), (0.5, -6.0), (0.7, -2.0), (0.8, 0.5), (0.85, 2.0), (0.92, 3.2), (1.0, 4.2))
COMPANY_OF_PERSON = ((0.0, -1.5), (0.6, -1.0), (0.75, 0.5), (0.9, 1.5), (1.0, 2.0))
SAME, ALIKE, DIFFERENT = "same", "alike", "different"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says."""

    field: str  # name, company, email, phone, domain, account, place, country
    verdict: str  # same, alike, different
    likeness: float | None  # of names
    weight: float  # log odds


@dataclass(frozen=True, slots=True)
class Score:
    value: float  # 0 to 1
    evidence: tuple[Evidence, ...]


def compare(kind: str, a: Record, b: Record) -> Score:
    """Score of a pair of accounts, contacts or leads."""
    found = _companies(a, b) if kind == "account" else _people(a, b)
    total = START + sum(e.weight for e in found)
    return Score(1 / (1 + math.exp(-total)), tuple(found))


def _companies(a: Record, b: Record) -> list[Evidence]:
    found = []
    if a.name and b.name:
        found.append(_name(company_likeness(a.name, b.name), COMPANY_NAME, a, b))
    found += _equal("domain", a.domain, b.domain, 3.0, -1.5)
    found += _phone(a, b, 3.0, -1.0)
    found += _place(a, b)
    found += _equal("country", a.country, b.country, 0.3, -2.5)
    return found


def _people(a: Record, b: Record) -> list[Evidence]:
    found = []
    if a.name and b.name:
        found.append(_name(person_likeness(a.name, b.name), PERSON_NAME, a, b))
    found += _email(a, b)
    found += _phone(a, b, 3.0, -1.0)
    if a.account and b.account and a.account == b.account:
        found.append(Evidence("account", SAME, None, 2.0))
    elif a.company and b.company:
        alike = company_likeness(a.company, b.company)
        verdict = SAME if alike == 1 else ALIKE if alike >= 0.75 else DIFFERENT
        found.append(Evidence("company", verdict, alike, _line(alike, COMPANY_OF_PERSON)))
    elif a.domain and a.domain == b.domain:
        found.append(Evidence("domain", SAME, None, 1.5))
    found += _equal("country", a.country, b.country, 0.2, -1.0)
    return found


def _name(alike: float, curve: Sequence[tuple[float, float]], a: Record, b: Record) -> Evidence:
    """A name that many rows have says less: half the rows, half the odds."""
    weight = _line(alike, curve)
    if weight > 0:
        weight = max(0.0, weight - math.log(max(1, max(a.namesakes, b.namesakes) / 2)))
    verdict = SAME if alike == 1 else ALIKE if alike >= 0.75 else DIFFERENT
    return Evidence("name", verdict, alike, weight)


def _equal(field: str, a: str, b: str, agree: float, differ: float) -> list[Evidence]:
    if not a or not b:
        return []
    return [Evidence(field, SAME, None, agree) if a == b else Evidence(field, DIFFERENT, None, differ)]


def _phone(a: Record, b: Record, agree: float, differ: float) -> list[Evidence]:
    """A switchboard number, which several rows have, says less."""
    if not a.phone or not b.phone:
        return []
    if phone_tail(a.phone) == phone_tail(b.phone):
        users = max(a.phone_users, b.phone_users)
        return [Evidence("phone", SAME, None, max(0.5, agree - math.log(max(1, users / 2))))]
    return [Evidence("phone", DIFFERENT, None, differ)]


def _place(a: Record, b: Record) -> list[Evidence]:
    (postal_a, _x, city_a), (postal_b, _y, city_b) = a.place.partition("|"), b.place.partition("|")
    if postal_a and postal_b and postal_a == postal_b:
        return [Evidence("place", SAME, None, 1.5)]
    if city_a and city_b:
        if city_a == city_b:
            return [Evidence("place", SAME, None, 0.8)]
        alike = OSA.normalized_similarity(city_a, city_b) >= 0.8
        return [] if alike else [Evidence("place", DIFFERENT, None, -2.0)]
    return [Evidence("place", DIFFERENT, None, -1.0)] if postal_a and postal_b else []


def _email(a: Record, b: Record) -> list[Evidence]:
    """People have several addresses, but seldom two at one company."""
    if not a.email or not b.email:
        return []
    if a.email == b.email:
        return [Evidence("email", SAME, None, 1.5 if is_role(a.email) else 6.0)]
    (local_a, _x, host_a), (local_b, _y, host_b) = a.email.partition("@"), b.email.partition("@")
    near_local = OSA.distance(local_a, local_b, score_cutoff=2) <= (1 if min(len(local_a), len(local_b)) < 8 else 2)
    near_host = host_a == host_b or OSA.distance(host_a, host_b, score_cutoff=2) <= 2
    if near_local and near_host:
        return [Evidence("email", ALIKE, None, 1.0)]
    if host_a == host_b and a.domain:
        return [Evidence("email", DIFFERENT, None, -2.0)]
    both = bool(a.domain and b.domain)
    return [Evidence("email", DIFFERENT, None, -1.5 if both else -0.7)]


def _line(x: float, points: Sequence[tuple[float, float]]) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]
