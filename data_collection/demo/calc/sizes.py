"""How large a demo company is."""

from dataclasses import dataclass

SEATS_PER_TEAM = 8


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    seats: int  # sellers employed at the end, 8 a team
    accounts: int
    leads: int
    opportunities: int  # about
    activities: int  # about

    @property
    def teams(self) -> int:
        return self.seats // SEATS_PER_TEAM


SIZES = {
    size.name: size
    for size in (
        Size("small", 48, 2_000, 12_000, 6_000, 150_000),
        Size("medium", 240, 20_000, 120_000, 60_000, 1_500_000),
        Size("large", 2_000, 100_000, 200_000, 1_000_000, 10_000_000),
    )
}
