"""Leads: those that became a deal, and the many that did not."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from data_collection.demo.calc import words
from data_collection.demo.calc.accounts import PLACE_CULTURE, PLACES, SYSTEM, Accounts, contact_ids
from data_collection.demo.calc.clock import NEVER, Clock, as_date
from data_collection.demo.calc.deals import NEW, SEASON, YEARLY_GROWTH, Deals
from data_collection.demo.calc.draws import Ints, Texts, choose, codes, spread, stream, text_array
from data_collection.demo.calc.market import (
    CAMPAIGNS,
    CUSTOMER_SOURCE,
    DISQUALIFIED,
    EVENT_KINDS,
    INDUSTRIES,
    LEAVES,
    PRODUCT_CODES,
    SEGMENT_CODES,
    SOURCES,
    TITLES,
    UNLED_SOURCES,
)
from data_collection.demo.calc.sizes import SEATS_PER_TEAM, Size
from data_collection.demo.calc.staff import ACCOUNT_MANAGER, DEVELOPMENT, Staff

SOURCE_NAMES = (*(name for name, *_ in SOURCES), "Outbound", CUSTOMER_SOURCE)
_UNTOUCHED = 0.06
_EVENTS_OF_CONVERTED, _EVENTS_OF_OTHERS = 5.0, 1.9
_MOMENTS = 480  # first minute of the working day


@dataclass(frozen=True)
class Leads:
    """One entry per lead, in order of creation."""

    deal: Ints  # index of the deal it became; -1 for most
    source: Ints  # index into SOURCE_NAMES
    seat: Ints  # of the development rep
    place: Ints
    created: Ints
    touched: Ints  # day of the first human touch; NEVER = not touched
    qualified: Ints  # by marketing; NEVER = not
    accepted: Ints  # by sales; NEVER = not
    ended: Ints  # converted or disqualified; NEVER = neither

    def __len__(self) -> int:
        return len(self.created)

    @cached_property
    def ids(self) -> Texts:
        return codes("LEA", np.arange(1, len(self) + 1), 7)


def leads_of(size: Size, deals: Deals, accounts: Accounts, staff: Staff, clock: Clock, seed: int) -> Leads:
    rng = stream(seed, "leads")
    rates = np.array([share * rate for _name, share, rate, _odds in SOURCES])
    shares = np.array([share for _name, share, *_ in SOURCES])
    candidates = np.flatnonzero((deals.kind == NEW) & (deals.created > clock.start + 45))
    wanted = min(round(size.leads * rates.sum() / shares.sum()), len(candidates))
    deal = np.sort(rng.choice(candidates, wanted, replace=False))
    created = clock.working_from(deals.created[deal] - 2 - rng.gamma(2.0, 7.0, wanted).astype(np.int64).clip(0, 44))
    converted = (deal, choose(rng, rates, wanted), deals.seat[deal], accounts.place[deals.account[deal]], created)
    other = _others(size.leads - wanted, shares - rates, staff, clock, rng)
    columns = [np.concatenate(pair) for pair in zip(converted, other, strict=True)]
    order = np.argsort(columns[4], kind="stable")
    deal, source, seat, place, created = (column[order] for column in columns)
    seat = seat // SEATS_PER_TEAM * SEATS_PER_TEAM + DEVELOPMENT
    return Leads(deal, source, seat, place, created, *_course(deal, created, deals, clock, rng))


def _others(
    count: int, weights: np.ndarray, staff: Staff, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Leads that come to nothing: deal (-1), source, seat, place and day."""
    first = clock.start - clock.early
    span = slice(first, clock.end - clock.early + 1)
    season = np.array(SEASON)[clock.month_of_day[span] - 1]
    growth = YEARLY_GROWTH ** (np.arange(len(season)) / 365.25)
    created = clock.start + spread(season * growth * clock.is_working[span], count, rng)
    seat = rng.integers(0, len(staff.seat_team), count)
    leaf = staff.seat_leaf[seat]
    first_place = np.cumsum([0, *(len(leaf.places) for leaf in LEAVES)])
    place = first_place[leaf] + (rng.random(count) * np.diff(first_place)[leaf]).astype(np.int64)
    return np.full(count, -1), choose(rng, weights, count), seat, place, created


def _course(
    deal: Ints, created: Ints, deals: Deals, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints]:
    """Days of touch, marketing and sales qualification, and end."""
    count, converts = len(deal), deal >= 0
    born = np.where(converts, deals.created[deal], clock.last)
    touched = clock.working_from(created + np.minimum(rng.exponential(0.8, count), 9).astype(np.int64))
    touched = np.minimum(touched, np.maximum(born - 1, created))
    untouched = (~converts & (rng.random(count) < _UNTOUCHED)) | (touched > clock.end)
    qualifies = converts | (rng.random(count) < 0.46)
    accepts = converts | (qualifies & (rng.random(count) < 0.36))
    span = born - created
    fast = np.where(converts, (span * 0.35).astype(np.int64), 1 + rng.gamma(2.0, 3.0, count).astype(np.int64))
    slow = np.where(converts, (span * 0.75).astype(np.int64), fast + 1 + rng.gamma(2.0, 4.0, count).astype(np.int64))
    ends = np.where(converts, span, np.maximum(slow, 12) + rng.gamma(2.0, 9.0, count).astype(np.int64))
    gives_up = converts | (rng.random(count) < 0.86)
    days = []
    for happens, after in ((~untouched, None), (qualifies, fast), (accepts, slow), (gives_up, ends)):
        day = touched if after is None else clock.working_from(created + after)
        day = np.where(converts, np.minimum(day, born), day)
        days.append(np.where(happens & (day <= clock.end), day, NEVER))
    touch, qualified, accepted, ended = days
    return touch, qualified, accepted, ended


def sources_of(deals: Deals, leads: Leads, seed: int) -> tuple[Texts, Texts]:
    """Marketing source of each deal and the id of its lead (empty without), both of shape (deals,)."""
    rng = stream(seed, "deal sources")
    unled = text_array([name for name, _share in UNLED_SOURCES])
    drawn = unled[choose(rng, [share for _name, share in UNLED_SOURCES], len(deals))]
    source = np.where(deals.kind == NEW, drawn, CUSTOMER_SOURCE).astype(object)
    lead = np.full(len(deals), "", dtype=object)
    became = np.flatnonzero(leads.deal >= 0)
    source[leads.deal[became]] = text_array(SOURCE_NAMES)[leads.source[became]]
    lead[leads.deal[became]] = leads.ids[became]
    return source, lead


def lead_frame(
    leads: Leads, deals: Deals, accounts: Accounts, staff: Staff, clock: Clock, seed: int
) -> pd.DataFrame:  # fmt: skip
    """`lead.csv`. Who converts has the better title and industry more often: that is the ideal customer."""
    rng = stream(seed, "lead rows")
    count, converts = len(leads), leads.deal >= 0
    account = np.where(converts, deals.account[leads.deal], 0)
    place = leads.place
    title = np.where(
        converts, choose(rng, [g for _t, g, _b in TITLES], count), choose(rng, [b for *_t, b in TITLES], count)
    )
    industries = text_array([name for name, *_ in INDUSTRIES])
    drawn = industries[choose(rng, [bad for *_name, bad in INDUSTRIES], count)]
    industry = np.where(converts, accounts.industry[account], drawn)
    strangers = (
        text_array([PLACES[p].iso for p in place.tolist()]),
        text_array([PLACES[p].city for p in place.tolist()]),
    )
    other_name, other_domain = words.company_names(drawn, *strangers, rng)
    given, family, local = words.people(PLACE_CULTURE[place], rng)
    people = np.where(converts, accounts.employees[account], np.exp(rng.normal(4.0, 1.5, count)).astype(np.int64) + 1)
    segment = np.where(converts, deals.segment[leads.deal], np.digitize(people, [100, 1_000]))
    status = _status(leads)
    reasons = text_array([name for name, _share in DISQUALIFIED])
    reason = reasons[choose(rng, [share for _name, share in DISQUALIFIED], count)]
    minute = _MOMENTS + rng.integers(0, 560, count)
    touched_at = np.where(leads.touched == leads.created, minute + 10 + rng.integers(0, 120, count), 500 + minute // 3)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": leads.ids,
            "name": given + " " + family,
            "company": np.where(converts, accounts.name[account], other_name),
            "email": local + "@" + np.where(converts, accounts.domain[account], other_domain),
            "title": pd.Categorical(text_array([name for name, *_ in TITLES])[title]),
            "industry": pd.Categorical(industry),
            "country": pd.Categorical(text_array([p.country for p in PLACES])[place]),
            "employees": people,
            "lead_source": pd.Categorical(text_array(SOURCE_NAMES)[leads.source]),
            "campaign": pd.Categorical(text_array(CAMPAIGNS)[rng.integers(0, len(CAMPAIGNS), count)]),
            "status": pd.Categorical(status),
            "owner": staff.codes[_owner(leads, deals, staff, clock)],
            "segment": pd.Categorical(text_array(SEGMENT_CODES)[segment]),
            "product": pd.Categorical(np.where(converts, text_array(PRODUCT_CODES)[deals.product[leads.deal]], "")),
            "account": np.where(converts, accounts.ids[account], ""),
            "contact": np.where(converts, contact_ids(accounts.contact_first[account]), ""),
            "created_on": as_date(leads.created),
            "assigned_at": clock.moment(leads.created, minute),
            "first_touch_at": clock.moment(leads.touched, touched_at),
            "mql_on": as_date(leads.qualified),
            "sql_on": as_date(leads.accepted),
            "converted_on": as_date(np.where(converts, leads.ended, NEVER)),
            "disqualified_on": as_date(np.where(converts, NEVER, leads.ended)),
            "disqualified_reason": pd.Categorical(np.where(status == "disqualified", reason, "")),
        }
    )


def _owner(leads: Leads, deals: Deals, staff: Staff, clock: Clock) -> Ints:
    """The development rep, until sales accepts the lead: then the account executive it was handed to."""
    handed = leads.accepted != NEVER
    colleague = leads.seat // SEATS_PER_TEAM * SEATS_PER_TEAM + np.arange(len(leads)) % ACCOUNT_MANAGER
    closer = np.where(leads.deal >= 0, deals.seat[leads.deal], colleague)
    seat, day = np.where(handed, closer, leads.seat), np.where(handed, leads.accepted, leads.created)
    return staff.owner(seat, day, clock)


def _status(leads: Leads) -> Texts:
    ended = leads.ended != NEVER
    return np.select(
        [ended & (leads.deal >= 0), ended, leads.accepted != NEVER, leads.qualified != NEVER, leads.touched != NEVER],
        ["converted", "disqualified", "sql", "mql", "working"],
        "new",
    ).astype(object)


def event_frame(leads: Leads, clock: Clock, seed: int) -> pd.DataFrame:
    """`marketing_event.csv`: signs of interest, more and stronger ones from those who convert."""
    rng = stream(seed, "events")
    converts = leads.deal >= 0
    number = rng.poisson(np.where(converts, _EVENTS_OF_CONVERTED, _EVENTS_OF_OTHERS))
    lead = np.repeat(np.arange(len(leads)), number)
    until = np.where(leads.ended == NEVER, np.minimum(leads.created + 40, clock.end), leads.ended)[lead]
    back = leads.created[lead] - rng.integers(0, 12, len(lead))
    day = back + (rng.random(len(lead)) * (until - back + 1)).astype(np.int64)
    strong, weak = [0.24, 0.2, 0.2, 0.15, 0.12, 0.09], [0.34, 0.36, 0.14, 0.07, 0.06, 0.03]
    kind = np.where(converts[lead], choose(rng, strong, len(lead)), choose(rng, weak, len(lead)))
    order = np.argsort(day, kind="stable")
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": codes("EVT", np.arange(1, len(lead) + 1), 7),
            "kind": pd.Categorical(text_array(EVENT_KINDS)[kind[order]]),
            "day": as_date(np.minimum(day[order], clock.end)),
            "lead": leads.ids[lead[order]],
            "campaign": pd.Categorical(text_array(CAMPAIGNS)[rng.integers(0, len(CAMPAIGNS), len(lead))]),
        }
    )
