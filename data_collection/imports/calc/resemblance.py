"""How surely a text of a file means a known name: `GTXPro` is `GTX Pro`, `ACC-12` is not `ACC-13`."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

PROPOSE = 0.75  # least confidence that is shown
ACCEPT = 0.85  # least confidence that is applied without looking at each one
CLEAR = 0.05  # a proposal is applied only when it leads the next name by this much


@dataclass(frozen=True, slots=True)
class Proposal:
    value: str  # as the file has it
    target: str  # what the reference stores
    shown: str  # the known name
    confidence: float  # 0 to 1
    clear: bool  # no other name is nearly as like


def plain(text: str) -> str:
    """Letters and digits only, without case, accents and width."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def confidence(value: str, known: str) -> float:
    """0 to 1. Same letters and digits: 0.98. Other digits: 0, since a number is a name of its own."""
    a, b = plain(value), plain(known)
    if not a or not b:
        return 0.0
    if a == b:
        return 0.98
    if re.findall(r"\d+", a) != re.findall(r"\d+", b):
        return 0.0
    if _words(value) == _words(known):
        return 0.95
    return round(min(0.97, SequenceMatcher(None, a, b, autojunk=False).ratio()), 2)


def _words(text: str) -> list[str]:
    return sorted(word for word in (plain(w) for w in re.split(r"[\s,;]+", text)) if word)


def looks_like_an_id(value: str) -> bool:
    """Ids differ from each other by one sign; a near one is another row, not a misspelling."""
    return any(c.isdigit() for c in value) and " " not in value.strip()


def best(value: str, candidates: Sequence[tuple[str, str]], *, ids: bool = False) -> Proposal | None:
    """The candidate (stored text, name) most like the value, if it is like enough.

    `ids`: the candidates are ids, so a value that looks like one must have the same letters and digits.
    """
    scores: dict[str, tuple[float, str]] = {}
    for target, shown in candidates:
        score = confidence(value, shown)
        if score > scores.get(target, (0.0, ""))[0]:
            scores[target] = (score, shown)
    ranked = sorted(scores.items(), key=lambda item: (-item[1][0], item[0]))
    least = 0.95 if ids and looks_like_an_id(value) else PROPOSE
    if not ranked or ranked[0][1][0] < least:
        return None
    target, (score, shown) = ranked[0]
    clear = len(ranked) == 1 or score - ranked[1][1][0] >= CLEAR
    return Proposal(value, target, shown, score, clear)
