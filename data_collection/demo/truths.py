"""What is planted in the demo company, so that an analysis can be checked against it.

The numbers here are what the generator was told; `docs/demo-company.md` says how each shows in the data.
"""

from dataclasses import dataclass
from datetime import date

from data_collection.demo.calc.clock import MONTHS
from salesops.lib.periods import Calendar, Grain, add_months

COMPANY = "Altenmoor Systems"


@dataclass(frozen=True, slots=True)
class Truths:
    worst_step: tuple[str, str]  # stage names: of the deals in the first, the smallest share reaches the second
    worst_segment: str  # code; the step is bad here and ordinary in the other segments
    worst_step_rate: float  # planted share for a rep of ordinary skill
    best_quarter: int  # calendar quarter with the largest bookings every year
    worst_quarter: int
    quarter_end_days: int  # last working days of a quarter into which won deals are pulled
    ended_product: str  # code
    ended_on: date  # first day no longer sold
    started_product: str  # code
    started_on: date
    dead_source: str  # lead source that hardly ever converts
    dead_source_rate: float
    over_committer: str  # rep code: says commit early, most of it is lost; amounts start too high
    sandbagger: str  # rep code: never says commit before the deal is won; amounts start too low
    dirty_rep: str  # rep code: dates past while open, amounts and next steps missing, stages going back
    reorganised_on: date  # first day in the new teams
    moved: tuple[str, ...]  # rep codes of the three people who moved
    moved_from: str  # team code
    moved_to: str  # team code
    login_rep: str  # rep code behind the login rep@demo.example
    login_manager: str  # leads the team of the login rep


OVER_COMMITTER = "lucia.montalban"
SANDBAGGER = "annika.lindqvist"
DIRTY_REP = "dylan.vance"
LOGIN_REP = "amara.okafor"
LOGIN_MANAGER = "grace.whitfield"
MOVED = ("priya.raman", "diego.salcedo", "mei.zhang")
DEAD_SOURCE = "Purchased list"
ENDED_PRODUCT = "GW1"
STARTED_PRODUCT = "INS"
WORST_STEP_RATE = 0.36


def planted(until: date) -> Truths:
    """The truths of the demo company whose last day is `until`; the same for every seed and size."""
    first = add_months(until.replace(day=1), -MONTHS)
    return Truths(
        worst_step=("Demo", "Proposal"),
        worst_segment="MID",
        worst_step_rate=WORST_STEP_RATE,
        best_quarter=4,
        worst_quarter=1,
        quarter_end_days=10,
        ended_product=ENDED_PRODUCT,
        ended_on=add_months(first, 15),
        started_product=STARTED_PRODUCT,
        started_on=add_months(first, 19),
        dead_source=DEAD_SOURCE,
        dead_source_rate=0.01,
        over_committer=OVER_COMMITTER,
        sandbagger=SANDBAGGER,
        dirty_rep=DIRTY_REP,
        reorganised_on=Calendar().start_of(add_months(until, -14), Grain.QUARTER),
        moved=MOVED,
        moved_from="AMER-2",
        moved_to="AMER-1",
        login_rep=LOGIN_REP,
        login_manager=LOGIN_MANAGER,
    )
