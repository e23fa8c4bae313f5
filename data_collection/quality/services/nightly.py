"""The nightly run: all rules, then the scores of the day."""

from dataclasses import dataclass
from datetime import date

from data_collection.quality.rules import rules_now
from data_collection.quality.selectors.basis import basis_of, kept
from data_collection.quality.services.checking import Progress, quality_check
from data_collection.quality.services.scoring import scores_store


@dataclass(frozen=True, slots=True)
class Night:
    """What a run of all rules did."""

    rules: int
    found: int
    opened: int
    fixed: int
    came_back: int
    scores: int


def quality_night(*, day: date, progress: Progress | None = None) -> Night:
    """Check every rule and store the scores. Safe to run again and to be cut off: each rule is one transaction."""
    basis, known = basis_of(day), kept()
    done = quality_check(day=day, basis=basis, progress=progress)
    asked = [rule for rule in rules_now().values() if known.get(rule.needs, True)]
    scores = scores_store(basis=basis, rules=asked)
    return Night(
        len(done),
        sum(check.found for check in done),
        sum(check.opened for check in done),
        sum(check.fixed for check in done),
        sum(check.came_back for check in done),
        scores,
    )
