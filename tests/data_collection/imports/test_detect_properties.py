"""Values written in some format are seen as that format or as not sure, never surely as another."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from data_collection.imports.calc.detect import Detection, detect
from data_collection.imports.calc.formats import Formats, _day, _number
from data_collection.imports.calc.reading import survey

MOMENTS = st.datetimes(datetime(1955, 1, 1), datetime(2063, 1, 1))
DAY_FORMATS = {
    "iso": ["%Y-%m-%d"],
    "ymd": ["%Y/%m/%d", "%Y.%m.%d"],
    "dmy": ["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"],
    "mdy": ["%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y"],
}
CLOCKS = ["", " %H:%M", "T%H:%M:%S", " %I:%M:%S %p"]
GROUPS = {".": ["", ",", " ", "\u00a0", "'"], ",": ["", ".", " ", "\u202f", "’"]}


def see(*columns: list[str], separator: str = "|") -> Detection:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        lines = [separator.join(f"h{i}" for i in range(len(columns)))]
        lines += [separator.join(row) for row in zip(*columns, strict=True)]
        path.write_text("\n".join(lines) + "\n")
        return detect(survey(path, separator=separator))


@st.composite
def written_days(draw: st.DrawFn) -> tuple[str, list[datetime], list[str]]:
    order = draw(st.sampled_from(sorted(DAY_FORMATS)))
    shape = draw(st.sampled_from(DAY_FORMATS[order])) + draw(st.sampled_from(CLOCKS))
    moments = draw(st.lists(MOMENTS, min_size=1, max_size=12))
    return order, moments, [moment.strftime(shape) for moment in moments]


@given(written_days())
@settings(max_examples=150, deadline=None)
def test_dates_are_read_in_their_order_or_the_order_is_not_sure(written: tuple[str, list[datetime], list[str]]) -> None:
    order, moments, texts = written
    seen = see(texts, ["x"] * len(texts))
    assert seen.columns[0].kind in {"date", "datetime"}
    assert order in seen.columns[0].date
    if seen.sure["date"]:
        assert seen.formats.date == (order,)
        assert [_day(text, seen.formats) for text in texts] == [moment.date() for moment in moments]
    else:
        assert all(moment.day <= 12 for moment in moments), texts


@given(written_days(), written_days())
@settings(max_examples=100, deadline=None)
def test_two_columns_of_dates_are_never_surely_read_wrong(
    one: tuple[str, list[datetime], list[str]], two: tuple[str, list[datetime], list[str]]
) -> None:
    """The second may be ambiguous and of another order than the first: then the file's order is not that of both."""
    length = min(len(one[2]), len(two[2]))
    seen = see(one[2][:length], two[2][:length])
    for (order, moments, texts), column in zip((one, two), seen.columns, strict=True):
        read = [_day(text, Formats(column.date)) for text in texts[:length]]
        right = read == [moment.date() for moment in moments[:length]]
        decided = any(moment.day > 12 for moment in moments[:length]) or order in {"iso", "ymd"}
        assert right or not decided


def written(number: Decimal, mark: str, group: str) -> str:
    whole, _, part = format(abs(number), "f").partition(".")
    groups = []
    while len(whole) > 3 and group:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    text = group.join([whole, *groups]) + (mark + part if part else "")
    return f"-{text}" if number < 0 else text


@st.composite
def written_numbers(draw: st.DrawFn) -> tuple[str, list[Decimal], list[str]]:
    mark = draw(st.sampled_from([".", ","]))
    group = draw(st.sampled_from(GROUPS[mark]))
    places = draw(st.integers(0, 4))
    before, after = draw(st.sampled_from([("", ""), ("€ ", ""), ("$", ""), ("", " EUR"), ("THB ", ""), ("", " %")]))
    numbers = draw(st.lists(st.decimals(-(10**9), 10**9, places=places), min_size=1, max_size=12))
    numbers = [number + 0 for number in numbers]  # no minus zero
    return mark, numbers, [f"{before}{written(number, mark, group)}{after}" for number in numbers]


@given(written_numbers())
@settings(max_examples=200, deadline=None)
def test_numbers_are_read_with_their_mark_or_the_mark_is_not_sure(given_: tuple[str, list[Decimal], list[str]]) -> None:
    mark, numbers, texts = given_
    seen = see(texts, ["x"] * len(texts))
    column = seen.columns[0]
    assert column.kind in {"number", "integer", "percent"}, texts
    assert column.decimal in {mark, ""}, texts
    if seen.sure["decimal"]:
        read = [_number(text.rstrip("%").rstrip(), seen.formats.decimal) for text in texts]
        assert read == numbers, texts


@given(st.lists(MOMENTS, min_size=1, max_size=8), st.lists(st.integers(-12, 14), min_size=8, max_size=8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_zone_is_sure_only_where_every_time_says_it(
    moments: list[datetime], hours: list[int], all_say: bool
) -> None:
    texts = [
        moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hour))).isoformat()
        for moment, hour in zip(moments, hours, strict=False)
    ]
    if not all_say:
        texts.append("2026-03-31T09:15:00")
    assert see(texts, ["x"] * len(texts)).sure["time_zone"] is all_say


@given(
    st.lists(st.integers(20_000, 59_999), min_size=1, max_size=8), st.sampled_from(["Amount", "Employees", "Days open"])
)
@settings(max_examples=40, deadline=None)
def test_numbers_without_a_header_of_dates_are_no_days(numbers: list[int], header: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(f"{header};x\n" + "".join(f"{number};y\n" for number in numbers))
        assert detect(survey(path)).columns[0].kind == "integer"
