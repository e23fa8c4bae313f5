from datetime import date

import pandas as pd
import pytest

from demand_planning.statistical.calc.cells import ALL, closed_until, histories


def test_every_level_from_its_first_sale_with_zeros_between() -> None:
    rows = pd.DataFrame(
        [
            ("a", "north", date(2026, 1, 1), 10.0),
            ("a", "north", date(2026, 3, 1), 30.0),
            ("a", "south", date(2026, 2, 1), 5.0),
            ("b", "south", date(2026, 3, 1), 7.0),
            ("b", "south", date(2026, 5, 1), 99.0),  # the open month
        ],
        columns=["item", "place", "month", "value"],
    )
    found = {(one.item, one.place): one for one in histories(rows, until=date(2026, 5, 1))}
    assert len(found) == 3 + 2 + 2 + 1
    assert found["a", "north"].values.tolist() == [10, 0, 30, 0]
    assert found["a", "south"].first_month == date(2026, 2, 1)
    assert found["a", ALL].values.tolist() == [10, 5, 30, 0]
    assert found[ALL, "south"].values.tolist() == [5, 7, 0]
    assert found[ALL, ALL].values.tolist() == [10, 5, 37, 0]
    assert found[ALL, ALL].cells == (0, 1, 2) and found["a", "north"].cells == (0,)


def test_nothing_closed_is_nothing() -> None:
    rows = pd.DataFrame([("a", "x", date(2026, 5, 1), 1.0)], columns=["item", "place", "month", "value"])
    assert histories(rows, until=date(2026, 5, 1)) == []


@pytest.mark.parametrize(
    ("as_of", "data_to", "expected"),
    [
        (date(2026, 11, 23), date(2026, 11, 22), date(2026, 11, 1)),
        (date(2026, 11, 1), date(2026, 10, 31), date(2026, 11, 1)),
        (date(2026, 11, 20), date(2026, 10, 12), date(2026, 11, 1)),  # a quiet month is still a month
        (date(2026, 11, 23), date(2014, 12, 30), date(2015, 1, 1)),  # old data: from their own end
        (date(2026, 11, 23), date(2014, 12, 12), date(2014, 12, 1)),  # whose last month is not whole
    ],
)
def test_which_months_are_closed(as_of: date, data_to: date, expected: date) -> None:
    assert closed_until(as_of=as_of, data_to=data_to) == expected
