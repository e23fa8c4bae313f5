"""Encodings, separators, refusals and the stream COPY reads."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from data_collection.imports.calc.reading import FileRefused, Limits, RowFeed, survey


def rows_of(path: Path) -> list[list[str]]:
    return list(survey(path).open_rows())


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("name,city\nJosé,Köln\n".encode(), "utf-8"),
        ("name,city\nJosé,Köln\n".encode("utf-8-sig"), "utf-8-sig"),
        ("name,city\nJosé,Köln\n".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "name,city\nJosé,Köln\n".encode("utf-16-be"), "utf-16"),
        ("name,city\nJosé,Köln\n".encode("utf-16-le"), "utf-16-le"),
        ("name,city\nJosé,Köln\n".encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    seen = survey(path)
    assert (seen.encoding, seen.headers) == (encoding, ("name", "city"))
    assert list(seen.open_rows()) == [["José", "Köln"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        separator.join(["a", "b", "c"]) + "\n" + separator.join(["1,5", "x y", "2"]).replace(",", ".") + "\n"
    )
    assert survey(path).separator == separator
    assert survey(path).headers == ("a", "b", "c")


def test_a_decimal_comma_does_not_hide_the_semicolon(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;amount;share\n1;1,5;0,2\n2;2,5;0,3\n")
    assert survey(path).separator == ";"


def test_an_excel_separator_line_is_read_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\na;b\n1;2\n")
    assert survey(path).headers == ("a", "b")
    assert rows_of(path) == [["1", "2"]]


def test_gzip_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert rows_of(path) == [["1", "2"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + b"x" * 100, "an Excel or ZIP file, not a CSV file"),
        (b"%PDF-1.7", "a PDF file"),
        (b"a,b\n1,\x002\n", "zero bytes"),
        (b",,\n1,2,3\n", "no column names"),
    ],
)
def test_what_is_no_csv_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=words):
        survey(path)


def test_a_text_that_is_not_in_the_wanted_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,\x81\n")  # undefined in Windows-1252, no UTF-8
    with pytest.raises(FileRefused, match="line 2 is not UTF-8"):
        survey(path)


def test_a_bomb_is_refused_by_its_unpacked_size(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0" * 5_000_000))
    with pytest.raises(FileRefused, match="larger than 2 MB"):
        survey(path, limits=Limits(unpacked=2 * 2**20))


def fed(rows: list[list[str]], width: int) -> list[list[str]]:
    feed = RowFeed(iter(rows), width)
    content = b""
    while piece := feed.read(7):  # odd pieces on purpose
        content += piece
    return list(csv.reader(io.StringIO(content.decode())))


def test_rows_keep_their_spreadsheet_number_and_shape() -> None:
    rows = [["1", "x"], ["", ""], [], ["2"], ["3", "y", "z"], ["4", "y", ""]]
    assert fed(rows, 2) == [
        ["2", "", "1", "x"],
        ["5", '["2"]', "2", ""],
        ["6", '["3", "y", "z"]', "3", "y"],
        ["7", "", "4", "y"],
    ]


def test_quotes_line_breaks_and_tabs_survive() -> None:
    cell = 'He said "no",\n\ttwice'
    assert fed([[cell, "007"]], 2) == [["2", "", cell, "007"]]


def test_a_quote_that_is_not_closed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"' + "x" * 1_200_000 + "\n")
    feed = RowFeed(survey(path).open_rows(), 2)
    with pytest.raises(FileRefused, match="is a quote not closed"):
        feed.read(100)
