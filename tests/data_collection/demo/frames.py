"""The generated tables as one frame each."""

from datetime import date

import pandas as pd

from data_collection.demo.calc.company import company_of, tables
from data_collection.demo.calc.sizes import SIZES, Size

Frames = dict[str, pd.DataFrame]
UNTIL = date(2026, 11, 23)
TINY = Size("tiny", 48, 240, 900, 600, 6_000)


def frames_of(*, seed: int, size: Size = SIZES["small"], until: date = UNTIL) -> Frames:
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, frame in tables(company_of(seed=seed, size=size, until=until)):
        parts.setdefault(name, []).append(frame)
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
