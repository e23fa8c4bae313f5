"""Merging keeps every row and every sum, and undoing restores exactly what was."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, models
from django.utils import timezone

from data_collection.duplicates.links import MODELS, RULES, links_to, name_of
from data_collection.duplicates.services import MergeRefused, merge_undo, rows_merge
from data_collection.duplicates.services.merging import days_left, strays_repoint
from data_collection.facts.services import facts_rebuild
from data_collection.models import (
    Account,
    Activity,
    DealFact,
    DuplicatePair,
    LeadFact,
    Merge,
    Opportunity,
    SaleFact,
    TerritoryAccount,
)
from salesops.models import User
from tests.builders import (
    make_account,
    make_activity,
    make_contact,
    make_hours,
    make_lead,
    make_marketing_event,
    make_named_account,
    make_opportunity,
    make_order_line,
    make_rep,
    make_ticket,
)

pytestmark = pytest.mark.django_db
TABLES = (
    "account contact lead opportunity activity marketingevent orderline supportticket deliveredhours territoryaccount"
).split()


def dump() -> dict[str, list]:
    """Every row of the tables a merge may touch, as Postgres writes it."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM data_collection_{table} t ORDER BY id")
            found[table] = [json.loads(text) for (text,) in cursor.fetchall()]
    return found


@pytest.fixture
def full(company: object, territories: dict, segments: dict) -> dict[str, Account]:
    """A winner, a loser and an old loser of it, each with one row of every kind."""
    rep = make_rep("Rui")
    rows = {}
    for name, system in (("winner", "crm"), ("loser", "shop"), ("old", "shop")):
        account = make_account(f"Acme {name}", system=system, owner=rep, attributes={"tier": name, name: 1})
        contact = make_contact(account, first_name=name)
        lead = make_lead(name, account=account, contact=contact, owner=rep)
        deal = make_opportunity(name, account=account, contact=contact, lead=lead, owner=rep, status="won")
        make_activity(rep, account=account, lead=lead, opportunity=deal)
        make_marketing_event(lead, contact=contact)
        make_order_line(rep, account=account)
        make_ticket(account)
        make_hours(account)
        make_account(f"Child of {name}", parent=account)
        rows[name] = account
    make_named_account(territories["north"], rows["winner"], date(2024, 1, 1), date(2025, 1, 1))
    make_named_account(territories["south"], rows["loser"], date(2023, 1, 1), date(2026, 1, 1))
    Account.objects.filter(pk=rows["loser"].pk).update(industry="Steel", segment=segments["small"])
    rows["loser"].refresh_from_db()
    return rows


def test_every_link_to_a_mergeable_row_has_a_rule() -> None:
    """A new foreign key must say what a merge does with it."""
    found = {name_of(link): link for model in MODELS.values() for link in links_to(model)}
    assert set(found) == set(RULES)
    for name, rule in RULES.items():
        unique = [c for c in found[name].model._meta.constraints if isinstance(c, models.UniqueConstraint)]
        taken = found[name].unique or any(found[name].name in c.fields for c in unique)
        assert not (rule.what == "repoint" and taken), f"{name} is unique: two rows can't both go to the winner"
        assert rule.what in {"repoint", "dates", "tree", "chain", "drop", "leave"}


def test_children_values_and_attributes_go_to_the_winner(full: dict[str, Account], analyst: User) -> None:
    winner, loser, old = full["winner"], full["loser"], full["old"]
    rows_merge(winner=loser, losers=[old], user=analyst)
    merge = rows_merge(winner=winner, losers=[loser], user=analyst)

    winner.refresh_from_db()
    assert winner.industry == "Steel", "an empty field takes the loser's value"
    assert winner.name == "Acme winner"
    assert winner.attributes == {"tier": "winner", "winner": 1, "loser": 1, "old": 1}
    for model in (Opportunity, Activity):
        assert set(model.objects.values_list("account", flat=True)) == {winner.pk}
    assert Account.objects.filter(parent=winner).count() == 3
    merged = Account.objects.filter(pk__in=[loser.pk, old.pk])
    assert {row.merged_into_id for row in merged} == {winner.pk}, "a chain of merges ends at the last winner"
    assert all(row.deleted_at for row in merged)
    assert (merge.moved["deals"], merge.moved["contacts"], merge.moved["tickets"]) == (2, 2, 2)


def test_chosen_values_are_taken_over_the_winners_own(full: dict[str, Account], analyst: User) -> None:
    winner, loser = full["winner"], full["loser"]
    rows_merge(winner=winner, losers=[loser], user=analyst, choices={"name": loser.pk, "segment": winner.pk})
    winner.refresh_from_db()
    assert winner.name == "Acme loser"
    assert winner.segment is None, "an empty value may be chosen on purpose"


def test_sums_of_the_company_are_the_same_before_and_after(full: dict[str, Account], analyst: User) -> None:
    def sums() -> list:
        facts_rebuild()
        deals = DealFact.objects.aggregate(models.Sum("won_amount"), models.Sum("won_n"), models.Sum("created_n"))
        sales = SaleFact.objects.aggregate(models.Sum("revenue"), models.Sum("sales_n"))
        return [deals, sales, LeadFact.objects.aggregate(models.Sum("leads_n"))]

    before = sums()
    assert before[0]["won_amount__sum"] == Decimal(3000)
    merge = rows_merge(winner=full["winner"], losers=[full["loser"], full["old"]], user=analyst)
    assert sums() == before
    merge_undo(merge=merge, user=analyst)
    assert sums() == before


def test_undoing_restores_every_row_exactly(full: dict[str, Account], analyst: User) -> None:
    rows_merge(winner=full["loser"], losers=[full["old"]], user=analyst)
    before = dump()
    merge = rows_merge(winner=full["winner"], losers=[full["loser"]], user=analyst, choices={"name": full["loser"].pk})
    assert dump() != before
    undone = merge_undo(merge=merge, user=analyst)
    assert undone.kept == []
    assert dump() == before


def test_what_changed_since_the_merge_is_kept_and_told(full: dict[str, Account], analyst: User) -> None:
    winner, loser = full["winner"], full["loser"]
    deal = Opportunity.objects.get(account=loser)
    third = make_account("Third")
    merge = rows_merge(winner=winner, losers=[loser], user=analyst)
    Opportunity.objects.filter(pk=deal.pk).update(account=third)
    Account.objects.filter(pk=winner.pk).update(industry="Glass")
    merge = merge_undo(merge=merge, user=analyst)
    deal.refresh_from_db()
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (deal.account, winner.industry) == (third, "Glass")
    assert (loser.merged_into, loser.deleted_at) == (None, None)
    assert {(k["table"], k["row"], tuple(k["columns"])) for k in merge.kept} == {
        ("data_collection_opportunity", deal.pk, ("account_id",)),
        ("data_collection_account", winner.pk, ("industry",)),
    }


def test_named_account_days_of_the_winner_win(full: dict[str, Account], analyst: User) -> None:
    """Winner in North for 2024, loser in South 2023 to 2025: South keeps 2023 and 2025."""
    rows_merge(winner=full["winner"], losers=[full["loser"]], user=analyst)
    rows = TerritoryAccount.objects.order_by("valid_from").values_list("territory__code", "valid_from", "valid_to")
    assert list(rows) == [
        ("southlands", date(2023, 1, 1), date(2024, 1, 1)),
        ("northlands", date(2024, 1, 1), date(2025, 1, 1)),
        ("southlands", date(2025, 1, 1), date(2026, 1, 1)),
    ]


def test_a_covered_named_account_row_goes_and_comes_back(company: object, territories: dict, analyst: User) -> None:
    winner, loser = make_account(), make_account()
    make_named_account(territories["north"], winner)
    make_named_account(territories["south"], loser)
    before = dump()
    merge = rows_merge(winner=winner, losers=[loser], user=analyst)
    assert TerritoryAccount.objects.count() == 1
    merge_undo(merge=merge, user=analyst)
    assert dump() == before


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], [(1, None)]),
        ([(1, None)], []),
        ([(0, 3), (5, 6)], [(3, 5), (6, None)]),
        ([(9, None)], [(1, 9)]),
    ],
)
def test_days_left(taken: list, left: list) -> None:
    def day(n: int | None) -> date | None:
        return None if n is None else date(2026, 1, 1) + timedelta(days=n)

    assert days_left(day(1), None, [(day(a), day(b)) for a, b in taken]) == [(day(a), day(b)) for a, b in left]


class TestTree:
    def test_a_winner_below_the_loser_takes_its_place(self, company: object, analyst: User) -> None:
        top = make_account("Top")
        loser = make_account("Loser", parent=top)
        middle = make_account("Middle", parent=loser)
        winner = make_account("Winner", parent=middle)
        before = dump()
        merge = rows_merge(winner=winner, losers=[loser], user=analyst)
        middle.refresh_from_db()
        winner.refresh_from_db()
        assert (winner.parent, middle.parent) == (top, winner)
        merge_undo(merge=merge, user=analyst)
        assert dump() == before

    def test_no_row_becomes_its_own_ancestor(self, company: object, analyst: User) -> None:
        winner = make_account("Winner")
        child = make_account("Child", parent=winner)
        loser = make_account("Loser", parent=child)
        rows_merge(winner=winner, losers=[loser], user=analyst, choices={"parent": loser.pk})
        winner.refresh_from_db()
        child.refresh_from_db()
        assert (winner.parent, child.parent) == (None, winner)


class TestRefusals:
    def test_the_same_row_twice(self, company: object, analyst: User) -> None:
        row = make_account()
        with pytest.raises(MergeRefused, match="different rows"):
            rows_merge(winner=row, losers=[row], user=analyst)

    def test_a_row_that_is_merged_already(self, company: object, analyst: User) -> None:
        a, b, c = make_account(), make_account(), make_account()
        rows_merge(winner=a, losers=[b], user=analyst)
        with pytest.raises(MergeRefused, match="already merged"):
            rows_merge(winner=c, losers=[b], user=analyst)

    def test_an_erased_person(self, company: object, analyst: User) -> None:
        a, b = make_contact(), make_contact(erased_at=timezone.now())
        with pytest.raises(MergeRefused, match="erased"):
            rows_merge(winner=a, losers=[b], user=analyst)

    def test_undo_in_the_wrong_order(self, company: object, analyst: User) -> None:
        a, b, c = make_account(), make_account(), make_account()
        first = rows_merge(winner=b, losers=[c], user=analyst)
        second = rows_merge(winner=a, losers=[b], user=analyst)
        with pytest.raises(MergeRefused, match=f"#{second.pk}"):
            merge_undo(merge=first, user=analyst)
        merge_undo(merge=second, user=analyst)
        merge_undo(merge=first, user=analyst)
        assert Account.objects.present().count() == 3
        with pytest.raises(MergeRefused, match="undone already"):
            merge_undo(merge=first, user=analyst)


def test_a_row_that_comes_to_point_at_a_loser_follows_it(company: object, analyst: User) -> None:
    winner, loser = make_account(), make_account()
    merge = rows_merge(winner=winner, losers=[loser], user=analyst)
    late = make_opportunity(account=loser)
    assert strays_repoint() == 1
    late.refresh_from_db()
    assert late.account == winner
    merge_undo(merge=merge, user=analyst)
    late.refresh_from_db()
    assert late.account == loser


@pytest.mark.parametrize("make", [make_contact, make_lead])
def test_people_merge_likewise(company: object, analyst: User, make: object) -> None:
    winner, loser = make(), make()
    deal = make_opportunity(**{type(winner).__name__.lower(): loser})
    before = dump()
    merge = rows_merge(winner=winner, losers=[loser], user=analyst)
    deal.refresh_from_db()
    assert getattr(deal, type(winner).__name__.lower()) == winner
    merge_undo(merge=merge, user=analyst)
    assert dump() == before


def test_pairs_and_groups_follow_the_merge(company: object, analyst: User) -> None:
    from data_collection.duplicates.services.search import duplicates_search

    rows = [make_account("Acme Logistics Ltd", website="acme.com", system=s) for s in ("a", "b", "c")]
    duplicates_search(kind="account")
    assert DuplicatePair.objects.filter(state="open").count() == 3
    merge = rows_merge(winner=rows[0], losers=[rows[1]], user=analyst)
    assert list(DuplicatePair.objects.filter(state="open").values_list("left_id", "right_id")) == [
        (rows[0].pk, rows[2].pk)
    ]
    merge_undo(merge=merge, user=analyst)
    duplicates_search(kind="account")
    states = dict(DuplicatePair.objects.values_list("right_id", "state").filter(left_id=rows[0].pk))
    assert states == {rows[1].pk: "undone", rows[2].pk: "open"}, "an undone pair is not proposed again"
    assert Merge.objects.get().undone_by == analyst
