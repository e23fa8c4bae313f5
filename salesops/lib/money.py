"""Money: exact decimals, one place for rounding.

Every stored amount is rounded to the currency's minor unit, ties away from zero. Rates and shares are never
rounded. Convention: FORMULAS, "Compensation".
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

#: Currencies whose minor unit is not a hundredth (ISO 4217).
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}


def minor_digits(currency: str) -> int:
    return MINOR_DIGITS.get(currency, 2)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` in whole minor units, ties away from zero.

    >>> round_money(Decimal("2.675"), "USD"), round_money(Decimal("-2.675"), "USD")
    (Decimal('2.68'), Decimal('-2.68'))
    """
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def convert(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """`amount` times the unrounded `rate`, rounded once, in `currency`."""
    return round_money(amount * rate, currency)


def allocate(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split `total` in proportion, so that the parts add up to it exactly.

    Largest remainder: each part is cut to whole minor units towards zero, and the units left over go to the
    largest cut-off remainders, ties to the earlier part.

    Args:
        total: amount to split; rounded to the minor unit first.
        weights: shares, at least one positive, none negative, shape (parts,).

    Raises:
        ValueError: a negative weight, or no positive one.

    >>> allocate(Decimal("100"), [Decimal(1)] * 3, "USD")
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    if any(weight < 0 for weight in weights) or sum(weights) <= 0:
        raise ValueError(f"Weights must not be negative, and one must be positive; got {list(map(str, weights))}.")
    unit = Decimal(1).scaleb(-minor_digits(currency))
    units = int(round_money(total, currency) / unit)
    sign, whole, everything = (-1 if units < 0 else 1), abs(units), sum(weights)
    exact = [whole * weight / everything for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (-(exact[i] - parts[i]), i))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    return [sign * part * unit for part in parts]
