"""The deals: when each was created, how far it came, when it closed, for how much and whose it was.

Arrays with one entry per deal, in order of creation. `close` is the day it closes or will close; the rest of the
world learns it only when it has come.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from data_collection.demo import truths
from data_collection.demo.calc.accounts import Accounts
from data_collection.demo.calc.clock import NEVER, Clock, quarter_start
from data_collection.demo.calc.draws import Bools, Floats, Ints, choose_rows, even_pair, normal_of, spread, stream
from data_collection.demo.calc.market import PRODUCT_CODES, PRODUCTS, SEGMENT_CODES, SEGMENTS, STAGE_TIME_SHARE, STAGES
from data_collection.demo.calc.prices import on_sale
from data_collection.demo.calc.sizes import SEATS_PER_TEAM, Size
from data_collection.demo.calc.staff import PLACE_DEALS, Staff

NEW, EXPANSION, RENEWAL = 0, 1, 2
KINDS = ("new", "expansion", "renewal")
DEMO = STAGES.index("Demo")
SEASON = (0.96, 1.0, 1.04, 1.0, 1.0, 0.98, 0.92, 0.94, 1.10, 1.14, 1.06, 0.86)  # of creation, by month
YEARLY_GROWTH = 1.16
_KIND_ODDS = np.array([0.0, 0.22, 0.85])  # change of every step's log-odds
_KIND_AMOUNT = np.array([1.0, 0.55, 0.75])
_KIND_TIME = np.array([1.0, 0.8, 0.6])
_SKILL_ODDS = 0.17  # per standard deviation of the rep, at every step
_AMOUNT_SIGMA = 0.38
_LOGIN_VOLUME = 1.3  # deals of the rep behind the demo login, so that there is much to see


@dataclass(frozen=True)
class Deals:
    seat: Ints  # whose it was at the start
    later_seat: Ints  # whose it was from `switched` on
    switched: Ints  # day; far away for most
    account: Ints
    segment: Ints
    region: Ints
    kind: Ints
    product: Ints
    created: Ints
    close: Ints
    entries: Ints  # (deals, 5) day each open stage was entered; NEVER = not (yet), or skipped
    depth: Ints  # steps it will have passed in the end, 0 to 5 (won)
    target: Floats  # amount in USD it is drawn for
    creator: Ints  # person at the start

    def __len__(self) -> int:
        return len(self.created)

    def take(self, chosen: Bools | Ints | slice) -> "Deals":
        return replace(self, **{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def closed(self, clock: Clock) -> Bools:
        return np.asarray(self.close <= clock.end)

    def won(self, clock: Clock) -> Bools:
        return np.asarray(self.closed(clock) & (self.depth == len(STAGES)))

    def owner(self, days: Ints, staff: Staff, clock: Clock) -> Ints:
        """Person who owns each deal on each day."""
        return staff.owner(np.where(days < self.switched, self.seat, self.later_seat), days, clock)

    def last_day(self, clock: Clock) -> Ints:
        """The day it closed, or today."""
        return np.minimum(self.close, clock.end)


def deals_of(size: Size, staff: Staff, accounts: Accounts, clock: Clock, seed: int) -> Deals:
    rng = stream(seed, "deals")
    seat, created = _creation(size, staff, clock, rng)
    path, size_of = even_pair(len(seat), rng)
    place = (rng.random(len(seat)) ** 1.3 * accounts.count_of_seat[seat]).astype(np.int64)
    account = np.minimum(accounts.first_of_seat[seat] + place, len(accounts.ids) - 1)
    segment = accounts.segment[account]
    kind = np.where(
        accounts.customer_from[account] <= created, np.where(rng.random(len(seat)) < 0.66, EXPANSION, RENEWAL), NEW
    )
    creator = staff.owner(seat, created, clock)
    skill = staff.skill[creator]
    depth = _depth(path, segment, kind, skill)
    is_dirty = staff.codes[creator] == truths.DIRTY_REP
    close, entries = _times(created, segment, kind, depth, is_dirty, clock, rng)
    product = on_sale(_product(segment, kind, rng), created, close, clock)
    median = np.array([s.amount for s in SEGMENTS])[segment] * _KIND_AMOUNT[kind]
    target = median * np.exp(0.05 * skill + _AMOUNT_SIGMA * normal_of(size_of))
    later_seat, switched = _reassigned(seat, created, np.minimum(close, clock.end), rng)
    region = staff.seat_region[seat]
    deals = Deals(
        seat, later_seat, switched, account, segment, region, kind, product, created, close, entries, depth, target,
        creator,
    )  # fmt: skip
    alive = deals.take(close >= clock.start)
    return _customers_grow(alive.take(np.argsort(alive.created, kind="stable")), clock)


def _creation(size: Size, staff: Staff, clock: Clock, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Seat and day of each new deal, by seat: spread evenly along what each seat can do."""
    until = clock.end - clock.early + 1
    years = (clock.days[:until] - clock.start) / 365.25
    day_weight = clock.is_working[:until] * np.array(SEASON)[clock.month_of_day[:until] - 1] * YEARLY_GROWTH**years
    keenness = np.exp(0.06 * staff.skill) * np.where(staff.codes == truths.LOGIN_REP, _LOGIN_VOLUME, 1.0)
    volume = keenness[staff.person_on[:, :until]]
    weights = PLACE_DEALS[staff.seat_place][:, None] * staff.ramp_on[:, :until] * volume * day_weight
    visible = clock.start - clock.early
    alive = weights[:, visible:].sum() + 0.17 * weights[:, :visible].sum()  # few of the early ones live to the start
    cells = spread(weights.ravel(), round(size.opportunities * weights.sum() / alive), rng)
    return cells // until, clock.early + cells % until


def step_chances(segment: Ints, kind: Ints, skill: Floats) -> Floats:
    """Chance to pass each open stage, shape (deals, 5)."""
    base = np.array([s.steps for s in SEGMENTS])
    base[SEGMENT_CODES.index("MID"), DEMO] = truths.WORST_STEP_RATE
    odds = np.log(base / (1 - base))[segment] + (_KIND_ODDS[kind] + _SKILL_ODDS * skill)[:, None]
    return np.asarray(1 / (1 + np.exp(-odds)))


def _depth(path: Floats, segment: Ints, kind: Ints, skill: Floats) -> Ints:
    """Steps passed: the evenly spread `path` against the chance to have survived so far."""
    reached = np.cumprod(step_chances(segment, kind, skill), axis=1)
    return np.asarray((path[:, None] < reached).sum(axis=1))


def _product(segment: Ints, kind: Ints, rng: np.random.Generator) -> Ints:
    mix = np.array([product.mix for product in PRODUCTS]).T  # (segments, products)
    product = choose_rows(rng, mix[segment])
    renewable = np.isin([p.kind for p in PRODUCTS], ["subscription", "support"])
    return np.where((kind == RENEWAL) & ~renewable[product], PRODUCT_CODES.index("FCT"), product)


def _times(
    created: Ints, segment: Ints, kind: Ints, depth: Ints, is_dirty: Bools, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Closing day, and the day each open stage is entered (NEVER: not, not yet, or skipped)."""
    count, last = len(created), np.minimum(depth, len(STAGES) - 1)
    mean = np.array([s.cycle_days for s in SEGMENTS])[segment] * _KIND_TIME[kind]
    spent = rng.gamma(3.0, 1 / 3.0, (count, len(STAGES))) * np.array(STAGE_TIME_SHARE) * mean[:, None]
    stage = np.arange(len(STAGES))
    spent *= np.where((stage == last[:, None]) & (depth < len(STAGES))[:, None], 2.8, 1.0)  # the lost linger
    spent[np.arange(count), last] += np.where(is_dirty & (depth < len(STAGES)), rng.integers(60, 200, count), 0)
    spent *= stage <= last[:, None]
    total = np.maximum(spent.sum(axis=1), 6.0)
    close = _seasonal(created + np.ceil(total).astype(np.int64), created, depth == len(STAGES), clock, rng)
    close = np.maximum(clock.worked(close, rng), clock.working_from(created + 1))
    begun = (np.cumsum(spent, axis=1) - spent) / total[:, None]
    entries = clock.working_from(created[:, None] + (begun * (close - created)[:, None]).astype(np.int64))
    entries = np.minimum(entries, close[:, None])
    entries[:, 0] = created
    unseen = (stage > last[:, None]) | (entries > clock.end)
    for k, share in ((1, 0.04), (DEMO, 0.05)):
        unseen[:, k] |= (rng.random(count) < share) & (last > k) & (entries[:, min(k + 1, 4)] <= clock.end)
    return close, np.where(unseen, NEVER, entries)


def _seasonal(close: Ints, created: Ints, won: Bools, clock: Clock, rng: np.random.Generator) -> Ints:
    """Buyers spend what is left in December, rest in August, and sign in a quarter's last days."""
    draw = rng.random((3, len(close)))
    month = clock.month(close)
    january = close.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    to_december = won & (month <= 2) & (draw[0] < np.where(month == 1, 0.55, 0.3))
    close = np.where(to_december, january - rng.integers(4, 18, len(close)), close)
    close = np.where(won & (month == 8) & (draw[1] < 0.45), close + rng.integers(24, 42, len(close)), close)
    place = np.clip(clock.quarter(close) - clock.quarter_of_day[0], 0, None)
    quarters = range(int(clock.quarter_of_day[0]), int(clock.quarter_of_day[-1]) + 2)
    ends = np.array([quarter_start(q) for q in quarters])[place + 1]
    near = won & (ends - close <= 45) & (draw[2] < 0.5)
    close = np.where(near, ends - 1 - (rng.random(len(close)) ** 1.6 * 12).astype(np.int64), close)
    return np.maximum(close, created + 5)


def _reassigned(seat: Ints, created: Ints, last: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """A few deals go to a colleague of the same team after a while."""
    moves = (rng.random(len(seat)) < 0.03) & (last - created > 12)
    day = created + 5 + (rng.random(len(seat)) * np.maximum(last - created - 8, 1)).astype(np.int64)
    colleague = seat // SEATS_PER_TEAM * SEATS_PER_TEAM + rng.integers(0, 4, len(seat))
    moves &= colleague != seat
    return np.where(moves, colleague, seat), np.where(moves, day, np.iinfo(np.int64).max)


def first_days(deals: Deals, clock: Clock, accounts: int) -> tuple[Ints, Ints]:
    """Per account the day of its first deal and of its first win; far away where there is none."""
    far = np.iinfo(np.int64).max
    first_deal, first_win = np.full(accounts, far), np.full(accounts, far)
    np.minimum.at(first_deal, deals.account, deals.created)
    won = deals.won(clock)
    np.minimum.at(first_win, deals.account[won], deals.close[won])
    return first_deal, first_win


def _customers_grow(deals: Deals, clock: Clock) -> Deals:
    """A deal created after its account's first win is an expansion, not new business."""
    _deal, first_win = first_days(deals, clock, int(deals.account.max()) + 1)
    later = (deals.kind == NEW) & (deals.created > first_win[deals.account])
    return replace(deals, kind=np.where(later, EXPANSION, deals.kind))
