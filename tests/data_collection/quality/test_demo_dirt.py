"""The dirt of the demo company is found: precision and recall of each rule against the generator's truth.

The truth of a rule is what was spoiled for it and what breaks it by itself: the latter is worked out from the files'
frames with pandas, by other means than the rules' queries.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from email.errors import MessageError
from email.headerregistry import Address

import numpy as np
import pandas as pd
import pytest

from data_collection.demo.calc.company import company_of, tables
from data_collection.demo.calc.dirt import Dirt, dirtied
from data_collection.demo.calc.sizes import SIZES
from data_collection.demo.services import Recipe, demo_dirt, demo_load
from data_collection.demo.truths import DIRTY_REP
from data_collection.models import QualityFinding, QualityScore
from data_collection.quality.calc.score import FEWEST_ROWS
from data_collection.quality.rules import BY_NAME, RULES
from data_collection.quality.services.nightly import quality_night
from data_collection.quality.visibility import MODELS
from tests.data_collection.demo.frames import TINY, UNTIL, Frames

TODAY = pd.Timestamp(UNTIL)
STAGES = ("Discovery", "Qualification", "Demo", "Proposal", "Negotiation", "Won", "Lost")
KINDS = dict(zip(STAGES, ["open"] * 5 + ["won", "lost"], strict=True))
LATE = ("Proposal", "Negotiation")
WORDS = {"test", "asdf", "n/a", "xxx", "unknown", "tbd", "---", "...", "new deal", "test company"}
NOT_PLANTED = {"account-gone"}  # an import cannot delete a row of its source


def frames_of(recipe: Recipe) -> Frames:
    parts: dict[str, list[pd.DataFrame]] = {}
    company = company_of(seed=recipe.seed, size=SIZES[recipe.size], until=recipe.until)
    for name, frame in dirtied(tables(company), Dirt(recipe.seed, recipe.until)):
        parts.setdefault(name, []).append(frame.astype({c: object for c in frame if frame[c].dtype == "category"}))
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


def is_address(text: str) -> bool:
    """By the standard library's parser, and a dot in the domain."""
    try:
        parsed = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        return False
    return " " not in text and all(parsed.domain.split(".")) and "." in parsed.domain


class Truth:
    """Ids of the rows that break each rule, from the frames alone."""

    def __init__(self, frames: Frames) -> None:
        self.f = frames
        self.deals = frames["opportunity"]
        self.leads, self.accounts, self.contacts = frames["lead"], frames["account"], frames["contact"]
        self.orders, self.lines = frames["order_line"], frames["opportunity_line"]
        self.visits, self.acts = frames["stage_visit"], frames["activity"]
        reps = frames["rep"].set_index("code")["left_on"]
        self.left = set(reps[pd.to_datetime(reps) <= TODAY].index)
        d = self.deals
        self.open, self.won, self.lost = (d["status"] == s for s in ("open", "won", "lost"))
        self.late = self.open & d["stage"].isin(LATE)
        self.in_work = ~self.leads["status"].isin(["converted", "disqualified"])

    def usd(self) -> pd.Series:
        """Amount at the last rate on or before the close date; NaN without one."""
        rates = (
            self.f["fx_rate"].assign(day=lambda r: pd.to_datetime(r["day"]).astype("datetime64[s]")).sort_values("day")
        )
        d = self.deals.sort_values("close_date")
        known = d[d["close_date"].notna()]
        merged = pd.merge_asof(
            known, rates[["currency", "day", "rate"]], left_on="close_date", right_on="day", by="currency"
        )
        rate = pd.Series(np.where(merged["currency"] == "USD", 1.0, merged["rate"]), index=merged["external_id"])
        return pd.Series(d["amount"].to_numpy(), index=d["external_id"]) * rate.reindex(d["external_id"])

    def too_large(self) -> set[str]:
        usd = self.usd()
        won = usd[self.deals[self.won]["external_id"]]
        return set(usd[usd > 10 * won[won > 0].quantile(0.99)].index)

    def stage_days(self) -> dict[str, int]:
        won = set(self.deals[self.won]["external_id"])
        stays = self.visits[self.visits["opportunity"].isin(won) & self.visits["left_on"].notna()]
        length = (stays["left_on"] - stays["entered_on"]).dt.days
        grouped = length.groupby(stays["stage"])
        return {s: int(np.ceil(q)) for s, q in grouped.quantile(0.75).items() if grouped.size()[s] >= 20}

    def stale(self) -> set[str]:
        days, found = self.stage_days(), set()
        stage = self.deals[self.open].set_index("external_id")["stage"]
        for v in self.visits[self.visits["left_on"].isna()].itertuples():
            here = stage.get(v.opportunity) == v.stage and v.stage in days
            if here and (TODAY - v.entered_on).days > days[v.stage]:
                found.add(v.opportunity)
        return found

    def back(self) -> set[str]:
        found, live = set(), set(self.deals[self.open]["external_id"])
        for deal, stays in self.visits[self.visits["opportunity"].isin(live)].groupby("opportunity"):
            rows = [(r.entered_on, STAGES.index(r.stage)) for r in stays.itertuples() if r.stage in STAGES[:5]]
            if any(a < b and x > y for a, x in rows for b, y in rows):
                found.add(deal)
        return found

    def pushed(self) -> set[str]:
        c = self.f["opportunity_change"]
        moved = c[(c["field"] == "close_date") & (pd.to_datetime(c["new_date"]) > pd.to_datetime(c["old_date"]))]
        often = moved["opportunity"].value_counts()
        return set(often[often >= 3].index) & set(self.deals[self.open]["external_id"])

    def quiet(self, ids: set[str], column: str) -> set[str]:
        return ids - set(self.acts[self.acts["day"] >= TODAY - timedelta(days=30)][column])

    def after_close(self) -> set[str]:
        closed = self.deals[~self.open].set_index("external_id")["close_date"]
        acts = self.acts[self.acts["opportunity"].isin(closed.index)]
        return set(acts[acts["day"] - acts["opportunity"].map(closed) > timedelta(days=14)]["opportunity"])

    def lines_differ(self) -> set[str]:
        total = self.lines.groupby("opportunity")["amount"].sum()
        d = self.deals.set_index("external_id")["amount"].dropna()
        gap = (d - total.reindex(d.index)).abs()
        return set(gap[(gap > 1) & (gap >= 0.01 * d.abs())].index)

    def all(self) -> dict[str, set[str]]:
        d, le, ac, co, od = self.deals, self.leads, self.accounts, self.contacts, self.orders
        created, close = d["created_on"], d["close_date"]
        currency = d["account"].map(ac.set_index("external_id")["currency"])
        kind = d["stage"].map(KINDS)
        rates = set(self.f["fx_rate"]["currency"]) | {"USD"}
        ended = le["converted_on"].combine_first(le["disqualified_on"])
        usual = dict(zip(STAGES, self.f["stage"]["probability"], strict=True))
        far_off = (d["probability"] - d["stage"].map(usual)).abs() > 0.4
        no_lines = ~d["external_id"].isin(self.lines["opportunity"])
        named = lambda series: series.str.strip().str.lower().isin(WORDS)  # noqa: E731

        def phone(series):
            return (series != "") & series.map(
                lambda t: not 6 <= len(re.sub(r"\D", "", t)) <= 15 or len(set(re.sub(r"\D", "", t))) < 2
            )

        email = lambda series: (series != "") & ~series.map(is_address)  # noqa: E731
        countries = {p for p in ac["country"] if p not in ("", "Europe", "Germny", "DACH")}
        ids: Callable[[pd.DataFrame, pd.Series], set[str]] = lambda f, mask: set(f[mask]["external_id"])  # noqa: E731
        return {
            "won-without-amount": ids(d, self.won & (d["amount"].isna() | (d["amount"] == 0))),
            "amount-missing": ids(d, self.open & ~self.late & d["amount"].isna()),
            "amount-missing-late": ids(d, self.late & d["amount"].isna()),
            "close-date-missing": ids(d, self.open & close.isna()),
            "next-step-missing": ids(d, self.open & (d["next_step"] == "")),
            "contact-missing-late": ids(d, self.late & (d["contact"] == "")),
            "product-missing": ids(d, (self.late | self.won) & (d["product"] == "") & no_lines),
            "deal-source-missing": ids(d, d["lead_source"] == ""),
            "lost-without-reason": ids(d, self.lost & (d["lost_reason"] == "")),
            "lead-source-missing": ids(le, le["lead_source"] == ""),
            "lead-unreachable": ids(le, self.in_work & (le["email"] == "") & (le["phone"] == "")),
            "lead-disqualified-without-reason": ids(
                le, (le["status"] == "disqualified") & (le["disqualified_reason"] == "")
            ),
            "account-country-missing": ids(ac, ac["country"] == ""),
            "account-industry-missing": ids(ac, ac["industry"] == ""),
            "contact-unreachable": ids(co, (co["email"] == "") & (co["phone"] == "")),
            "lead-email-invalid": ids(le, email(le["email"])),
            "contact-email-invalid": ids(co, email(co["email"])),
            "lead-phone-invalid": ids(le, phone(le["phone"])),
            "contact-phone-invalid": ids(co, phone(co["phone"])),
            "account-website-invalid": ids(ac, ~ac["website"].str.contains(r"^https://www\.[^.]+\.[a-z]+", regex=True)),
            "account-country-unknown": ids(ac, (ac["country"] != "") & ~ac["country"].isin(countries)),
            "currency-unknown": ids(d, ~d["currency"].isin(["USD", "EUR", "THB", "CHF"])),
            "amount-negative": ids(d, d["amount"] < 0),
            "amount-absurd": self.too_large(),
            "amount-token": ids(d, self.open & d["amount"].between(0, 1)),
            "probability-unlike-stage": ids(d, self.open & (far_off | d["probability"].isin([0, 1]))),
            "deal-name-placeholder": ids(d, named(d["name"])),
            "account-name-placeholder": ids(ac, named(ac["name"])),
            "lead-name-placeholder": ids(le, named(le["name"]) | named(le["company"])),
            "contact-name-placeholder": ids(co, named(co["first_name"]) | named(co["last_name"])),
            "exchange-rate-missing": ids(d, ~d["currency"].isin(rates) & d["amount"].notna() & close.notna()),
            "account-missing": ids(d, d["account"] == ""),
            "account-gone": set(),
            "owner-missing": ids(d, self.open & (d["owner"] == "")),
            "closed-owner-missing": ids(d, ~self.open & (d["owner"] == "")),
            "owner-has-left": ids(d, self.open & d["owner"].isin(self.left)),
            "lead-owner-missing": ids(le, self.in_work & (le["owner"] == "")),
            "lead-owner-has-left": ids(le, self.in_work & le["owner"].isin(self.left)),
            "account-owner-has-left": ids(ac, ac["owner"].isin(self.left)),
            "contact-account-missing": ids(co, co["account"] == ""),
            "order-product-missing": ids(od, od["product"] == ""),
            "order-account-missing": ids(od, od["account"] == ""),
            "order-rate-missing": ids(od, ~od["currency"].isin(rates)),
            "open-past-close-date": ids(d, self.open & (close < TODAY)),
            "close-date-far": ids(d, self.open & (close > TODAY + timedelta(days=730))),
            "close-date-pushed": self.pushed(),
            "closed-in-future": ids(d, ~self.open & (close > TODAY)),
            "closed-before-created": ids(d, ~self.open & (close < created)),
            "created-in-future": ids(d, created > TODAY),
            "status-and-stage-differ": ids(d, kind != d["status"]),
            "stage-went-back": self.back(),
            "activity-after-close": self.after_close(),
            "discount-deep": set(self.lines[self.lines["discount"] > 0.5]["opportunity"]),
            "amount-unlike-lines": self.lines_differ(),
            "currency-unlike-account": ids(d, (d["account"] != "") & (d["currency"] != currency)),
            "lead-converted-without-deal": ids(le, le["status"] == "converted") - set(d["lead"]),
            "lead-dates-unlike-status": ids(
                le,
                le["converted_on"].notna() & (le["status"] != "converted")
                | le["disqualified_on"].notna() & (le["status"] != "disqualified"),
            ),
            "lead-ended-before-created": ids(le, ended < le["created_on"]),
            "order-shipped-before-ordered": ids(od, od["shipped_on"] < od["ordered_on"]),
            "order-amount-negative": ids(od, (od["amount"] < 0) & ~od["is_returned"]),
            "stage-stale": self.stale(),
            "no-recent-activity": self.quiet(ids(d, self.open & (created < TODAY - timedelta(days=30))), "opportunity"),
            "lead-untouched": ids(
                le,
                (le["status"] == "new") & le["first_touch_at"].isna() & (le["created_on"] < TODAY - timedelta(days=7)),
            ),
            "lead-quiet": self.quiet(
                ids(
                    le,
                    le["status"].isin(["working", "mql", "sql"]) & (le["created_on"] < TODAY - timedelta(days=30)),
                ),
                "lead",
            ),
        }


def found_now() -> dict[str, set[str]]:
    rows = QualityFinding.objects.values_list("rule", "table", "row_id")
    names = {t: dict(m.objects.values_list("pk", "external_id")) for t, m in MODELS.items()}
    found: dict[str, set[str]] = {rule.name: set() for rule in RULES}
    for rule, table, row in rows:
        found[rule].add(names[table][row])
    return found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("size", "seed"),
    [("tiny", 7), pytest.param("small", 7, marks=pytest.mark.slow), pytest.param("small", 23, marks=pytest.mark.slow)],
)
def test_precision_and_recall_of_every_rule(
    size: str, seed: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(SIZES, "tiny", TINY)
    recipe = Recipe(seed, size, UNTIL)
    demo_load(recipe=recipe, force=False, say=lambda line: None)
    quality_night(day=UNTIL)
    truth, planted, found = Truth(frames_of(recipe)).all(), demo_dirt(recipe=recipe), found_now()
    report = [f"{'rule':36} planted  truth  found  precision  recall"]
    wrong = []
    for rule in RULES:
        true, seen = truth[rule.name], found[rule.name]
        hit = len(true & seen)
        precision, recall = hit / len(seen) if seen else 1.0, hit / len(true) if true else 1.0
        spoiled = planted.get(rule.name, [])
        report.append(f"{rule.name:36} {len(spoiled):7} {len(true):6} {len(seen):6} {precision:10.3f} {recall:7.3f}")
        missed = set(spoiled) - true
        if (precision, recall) != (1.0, 1.0) or missed:
            wrong.append(f"{rule.name}: too many {sorted(seen - true)[:5]}, missed {sorted(true - seen)[:5]}, {missed}")
    with capsys.disabled():
        print("\n" + "\n".join(report))
    assert not wrong, "\n".join(wrong)
    if size != "tiny":  # whose reps have a handful of rows each
        _the_dirty_rep_stands_out()


def _the_dirty_rep_stands_out() -> None:
    scores = [s for s in QualityScore.objects.filter(by="rep").exclude(key="") if s.rows >= FEWEST_ROWS]
    worst, next_worst, *_rest = sorted(scores, key=lambda s: s.score)
    assert worst.key == DIRTY_REP and worst.score < next_worst.score - 0.01, (worst.score, next_worst.score)


def test_every_rule_with_rows_of_its_own_is_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those left out are broken by the company's ordinary life: late, slow, put off."""
    monkeypatch.setitem(SIZES, "tiny", TINY)
    planted = demo_dirt(recipe=Recipe(7, "tiny", UNTIL))
    natural = {"close-date-pushed", "stage-went-back", "stage-stale", "lead-untouched", "lead-quiet"}
    assert set(BY_NAME) - set(planted) == NOT_PLANTED | natural
    assert all(len(rows) >= 1 for rows in planted.values())
    assert planted == demo_dirt(recipe=Recipe(7, "tiny", UNTIL)) != demo_dirt(recipe=Recipe(8, "tiny", UNTIL))
    assert date(2026, 11, 23) == UNTIL
