"""What was done to a series, in sentences a person reads."""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from demand_planning.statistical.calc.methods import MEAN, MEDIAN, PLAIN, ROUTES, ZERO
from demand_planning.statistical.calc.ranges import CONFORMAL_KINDS
from demand_planning.statistical.calc.shape import Kind
from demand_planning.statistical.models import ForecastRun, ForecastSeries
from salesops.charts.numbers import exact, percent

MODELS: dict[str, str | Promise] = {
    MEDIAN: gettext_lazy("Median"),
    "theta": gettext_lazy("Dynamic optimised Theta"),
    "adjusted_ets": gettext_lazy("Exponential smoothing, seasonally adjusted"),
    "mstl": gettext_lazy("MSTL with smoothed trend"),
    "seasonal_naive": gettext_lazy("Seasonal naive: same month last year"),
    "recent_mean": gettext_lazy("Mean of the last 12 months"),
    "imapa": gettext_lazy("IMAPA (intermittent demand)"),
    "adida": gettext_lazy("ADIDA (intermittent demand)"),
    "tsb": gettext_lazy("TSB (fading demand)"),
    MEAN: gettext_lazy("Mean of the history"),
    ZERO: gettext_lazy("Zero"),
}
FEW_SCORES = 100


def month_words(day: date) -> str:
    return date_format(day, "M Y")


def method_words(series: ForecastSeries) -> str:
    """The method in a few words, for lists."""
    if series.method in PLAIN.values():
        return _("Naive (guard rail)")
    if series.method == MEDIAN:
        return _("Median of %(n)d models") % {"n": len(ROUTES[Kind(series.kind)])}
    return str(MODELS.get(series.method, series.method))


def sentences(series: ForecastSeries, run: ForecastRun) -> list[str]:
    """Method and why, its error against the naive, the history it rests on, ranges, and how levels add up."""
    return [
        line
        for line in (
            _method(series),
            _error(series),
            _history(series),
            _open(series),
            _range(series, run),
            _sum(series, run),
        )
        if line
    ]


def _method(series: ForecastSeries) -> str:
    names = ", ".join(str(MODELS[name]) for name in series.fit["models"])
    if series.kind in (Kind.ENDED, Kind.EMPTY):
        return _("No sales in the last 12 months: taken as ended, the forecast is zero.")
    if series.kind == Kind.NEW:
        return _("Fewer than four months of history: the forecast is their mean, the range a guess from their spread.")
    if series.fit["is_guarded"]:
        return _(
            "The plain rule (%(plain)s). The models were more than 1.5 times as wrong from every backtest origin, so "
            "they were set aside."
        ) % {"plain": MODELS[series.method]}
    if series.kind == Kind.INTERMITTENT:
        return _("Sales come in %(share)s of the months only, so a method for intermittent demand is used: IMAPA.") % {
            "share": percent(1 / series.fit["shape"][4], 0)
        }
    if series.kind == Kind.FADING:
        return _("Sales are rare and the last is long ago: TSB, whose chance of a sale shrinks while there is none.")
    if series.kind == Kind.SHORT:
        return _("Median of %(n)d models (%(names)s); with less than two years of history MSTL is left out.") % {
            "n": len(series.fit["models"]),
            "names": names,
        }
    return _("Median of four models: %(names)s.") % {"names": names}


def _error(series: ForecastSeries) -> str:
    if series.kind not in PLAIN:
        return ""
    score = series.fit["scores"].get(series.method if series.fit["is_guarded"] else MEDIAN)
    if not score:
        return _("The history is too short for a backtest: the error is not known.")
    if series.against_naive is None:
        return _("The backtest can't compare it with the naive: the history hardly changes.")
    word = "RMSSE" if series.kind in (Kind.INTERMITTENT, Kind.FADING) else "MASE"
    naive = str(MODELS[PLAIN[Kind(series.kind)]])
    verdict = _("better") if series.against_naive < 1 else _("no better")
    return _(
        "Backtest over %(n)s forecast months: error %(ratio)s times that of the naive (%(naive)s), by %(word)s: "
        "%(verdict)s than the naive."
    ) % {"n": score["n"], "ratio": exact(series.against_naive, 2), "naive": naive, "word": word, "verdict": verdict}


def _history(series: ForecastSeries) -> str:
    n, zeros = len(series.history), sum(1 for value in series.history if value == 0)
    text = ngettext("Based on %(n)d month", "Based on %(n)d months", n) % {"n": n}
    text += " " + _("from %(first)s; data end on %(last)s.") % {
        "first": month_words(series.first_month),
        "last": series.data_to.isoformat(),
    }
    if zeros:
        text += " " + ngettext(
            "%(n)d month without sales counts as 0.", "%(n)d months without sales count as 0.", zeros
        ) % {"n": zeros}
    return text


def _open(series: ForecastSeries) -> str:
    if series.open_value is None:
        return ""
    return _("%(month)s is still open (%(value)s so far): it is forecast, not learnt from.") % {
        "month": month_words(series.forecast_from),
        "value": exact(series.open_value),
    }


def _range(series: ForecastSeries, run: ForecastRun) -> str:
    if series.kind in (Kind.INTERMITTENT, Kind.FADING):
        return _("The range is that of one month's demand: months without a sale are inside it.")
    if series.kind not in CONFORMAL_KINDS:
        return ""
    text = _("Ranges rest on %(n)s backtest errors of %(series)s series, pooled.") % {
        "n": exact(run.scores_n),
        "series": exact(run.scored_series_n),
    }
    if run.scores_n < FEW_SCORES:
        text += " " + _("That is few, so the models' own spread counts in part.")
    return text


def _sum(series: ForecastSeries, run: ForecastRun) -> str:
    if len(series.members) < 2:
        return ""
    how = (
        _("every level was moved as little as possible so that all add up (structural least squares)")
        if run.reconciliation == ForecastRun.Reconciliation.WLS
        else _("the parts are simply summed (bottom-up)")
    )
    return _("It is the exact sum of its %(n)s parts: %(how)s.") % {"n": len(series.members), "how": how}


def coverage_words(run: ForecastRun) -> str:
    if run.coverage_80 is None or run.coverage_95 is None:
        return _("There is too little history to measure how often the ranges hold.")
    return _("On the backtest the 80 %% range held %(low)s and the 95 %% range %(high)s of %(n)s months.") % {
        "low": percent(run.coverage_80),
        "high": percent(run.coverage_95),
        "n": exact(run.coverage_n),
    }


def backtest_rows(series: ForecastSeries) -> list[dict[str, Any]]:
    """One row a model, the forecast's own first, the naive named."""
    plain = PLAIN.get(Kind(series.kind), "")
    used = plain if series.fit["is_guarded"] else MEDIAN
    scores = series.fit["scores"]
    order = sorted(scores, key=lambda name: (name != used, name != plain, name))
    shown = [name for name in order if _shown(name, series)]
    return [{"model": _model_label(name, used, plain, series), **scores[name]} for name in shown]


def _shown(name: str, series: ForecastSeries) -> bool:
    return name != MEDIAN or len(series.fit["models"]) > 1


def _model_label(name: str, used: str, plain: str, series: ForecastSeries) -> str:
    label = str(MODELS[name])
    is_used = name == used or (used == MEDIAN and series.fit["models"] == [name])
    if is_used:
        return _("%(model)s (used)") % {"model": label}
    return _("%(model)s (the naive)") % {"model": label} if name == plain else label
