"""The generated company hangs together: counts, references, dates, money, the same bytes for the same seed."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_collection.demo.calc.clock import Clock, number
from data_collection.demo.calc.company import company_of, tables
from data_collection.demo.calc.draws import even_pair, normal_of
from data_collection.demo.calc.lines import line_amount
from data_collection.demo.files import CsvFolder
from tests.data_collection.demo.frames import TINY, UNTIL, Frames, frames_of

DATES_PAST_THE_END = {"close_date", "valid_from", "valid_to", "new_date", "old_date", "sold_to", "sold_from"}


@pytest.fixture(scope="module")
def frames() -> Frames:
    return frames_of(seed=7)


def test_sizes_are_those_of_the_small_company(frames: Frames) -> None:
    rows = {name: len(frame) for name, frame in frames.items()}
    assert rows["account"] == 2_000
    assert rows["lead"] == 12_000
    assert 5_700 < rows["opportunity"] < 6_300
    assert 142_000 < rows["activity"] < 158_000
    assert rows["product"] == 12 and frames["product"]["family"].nunique() == 4
    assert rows["segment"] == 4
    sellers = frames["rep"].query("job != 'manager'")
    assert sellers["left_on"].isna().sum() == 48
    assert frames["team_manager"].query("team.str.contains('-')")["team"].nunique() == 6


def test_ids_are_unique_and_references_resolve(frames: Frames) -> None:
    ids = {name: set(f["external_id"]) for name, f in frames.items() if "external_id" in f}
    codes = {name: set(f["code"]) for name, f in frames.items() if "code" in f}
    assert all(len(ids[name]) == len(frames[name]) for name in ids)
    assert all(len(codes[name]) == len(frames[name]) for name in codes)
    stage = set(frames["stage"]["name"])
    known = {"account": ids["account"], "contact": ids["contact"], "lead": ids["lead"], "stage": stage,
             "opportunity": ids["opportunity"], "owner": codes["rep"], "rep": codes["rep"],
             "team": codes["team"], "segment": codes["segment"], "product": codes["product"],
             "territory": codes["territory"], "ramp_profile": codes["ramp_profile"]}  # fmt: skip
    for name, frame in frames.items():
        for column in known.keys() & set(frame.columns):
            used = set(frame[column].dropna().astype(str)) - {""}
            assert used <= known[column], f"{name}.{column}: {sorted(used - known[column])[:3]}"


def test_nothing_happens_after_the_last_day(frames: Frames) -> None:
    for name, frame in frames.items():
        for column in frame.columns:
            if frame[column].dtype.kind == "M" and column not in DATES_PAST_THE_END:
                assert frame[column].max() < pd.Timestamp(UNTIL) + pd.Timedelta(days=1), f"{name}.{column}"
    closed = frames["opportunity"].query("status != 'open'")
    assert closed["close_date"].max() <= pd.Timestamp(UNTIL)


def test_the_last_weeks_are_full_and_weekends_empty(frames: Frames) -> None:
    days = frames["activity"]["day"]
    assert (days.dt.dayofweek >= 5).mean() < 0.002
    by_day = days.value_counts()
    working = [d for d in pd.date_range(UNTIL - timedelta(days=13), UNTIL) if d.dayofweek < 5]
    assert all(by_day.get(day, 0) > 60 for day in working)


def test_amount_is_the_sum_of_the_lines(frames: Frames) -> None:
    lines = frames["opportunity_line"]
    cents = lines["quantity"] * (lines["unit_price"] * 100).round() * (10_000 - (lines["discount"] * 10_000).round())
    assert ((lines["amount"] * 100).round() == np.floor(cents / 10_000 + 0.5)).all()
    sums = (lines["amount"] * 100).round().groupby(lines["opportunity"]).sum()
    deals = frames["opportunity"].set_index("external_id")["amount"]
    known = deals.dropna()
    assert ((known * 100).round() == sums.reindex(known.index)).all()
    assert not set(sums.index) & set(deals[deals.isna()].index)


def test_line_amount_rounds_half_up() -> None:
    # 3 x 0.95 less 5 % = 2.7075 -> 2.71; 1 x 0.10 less 5 % = 0.095 -> 0.10
    assert line_amount(np.array([3, 1]), np.array([95, 10]), np.array([500, 500])).tolist() == [271, 10]


@pytest.mark.parametrize(
    ("table", "owner"),
    [
        ("team_membership", ["rep"]),
        ("team_manager", ["team"]),
        ("territory_member", ["rep"]),
        ("product_price", ["product", "currency"]),
        ("quota", ["rep", "team"]),
        ("opportunity_owner", ["opportunity"]),
        ("kpi_target", ["kpi", "team"]),
    ],
)
def test_dated_rows_do_not_overlap(frames: Frames, table: str, owner: list[str]) -> None:
    rows = frames[table].assign(
        begin=lambda f: pd.to_datetime(f["valid_from"]), end=lambda f: pd.to_datetime(f["valid_to"])
    )
    assert ((rows["end"].isna()) | (rows["end"] > rows["begin"])).all()
    rows = rows.sort_values([*owner, "begin"])
    before = rows.groupby(owner, observed=True)["end"].shift()
    same = rows.groupby(owner, observed=True).cumcount() > 0
    assert (before[same].notna() & (before[same] <= rows["begin"][same])).all()


def test_who_acts_is_employed_that_day(frames: Frames) -> None:
    staff = frames["rep"].set_index("code")
    acts = frames["activity"][["rep", "day"]]
    hired = pd.to_datetime(staff["hired_on"]).reindex(acts["rep"]).to_numpy()
    left = pd.to_datetime(staff["left_on"]).reindex(acts["rep"]).to_numpy()
    assert (acts["day"].to_numpy() >= hired).all()
    assert (np.isnat(left) | (acts["day"].to_numpy() < left)).all()


def test_visits_follow_each_other(frames: Frames) -> None:
    rows = frames["stage_visit"]
    following = rows.groupby("opportunity")["entered_on"].shift(-1)
    inside = following.notna()
    assert (rows["left_on"][inside] == following[inside]).all()
    last = rows[~inside].set_index("opportunity")
    status = frames["opportunity"].set_index("external_id")["status"].reindex(last.index)
    assert last["left_on"].isna().all()
    assert (last["stage"].isin(["Won", "Lost"]) == (status != "open")).all()
    stage = frames["opportunity"].set_index("external_id")["stage"].reindex(last.index)
    assert (last["stage"].astype(str) == stage.astype(str)).all()


def test_changes_end_where_the_deal_stands(frames: Frames) -> None:
    deals = frames["opportunity"].set_index("external_id")
    for field, column, old, new in (
        ("amount", "amount", "old_amount", "new_amount"),
        ("close_date", "close_date", "old_date", "new_date"),
        ("category", "forecast_category", "old_value", "new_value"),
    ):
        rows = frames["opportunity_change"].query("field == @field")
        before = rows.groupby("opportunity", observed=True)[new].shift()
        chained = before.notna()
        assert (rows[old][chained].astype(str) == before[chained].astype(str)).all(), field
        last = rows.groupby("opportunity", observed=True)[new].last()
        assert (last.astype(str) == deals[column].reindex(last.index).astype(str)).all(), field


def test_a_reasonable_company(frames: Frames) -> None:
    deals, acts = frames["opportunity"], frames["activity"]
    closed = deals.query("status != 'open'")
    assert 0.20 <= (closed["status"] == "won").mean() <= 0.30
    won = closed.query("status == 'won'")
    days = (won["close_date"] - won["created_on"]).dt.days
    assert 30 <= days.median() <= 120
    kinds = acts["kind"].value_counts()
    assert kinds["email"] > kinds["call"] > kinds["meeting"] > kinds["demo"] > kinds["proposal"]
    waiting = deals.query("status == 'open'")
    assert len(waiting) > 250
    assert (waiting["close_date"] > pd.Timestamp(UNTIL)).mean() > 0.85
    assert won["owner"].value_counts()["amara.okafor"] > 50


@pytest.mark.parametrize("quarters", [("2025-10-01", "2026-10-01")])
def test_the_company_is_near_its_plan(frames: Frames, quarters: tuple[str, str]) -> None:
    begin, end = (pd.Timestamp(q) for q in quarters)
    won = frames["opportunity"].query("status == 'won' and @begin <= close_date < @end")
    quota = frames["quota"].assign(begin=lambda f: pd.to_datetime(f["valid_from"]))
    quota = quota[(quota["rep"] != "") & (quota["begin"] >= begin) & (quota["begin"] < end)]
    currency = frames["rep"].set_index("code")["currency"]
    for unit in ("USD", "EUR", "THB"):
        booked = won.loc[(won["currency"] == unit) & won["owner"].isin(quota["rep"]), "amount"].sum()
        assert 0.85 < booked / quota.loc[quota["currency"] == unit, "amount"].sum() < 1.10
    yearly = won.groupby("owner")["amount"].sum() / quota.groupby("rep")["amount"].sum()
    seasoned = frames["rep"].query("job != 'sdr'").set_index("code")
    old = seasoned[(pd.to_datetime(seasoned["hired_on"]) < begin) & seasoned["left_on"].isna()].index
    yearly = yearly.reindex(old).dropna()
    assert 0.5 < yearly.quantile(0.1) < 0.9 < yearly.quantile(0.9) < 1.7
    assert set(quota["rep"].map(currency).unique()) == {"USD", "EUR", "THB"}


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        files = CsvFolder(tmp_path / name)
        files.add_all(tables(company_of(seed=3, size=TINY, until=UNTIL)), lambda line: None)
        paths = sorted((tmp_path / name).glob("*.csv"))
        digests.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths})
    assert digests[0] == digests[1]
    assert len(digests[0]) == 28


def test_another_seed_is_another_company() -> None:
    one, other = (frames_of(seed=seed, size=TINY)["opportunity"]["amount"].head(50) for seed in (7, 8))
    assert not one.equals(other)


@pytest.mark.parametrize("until", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 8, 30), date(2027, 12, 31)])
def test_any_last_day(until: date) -> None:
    company = company_of(seed=1, size=TINY, until=until)
    rows = {name: len(frame) for name, frame in tables(company)}
    assert len(rows) == 28 and all(rows.values())


def test_clock_of_36_whole_months() -> None:
    clock = Clock(date(2026, 11, 23))
    assert clock.start == number(date(2023, 11, 1))
    monday, saturday = number(date(2026, 11, 23)), number(date(2026, 11, 21))
    assert clock.working_from(np.array([saturday, monday])).tolist() == [monday, monday]
    assert clock.working_until(np.array([saturday, monday])).tolist() == [saturday - 1, monday]
    # 9:00 in Berlin is 8:00 UTC in November and 7:00 UTC in July
    days = np.array([number(date(2026, 11, 23)), number(date(2026, 7, 1))])
    assert clock.moment(days, np.array([540, 540])).astype(str).tolist() == [
        "2026-11-23T08:00:00",
        "2026-07-01T07:00:00",
    ]


def test_even_sequences_cover_every_short_run() -> None:
    first, second = even_pair(10_000, np.random.default_rng(1))
    for values in (first, second):
        hits = (values.reshape(-1, 20) < 0.25).sum(axis=1)  # 5 expected in each run of 20
        assert hits.min() >= 2 and hits.max() <= 8
        assert hits.std() < 0.7 * np.sqrt(20 * 0.25 * 0.75)  # independent draws: binomial
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert normal_of(np.array([0.5, 0.975])) == pytest.approx([0.0, 1.96], abs=0.01)
