"""Accounts and their contacts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_collection.demo.calc import words
from data_collection.demo.calc.clock import Clock, as_date
from data_collection.demo.calc.draws import Ints, Texts, choose, choose_rows, codes, spread, stream, text_array
from data_collection.demo.calc.market import (
    INDUSTRIES,
    LEAVES,
    PUBLIC_INDUSTRIES,
    REGIONS,
    SEGMENT_CODES,
    SEGMENTS,
    TITLES,
    Place,
)
from data_collection.demo.calc.sizes import Size
from data_collection.demo.calc.staff import ACCOUNT_MANAGER, PLACE_ACCOUNTS, PLACE_SEGMENTS, Staff

SYSTEM = "demo"
PUBLIC = SEGMENT_CODES.index("PUB")
PLACES: tuple[Place, ...] = tuple(place for leaf in LEAVES for place in leaf.places)
_FIRST_PLACE = np.cumsum([0, *(len(leaf.places) for leaf in LEAVES)])[:-1]
_PLACES_OF_LEAF = np.array([len(leaf.places) for leaf in LEAVES])
PLACE_CULTURE = np.array([words.CULTURES.index(place.culture) for place in PLACES])


@dataclass(frozen=True)
class Accounts:
    """One entry per account, ordered by seat."""

    ids: Texts
    seat: Ints
    first_of_seat: Ints  # of seats: index of the seat's first account
    count_of_seat: Ints
    region: Ints
    segment: Ints
    place: Ints  # index into PLACES
    industry: Texts
    employees: Ints
    customer_from: Ints  # day; past the end when it was never a customer at the first day
    name: Texts
    domain: Texts
    contact_first: Ints  # index of the first contact
    contact_count: Ints


def accounts_of(size: Size, staff: Staff, clock: Clock, seed: int) -> Accounts:
    rng = stream(seed, "accounts")
    seat = spread(PLACE_ACCOUNTS[staff.seat_place], size.accounts, rng)
    first = np.searchsorted(seat, np.arange(size.seats))
    count = np.bincount(seat, minlength=size.seats)
    segment = choose_rows(rng, PLACE_SEGMENTS[staff.seat_place[seat]])
    leaf = staff.seat_leaf[seat]
    place = _FIRST_PLACE[leaf] + (rng.random(len(seat)) * _PLACES_OF_LEAF[leaf]).astype(np.int64)
    industry = _industry(segment, rng)
    low = np.array([s.employees[0] for s in SEGMENTS])[segment]
    high = np.array([s.employees[1] for s in SEGMENTS])[segment]
    employees = np.exp(np.log(low) + rng.random(len(seat)) * np.log(high / low)).astype(np.int64)
    is_customer = rng.random(len(seat)) < np.where(staff.seat_place[seat] == ACCOUNT_MANAGER, 0.85, 0.16)
    since = clock.early - rng.integers(1, 1_500, len(seat))
    countries = text_array([PLACES[p].iso for p in place.tolist()])
    cities = text_array([PLACES[p].city for p in place.tolist()])
    name, domain = words.company_names(industry, countries, cities, rng)
    contacts = 1 + choose(rng, [0.5, 0.35, 0.15], len(seat))
    return Accounts(
        codes("ACC", np.arange(1, len(seat) + 1), 6), seat, first, count, staff.seat_region[seat], segment, place,
        industry, employees, np.where(is_customer, since, clock.last), name, domain,
        np.cumsum(contacts) - contacts, contacts,
    )  # fmt: skip


def _industry(segment: Ints, rng: np.random.Generator) -> Texts:
    private = text_array([name for name, *_ in INDUSTRIES])
    public = text_array([name for name, _share in PUBLIC_INDUSTRIES])
    drawn = private[choose(rng, [share for _name, share, _bad in INDUSTRIES], len(segment))]
    drawn_public = public[choose(rng, [share for _name, share in PUBLIC_INDUSTRIES], len(segment))]
    return np.where(segment == PUBLIC, drawn_public, drawn)


def account_frame(accounts: Accounts, staff: Staff, first_deal: Ints, first_win: Ints, clock: Clock, seed: int,
                  ) -> pd.DataFrame:  # fmt: skip
    """`account.csv`; `first_deal` and `first_win` are days per account, past the end where there is none."""
    rng = stream(seed, "account rows")
    count = len(accounts.ids)
    place = [PLACES[p] for p in accounts.place.tolist()]
    created = np.minimum(first_deal, clock.end) - rng.integers(1, 500, count)
    customer = np.minimum(accounts.customer_from, first_win)
    created = np.where(customer <= clock.end, np.minimum(created, customer - 20), created)
    revenue = accounts.employees * np.round(np.exp(rng.normal(11.9, 0.4, count)), -3)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": accounts.ids,
            "name": accounts.name,
            "owner": staff.codes[staff.owner(accounts.seat, np.full(count, clock.end), clock)],
            "segment": text_array(SEGMENT_CODES)[accounts.segment],
            "industry": accounts.industry,
            "website": "https://www." + accounts.domain,
            "country": text_array([p.country for p in place]),
            "region": text_array([r.name for r in REGIONS])[accounts.region],
            "state": text_array([p.state for p in place]),
            "city": text_array([p.city for p in place]),
            "latitude": np.array([p.latitude for p in place]) + rng.normal(0, 0.08, count).round(4),
            "longitude": np.array([p.longitude for p in place]) + rng.normal(0, 0.08, count).round(4),
            "employees": accounts.employees,
            "annual_revenue": revenue,
            "currency": text_array([r.currency for r in REGIONS])[accounts.region],
            "founded_year": clock.until.year - 4 - (rng.random(count) ** 2 * 90).astype(np.int64),
            "customer_since": as_date(np.where(customer <= clock.end, customer, np.iinfo(np.int64).min)),
            "created_on": as_date(created),
        }
    )


def contact_ids(numbers: Ints) -> Texts:
    return codes("CON", numbers + 1, 6)


def contact_frame(accounts: Accounts, seed: int) -> pd.DataFrame:
    """`contact.csv`."""
    rng = stream(seed, "contacts")
    account = np.repeat(np.arange(len(accounts.ids)), accounts.contact_count)
    count = len(account)
    given, family, local = words.people(PLACE_CULTURE[accounts.place[account]], rng)
    titles = text_array([name for name, *_ in TITLES])
    phones = rng.integers(100, 10_000_000, count)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": contact_ids(np.arange(count)),
            "account": accounts.ids[account],
            "first_name": given,
            "last_name": family,
            "email": local + "@" + accounts.domain[account],
            "phone": text_array([f"+00 555 {p:07d}" for p in phones.tolist()]),
            "title": titles[choose(rng, [share for _title, share, _bad in TITLES], count)],
            "country": text_array([p.country for p in PLACES])[accounts.place[account]],
        }
    )
