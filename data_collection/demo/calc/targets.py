"""KPI targets of the company and its teams."""

from datetime import date

import pandas as pd

from data_collection.demo.calc.clock import Clock, day_of
from data_collection.demo.calc.staff import Staff

#: KPI, target of the company, change a year.
_RATES = (
    ("win_rate", 0.25, 0.005),
    ("attainment", 1.0, 0.0),
    ("coverage", 3.0, 0.0),
    ("cycle_days", 60.0, -1.0),
)
_COLUMNS = ["valid_from", "valid_to", "kpi", "team", "value"]


def target_frame(staff: Staff, clock: Clock) -> pd.DataFrame:
    """`kpi_target.csv`: yearly targets of rates, for the company and (win rate) each team."""
    rows: list[tuple[date, date, str, str, float]] = []
    for year in range(day_of(clock.start).year, clock.until.year + 2):
        begin, end = date(year, 1, 1), date(year + 1, 1, 1)
        age = year - day_of(clock.start).year
        for kpi, value, change in _RATES:
            rows.append((begin, end, kpi, "", round(value + change * age, 4)))
        for team in staff.teams:
            rows.append((begin, end, "win_rate", team.code, round(0.25 + 0.005 * age + 0.01 * (team.region == 0), 4)))
    return pd.DataFrame(rows, columns=_COLUMNS)
