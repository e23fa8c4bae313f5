"""The areas of facts and their additive measures: the words of the KPI formulas.

An area is one source of events: a view of rows, a day fact, a month roll-up. A measure is a column of all
three, so that the sum over rows, days or months is the same number.
"""

from dataclasses import dataclass

PEOPLE = ("rep_id", "team_id", "territory_id")
ALL = (*PEOPLE, "segment_id", "product_id", "source")


@dataclass(frozen=True, slots=True)
class Area:
    name: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    rows: str = ""  # view of the events without team and territory, where many share day and rep

    @property
    def events(self) -> str:
        """View with one row per event."""
        return f"data_collection_{self.name}event"

    @property
    def days(self) -> str:
        return f"data_collection_{self.name}fact"

    @property
    def months(self) -> str:
        """Same columns; `day` is the first of the month."""
        return f"data_collection_{self.name}month"


AREAS = {
    area.name: area
    for area in (
        Area(
            "activity",
            PEOPLE,
            tuple("activities_n emails_n calls_n meetings_n demos_n proposals_n others_n minutes".split()),
            rows="data_collection_activityrow",
        ),
        Area(
            "deal",
            ALL,
            tuple(
                "created_n created_amount cohort_won_n cohort_lost_n cohort_open_n "
                "won_n won_amount won_amount_n won_days won_days_n "
                "lost_n lost_amount lost_amount_n lost_days lost_days_n pushed_n pushed_amount".split()
            ),
        ),
        Area(
            "lead",
            ALL,
            tuple(
                "leads_n leads_mql_n leads_sql_n leads_converted_n leads_won_n "
                "mqls_n sqls_n converted_n disqualified_n".split()
            ),
        ),
        Area(
            "sale",
            ALL,
            tuple("sales_n revenue units profit profit_revenue list_amount discount_amount returned_amount".split()),
        ),
    )
}
#: measure -> its area
AREA_OF = {measure: area for area in AREAS.values() for measure in area.measures}
