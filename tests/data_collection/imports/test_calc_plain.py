"""The fast way through CSV text gives what the usual way gives."""

import csv
import io
import random
from pathlib import Path

import pytest

from data_collection.imports.calc.expressions import BLANKS
from data_collection.imports.calc.reading import FileRefused, Limits, RowFeed, survey
from data_collection.imports.calc.reading.feed import BLANK_SIGNS
from data_collection.imports.calc.reading.plain import PlainFeed

PIECES = ["a", "bc", "", " d", "e ", '"', '""', '"x,y"', '"two\nlines"', '"said ""hi"""', *",,,", *"\n\n\r", "\r\n"]


def content(feed: RowFeed) -> list[list[str]]:
    data = b"".join(iter(lambda: feed.read(37), b""))
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=feed.separator))


def both(path: Path) -> tuple[RowFeed, RowFeed]:
    seen = survey(path)
    slow = RowFeed(seen.open_rows(marked=True), len(seen.headers), limits=seen.limits)
    fast = seen.feed()
    assert isinstance(fast, PlainFeed)
    return slow, fast


@pytest.mark.parametrize("seed", range(300))
def test_both_ways_give_the_same_rows(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr("data_collection.imports.calc.reading.plain.CHUNK", dice.choice([1, 7, 40, 1 << 18]))
    tame = PIECES[:5] + [",", ",", "\n"]
    text = "".join(dice.choice(tame if dice.random() < 0.5 else PIECES) for _ in range(dice.randrange(1, 120)))
    path = tmp_path / "x.csv"
    path.write_text("h1,h2,h3\n" + text, newline="")
    slow, fast = both(path)
    assert content(fast) == content(slow)
    assert (fast.count, fast.padded) == (slow.count, slow.padded)


def test_lines_without_quotes_never_meet_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a;b\n" + "1;2\n" * 5000)
    feed = survey(path).feed()
    monkeypatch.setattr(RowFeed, "_write", _ended)
    assert content(feed)[4999] == ["5001", "", "1", "2"]


def _ended(self: RowFeed, until: int) -> None:
    assert self.count == 5000  # asked only whether anything is left


@pytest.mark.parametrize(("text", "padded"), [
    ("1,2\n", False), ("1, 2\n", True), ("1 ,2\n", True), (" 1,2\n", True), ("1,2 \n", True), ("1,2\t\r\n", True),
    ("a b,c d\n", False), ("1,\u00a02\n", True), ('"1 ",2\n', True), ('"1",2\n', False), ('"1\n",2\n', True),
    (",\n1,\n", False),
])  # fmt: skip
def test_blanks_at_the_ends_of_cells_are_noticed(tmp_path: Path, text: str, padded: bool) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + text + "x,y\n" * 3, newline="")
    feed = survey(path).feed()
    content(feed)
    assert feed.padded is padded


def test_the_same_blanks_are_noticed_and_taken_off() -> None:
    taken = BLANKS.removeprefix("E'").removesuffix("'").encode("ascii").decode("unicode_escape")
    assert set(taken) == set(BLANK_SIGNS + "\r\n")


def test_a_line_without_end_is_refused_in_time(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n" + "y" * 3_000_000 + ",2\n")
    seen = survey(path, limits=Limits(cell=1 << 19))
    with pytest.raises(FileRefused):
        content(seen.feed())
