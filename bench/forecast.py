# ruff: noqa: T201  (a bench talks to the terminal)
"""Accuracy, coverage and cost of the forecast on the M3 sample, beside bare statsforecast on the same series.

    python bench/forecast.py [--data FOLDER]      (OMP_NUM_THREADS=1; 300 series, then a tenth of them)

Cost is CPU time of one thread. "bare" is statsforecast's own `StatsForecast` with the same four models, twice: once
for the forecast, once for the backtest origin the ranges rest on.
"""

import argparse
import csv
import gzip
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (after the thread settings)
import pandas as pd  # noqa: E402

from demand_planning.statistical.calc import accuracy, ranges  # noqa: E402
from demand_planning.statistical.calc.engine import Calendar, Fitted, fit  # noqa: E402
from demand_planning.statistical.calc.methods import METHODS, predict  # noqa: E402
from demand_planning.statistical.calc.seasonality import naive2  # noqa: E402

SEASON, HORIZON, LEVELS = 12, 18, (80, 95)
Series = list[np.ndarray]


def sample(folder: Path) -> tuple[Series, Series]:
    with gzip.open(folder / "m3_monthly_dev300.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    known, truth = ([np.array(row[key].split(), dtype=float) for row in rows] for key in ("train", "test"))
    return known, truth


def ours(known: Series) -> tuple[list[Fitted], list[dict], float]:
    """Forecast with ranges; CPU ms a series."""
    start = time.process_time()
    fitted = [fit(y, Calendar(SEASON, SEASON, HORIZON), origin_count=1) for y in known]
    bands = ranges.ranges(known, fitted, LEVELS)
    return fitted, bands, 1000 * (time.process_time() - start) / len(known)


def bare(known: Series) -> float:
    """CPU ms a series of statsforecast with the same models, for the forecast and for one backtest origin."""
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta, SeasonalNaive

    def models() -> list:
        return [
            DynamicOptimizedTheta(season_length=SEASON),
            AutoETS(season_length=1, model="ZZN"),
            MSTL(season_length=SEASON, trend_forecaster=AutoETS(season_length=1, model="ZZN")),
            SeasonalNaive(season_length=SEASON),
        ]

    start = time.process_time()
    for cut in (0, HORIZON):
        frame = pd.concat(
            pd.DataFrame({"unique_id": i, "ds": np.arange(len(y) - cut), "y": y[: len(y) - cut]})
            for i, y in enumerate(known)
        )
        StatsForecast(models=models(), freq=1, n_jobs=1).forecast(df=frame, h=HORIZON, level=[90])
    return 1000 * (time.process_time() - start) / len(known)


def scored(name: str, forecasts: Series, known: Series, truth: Series, plain: tuple[float, float] | None) -> tuple:
    smape = float(np.mean([accuracy.smape(t, f) for t, f in zip(truth, forecasts, strict=True)]))
    mase = float(np.mean([accuracy.mase(t, f, y, SEASON) for t, f, y in zip(truth, forecasts, known, strict=True)]))
    owa = accuracy.owa(smape, mase, *(plain or (smape, mase)))
    print(f"{name:28} sMAPE {smape:6.2f}   MASE {mase:.3f}   OWA {owa:.3f}")
    return smape, mase


def report(known: Series, truth: Series) -> None:
    print(f"\n{len(known)} series, horizon {HORIZON}")
    predict("theta", known[0], SEASON, HORIZON)  # the import is not part of the cost
    fitted, bands, cost = ours(known)
    plain = scored("Naive2", [naive2(y, SEASON, HORIZON) for y in known], known, truth, None)
    for name in ("seasonal_naive", "theta", "adjusted_ets", "mstl"):
        alone = [METHODS[name](y, SEASON, HORIZON).mean for y in known]
        scored(name, alone, known, truth, plain)
    scored("median with guard rail", [one.expected for one in fitted], known, truth, plain)
    for level in LEVELS:
        pairs = list(zip(truth, bands, known, strict=True))
        cover = np.mean([accuracy.coverage(t, b[level].low, b[level].high) for t, b, _y in pairs])
        msis = np.mean([accuracy.msis(t, b[level].low, b[level].high, y, SEASON, level) for t, b, y in pairs])
        print(f"{level} % range covers {cover:.3f}, MSIS {msis:.2f}")
    floor = bare(known)
    print(f"CPU ms a series: {cost:.1f}; bare statsforecast {floor:.1f}; ratio {cost / floor:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "forecast")
    known, truth = sample(parser.parse_args().data)
    report(known, truth)
    report(known[::10], truth[::10])


if __name__ == "__main__":
    main()
