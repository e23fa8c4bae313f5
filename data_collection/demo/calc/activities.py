"""What reps did all day: most e-mails, fewer calls, meetings, demos, proposals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_collection.demo.calc.accounts import SYSTEM, Accounts
from data_collection.demo.calc.clock import NEVER, Clock, as_date
from data_collection.demo.calc.deals import DEMO, Deals
from data_collection.demo.calc.draws import Floats, Ints, Texts, choose, choose_rows, codes, stream, text_array
from data_collection.demo.calc.leads import Leads
from data_collection.demo.calc.pipeline import PROPOSAL
from data_collection.demo.calc.sizes import Size
from data_collection.demo.calc.staff import Staff

EMAIL, CALL, MEETING, DEMONSTRATION, PROPOSE, OTHER = range(6)
KINDS = ("email", "call", "meeting", "demo", "proposal", "other")
_MIX = np.array([0.56, 0.28, 0.13, 0.0, 0.0, 0.03])
_MINUTES = np.array([5, 11, 45, 60, 80, 20])
_TOUCHES_OF_LEAD = 2.6
_WORKDAY = (480, 1_080)  # minutes of the local day: 8:00 to 18:00
_MEETING_SKILL = 0.18  # better reps meet more and write less
_SUBJECTS = (
    ("Introduction", "Follow-up", "Answer to your question", "Minutes of our talk", "Offer attached"),
    ("Discovery call", "Follow-up call", "Price question", "Check-in"),
    ("Needs workshop", "Meeting with operations", "Decision meeting", "Quarterly review"),
    ("Product demo", "Demo for the team"),
    ("Proposal", "Revised proposal"),
    ("Internal preparation",),
)
_OUTCOMES = ("", "connected", "voicemail", "no answer", "held", "no show")


def _coded(numbers: Ints, words: Sequence[str]) -> "pd.Categorical[str]":
    """Each number as the word at its place."""
    return pd.Categorical.from_codes(numbers, pd.Index(list(words), dtype="str"))


class ActivityRows:
    """Activities of a run of deals, of leads, and of customers; each call is one block of `activity.csv`."""

    def __init__(self, size: Size, deals: Deals, leads: Leads, staff: Staff, accounts: Accounts, clock: Clock,
                 seed: int, deal_ids: Texts) -> None:  # fmt: skip
        self._staff, self._accounts, self._clock, self._seed, self._deal_ids = staff, accounts, clock, seed, deal_ids
        self._deals, self._leads = deals, leads
        fixed = 1.5 * (deals.entries[:, DEMO] != NEVER).sum() + 1.15 * (deals.entries[:, PROPOSAL] != NEVER).sum()
        rest = size.activities * 0.94 - fixed - _TOUCHES_OF_LEAD * len(leads)
        self._effort = self._weight(deals)
        self._per_weight = max(rest, 0.0) / float(self._effort.sum())
        self._after_sale = size.activities * 0.06
        self._number = 0

    def _weight(self, deals: Deals) -> Floats:
        """Effort a deal takes: longer and further ones more; the time before the first day is not told."""
        seen = deals.last_day(self._clock) - np.maximum(deals.created, self._clock.start) + 4
        stages = (deals.entries != NEVER).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(seen, 1)) * (0.6 + 0.25 * stages))

    def of_deals(self, part: slice) -> pd.DataFrame:
        rng, clock = stream(self._seed, "activities", part.start), self._clock
        d = self._deals.take(part)
        begin, end = np.maximum(d.created, clock.start), d.last_day(clock)
        number = rng.poisson(self._effort[part] * self._per_weight)
        deal = np.repeat(np.arange(len(d)), number)
        day = begin[deal] + (rng.random(len(deal)) * (end - begin + 1)[deal]).astype(np.int64)
        person = d.take(deal).owner(day, self._staff, clock)
        mix = np.tile(_MIX, (len(deal), 1))
        mix[:, MEETING] *= np.exp(_MEETING_SKILL * self._staff.skill[person])
        parts = [(deal, day, choose_rows(rng, mix))]
        for kind, stage, more in ((DEMONSTRATION, DEMO, 0.5), (PROPOSE, PROPOSAL, 0.15)):
            entered = d.entries[:, stage]
            for share, delay in ((1.0, 3), (more, 9)):
                who = np.flatnonzero((entered != NEVER) & (rng.random(len(d)) < share))
                parts.append((who, entered[who] + rng.integers(0, delay, len(who)), np.full(len(who), kind)))
        deal, day, kinds = (np.concatenate(column) for column in zip(*parts, strict=True))
        told = (day >= clock.start) & (day <= clock.end)
        day = np.maximum(clock.worked(np.minimum(day, end[deal]), rng), begin[deal])
        deal, day, kinds = deal[told], day[told], kinds[told]
        person = d.take(deal).owner(day, self._staff, clock)
        return self._frame(rng, person, day, kinds, account=d.account[deal], deal=deal + part.start)

    def of_leads(self) -> pd.DataFrame:
        """Touches of the development reps, from the first one on."""
        rng, clock, leads = stream(self._seed, "lead activities"), self._clock, self._leads
        touched = np.flatnonzero(leads.touched != NEVER)
        lead = np.repeat(touched, 1 + rng.poisson(_TOUCHES_OF_LEAD - 1, len(touched)))
        first = np.r_[True, lead[1:] != lead[:-1]]
        until = np.where(leads.ended[lead] == NEVER, clock.last, leads.ended[lead])
        later = np.minimum(rng.exponential(6.0, len(lead)), 40).astype(np.int64)
        day = np.minimum(leads.touched[lead] + np.where(first, 0, later), until)
        day = np.maximum(clock.worked(day, rng), leads.touched[lead])
        lead, day = lead[day <= clock.end], day[day <= clock.end]
        kinds = choose(rng, [0.57, 0.40, 0.03], len(lead))
        person = self._staff.owner(leads.seat[lead], day, clock)
        return self._frame(rng, person, day, kinds, lead=lead)

    def of_customers(self) -> pd.DataFrame:
        """Care for accounts between deals."""
        rng, clock = stream(self._seed, "customer activities"), self._clock
        count = int(self._after_sale)
        account = rng.integers(0, len(self._accounts.ids), count)
        day = clock.worked(clock.start + rng.integers(0, clock.end - clock.start + 1, count), rng)
        person = self._staff.owner(self._accounts.seat[account], day, clock)
        keep = day >= clock.start
        kinds = choose(rng, [0.5, 0.3, 0.2], count)
        return self._frame(rng, person[keep], day[keep], kinds[keep], account=account[keep])

    def _frame(self, rng: np.random.Generator, person: Ints, day: Ints, kinds: Ints, *, account: Ints | None = None,
               lead: Ints | None = None, deal: Ints | None = None) -> pd.DataFrame:  # fmt: skip
        count = len(day)
        order = np.argsort(day, kind="stable")
        numbers = self._number + 1 + np.arange(count)
        self._number += count
        kinds, day = kinds[order], day[order]
        minute = rng.integers(*_WORKDAY, count) // 5 * 5
        minute = np.where(day == self._clock.end, 480 + minute % 90, minute)  # the last day has only begun
        length = np.maximum(_MINUTES[kinds] * rng.gamma(6.0, 1 / 6.0, count), 1).astype(np.int64)
        names = [text_array(subjects) for subjects in _SUBJECTS]
        flat, first = np.concatenate(names), np.cumsum([0, *(len(n) for n in names)])[:-1]
        subject = first[kinds] + (rng.random(count) * np.array([len(n) for n in names])[kinds]).astype(int)
        empty = np.full(count, "", dtype=object)
        return pd.DataFrame(
            {
                "system": _coded(np.zeros(count, int), [SYSTEM]),
                "external_id": codes("ACT", numbers, 8),
                "kind": _coded(kinds, KINDS),
                "rep": _coded(person[order], self._staff.codes.tolist()),
                "day": as_date(day),
                "at": self._clock.moment(day, minute),
                "duration_minutes": length,
                "subject": _coded(subject, list(dict.fromkeys(flat.tolist()))),
                "outcome": _coded(self._outcomes(kinds, rng), _OUTCOMES),
                "account": empty if account is None else self._accounts.ids[account[order]],
                "lead": empty if lead is None else self._leads.ids[lead[order]],
                "opportunity": empty if deal is None else self._deal_ids[deal[order]],
            }
        )

    @staticmethod
    def _outcomes(kinds: Ints, rng: np.random.Generator) -> Ints:
        draw = rng.random(len(kinds))
        call = np.where(draw < 0.42, 1, np.where(draw < 0.72, 2, 3))
        meet = np.where(draw < 0.9, 4, 5)
        return np.where(kinds == CALL, call, np.where((kinds == MEETING) | (kinds == DEMONSTRATION), meet, 0))
