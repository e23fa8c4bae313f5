"""The score: how sound the rows in play are.

    score = 1 - sum over rows of the weight of its worst standing finding / (highest weight x rows)

A row without a finding counts whole, one whose worst finding is of low severity nine tenths, of medium half, of high
nothing. docs/algorithms/quality.md has a worked table.
"""

WEIGHTS: dict[str, int] = {"high": 10, "medium": 5, "low": 1}
HIGHEST = max(WEIGHTS.values())
FEWEST_ROWS = 20  # a score of fewer rows says so
IN_PLAY_DAYS = 90  # a closed deal, an ended lead and an order count this long


def score(*, rows: int, weight: int) -> float | None:
    """Share of 0 to 1; None without a row.

    Args:
        rows: rows in play.
        weight: sum of the weights of each row's worst standing finding.
    """
    if rows <= 0:
        return None
    return 1 - weight / (HIGHEST * rows)
