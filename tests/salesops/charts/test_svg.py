"""Small pictures: well-formed, labelled, drawn where arithmetic says."""

import math
import re
from xml.etree import ElementTree

import pytest

from salesops.charts import svg


def parse(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def test_sparkline_spans_lowest_to_highest() -> None:
    root = parse(svg.sparkline([0, 10], label="x", width=108, height=28))
    path = root.find("path[@class='spark-line']").get("d")
    assert path == "M4.0 24.0L104.0 4.0"  # 4 px of padding on each side


def test_sparkline_leaves_a_gap_where_undefined() -> None:
    path = parse(svg.sparkline([1, 2, None, math.nan, 3, 4], label="x")).find("path").get("d")
    assert re.findall("[ML]", path) == ["M", "L", "M", "L"]


def test_sparkline_without_values_is_nothing() -> None:
    assert svg.sparkline([None, math.nan], label="x") == ""


def test_labels_are_escaped() -> None:
    for picture in (
        svg.sparkline([1, 2], label='<script>"&'),
        svg.ring(0.5, label='<script>"&', caption="<b>", under="&"),
        svg.target_bar(1, 2, label='<script>"&'),
    ):
        root = parse(picture)
        assert root.get("aria-label") == '<script>"&'
        assert root.get("role") == "img"


@pytest.mark.parametrize(("share", "laps"), [(0.25, [0.25]), (1.0, [1.0]), (1.21, [1.0, 0.21]), (0, []), (None, [])])
def test_ring_is_filled_by_its_share(share: float | None, laps: list[float]) -> None:
    circles = parse(svg.ring(share, label="x", caption="y", size=168)).findall("circle")[1:]
    around = 2 * math.pi * 76  # (168 - 14) / 2 - 1
    drawn = [float(c.get("stroke-dasharray").split()[0]) / around for c in circles]
    assert drawn == pytest.approx(laps, abs=1e-3)


def test_target_bar_puts_fill_and_tick_in_proportion() -> None:
    root = parse(svg.target_bar(50, 100, label="x", width=204))
    fill = float(root.find("rect[@class='bar-fill']").get("width"))
    tick = float(root.find("rect[@class='bar-tick']").get("x")) + 1
    assert fill / tick == pytest.approx(0.5, abs=1e-3)
    assert tick == pytest.approx(200, abs=0.1)  # 2 % of air to the right


@pytest.mark.parametrize(("value", "target"), [(None, 1), (1, None), (1, 0), (math.nan, 1)])
def test_target_bar_needs_a_value_and_a_target(value: float | None, target: float | None) -> None:
    assert svg.target_bar(value, target, label="x") == ""
