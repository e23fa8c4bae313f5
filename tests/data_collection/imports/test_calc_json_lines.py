"""JSON lines as text rows: columns of all keys, nested objects flat, numbers as written, bad lines told."""

import gzip
from pathlib import Path

import pytest

from data_collection.imports.calc.reading import FileRefused, Limits, survey


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_keys_of_all_lines_are_the_columns(tmp_path: Path) -> None:
    seen = survey(
        write(
            tmp_path / "a.jsonl",
            '{"id": 1, "name": "Zoë", "owner": {"name": "Ann", "team": {"code": "N"}}}',
            "",
            '{"id": 2, "tags": ["a", "b", null, true], "amount": 1234.50, "big": 12345678901234567890}',
            '{"id": "003", "won": false, "lines": [{"n": 1.0}], "none": null}',
        )
    )
    assert (seen.format, seen.rows, seen.encoding, seen.separator) == ("jsonl", 3, "utf-8", "")
    assert seen.headers == (
        "id",
        "name",
        "owner.name",
        "owner.team.code",
        "tags",
        "amount",
        "big",
        "won",
        "lines",
        "none",
    )
    assert list(seen.open_rows()) == [
        ["1", "Zoë", "Ann", "N", "", "", "", "", "", ""],
        [],
        ["2", "", "", "", "a;b;;true", "1234.50", "12345678901234567890", "", "", ""],
        ["003", "", "", "", "", "", "", "false", '[{"n": "1.0"}]', ""],
    ]


def test_rows_are_numbered_by_their_line_and_bad_lines_come_as_they_are(tmp_path: Path) -> None:
    seen = survey(
        write(
            tmp_path / "a.ndjson",
            '{"a": "x"}',
            '{"a": 1',
            "",
            "[1]",
            '"t"',
            '{"a": NaN}',
            '{"a": "\\u0000"}',
            '{"a": "\\ud800"}',
            '{"a": "y"}',
        )
    )
    assert "6 of 8 lines hold no JSON object; they are rejected." in seen.notes
    lines = seen.feed().read().decode().split("\r\n")
    assert lines[0] == "1,,x" and lines[7] == "9,,y"
    assert [line.split(",")[0] for line in lines[1:7]] == ["2", "4", "5", "6", "7", "8"]
    for line, words in zip(
        lines[1:7],
        [
            "is no valid JSON",
            "begins with a list",
            "no object in braces",
            "NaN is no number",
            "zero character",
            "lone surrogate",
        ],
        strict=True,
    ):
        assert words in line and "Write one JSON object a line." in line


def test_packed_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"b": 2}\n'))
    assert list(survey(tmp_path / "a.jsonl.gz").open_rows()) == [["1", ""], ["", "2"]]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["[", '{"a": 1}', "]"], None),
        (['[{"a": 1}, {"a": 2}]'], "one JSON list; write each object on a line of its own"),
        (["a,b", "1,2"], "No line of the file holds a JSON object"),
        (["", ""], "empty"),
        (["[" * 100_000], "nested too deeply"),
        (['{"a":' * 500 + "1" + "}" * 500], "nested too deeply"),
    ],
)
def test_what_holds_no_objects_is_refused(tmp_path: Path, lines: list[str], words: str | None) -> None:
    path = write(tmp_path / "a.jsonl", *lines)
    if words is None:
        assert survey(path).rows == 3
        return
    with pytest.raises(FileRefused, match=words):
        survey(path)


def test_more_keys_than_columns_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *(f'{{"k{i}": 1}}' for i in range(20)))
    with pytest.raises(FileRefused, match="The file has 11 columns; at most 10 can be read"):
        survey(path, limits=Limits(columns=10))


def test_a_first_look_reads_the_first_lines_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *(['{"a": 1}'] * 5000), '{"b": 2}')
    assert (survey(path, whole=False).headers, survey(path, whole=False).rows) == (("a",), None)
    assert (survey(path).headers, survey(path).rows) == (("a", "b"), 5001)
    short = write(tmp_path / "b.jsonl", '{"a": 1}')
    assert survey(short, whole=False).rows == 1
