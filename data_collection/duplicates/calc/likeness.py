"""How alike two names are, from 0 to 1: word by word in any order, forgiving single slips of the keyboard."""

import re

from rapidfuzz.distance import OSA

from data_collection.duplicates.calc.companies import COMMON

WEAK = 0.3  # weight of a word many companies share, beside 1 for others
ACRONYM = 0.85
INITIAL = 0.85
OTHER_NUMBER = 0.65  # names at most this alike when their numbers differ
_NUMBER = re.compile(r"\d+")


def word_likeness(a: str, b: str) -> float:
    """1 for equal words; 0 where more than about one letter in four differs.

    A swap of neighbouring letters is one slip. A slip in a short word (jan, jon) tells two words apart more often
    than it is a slip, so it costs more.
    """
    if a == b:
        return 1.0
    longest = max(len(a), len(b))
    slips = OSA.distance(a, b, score_cutoff=3)
    if slips > 3 or longest < 3:
        return 0.0
    share = 1 - slips / longest
    if longest <= 4:
        return 0.6 if slips == 1 else 0.0
    return share if share >= 0.72 else 0.0


def company_likeness(a: str, b: str) -> float:
    """Weight of the words that match over the weight of all words; spelled together and initials count as well.

    Numbers are no place for slips: “Plant 6” is not “Plant 7”, nor plain “Plant”.
    """
    if a == b:
        return 1.0 if a else 0.0
    alike = _company_likeness(a, b)
    return alike if _NUMBER.findall(a) == _NUMBER.findall(b) else min(alike, OTHER_NUMBER)


def _company_likeness(a: str, b: str) -> float:
    ours, theirs = a.split(), b.split()
    joined = _joined(a, b)
    if joined == 1.0:
        return 0.98
    words = _aligned(ours, theirs, weights=True)
    acronym = ACRONYM if _is_acronym(ours, theirs) or _is_acronym(theirs, ours) else 0.0
    if len(ours) == len(theirs) == 1 or any(not word.isascii() for word in (*ours, *theirs)):
        return max(words, joined, acronym)
    return max(words, joined if len(ours) != len(theirs) else 0.0, acronym)


def _joined(a: str, b: str) -> float:
    """Likeness written without spaces: micro soft, microsoft. Only near 1, else 0."""
    left, right = a.replace(" ", ""), b.replace(" ", "")
    if min(len(left), len(right)) < 4:
        return 0.0
    share = float(OSA.normalized_similarity(left, right, score_cutoff=0.8))
    return share if share >= 0.85 else 0.0


def _is_acronym(short: list[str], long: list[str]) -> bool:
    return len(short) == 1 and len(long) >= 3 and short[0] == "".join(word[0] for word in long)


def person_likeness(a: str, b: str) -> float:
    """Like companies', but each word counts the same, and an initial stands for its word."""
    if a == b:
        return 1.0 if a else 0.0
    ours, theirs = a.split(), b.split()
    if min(len(ours), len(theirs)) == 1 and max(len(ours), len(theirs)) > 1:
        return min(0.7, _aligned(ours, theirs, weights=False, initials=True))
    score = _aligned(ours, theirs, weights=False, initials=True)
    if len(ours) != len(theirs) and _contained(ours, theirs):  # a middle name left out
        score = max(score, 0.9)
    return max(score, 0.95 if a.replace(" ", "") == b.replace(" ", "") else 0.0)


def _contained(a: list[str], b: list[str]) -> bool:
    short, long = sorted((a, b), key=len)
    return len(short) >= 2 and set(short) <= set(long)


def _aligned(ours: list[str], theirs: list[str], *, weights: bool, initials: bool = False) -> float:
    """Best matches first, each word once: 2 x matched weight over all weight."""
    pairs = []
    for i, left in enumerate(ours):
        for j, right in enumerate(theirs):
            alike = _initial(left, right) if initials and 1 in (len(left), len(right)) else word_likeness(left, right)
            if alike:
                pairs.append((alike, i, j))
    used_left: set[int] = set()
    used_right: set[int] = set()
    matched = 0.0
    for alike, i, j in sorted(pairs, reverse=True):
        if i in used_left or j in used_right:
            continue
        used_left.add(i)
        used_right.add(j)
        matched += alike * ((_weight(ours[i]) + _weight(theirs[j])) if weights else 2)
    total = sum(map(_weight, (*ours, *theirs))) if weights else len(ours) + len(theirs)
    return matched / total if total else 0.0


def _initial(a: str, b: str) -> float:
    if a == b:
        return 1.0
    return INITIAL if a[0] == b[0] else 0.0


def _weight(word: str) -> float:
    return WEAK if word in COMMON else 1.0
