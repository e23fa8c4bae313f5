"""Colours of charts, written once. The light value is also the token: the browser swaps it for the dark one.

The same pairs stand in static/salesops/app.css as custom properties; a test compares the two.
Contrast against the card surface is at least 3:1 in both themes.
"""

SERIES = ("#1f5fbf", "#b45309", "#0f766e", "#a21caf", "#4d7c0f", "#b91c1c", "#4338ca", "#475569")
SERIES_DARK = ("#86b6ff", "#f5b041", "#5ee0c5", "#f0a6ff", "#b6e35a", "#ff9a9a", "#b3a8ff", "#cbd5e1")
DASHES = ("solid", "solid", "solid", "solid", "dash", "dot", "dashdot", "longdash")  # series 5-8 differ by dash too

PREVIOUS = "#7b8794"  # the period before, thin and dashed
PREVIOUS_DARK = "#8b98a8"
PLAN = "#374151"  # plan or target, stepped
PLAN_DARK = "#d7dee8"
GOOD = "#0f7a5a"
GOOD_DARK = "#4fd1a5"
BAD = "#b42318"
BAD_DARK = "#ff9a8f"
BAND_INNER = "rgba(31,95,191,0.26)"  # 80 % range
BAND_INNER_DARK = "rgba(134,182,255,0.30)"
BAND_OUTER = "rgba(31,95,191,0.12)"  # 95 % range
BAND_OUTER_DARK = "rgba(134,182,255,0.14)"
CLEAR = "rgba(0,0,0,0)"

MOST_SERIES = 6

TOKENS: dict[str, tuple[str, str]] = {
    **{f"series-{i + 1}": pair for i, pair in enumerate(zip(SERIES, SERIES_DARK, strict=True))},
    "previous": (PREVIOUS, PREVIOUS_DARK),
    "plan": (PLAN, PLAN_DARK),
    "good": (GOOD, GOOD_DARK),
    "bad": (BAD, BAD_DARK),
    "band-inner": (BAND_INNER, BAND_INNER_DARK),
    "band-outer": (BAND_OUTER, BAND_OUTER_DARK),
}
