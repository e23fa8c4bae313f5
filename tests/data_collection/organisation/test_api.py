"""The organisation by API: what each role reads, what operations write, what is refused and why."""

from datetime import date

import pytest
from django.test import Client

from data_collection.models import Quota, Rep, Team, TeamMembership
from tests.builders import make_membership, make_price, make_quota, make_rep, make_territory_member
from tests.conftest import Teams

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def codes(answer) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {row["code"] for row in answer.json()["results"]}


def send(client: Client, path: str, data: object, **headers: str):
    return client.post(API + path, data, content_type="application/json", headers=headers)


class TestReading:
    def test_a_rep_sees_only_the_own_rep_row(self, rep: Rep, outsider_rep: Rep, rep_client: Client) -> None:
        assert codes(rep_client.get(API + "reps/")) == {"rui"}
        assert rep_client.get(API + "reps/rui/").status_code == 200
        answer = rep_client.get(API + "reps/odd/")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["title"] == "Not found"

    def test_a_manager_sees_self_and_members(self, rep: Rep, outsider_rep: Rep, manager_client: Client) -> None:
        assert codes(manager_client.get(API + "reps/")) == {"rui", "mai"}

    @pytest.mark.parametrize(("who", "sees"), [("rep_user", False), ("manager", False), ("viewer", False)])
    def test_costs_are_hidden(self, who: str, sees: bool, rep: Rep, request, client_of) -> None:
        client = client_of(request.getfixturevalue(who))
        assert ("annual_cost" in client.get(API + "reps/rui/").json()) is sees

    @pytest.mark.parametrize("who", ["analyst", "finance", "executive"])
    def test_costs_are_shown(self, who: str, rep: Rep, products, request, client_of) -> None:
        client = client_of(request.getfixturevalue(who))
        assert "annual_cost" in client.get(API + "reps/rui/").json()
        assert "unit_cost" in client.get(API + "products/suite/").json()

    def test_quotas_of_the_rep_and_of_the_team_led(
        self, rep: Rep, outsider_rep: Rep, teams: Teams, rep_client: Client, manager_client: Client
    ) -> None:
        make_quota(rep, "111", date(2026, 1, 1))
        make_quota(outsider_rep, "222", date(2026, 1, 1))
        make_quota(teams.north, "333", date(2026, 1, 1))
        make_quota(teams.south, "444", date(2026, 1, 1))

        def amounts(client: Client) -> set[str]:
            return {row["amount"] for row in client.get(API + "quotas/").json()["results"]}

        assert amounts(rep_client) == {"111.0000"}
        assert amounts(manager_client) == {"111.0000", "333.0000"}

    def test_a_manager_sees_quotas_only_of_days_in_the_team(
        self, rep: Rep, outsider_rep: Rep, teams: Teams, manager_client: Client
    ) -> None:
        outsider_rep.memberships.update(valid_to=date(2026, 4, 1))
        make_membership(outsider_rep, teams.north, date(2026, 4, 1))
        make_quota(outsider_rep, "1", date(2026, 1, 1), date(2026, 4, 1))  # ends the day it joins: not ours
        make_quota(outsider_rep, "2", date(2026, 4, 1), date(2026, 7, 1))
        rows = manager_client.get(API + "quotas/").json()["results"]
        assert [row["amount"] for row in rows] == ["2.0000"]

    def test_memberships_are_those_of_visible_people(
        self, rep: Rep, outsider_rep: Rep, territories, rep_client: Client, manager_client: Client
    ) -> None:
        make_territory_member(outsider_rep, territories["north"], is_primary=False)
        for path in ("team-members/", "territory-members/"):
            assert {row["rep"] for row in rep_client.get(API + path).json()["results"]} == {"rui"}, path
        assert {row["rep"] for row in manager_client.get(API + "team-members/").json()["results"]} == {"rui", "mai"}

    def test_teams_and_products_are_for_all(self, teams: Teams, products, rep_client: Client) -> None:
        make_price(products["suite"], unit_cost=7)
        assert codes(rep_client.get(API + "teams/")) == {"company", "region", "north", "south"}
        assert codes(rep_client.get(API + "teams/?parent=region")) == {"north", "south"}
        price = rep_client.get(API + "product-prices/?product=suite&on=2026-07-01").json()["results"][0]
        assert (price["price"], "unit_cost" in price) == ("100.0000", False)

    def test_nobody_gets_in_without_login(self, client: Client, teams: Teams) -> None:
        assert client.get(API + "teams/").status_code == 401


class TestParameters:
    def test_fields_are_chosen(self, teams: Teams, rep_client: Client) -> None:
        row = rep_client.get(API + "teams/?fields=code,name&code=north").json()["results"][0]
        assert row == {"code": "north", "name": "North"}

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("fields=secret", "fields"),
            ("colour=red", "colour"),
            ("ordering=password", "ordering"),
            ("page_size=0", "page_size"),
            ("page_size=x", "page_size"),
            ("cursor=nonsense", "cursor"),
            ("cursor=WzFd", "cursor"),
        ],
    )
    def test_nonsense_is_refused_by_name(self, query: str, names: str, teams: Teams, rep_client: Client) -> None:
        answer = rep_client.get(API + "teams/?" + query)
        assert answer.status_code == 400
        assert names in answer.json()["errors"]


class TestWriting:
    @pytest.mark.parametrize("who", ["rep_user", "manager", "executive", "finance", "viewer"])
    def test_only_operations_write(self, who: str, rep: Rep, request, client_of) -> None:
        client = client_of(request.getfixturevalue(who))
        assert send(client, "teams/", {"code": "x", "name": "X"}).status_code == 403
        assert send(client, "reps/bulk/", {"rows": [{"code": "x", "name": "X"}]}).status_code == 403
        assert client.patch(API + "reps/rui/", {"name": "Y"}, content_type="application/json").status_code == 403
        assert client.delete(API + "reps/rui/").status_code in (403, 405)

    def test_create_change_and_refuse(self, rep: Rep, analyst_client: Client) -> None:
        assert send(analyst_client, "teams/", {"code": "west", "name": "West"}).status_code == 201
        twice = send(analyst_client, "teams/", {"code": "west", "name": "West"})
        assert twice.status_code == 400
        unknown = send(analyst_client, "teams/", {"code": "east", "nmae": "East", "name": "East"})
        assert "nmae" in unknown.json()["errors"]
        answer = analyst_client.patch(API + "reps/rui/", {"annual_cost": "90000"}, content_type="application/json")
        assert answer.json()["annual_cost"] == "90000.00"
        assert analyst_client.delete(API + "reps/rui/").status_code == 405

    def test_a_tree_stays_a_tree(self, teams: Teams, analyst_client: Client) -> None:
        answer = analyst_client.patch(API + "teams/region/", {"parent": "north"}, content_type="application/json")
        assert answer.status_code == 400
        assert "parent" in answer.json()["errors"]

    def test_an_overlap_names_the_row_in_the_way(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        answer = send(analyst_client, "team-members/", {"rep": "rui", "team": "south", "valid_from": "2026-07-01"})
        assert answer.status_code == 400
        assert "North, from 1 Jan 2020 until further notice" in str(answer.json()["errors"])

    def test_moves_a_rep_from_a_day(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        answer = send(analyst_client, "reps/rui/move-team/", {"team": "south", "from_day": "2026-07-01"})
        assert (answer.status_code, answer.json()["valid_from"]) == (201, "2026-07-01")
        assert rep.memberships.on(date(2026, 6, 30)).get().team == teams.north
        again = send(analyst_client, "reps/rui/move-team/", {"team": "south", "from_day": "2026-07-01"})
        assert "already South" in str(again.json()["errors"])

    def test_bulk_takes_good_rows_and_lists_bad_ones(self, teams: Teams, rep: Rep, analyst_client: Client) -> None:
        rows = [
            {"code": "nia", "name": "Nia", "hired_on": "2026-03-01"},
            {"code": "rui", "selling_hours_per_week": "30"},
            {"code": "bad", "name": "Bad", "hired_on": "yesterday"},
            {"code": "worse", "name": "Worse", "hired_on": "2026-03-01", "left_on": "2026-02-01"},
            {"code": "nia", "name": "Nia again"},
            "no object",
            {"name": "No code"},
        ]
        answer = send(analyst_client, "reps/bulk/", {"rows": rows}).json()
        assert (answer["created"], answer["changed"], answer["same"]) == (1, 1, 0)
        assert [(bad["row"], bad["field"]) for bad in answer["rejected"]] == [
            (3, "hired_on"), (4, ""), (5, "code"), (6, ""), (7, "code"),
        ]  # fmt: skip
        assert answer["rejected"][0]["value"] == "yesterday"
        assert "later than the hire date" in answer["rejected"][1]["reason"]
        assert Rep.objects.get(code="rui").name == "Rui Rocha"
        again = send(analyst_client, "reps/bulk/", {"rows": rows[:2]}).json()
        assert (again["created"], again["changed"], again["same"]) == (0, 0, 2)

    def test_bulk_quotas_by_owner_metric_and_start(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        make_quota(rep, "1", date(2026, 1, 1), date(2026, 4, 1))
        base = {"metric": "bookings", "valid_from": "2026-01-01", "valid_to": "2026-04-01"}
        rows = [
            {**base, "rep": "rui", "amount": "5"},
            {**base, "team": "north", "amount": "6"},
            {**base, "rep": "nobody", "amount": "7"},
            {**base, "rep": "rui", "team": "north", "amount": "8"},
            {**base, "rep": "rui", "valid_from": "2026-03-31", "amount": "9"},
        ]
        answer = send(analyst_client, "quotas/bulk/", {"rows": rows}).json()
        assert (answer["created"], answer["changed"]) == (1, 1), answer
        assert [bad["row"] for bad in answer["rejected"]] == [3, 4, 5]
        assert "There is no rep “nobody”." in answer["rejected"][0]["reason"]
        assert "Already there: 5" in answer["rejected"][2]["reason"]
        assert Quota.objects.get(rep=rep).amount == 5

    def test_bulk_refuses_what_is_no_list(self, analyst_client: Client) -> None:
        for body in ({}, {"rows": []}, {"rows": "x"}, [1], {"rows": [{}] * 1001}):
            assert send(analyst_client, "reps/bulk/", body).status_code == 400

    def test_bulk_asks_the_database_once_for_all_links(
        self, teams: Teams, analyst_client: Client, django_assert_max_num_queries
    ) -> None:
        reps = [make_rep() for _i in range(20)]
        rows = [{"rep": rep.code, "team": "north", "valid_from": "2026-01-01"} for rep in reps]
        with django_assert_max_num_queries(12 + 3 * len(rows)):  # savepoint, insert, release for each row
            assert send(analyst_client, "team-members/bulk/", {"rows": rows}).json()["created"] == 20
        assert TeamMembership.objects.count() == 20


class TestOnce:
    def test_the_same_request_twice_is_done_once(self, analyst_client: Client) -> None:
        first = send(analyst_client, "teams/", {"code": "w", "name": "W"}, **{"Idempotency-Key": "abc"})
        second = send(analyst_client, "teams/", {"code": "w", "name": "W"}, **{"Idempotency-Key": "abc"})
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert Team.objects.count() == 1

    def test_another_request_under_the_key_is_refused(self, analyst_client: Client) -> None:
        send(analyst_client, "teams/", {"code": "w", "name": "W"}, **{"Idempotency-Key": "abc"})
        other = send(analyst_client, "teams/", {"code": "v", "name": "V"}, **{"Idempotency-Key": "abc"})
        assert other.status_code == 422
        assert other.json()["status"] == 422

    def test_a_refused_request_may_come_again(self, analyst_client: Client) -> None:
        bad = send(analyst_client, "teams/", {"code": "w"}, **{"Idempotency-Key": "abc"})
        assert bad.status_code == 400
        good = send(analyst_client, "teams/", {"code": "w", "name": "W"}, **{"Idempotency-Key": "abc"})
        assert good.status_code == 201
