"""Chains of merged records, made flat."""

from collections.abc import Iterable


def flattened(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Loser -> the winner at the end of its chain; later pairs count, a circle is left out.

    a into b, b into c: both a and b are c.
    """
    into = {loser: winner for loser, winner in pairs if loser and winner and loser != winner}
    found: dict[str, str] = {}
    for loser in into:
        seen, at = {loser}, into[loser]
        while at in into and at not in seen:
            seen.add(at)
            at = into[at]
        if at not in seen:
            found[loser] = at
    return found
