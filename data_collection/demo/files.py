"""Frames to the CSV files the importer reads: `<table>.csv`, in its native format.

Written column by column as lists of text and joined, several times faster than row by row; ten million rows pass
through in slices. Dates are looked up rather than formatted.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

SLICE = 100_000  # rows in memory as text
_EPOCH = date(1970, 1, 1)
_FORMATS = {"rate": "%.6f", "discount": "%.4f", "probability": "%.4f", "value": "%.4f", "latitude": "%.4f",
            "longitude": "%.4f", "selling_hours_per_week": "%.1f"}  # fmt: skip
_MONEY = "%.2f"


class CsvFolder:
    """One CSV file per table in a folder, written from the start on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: str, frame: pd.DataFrame) -> None:
        """Append the frame's rows to the table's file; the first frame also gives the header."""
        is_new = table not in self.rows
        with (self.folder / f"{table}.csv").open("w" if is_new else "a", encoding="utf-8", newline="") as file:
            if is_new:
                file.write(",".join(frame.columns) + "\n")
            for begin in range(0, len(frame), SLICE):
                part = frame.iloc[begin : begin + SLICE]
                columns = [column_text(str(name), part[name]) for name in part.columns]
                file.write("\n".join(map(",".join, zip(*columns, strict=True))) + "\n")
        self.rows[table] = self.rows.get(table, 0) + len(frame)

    def add_all(self, tables: Iterable[tuple[str, pd.DataFrame]], say: Callable[[str], None]) -> None:
        """Append every frame; `say` gets a line whenever a table is finished."""
        current = ""
        for table, frame in tables:
            if current and table != current:
                say(f"{current}: {self.rows[current]:,} rows")
            current = table
            self.add(table, frame)
        if current:
            say(f"{current}: {self.rows[current]:,} rows")


def column_text(name: str, column: pd.Series) -> list[str]:
    """The column as CSV fields; what is not known is empty."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = np.array([*quoted([str(v) for v in column.cat.categories]), ""], dtype=object)
        return words[column.cat.codes.to_numpy()].tolist()
    if column.dtype.kind == "M":
        return _moments(column.to_numpy()) if name == "at" or name.endswith("_at") else _days(column.to_numpy())
    if column.dtype.kind == "b":
        return np.where(column.to_numpy(), "true", "false").tolist()
    if column.dtype.kind == "f":
        pattern = _FORMATS.get(name, _MONEY)
        return ["" if v != v else pattern % v for v in column.tolist()]
    if column.dtype.kind in "iu":
        return list(map(str, column.tolist()))
    return quoted(["" if v is None or v is pd.NaT else str(v) for v in column.tolist()])


def quoted(values: list[str]) -> list[str]:
    """The values, in quotes where a comma, a quote or a line break asks for it."""
    joined = "\n".join(values)
    if "," not in joined and '"' not in joined and joined.count("\n") == max(len(values) - 1, 0):
        return values
    return ['"' + v.replace('"', '""') + '"' if any(c in v for c in ',"\n\r') else v for v in values]


def _days(values: np.ndarray) -> list[str]:
    return _day_texts(values.astype("datetime64[D]")).tolist()


def _moments(values: np.ndarray) -> list[str]:
    days = values.astype("datetime64[D]")
    known = ~np.isnat(values)
    seconds = np.where(known, (values.astype("datetime64[s]") - days.astype("datetime64[s]")).astype(np.int64), 0)
    clock = np.array([f"T{m // 60:02d}:{m % 60:02d}:00Z" for m in range(1440)], dtype=object)
    return np.where(known, _day_texts(days) + clock[seconds // 60], "").tolist()


def _day_texts(days: np.ndarray) -> np.ndarray:
    known = ~np.isnat(days)
    if not known.any():
        return np.full(len(days), "", dtype=object)
    numbers = days.astype(np.int64)
    low, high = int(numbers[known].min()), int(numbers[known].max())
    texts = [(_EPOCH + timedelta(days=n)).isoformat() for n in range(low, high + 1)]
    place = np.where(known, numbers - low, len(texts))
    return np.array([*texts, ""], dtype=object)[place]
