"""KPI targets of the company and its teams."""

from datetime import date

import pandas as pd

from data_collection.demo.calc.clock import Clock, day_of
from data_collection.demo.calc.sizes import Size
from data_collection.demo.calc.staff import Staff

#: KPI of the catalogue, target of the company in the first year, change a year. Rates are shares.
_RATES = (
    ("win_rate", 0.27, 0.005),
    ("attainment", 1.0, 0.0),
    ("coverage", 3.0, 0.0),
    ("cycle_days_mean", 60.0, -2.0),
    ("discount", 0.06, -0.005),
    ("lead_to_win", 0.06, 0.0),
)
_TEAM_WIN_RATE = {"AMER": 0.28, "EUR": 0.27, "APAC": 0.26}
_COLUMNS = ["valid_from", "valid_to", "kpi", "team", "value"]


def target_frame(staff: Staff, size: Size, clock: Clock) -> pd.DataFrame:
    """`kpi_target.csv`: targets year by year, of the company and (win rate) of each team."""
    rows: list[tuple[date, date, str, str, float]] = []
    first = day_of(clock.start).year
    for year in range(first, clock.until.year + 2):
        span, age = (date(year, 1, 1), date(year + 1, 1, 1)), year - first
        rows += [(*span, kpi, "", round(value + change * age, 4)) for kpi, value, change in _RATES]
        created = round(size.opportunities * (0.27 + 0.045 * age), -1)
        rows.append((*span, "opportunities_created", "", float(created)))
        for team in staff.teams:
            rate = _TEAM_WIN_RATE[team.code.split("-")[0]] + 0.005 * age
            rows.append((*span, "win_rate", team.code, round(rate, 4)))
    return pd.DataFrame(rows, columns=_COLUMNS).assign(rep="", territory="")
