"""How reps keep their deals: expected dates, forecast categories, first amounts, and what is missing.

Most reps are a little hopeful. Three are not like the others, see `truths`: one says commit too early, one never
says it, one leaves the CRM a mess.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_collection.demo import truths
from data_collection.demo.calc.accounts import SYSTEM, Accounts, contact_ids
from data_collection.demo.calc.clock import NEVER, Clock, as_date
from data_collection.demo.calc.deals import DEMO, KINDS, Deals
from data_collection.demo.calc.draws import Bools, Floats, Ints, Texts, choose, stream, text_array
from data_collection.demo.calc.lines import Lines
from data_collection.demo.calc.market import (
    LOST,
    LOST_REASONS,
    NEXT_STEPS,
    PRODUCT_CODES,
    PRODUCTS,
    REGIONS,
    STAGES,
    WON,
)
from data_collection.demo.calc.staff import Staff

PIPELINE, BEST_CASE, COMMIT, CLOSED, OMITTED = range(5)
CATEGORIES = ("pipeline", "best_case", "commit", "closed", "omitted")
PROPOSAL, NEGOTIATION = STAGES.index("Proposal"), STAGES.index("Negotiation")
FAR = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Keeping:
    """One entry per deal."""

    is_over: Bools
    is_sand: Bools
    is_dirty: Bools
    missing: Bools  # amount not known
    final: Ints  # hundredths, the sum of the lines
    initial: Ints  # hundredths, as first entered
    amended: Ints  # day the first amount became the final one; NEVER = unchanged
    expected: Ints  # close date as it stands: the closing day, or the expected one
    promised: Ints  # close date as first entered
    best_case: Ints  # day it entered the category; FAR = never
    commit: Ints

    def category(self, deals: Deals, clock: Clock) -> Ints:
        now = np.where(self.commit <= clock.end, COMMIT, np.where(self.best_case <= clock.end, BEST_CASE, PIPELINE))
        ended = np.where(deals.won(clock), CLOSED, OMITTED)
        return np.where(deals.closed(clock), ended, now)


def keeping_of(deals: Deals, lines: Lines, staff: Staff, clock: Clock, seed: int) -> Keeping:
    rng = stream(seed, "pipeline")
    count = len(deals)
    who = [deals.creator == list(staff.codes).index(code) for code in
           (truths.OVER_COMMITTER, truths.SANDBAGGER, truths.DIRTY_REP)]  # fmt: skip
    is_over, is_sand, is_dirty = who
    closed, stage = deals.closed(clock), stage_now(deals)
    chance = np.where(is_dirty, 0.42, np.where(stage <= 1, 0.05, 0.01))
    lost_early = closed & (deals.depth <= 1) & (rng.random(count) < np.where(is_dirty, 0.35, 0.03))
    missing = (~closed & (rng.random(count) < chance)) | lost_early
    final = lines.sums(count)
    initial, amended = _amounts(deals, final, is_over, is_sand, clock, rng)
    expected, promised = _dates(deals, is_dirty, is_sand, clock, rng)
    best_case, commit = _categories(deals, is_over, is_sand, rng)
    return Keeping(
        is_over, is_sand, is_dirty, missing, final, initial, np.where(missing, NEVER, amended), expected, promised,
        best_case, commit,
    )  # fmt: skip


def stage_now(deals: Deals) -> Ints:
    """Index of the last open stage entered so far."""
    entered = deals.entries != NEVER
    return np.asarray(len(STAGES) - 1 - np.argmax(entered[:, ::-1], axis=1))


def _amounts(
    deals: Deals, final: Ints, is_over: Bools, is_sand: Bools, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """The amount first entered, in whole hundreds, and the day it was put right."""
    count = len(deals)
    proposal = deals.entries[:, PROPOSAL]
    middle = proposal + (np.minimum(deals.close, clock.end) - proposal) * 2 // 3
    factor = np.exp(rng.normal(0.03, 0.22, count))
    factor = np.where(
        is_over, 1.25 + 0.35 * rng.random(count), np.where(is_sand, 0.62 + 0.2 * rng.random(count), factor)
    )
    day = clock.working_from(np.where(is_over | is_sand, middle, proposal))
    changes = (proposal != NEVER) & (day <= clock.end) & (is_over | is_sand | (rng.random(count) < 0.55))
    initial = np.where(changes, np.maximum(np.round(final * factor, -4), 10_000).astype(np.int64), final)
    changes &= initial != final
    return initial, np.where(changes, day, NEVER)


def _dates(deals: Deals, is_dirty: Bools, is_sand: Bools, clock: Clock, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Close date as it stands and as first promised."""
    count, closed = len(deals), deals.closed(clock)
    ahead = ((deals.close - clock.end) * (0.7 + 0.8 * rng.random(count)) + 35 * rng.random(count)).astype(np.int64)
    expected = clock.end + np.maximum(ahead, 2)
    overdue = ~closed & (rng.random(count) < np.where(is_dirty, 0.66, 0.05))
    late = clock.end - 1 - (rng.random(count) * np.where(is_dirty, 75, 14)).astype(np.int64)
    expected = np.where(overdue, np.maximum(late, deals.created + 2), expected)
    expected = np.where(closed, deals.close, clock.working_from(expected))
    share = np.where(is_sand, 1.15 + 0.4 * rng.random(count), 0.45 + 0.65 * rng.random(count))
    length = np.maximum(expected - deals.created, 10)
    promised = clock.working_from(deals.created + (length * share).astype(np.int64))
    untouched = (is_dirty & overdue) | (deals.last_day(clock) - deals.created < 3)
    return expected, np.where(untouched, expected, promised)


def _categories(deals: Deals, is_over: Bools, is_sand: Bools, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Days best case and commit are said; a later word is never said before an earlier one."""
    entries = np.where(deals.entries == NEVER, FAR, deals.entries)
    count = len(deals)
    best = np.where(rng.random(count) < 0.85, entries[:, PROPOSAL], FAR)
    commit = np.where(rng.random(count) < 0.88, entries[:, NEGOTIATION], FAR)
    best = np.where(is_over, FAR, np.where(is_sand, FAR, np.minimum(best, commit)))
    early = np.minimum(np.minimum(entries[:, DEMO], entries[:, PROPOSAL]), entries[:, NEGOTIATION])
    commit = np.where(is_over, early, np.where(is_sand & (rng.random(count) < 0.96), FAR, commit))
    return best, commit


def opportunity_frame(
    deals: Deals, keeping: Keeping, accounts: Accounts, staff: Staff, ids: Texts, leads: Texts, sources: Texts,
    clock: Clock, seed: int, part: slice,
) -> pd.DataFrame:  # fmt: skip
    """`opportunity.csv` of the deals in `part`; `leads` is the lead's id or empty."""
    rng = stream(seed, "opportunity rows", part.start)
    d = deals.take(part)
    count, closed, won = len(d), d.closed(clock), d.won(clock)
    stage = np.where(won, len(STAGES), np.where(closed, len(STAGES) + 1, stage_now(d)))
    amount = np.where(keeping.missing[part], np.nan, keeping.final[part] / 100.0)
    label = np.array(["", " expansion", " renewal"], dtype=object)[d.kind]
    contact = accounts.contact_first[d.account] + (rng.random(count) * accounts.contact_count[d.account]).astype(int)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": ids[part],
            "name": accounts.name[d.account] + " – " + text_array([p.name for p in PRODUCTS])[d.product] + label,
            "kind": pd.Categorical(text_array(KINDS)[d.kind]),
            "account": accounts.ids[d.account],
            "lead": leads[part],
            "contact": contact_ids(contact),
            "owner": staff.codes[d.owner(d.last_day(clock), staff, clock)],
            "product": pd.Categorical(text_array(PRODUCT_CODES)[d.product]),
            "stage": pd.Categorical(text_array([*STAGES, WON, LOST])[stage]),
            "status": pd.Categorical(np.where(won, "won", np.where(closed, "lost", "open"))),
            "lead_source": pd.Categorical(sources[part]),
            "amount": amount,
            "currency": pd.Categorical(text_array([r.currency for r in REGIONS])[d.region]),
            "forecast_category": pd.Categorical(text_array(CATEGORIES)[keeping.category(deals, clock)[part]]),
            "created_on": as_date(d.created),
            "close_date": as_date(keeping.expected[part]),
            "next_step": pd.Categorical(_next_steps(closed, keeping.is_dirty[part], rng)),
            "lost_reason": pd.Categorical(_lost_reasons(closed & ~won, keeping.is_dirty[part], rng)),
        }
    )


def _next_steps(closed: Bools, is_dirty: Bools, rng: np.random.Generator) -> Texts:
    known = rng.random(len(closed)) < np.where(is_dirty, 0.12, 0.9)
    drawn = text_array(NEXT_STEPS)[rng.integers(0, len(NEXT_STEPS), len(closed))]
    return np.where(~closed & known, drawn, "")


def _lost_reasons(lost: Bools, is_dirty: Bools, rng: np.random.Generator) -> Texts:
    known = rng.random(len(lost)) < np.where(is_dirty, 0.25, 0.94)
    weights: Floats = np.array([share for _reason, share in LOST_REASONS])
    drawn = text_array([reason for reason, _share in LOST_REASONS])[choose(rng, weights, len(lost))]
    return np.where(lost & known, drawn, "")
