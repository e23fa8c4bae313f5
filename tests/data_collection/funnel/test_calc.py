import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_collection.funnel.calc import fill_skipped, funnel, wilson, worst_leak, worst_step

NAN = math.nan


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_is_undefined_and_bad_input_raises():
    assert all(math.isnan(v) for v in wilson(0, 0))
    with pytest.raises(ValueError, match="5 of 3"):
        wilson(5, 3)


def test_a_skipped_step_counts_as_entered_on_the_next_ones_day():
    assert fill_skipped(np.array([[1.0, NAN, 7.0, NAN]])).tolist()[0][:3] == [1.0, 7.0, 7.0]


def test_stage_conversion_as_in_the_formulas():
    # 80 entered, 34 of them the next step, 6 still open: 34/80 = 42.5 %
    entry = np.full((80, 2), NAN)
    entry[:, 0] = 0
    entry[:34, 1] = np.arange(34)
    is_open = np.zeros(80, dtype=bool)
    is_open[34:40] = True
    first, last = funnel(["a", "b"], entry, is_open)
    assert (first.entered, first.moved_on, first.open_here, first.lost_here) == (80, 34, 6, 40)
    assert first.conversion == 0.425 and first.decided_conversion == 34 / 74
    assert first.median_days == 16.5
    assert last.entered == 34 and math.isnan(last.conversion)


def test_the_worst_step_needs_enough_cases():
    entry = np.full((40, 3), NAN)
    entry[:, 0], entry[:35, 1], entry[:5, 2] = 0, 1, 2
    steps = funnel(["a", "b", "c"], entry, np.zeros(40, dtype=bool))
    assert worst_step(steps).name == "b"
    assert worst_step(funnel(["a", "b", "c"], entry[:20], np.zeros(20, dtype=bool))) is None


def test_the_leak_is_the_group_that_loses_most_against_the_others():
    def group(n: int, moved: int):
        entry = np.full((n, 2), NAN)
        entry[:, 0], entry[:moved, 1] = 0, 1
        return funnel(["a", "b"], entry, np.zeros(n, dtype=bool))

    leak = worst_leak({"good": group(100, 60), "bad": group(100, 30), "tiny": group(5, 0)})
    assert (leak.key, leak.step) == ("bad", "a")
    assert leak.others == pytest.approx(60 / 105) and leak.lost == pytest.approx((60 / 105 - 0.3) * 100)


@given(arrays(float, (12, 4), elements=st.one_of(st.just(NAN), st.integers(0, 99).map(float))), st.integers(0, 4095))
def test_everybody_is_somewhere(entry, bits):
    is_open = np.array([bool(bits >> i & 1) for i in range(12)])
    steps = funnel(list("abcd"), entry, is_open)
    for step, following in pairwise(steps):
        assert step.moved_on == following.entered <= step.entered
        assert step.entered == step.moved_on + step.open_here + step.lost_here
        assert math.isnan(step.low) or 0 <= step.low <= step.conversion <= step.high <= 1
