"""What the component partials take. A view builds these, a template shows them.

    {% load frame %}
    {% kpi_card card %}   {% chart_card chart %}   {% data_table table %}   {% filter_bar filters %}

docs/ui.md has a whole page as an example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from salesops.charts.numbers import Number

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Delta:
    """Change against something. The arrow is the number's direction; `judgement` is better, worse or neutral."""

    value: Number  # in `unit`: 0.084 and "percent" reads "+8.4 %"
    words: Text  # "vs Q3, same 54 days"
    unit: str = "percent"
    judgement: str = "neutral"
    reason: Text = ""  # why it is a dash


@dataclass(frozen=True, slots=True)
class Target:
    """What the value should be. `better` False paints the bar as behind."""

    value: Number
    words: Text = ""  # "Plan Q4"
    pace: Number = None  # expected by today, same unit
    better: bool = True


@dataclass(frozen=True, slots=True)
class KpiCard:
    """One number with its meaning, rows, change, trend and target."""

    label: Text
    value: Number
    unit: str = "number"  # money, percent, points, days, hours, ratio, count, number
    currency: str = ""  # named once beside a money value
    href: str = ""  # the rows behind the number
    definition: Text = ""  # one sentence
    definition_url: str = ""  # glossary entry
    delta: Delta | None = None
    spark: Sequence[Number] = ()  # 12 periods, oldest first
    spark_words: Text = ""  # "last 12 months"
    target: Target | None = None
    n: int | None = None  # sample size, shown when small
    n_small: int = 30  # n below this is shown with a warning
    reason: Text = ""  # why the value is a dash


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. Numbers are right-aligned by their kind."""

    key: str  # attribute, key or "a.b" path in a row
    label: Text
    kind: str = "text"  # text, money, percent, points, days, hours, ratio, count, number, date, datetime, badge, link
    href: str = ""  # key of the row's link target; makes the cell a link
    sort: str = ""  # name in ?sort=; empty = not sortable
    places: int | None = None
    help: Text = ""  # title of the header
    reason: str = ""  # key of the row's reason for a dash
    level: str = ""  # key of the row's badge level


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers. Sorting is in the URL (`?sort=-amount`)."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    caption: Text  # what the table shows; read out, and name of the scroll region
    total: Mapping[str, Any] | None = None  # a last row in bold
    empty: Text = ""  # sentence shown when there are no rows
    phone: str = "scroll"  # scroll, or cards: each row a card under 768 px
    id: str = ""
    caption_shown: bool = False
    sort_param: str = "sort"


@dataclass(frozen=True, slots=True)
class ChartCard:
    """A chart with its words, its table and its CSV."""

    id: str  # unique on the page, letters, digits, dashes
    title: Text  # says what
    figure: Mapping[str, Any]  # from salesops.charts.figures
    subtitle: Text = ""  # unit, period, filter
    table: Table | None = None  # the same numbers
    csv_url: str = ""
    href: str = ""  # the rows behind the chart
    insight: Text = ""  # a computed sentence, or nothing
    height: int = 280  # px; horizontal bars grow with their rows
    empty: Text = ""  # shown instead of the chart when it has no points


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Filter:
    """One query parameter as a select, or as an input of another type (date, search)."""

    name: str
    label: Text
    value: str = ""
    choices: Sequence[Choice | tuple[str, Any]] = ()
    default: str = ""  # value that means "not filtered": no chip, left out of the address
    type: str = "select"  # select, date, search

    @property
    def options(self) -> list[Choice]:
        return [c if isinstance(c, Choice) else Choice(str(c[0]), c[1]) for c in self.choices]

    @property
    def active(self) -> bool:
        return self.value != self.default

    @property
    def shown(self) -> Text:
        return next((c.label for c in self.options if c.value == self.value), self.value)


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty state: what this shows, why it is empty, one button."""

    what: Text
    why: Text
    action: Text = ""
    href: str = ""
    icon: str = "database"


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell, ready to show."""

    text: Text
    label: Text
    numeric: bool = False
    href: str = ""
    badge: str = ""
    title: Text = ""
    head: bool = field(default=False)
