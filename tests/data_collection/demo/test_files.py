"""Columns as CSV text, and files that pandas reads back as they were."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from data_collection.demo import files
from data_collection.demo.files import CsvFolder, column_text, quoted


def test_quotes_only_where_needed() -> None:
    assert quoted(["plain", ""]) == ["plain", ""]
    assert quoted(["a,b", 'say "hi"', "two\nlines", "plain"]) == ['"a,b"', '"say ""hi"""', '"two\nlines"', "plain"]


def test_each_kind_of_column() -> None:
    days = pd.Series(np.array(["2026-03-31", "NaT", "2024-02-29"], dtype="datetime64[s]"))
    assert column_text("day", days) == ["2026-03-31", "", "2024-02-29"]
    moments = pd.Series(np.array(["2026-03-31T07:05:00", "NaT"], dtype="datetime64[s]"))
    assert column_text("at", moments) == ["2026-03-31T07:05:00Z", ""]
    assert column_text("amount", pd.Series([1234.5, np.nan, 0.1])) == ["1234.50", "", "0.10"]
    assert column_text("rate", pd.Series([0.028123])) == ["0.028123"]
    assert column_text("n", pd.Series([3, -1])) == ["3", "-1"]
    assert column_text("is_returned", pd.Series([True, False])) == ["true", "false"]
    assert column_text("x", pd.Series(pd.Categorical(["a,b", None, "c"]))) == ['"a,b"', "", "c"]
    assert column_text("valid_to", pd.Series([None, date(2026, 1, 1)], dtype=object)) == ["", "2026-01-01"]


def test_a_table_in_parts_and_slices(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.setattr(files, "SLICE", 3)  # type: ignore[attr-defined]
    folder, said = CsvFolder(tmp_path), []
    frame = pd.DataFrame({"external_id": [f"A{i}" for i in range(8)], "name": ["x, y"] * 8})
    folder.add_all([("account", frame), ("account", frame.head(0)), ("account", frame), ("team", frame)], said.append)
    assert said == ["account: 16 rows", "team: 8 rows"]
    with (tmp_path / "account.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16 and rows[15] == {"external_id": "A7", "name": "x, y"}
