"""Small pictures made on the server: no script, under 2 KB each, readable by a screen reader.

Colours come from the stylesheet by class, so a dark page needs no other picture. Each function returns safe markup with
`role="img"` and a label that says in words what the picture shows.
"""

import math
from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from salesops.charts.numbers import is_missing

Number = float | int | None


def sparkline(values: Sequence[Number], *, label: str, width: int = 200, height: int = 36) -> SafeString:
    """Line through the periods, last one marked. Missing values leave a gap.

    Args:
        values: oldest first; None or NaN where undefined.
        label: words for the picture, e.g. "Bookings, last 12 months: from 1.1M to 1.4M".
    """
    known = [(i, float(v)) for i, v in enumerate(values) if v is not None and not is_missing(v)]
    if not known:
        return mark_safe("")
    pad = 4.0
    low, high = min(v for _, v in known), max(v for _, v in known)
    span = (high - low) or 1.0
    flat = high == low
    step = (width - 2 * pad) / max(len(values) - 1, 1)

    def point(index: int, value: float) -> tuple[float, float]:
        rise = 0.5 if flat else (value - low) / span
        return pad + index * step, height - pad - rise * (height - 2 * pad)

    path, before = [], -2
    for index, value in known:
        x, y = point(index, value)
        path.append(f"{'L' if index == before + 1 else 'M'}{x:.1f} {y:.1f}")
        before = index
    x, y = point(*known[-1])
    return _picture(
        "spark",
        width,
        height,
        label,
        f'<path class="spark-line" d="{"".join(path)}"/><path class="spark-end" d="M{x:.1f} {y:.1f}h.01"/>',
        stretch=True,
    )


def ring(share: Number, *, label: str, caption: str, under: str = "", size: int = 168) -> SafeString:
    """Ring filled clockwise from the top by `share` (1.0 = full; past 1 a second, darker lap shows the excess).

    Args:
        share: part of the whole, 0.87 for 87 %; None or NaN draws an empty ring.
        caption: large text in the middle; `under`: small text below it.
    """
    width = 14
    radius = (size - width) / 2 - 1
    around = 2 * math.pi * radius
    middle = size / 2
    known = 0.0 if share is None or is_missing(share) else max(float(share), 0.0)
    laps = [("ring-fill", min(known, 1.0))]
    if known > 1:
        laps.append(("ring-over", min(known - 1, 1.0)))
    arcs = "".join(
        f'<circle class="{name}" cx="{middle}" cy="{middle}" r="{radius:.1f}" stroke-width="{width}"'
        f' stroke-dasharray="{around * part:.1f} {around:.1f}" transform="rotate(-90 {middle} {middle})"/>'
        for name, part in laps
        if part > 0
    )
    below = (
        f'<text class="ring-under" x="{middle}" y="{middle + 22}" text-anchor="middle">{escape(under)}</text>'
        if under
        else ""
    )
    raised = middle + (2 if under else 10)
    return _picture(
        "ring",
        size,
        size,
        label,
        f'<circle class="ring-track" cx="{middle}" cy="{middle}" r="{radius:.1f}" stroke-width="{width}"/>{arcs}'
        f'<text class="ring-caption" x="{middle}" y="{raised}" text-anchor="middle">{escape(caption)}</text>{below}',
    )


def target_bar(
    value: Number, target: Number, *, label: str, pace: Number = None, better: bool = True, width: int = 240
) -> SafeString:
    """Value against target on one bar: the tick is the target, the thin mark where the pace should be today.

    Args:
        pace: value expected by now; None leaves the mark out.
        better: False paints the fill as "behind".
    """
    if value is None or target is None or is_missing(value) or is_missing(target) or float(target) <= 0:
        return mark_safe("")
    height, top = 10, 3
    scale = max(float(target), float(value), float(pace or 0)) * 1.02
    filled = max(float(value), 0) / scale * width
    tick = float(target) / scale * width
    mark = ""
    if pace is not None and not is_missing(pace):
        at = float(pace) / scale * width
        mark = f'<rect class="bar-pace" x="{at - 0.5:.1f}" y="0" width="1" height="{height}"/>'
    fill = "bar-fill" if better else "bar-fill bar-behind"
    return _picture(
        "targetbar",
        width,
        height,
        label,
        f'<rect class="bar-track" x="0" y="{top}" width="{width}" height="4" rx="2"/>'
        f'<rect class="{fill}" x="0" y="{top}" width="{filled:.1f}" height="4" rx="2"/>{mark}'
        f'<rect class="bar-tick" x="{tick - 1:.1f}" y="0" width="2" height="{height}" rx="1"/>',
        stretch=True,
    )


def _picture(name: str, width: int, height: int, label: str, shapes: str, *, stretch: bool = False) -> SafeString:
    keep = ' preserveAspectRatio="none"' if stretch else ""
    return mark_safe(  # noqa: S308 - every part is a number or escaped
        f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}"{keep} role="img"'
        f' aria-label="{escape(label)}">{shapes}</svg>'
    )
