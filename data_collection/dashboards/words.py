"""Words for measures, units and directions, as a person reads them."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from data_collection.kpis.catalogue import Kpi
from data_collection.kpis.measures import PREVIOUS, plain

Text = str | Promise

MEASURES: dict[str, Text] = {
    "won_amount": _("amount won"),
    "won_amount_n": _("won deals with an amount"),
    "won_n": _("deals won"),
    "won_days": _("days of won deals"),
    "won_days_n": _("won deals with both dates"),
    "lost_amount": _("amount lost"),
    "lost_amount_n": _("lost deals with an amount"),
    "lost_n": _("deals lost"),
    "lost_days": _("days of lost deals"),
    "lost_days_n": _("lost deals with both dates"),
    "created_n": _("deals created"),
    "created_amount": _("amount of deals created"),
    "cohort_won_n": _("of those, won by now"),
    "cohort_lost_n": _("of those, lost by now"),
    "cohort_open_n": _("of those, still open"),
    "pushed_n": _("close dates pushed"),
    "pushed_amount": _("amount pushed"),
    "won_amount_median": _("median of amounts won"),
    "won_days_median": _("median of days to win"),
    "quota": _("quota"),
    "whole_quota": _("quota of the whole period"),
    "revenue_quota": _("revenue quota"),
    "days": _("days passed"),
    "open_n": _("open deals"),
    "open_amount": _("open amount"),
    "open_amount_n": _("open deals with an amount"),
    "weighted_amount": _("sum of open amount × probability"),
    "closing_n": _("open deals closing in the period"),
    "closing_amount": _("open amount closing in the period"),
    "due_n": _("deals due at the start"),
    "due_amount": _("amount due at the start"),
    "slipped_amount": _("of it, amount whose close date left the period"),
    "stage_days_median": _("median of days in a stage"),
    "stage_days_p90": _("days in a stage that nine of ten stay below"),
    "stage_days_n": _("stays that ended"),
    "activities_n": _("activities"),
    "emails_n": _("e-mails"),
    "calls_n": _("calls"),
    "meetings_n": _("meetings"),
    "demos_n": _("demos"),
    "proposals_n": _("proposals"),
    "others_n": _("other activities"),
    "minutes": _("minutes logged"),
    "leads_n": _("leads that came in"),
    "leads_mql_n": _("of those, marketing qualified by now"),
    "leads_sql_n": _("of those, sales qualified by now"),
    "leads_converted_n": _("of those, a deal by now"),
    "leads_won_n": _("of those, won by now"),
    "mqls_n": _("leads marketing qualified"),
    "sqls_n": _("leads sales qualified"),
    "converted_n": _("leads that became a deal"),
    "disqualified_n": _("leads disqualified"),
    "response_median": _("median of minutes to first touch"),
    "response_p90": _("minutes to first touch that nine of ten stay below"),
    "response_n": _("leads assigned and touched"),
    "sales_n": _("sales lines"),
    "revenue": _("revenue"),
    "units": _("units sold"),
    "profit": _("profit"),
    "profit_revenue": _("revenue of lines that state a profit"),
    "list_amount": _("amount at list price"),
    "discount_amount": _("amount given as discount"),
    "returned_amount": _("revenue that came back"),
    "orders_n": _("different orders"),
}
UNITS: dict[str, Text] = {
    "money": _("money, in the reporting currency"),
    "count": _("a count"),
    "number": _("a number"),
    "percent": _("per cent"),
    "days": _("days"),
    "hours": _("hours"),
    "minutes": _("minutes"),
    "ratio": _("a ratio"),
}
BETTER: dict[str, Text] = {
    "up": _("more is better"),
    "down": _("less is better"),
    "none": _("neither more nor less is better"),
}


def measure_words(name: str) -> str:
    """What a measure counts."""
    words = str(MEASURES.get(name) or MEASURES.get(plain(name)) or name)
    if name in PREVIOUS:
        return str(_("%(what)s in the period before")) % {"what": words}
    return words


def formula_words(kpi: Kpi) -> str:
    """The formula in words: deals won / (deals won + deals lost)."""
    text = re.sub(r"[a-z_]\w*", lambda match: measure_words(match[0]), kpi.formula.text)
    return text.replace("*", "×").replace(" - ", " − ")
