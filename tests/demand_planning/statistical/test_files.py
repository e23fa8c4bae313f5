import csv
import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from demand_planning.statistical.calc.buckets import FREQUENCIES, DateStyle, later, position, read_date
from demand_planning.statistical.files import read_series, regular

MONTHS = [f"{2024 + k // 12}-{k % 12 + 1:02d}" for k in range(30)]


def lines(rows: list[tuple[str, str, object]]) -> list[str]:
    return ["series,date,value\n", *(f"{name},{day},{value}\n" for name, day, value in rows)]


def run(tmp_path: Path, text: str, **options: object) -> tuple[list[dict[str, str]], str]:
    source, target, errors = tmp_path / "in.csv", tmp_path / "out.csv", io.StringIO()
    source.write_text(text, encoding="utf-8")
    call_command("forecast", source=str(source), target=str(target), stderr=errors, **options)
    return list(csv.DictReader(target.open())), errors.getvalue()


def test_forecast_of_a_file(tmp_path: Path) -> None:
    rows = [("b", day, 100 + k) for k, day in enumerate(MONTHS)] + [("a", day, 5) for day in MONTHS]
    found, said = run(tmp_path, "".join(lines(rows[::-1])), horizon=3)
    assert list(found[0]) == ["series", "date", "forecast", "lo_80", "hi_80", "lo_95", "hi_95"]
    assert [(row["series"], row["date"]) for row in found] == [
        (name, day) for name in ("a", "b") for day in ("2026-07", "2026-08", "2026-09")
    ]
    assert [float(row["forecast"]) for row in found[:3]] == [5, 5, 5]
    assert [float(row["forecast"]) for row in found[3:]] == pytest.approx([130, 131, 132], rel=0.03)
    assert "2 series, 60 values" in said


def test_missing_month_is_named_and_filled(tmp_path: Path) -> None:
    rows = [("a", day, k) for k, day in enumerate(MONTHS) if k not in (5, 6)]
    _found, said = run(tmp_path, "".join(lines(rows)), horizon=2, levels=[90])
    assert "a: 2 months without a value filled on a line between the neighbours: 2024-06, 2024-07" in said
    with pytest.raises(CommandError, match="have gaps"):
        run(tmp_path, "".join(lines(rows)), missing="refuse")


def test_bad_rows_are_named_with_their_line(tmp_path: Path) -> None:
    bad = [("a", "January", 2), ("a", "2024-03", "x"), ("a", "2024-01", 9), ("", "2024-05", 1)]
    text = "".join(lines([("a", "2024-01", 1), *bad]))
    source, errors = tmp_path / "in.csv", io.StringIO()
    source.write_text(text)
    with pytest.raises(CommandError, match="4 bad rows; nothing was written"):
        call_command("forecast", source=str(source), target=str(tmp_path / "out.csv"), stderr=errors)
    said = errors.getvalue()
    for words in (
        "row 3: date “January” is none",
        "row 4: value “x” is no number",
        "row 5: a has 2024-01 twice, first in row 2",
        "row 6: the series has no name",
    ):
        assert words in said
    assert not (tmp_path / "out.csv").exists()
    target = str(tmp_path / "out.csv")
    call_command("forecast", source=str(source), target=target, skip_bad=True, horizon=2, stderr=errors)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,when\na,b\n", "missing: series, date, value"),
        ("", "Found: nothing"),
        ("series,date,value\n", "no rows"),
        ("series,date,value\na,2024-01,\n", "No series is left"),
    ],
)
def test_files_that_can_not_be_used(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(tmp_path, text)


def test_no_file_and_wrong_encoding(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("forecast", source=str(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes("series,date,value\nä,2024-01,1\n".encode("latin-1"))
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("forecast", source=str(tmp_path / "latin.csv"))


def test_text_columns_and_byte_order_mark() -> None:
    found, bad = read_series(["\ufeffSeries,Date,Value,extra\n", "a,2024-01-31,1.5,x\n", "a,2024-02-29,NA,x\n"])
    assert bad == [] and found[0].by_day.keys() == {read_date("2024-01-31")}


@pytest.mark.parametrize(
    ("code", "first", "second", "apart", "ahead"),
    [
        ("D", "2024-02-28", "2024-03-01", 2, "2024-03-02"),
        ("W", "2024-01-01", "2024-01-15", 2, "2024-01-22"),
        ("M", "2024-01-31", "2024-03-31", 2, "2024-04-30"),
        ("Q", "2024-01-01", "2024-07-01", 2, "2024-10-01"),
    ],
)
def test_frequencies(code: str, first: str, second: str, apart: int, ahead: str) -> None:
    frequency = FREQUENCIES[code]
    start, end = read_date(first), read_date(second)
    assert position(end, frequency, start) == apart
    assert DateStyle.of([first, second], frequency).write(later(end, frequency, 1)) == ahead


def test_weeks_that_do_not_fit_are_bad_rows() -> None:
    observed, _bad = read_series(lines([("a", "2024-01-01", 1), ("a", "2024-01-10", 2), ("a", "2024-01-15", 3)]))
    found, bad = regular(observed[0], FREQUENCIES["W"], zeros=True)
    assert [one.row for one in bad] == [3] and "no whole number of weeks" in bad[0].reason
    assert found.values.tolist() == [1, 0, 3] and np.isfinite(found.values).all()


def test_two_values_in_one_month_are_a_bad_row() -> None:
    observed, _bad = read_series(lines([("a", "2024-01-01", 1), ("a", "2024-01-15", 2)]))
    _found, bad = regular(observed[0], FREQUENCIES["M"], zeros=False)
    assert "two values in the month of 2024-01-15, the other in row 2" in str(bad[0])
