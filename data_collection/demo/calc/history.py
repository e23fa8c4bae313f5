"""What happened to the deals: visits to stages, changes of hands, of amount, close date and category."""

import numpy as np
import pandas as pd

from data_collection.demo.calc.accounts import SYSTEM
from data_collection.demo.calc.clock import NEVER, Clock, as_date
from data_collection.demo.calc.deals import Deals
from data_collection.demo.calc.draws import Bools, Floats, Ints, Texts, stream, text_array
from data_collection.demo.calc.market import LOST, STAGES, WON
from data_collection.demo.calc.pipeline import CATEGORIES, CLOSED, OMITTED, PIPELINE, Keeping
from data_collection.demo.calc.staff import Staff

_ENDS = (*STAGES, WON, LOST)
_MAX_PUSHES = 4


def _ids(deal_ids: Texts, deal: Ints, mark: str) -> Texts:
    """Ids of the rows of each deal, counted within the deal; `deal` is ascending."""
    first = np.searchsorted(deal, deal)
    numbers = (np.arange(len(deal)) - first + 1).tolist()
    return text_array([f"{i}-{mark}{n}" for i, n in zip(deal_ids[deal].tolist(), numbers, strict=True)])


def visit_frame(deals: Deals, keeping: Keeping, ids: Texts, clock: Clock, seed: int, part: slice) -> pd.DataFrame:
    """`stage_visit.csv`: one row per stay; the stays in Won and Lost have no end."""
    rng = stream(seed, "visits", part.start)
    d = deals.take(part)
    closed = d.closed(clock)
    end = np.where(closed, d.close, NEVER)
    final = np.where(d.won(clock), len(STAGES), len(STAGES) + 1)
    entered = np.column_stack([d.entries, end])
    stage = np.column_stack([np.tile(np.arange(len(STAGES)), (len(d), 1)), final])
    deal, column = np.nonzero(entered != NEVER)
    begin = entered[deal, column]
    same = np.r_[deal[1:] == deal[:-1], False]
    leave = np.where(same, np.r_[begin[1:], 0], np.where(column < len(STAGES), end[deal], NEVER))
    rows = pd.DataFrame({"deal": deal, "stage": stage[deal, column], "begin": begin, "leave": leave})
    rows = _with_steps_back(rows, keeping.is_dirty[part], clock, rng)
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": _ids(ids[part], rows["deal"].to_numpy(), "V"),
            "opportunity": ids[part][rows["deal"].to_numpy()],
            "stage": pd.Categorical(text_array(_ENDS)[rows["stage"].to_numpy()]),
            "entered_on": as_date(rows["begin"].to_numpy()),
            "left_on": as_date(rows["leave"].to_numpy()),
        }
    )


def _with_steps_back(rows: pd.DataFrame, is_dirty: Bools, clock: Clock, rng: np.random.Generator) -> pd.DataFrame:
    """Split some stays in three: the stage, the one before again, and the stage once more."""
    leave = rows["leave"].to_numpy()
    until = np.where(leave == NEVER, clock.end, leave)
    length = until - rows["begin"].to_numpy()
    previous = rows["stage"].shift(fill_value=0).to_numpy()
    inside = (rows["deal"] == rows["deal"].shift()).to_numpy() & (rows["stage"] < len(STAGES)).to_numpy()
    chance = np.where(is_dirty[rows["deal"].to_numpy()], 0.32, 0.004)
    split = inside & (length >= 9) & (rng.random(len(rows)) < chance)
    first = clock.working_until(rows["begin"].to_numpy() + np.maximum(length // 3, 3))
    second = clock.working_until(rows["begin"].to_numpy() + np.maximum(length * 2 // 3, 6))
    back = rows[split].assign(stage=previous[split], begin=first[split], leave=second[split])
    again = rows[split].assign(begin=second[split])
    kept = rows.assign(leave=np.where(split, first, leave))
    rows = pd.concat([kept, back, again])
    return rows.sort_values(["deal", "begin"], kind="stable", ignore_index=True)


def owner_frame(deals: Deals, staff: Staff, ids: Texts, clock: Clock, part: slice) -> pd.DataFrame:
    """`opportunity_owner.csv`: the owners one after another of the deals that changed hands."""
    d = deals.take(part)
    deal, day = _hand_overs(d, staff, clock)
    changed = np.unique(deal)
    deal, day = np.r_[changed, deal], np.r_[d.created[changed], day]
    order = np.lexsort((day, deal))
    deal, day = deal[order], day[order]
    person = d.take(deal).owner(day, staff, clock)
    new = np.r_[True, (deal[1:] != deal[:-1]) | (person[1:] != person[:-1])] if len(deal) else np.zeros(0, bool)
    deal, day, person = deal[new], day[new], person[new]
    several = np.bincount(deal, minlength=len(d))[deal] > 1
    deal, day, person = deal[several], day[several], person[several]
    following = np.r_[deal[1:] == deal[:-1], False] if len(deal) else np.zeros(0, bool)
    return pd.DataFrame(
        {
            "valid_from": as_date(day),
            "valid_to": as_date(np.where(following, np.r_[day[1:], 0][: len(day)], NEVER)),
            "system": SYSTEM,
            "external_id": _ids(ids[part], deal, "O"),
            "opportunity": ids[part][deal],
            "rep": staff.codes[person],
        }
    )


def _hand_overs(d: Deals, staff: Staff, clock: Clock) -> tuple[Ints, Ints]:
    """Deal and day of every change of its seat, and of the person in the seat that holds it, while it lived."""
    last = d.last_day(clock)
    moved = np.flatnonzero(d.switched <= last)
    deals, days = [moved], [d.switched[moved]]
    seats, columns = np.nonzero(np.diff(staff.person_on, axis=1))
    order = np.argsort(d.seat, kind="stable")
    for seat, day in zip(seats.tolist(), (columns + 1 + clock.early).tolist(), strict=True):
        low, high = np.searchsorted(d.seat, [seat, seat + 1], sorter=order)
        near = np.r_[order[low:high], moved[d.later_seat[moved] == seat]]
        alive = near[(d.created[near] < day) & (day <= last[near])]
        holds = np.where(day < d.switched[alive], d.seat[alive], d.later_seat[alive]) == seat
        deals.append(alive[holds])
        days.append(np.full(int(holds.sum()), day))
    pairs = np.unique(np.column_stack([np.concatenate(deals), np.concatenate(days)]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def change_frame(deals: Deals, keeping: Keeping, ids: Texts, clock: Clock, seed: int, part: slice) -> pd.DataFrame:
    """`opportunity_change.csv`: amounts, close dates and categories, before and after."""
    rng = stream(seed, "changes", part.start)
    d = deals.take(part)
    parts = [_amount_changes(keeping, part), *_date_changes(d, keeping, clock, rng, part)]
    parts += _category_changes(d, keeping, clock, part)
    rows = pd.concat(parts, ignore_index=True).sort_values(["deal", "day", "field"], kind="stable", ignore_index=True)
    deal, words = rows["deal"].to_numpy(), text_array([*CATEGORIES, ""])
    return pd.DataFrame(
        {
            "system": SYSTEM,
            "external_id": _ids(ids[part], deal, "C"),
            "opportunity": ids[part][deal],
            "field": pd.Categorical(rows["field"]),
            "changed_on": as_date(rows["day"].to_numpy()),
            "old_amount": rows["old_amount"].to_numpy(),
            "new_amount": rows["new_amount"].to_numpy(),
            "old_date": as_date(rows["old_date"].to_numpy()),
            "new_date": as_date(rows["new_date"].to_numpy()),
            "old_value": pd.Categorical(words[rows["old_value"].to_numpy()]),
            "new_value": pd.Categorical(words[rows["new_value"].to_numpy()]),
        }
    )


def _changes(field: str, deal: Ints, day: Ints, old: Ints | Floats, new: Ints | Floats) -> pd.DataFrame:
    """Rows of one kind; amounts are in units of currency, dates are days, categories are indexes."""
    empty = {"amount": np.nan, "date": NEVER, "value": len(CATEGORIES)}
    mine = {"amount": "amount", "close_date": "date", "category": "value"}[field]
    columns = {"deal": deal, "field": np.full(len(deal), field, dtype=object), "day": day}
    for name, nothing in empty.items():
        columns[f"old_{name}"] = old if name == mine else np.full(len(deal), nothing)
        columns[f"new_{name}"] = new if name == mine else np.full(len(deal), nothing)
    return pd.DataFrame(columns)


def _amount_changes(keeping: Keeping, part: slice) -> pd.DataFrame:
    day = keeping.amended[part]
    deal = np.flatnonzero(day != NEVER)
    old, new = keeping.initial[part][deal] / 100.0, keeping.final[part][deal] / 100.0
    return _changes("amount", deal, day[deal], old, new)


def _date_changes(
    d: Deals, keeping: Keeping, clock: Clock, rng: np.random.Generator, part: slice
) -> list[pd.DataFrame]:
    """From the first promise to the date as it stands in one or more steps, none after the closing day."""
    promised, expected, last = keeping.promised[part], keeping.expected[part], d.last_day(clock)
    slip = expected - promised
    pushes = np.where(slip > 0, 1 + rng.poisson(np.clip(slip, 0, 90) / 45.0), 1)
    pushes = np.where(slip == 0, 0, np.minimum(pushes, _MAX_PUSHES))
    pushes = np.where(keeping.is_dirty[part] & ~d.closed(clock), 0, pushes)
    frames = []
    before, earlier = promised, d.created
    for step in range(1, _MAX_PUSHES + 1):
        deal = np.flatnonzero(pushes >= step)
        share = step / pushes[deal]
        after = np.where(step == pushes[deal], expected[deal], promised[deal] + (slip[deal] * share).astype(np.int64))
        day = d.created[deal] + ((last[deal] - d.created[deal]) * share * 0.97).astype(np.int64)
        day = np.maximum(clock.working_until(np.minimum(day, before[deal])), earlier[deal])
        moved = after != before[deal]
        frames.append(_changes("close_date", deal[moved], day[moved], before[deal][moved], after[moved]))
        before, earlier = before.copy(), earlier.copy()
        before[deal], earlier[deal] = after, day
    return frames


def _category_changes(d: Deals, keeping: Keeping, clock: Clock, part: slice) -> list[pd.DataFrame]:
    last, closed, won = d.last_day(clock), d.closed(clock), d.won(clock)
    best, commit = keeping.best_case[part], keeping.commit[part]
    said_best = np.flatnonzero((best <= last) & (best < commit))
    said_commit = np.flatnonzero(commit <= last)
    from_best = np.where(best < commit, 1, PIPELINE)
    now = np.where(commit <= last, 2, np.where(best <= last, 1, PIPELINE))
    ended = np.flatnonzero(closed)
    end = np.where(won, CLOSED, OMITTED)
    ones = np.full(len(said_best), PIPELINE)
    return [
        _changes("category", said_best, best[said_best], ones, ones + 1),
        _changes("category", said_commit, commit[said_commit], from_best[said_commit], np.full(len(said_commit), 2)),
        _changes("category", ended, d.close[ended], now[ended], end[ended]),
    ]
