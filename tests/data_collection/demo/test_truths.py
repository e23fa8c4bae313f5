"""What is planted can be found in the tables, with a margin, whatever the seed."""

import numpy as np
import pandas as pd
import pytest

from data_collection.demo.truths import Truths, planted
from tests.data_collection.demo.frames import UNTIL, Frames, frames_of

STEPS = ("Discovery", "Qualification", "Demo", "Proposal", "Negotiation", "Won")
USD = {"USD": 1.0, "EUR": 1.08, "THB": 0.028}


@pytest.fixture(scope="module", params=[7, 23])
def frames(request: pytest.FixtureRequest) -> Frames:
    return frames_of(seed=request.param)


@pytest.fixture(scope="module")
def truths() -> Truths:
    return planted(UNTIL)


def conversions(frames: Frames) -> pd.DataFrame:
    """Share of the closed deals that ever entered a stage and came further; segments x steps."""
    deals = frames["opportunity"].query("status != 'open'").set_index("external_id")
    visits = frames["stage_visit"].query("stage != 'Lost'")
    rank = visits["stage"].astype(str).map({name: i for i, name in enumerate(STEPS)})
    furthest = rank.groupby(visits["opportunity"]).max().reindex(deals.index)
    segment = deals["account"].map(frames["account"].set_index("external_id")["segment"])
    found = {}
    for step in range(len(STEPS) - 1):
        entered = furthest >= step
        found[f"{STEPS[step]} > {STEPS[step + 1]}"] = (furthest[entered] > step).groupby(segment[entered]).mean()
    return pd.DataFrame(found)


def closed_with_category(frames: Frames) -> pd.DataFrame:
    changes = frames["opportunity_change"]
    said = set(changes.loc[(changes["field"] == "category") & (changes["new_value"] == "commit"), "opportunity"])
    deals = frames["opportunity"].query("status != 'open'")
    return deals.assign(committed=deals["external_id"].isin(said), won=deals["status"] == "won")


def test_worst_step_and_segment(frames: Frames, truths: Truths) -> None:
    table = conversions(frames)
    step = " > ".join(truths.worst_step)
    worst = table.loc[truths.worst_segment, step]
    assert worst == pytest.approx(truths.worst_step_rate, abs=0.06)
    rest = table.stack().drop((truths.worst_segment, step))
    assert worst < rest.min() - 0.20
    assert (table[step].drop(truths.worst_segment) > 0.70).all()


def test_season_of_the_year_and_end_of_quarter(frames: Frames, truths: Truths) -> None:
    won = frames["opportunity"].query("status == 'won'")
    usd = won["amount"] * won["currency"].astype(str).map(USD)
    for year in (2024, 2025):
        by_quarter = usd[won["close_date"].dt.year == year].groupby(won["close_date"].dt.quarter).sum()
        assert by_quarter.idxmax() == truths.best_quarter
        assert by_quarter.idxmin() == truths.worst_quarter
        assert by_quarter[4] > 1.5 * by_quarter[1]
    end = won["close_date"].dt.to_period("Q").dt.end_time.dt.normalize()
    left = np.busday_count(won["close_date"].to_numpy("datetime64[D]"), end.to_numpy("datetime64[D]"))
    assert (left < truths.quarter_end_days).mean() > 0.30  # some 65 working days a quarter: 15 % without the pull


def test_a_product_ends_and_one_starts(frames: Frames, truths: Truths) -> None:
    lines = frames["opportunity_line"].merge(
        frames["opportunity"][["external_id", "status", "created_on", "close_date"]],
        left_on="opportunity", right_on="external_id",
    )  # fmt: skip
    old, new = lines.query("product == @truths.ended_product"), lines.query("product == @truths.started_product")
    assert len(old) > 100 and len(new) > 100
    assert old["close_date"].max() < pd.Timestamp(truths.ended_on)
    assert new["created_on"].min() >= pd.Timestamp(truths.started_on)
    orders = frames["order_line"]
    assert orders.query("product == @truths.ended_product")["ordered_on"].max() < pd.Timestamp(
        truths.ended_on
    ) + pd.Timedelta(days=7)


def test_over_committer_and_sandbagger(frames: Frames, truths: Truths) -> None:
    closed = closed_with_category(frames)
    committed = closed[closed["committed"]]
    lost = 1 - committed.groupby("owner")["won"].mean()[committed["owner"].value_counts() >= 15]
    assert lost.idxmax() == truths.over_committer
    assert lost[truths.over_committer] > lost.drop(truths.over_committer).max() + 0.08
    won = closed[closed["won"]]
    unsaid = 1 - won.groupby("owner")["committed"].mean()[won["owner"].value_counts() >= 15]
    assert unsaid.idxmax() == truths.sandbagger
    assert unsaid[truths.sandbagger] > 0.8 > unsaid.drop(truths.sandbagger).max() + 0.2


def test_amounts_start_too_high_and_too_low(frames: Frames, truths: Truths) -> None:
    rows = frames["opportunity_change"].query("field == 'amount'")
    owner = frames["opportunity"].set_index("external_id")["owner"].reindex(rows["opportunity"]).to_numpy()
    factor = (rows["old_amount"] / rows["new_amount"]).groupby(owner).median()
    assert factor[truths.over_committer] > 1.2
    assert factor[truths.sandbagger] < 0.85
    assert 0.9 < factor.median() < 1.15


def test_the_dirty_rep(frames: Frames, truths: Truths) -> None:
    waiting = frames["opportunity"].query("status == 'open'")
    seen = pd.DataFrame(
        {
            "overdue": waiting["close_date"] < pd.Timestamp(UNTIL),
            "no_amount": waiting["amount"].isna(),
            "no_step": waiting["next_step"].astype(str) == "",
        }
    )
    mine = waiting["owner"] == truths.dirty_rep
    assert mine.sum() >= 10
    assert (seen[mine].mean() > seen[~mine].mean() + 0.2).all()
    visits = frames["stage_visit"]
    rank = visits["stage"].astype(str).map({name: i for i, name in enumerate((*STEPS, "Lost"))})
    went_back = (rank < rank.groupby(visits["opportunity"]).shift()).groupby(visits["opportunity"]).any()
    owner = frames["opportunity"].set_index("external_id")["owner"].reindex(went_back.index)
    back = went_back.groupby(owner).mean()
    assert back.idxmax() == truths.dirty_rep
    assert back[truths.dirty_rep] > 0.15


def test_the_dead_source(frames: Frames, truths: Truths) -> None:
    leads = frames["lead"]
    rate = (leads["status"] == "converted").groupby(leads["lead_source"], observed=True).mean()
    assert rate[truths.dead_source] < rate.drop(truths.dead_source).min() / 4
    assert rate[truths.dead_source] == pytest.approx(truths.dead_source_rate, abs=0.008)
    assert (leads["lead_source"] == truths.dead_source).sum() > 1_000


def test_the_reorganisation(frames: Frames, truths: Truths) -> None:
    rows = frames["team_membership"]
    moved = rows[rows["rep"].isin(truths.moved)].sort_values(["rep", "valid_from"])
    assert moved.groupby("rep")["team"].agg(list).tolist() == [[truths.moved_from, truths.moved_to]] * 3
    assert moved.groupby("rep")["valid_to"].first().tolist() == [truths.reorganised_on] * 3
    assert moved.groupby("rep")["valid_from"].last().tolist() == [truths.reorganised_on] * 3


def test_people_come_and_go(frames: Frames) -> None:
    staff = frames["rep"]
    begin = UNTIL.replace(year=UNTIL.year - 3)
    assert (pd.to_datetime(staff["hired_on"]) > pd.Timestamp(begin)).sum() >= 5
    assert staff["left_on"].notna().sum() >= 5
    handed = frames["opportunity_owner"].groupby("opportunity")["rep"].nunique()
    assert (handed >= 2).sum() >= 100


def test_good_reps_win_more(frames: Frames) -> None:
    closed = frames["opportunity"].query("status != 'open'")
    rate = (closed["status"] == "won").groupby(closed["owner"]).mean()
    rate = rate[closed["owner"].value_counts() >= 60].sort_values()
    quarter = len(rate) // 4
    assert rate.tail(quarter).mean() > 1.4 * rate.head(quarter).mean()
