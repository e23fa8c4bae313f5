"""The admin as operations uses it, through the browser's client."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.test import Client
from django.urls import reverse

from data_collection.models import Quota, Rep, TeamMembership
from tests.builders import (
    make_account,
    make_activity,
    make_change,
    make_fx_rate,
    make_hours,
    make_job,
    make_lead,
    make_line,
    make_marketing_event,
    make_named_account,
    make_opportunity,
    make_order_line,
    make_owner,
    make_price,
    make_quota,
    make_ramp_profile,
    make_rep,
    make_ticket,
    make_visit,
)
from tests.conftest import Teams

pytestmark = pytest.mark.django_db
DAY = date(2026, 7, 1)
OURS = ("salesops", "data_collection")


def our_admins() -> list[tuple[str, admin.ModelAdmin]]:
    site: AdminSite = admin.site
    return [
        (f"{m._meta.app_label}_{m._meta.model_name}", a) for m, a in site._registry.items() if m._meta.app_label in OURS
    ]


def change_url(row: object) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


@pytest.fixture
def one_of_each(rep: Rep, manager_rep: Rep, teams: Teams, territories, products, segments, stages) -> list:
    """A row of each kind, to open its pages."""
    account = make_account(owner=rep, segment=segments["small"])
    lead = make_lead(owner=rep)
    deal = make_opportunity(owner=rep, account=account, product=products["suite"])
    return [
        rep,
        teams.north,
        territories["north"],
        products["suite"],
        segments["small"],
        stages["won"],
        account,
        lead,
        deal,
        make_line(deal, products["suite"]),
        make_visit(deal, stages["discovery"], DAY),
        make_change(deal, old_amount=1, new_amount=2),
        make_owner(deal, rep, DAY),
        make_activity(rep),
        make_marketing_event(lead),
        make_order_line(rep),
        make_ticket(account),
        make_hours(account),
        make_quota(rep),
        make_price(products["suite"]),
        make_ramp_profile(),
        make_named_account(territories["north"], account),
        make_fx_rate(),
        make_job(),
        rep.memberships.get(),
        rep.territories.get(),
        manager_rep.manages.get(),
        rep.user,
    ]


def test_lists_searches_and_forms_open(one_of_each: list, analyst_client: Client) -> None:
    for name, model_admin in our_admins():
        url = reverse(f"admin:{name}_changelist")
        answer = analyst_client.get(url, follow=True)
        assert answer.status_code == 200, url
        if model_admin.search_fields:
            assert analyst_client.get(url, {"q": "a 1"}, follow=True).status_code == 200, url
    for row in one_of_each:
        assert analyst_client.get(change_url(row)).status_code == 200, row
        assert analyst_client.get(change_url(row).replace("/change/", "/history/")).status_code == 200, row


@pytest.mark.parametrize("who", ["rep_user", "manager", "executive", "finance", "viewer"])
def test_only_operations_get_in(who: str, request: pytest.FixtureRequest, client_of) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get(reverse("admin:data_collection_rep_changelist"), follow=True).status_code == 403


def test_a_stranger_is_sent_to_the_one_login_page(client: Client) -> None:
    answer = client.get("/admin/data_collection/rep/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?")


def test_history_models_are_not_listed() -> None:
    assert not [m for m in admin.site._registry if hasattr(m, "pgh_tracked_model")]


def test_every_link_field_is_searched_not_listed() -> None:
    """A drop-down of 10,000 accounts is no choice."""
    for name, model_admin in our_admins():
        for inline in (model_admin, *(i(model_admin.model, admin.site) for i in model_admin.inlines)):
            if not getattr(inline, "can_delete", True):
                continue  # read-only
            links = {f.name for f in inline.model._meta.concrete_fields if f.many_to_one or f.one_to_one}
            if isinstance(inline, admin.TabularInline):
                links -= {f.name for f in inline.model._meta.concrete_fields if f.related_model is model_admin.model}
                links &= set(inline.fields or links)
            closed = set(inline.get_readonly_fields(None))
            read_only = not inline.has_change_permission.__qualname__.startswith(("BaseModelAdmin", "InlineModelAdmin"))
            assert read_only or links - closed <= set(inline.get_autocomplete_fields(None)), (name, inline)


@pytest.mark.parametrize(
    "name", ["rep", "team", "territory", "quota", "teammembership", "opportunity", "lead", "orderline", "activity"]
)
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    name: str,
    analyst_client: Client,
    teams: Teams,
    territories,
    products,
    segments,
    stages,
    django_assert_max_num_queries,
) -> None:
    url = reverse(f"admin:data_collection_{name}_changelist")
    for count in (1, 6):
        for _i in range(count):
            rep = make_rep(team=teams.north, territory=territories["north"], ramp_profile=make_ramp_profile())
            account = make_account(owner=rep, segment=segments["small"])
            make_opportunity(owner=rep, account=account, product=products["suite"])
            make_lead(owner=rep, segment=segments["small"])
            make_order_line(rep, account=account, product=products["suite"])
            make_activity(rep, account=account)
            make_quota(rep)
        with django_assert_max_num_queries(15):
            assert analyst_client.get(url).status_code == 200


class TestOverlaps:
    def test_the_clashing_row_is_named(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        answer = analyst_client.post(
            reverse("admin:data_collection_teammembership_add"),
            {"rep": rep.pk, "team": teams.south.pk, "valid_from": "2026-07-01", "valid_to": ""},
        )
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "This rep is already in a team on some of these days." in text
        assert "Already there: North, from 1 Jan 2020 until further notice." in text
        assert TeamMembership.objects.count() == 1

    def inline_post(self, rep: Rep, memberships: list[dict]) -> dict:
        data = {"name": rep.name, "code": rep.code, "job": rep.job, "currency": "USD", "user": rep.user_id or ""}
        for prefix in ("territories", "quotas"):
            data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
        existing = sum("id" in row for row in memberships)
        data |= {"memberships-TOTAL_FORMS": len(memberships), "memberships-INITIAL_FORMS": existing}
        for i, row in enumerate(memberships):
            data |= {f"memberships-{i}-{key}": value for key, value in {"rep": rep.pk, **row}.items()}
        return data

    def test_one_save_ends_a_membership_and_begins_the_next(
        self, rep: Rep, teams: Teams, analyst_client: Client
    ) -> None:
        old = rep.memberships.get()
        rows = [
            {"id": old.pk, "team": teams.north.pk, "valid_from": "2020-01-01", "valid_to": "2026-07-01"},
            {"team": teams.south.pk, "valid_from": "2026-07-01", "valid_to": ""},
        ]
        answer = analyst_client.post(change_url(rep), self.inline_post(rep, rows))
        assert answer.status_code == 302
        assert rep.memberships.on(date(2026, 6, 30)).get().team == teams.north
        assert rep.memberships.on(DAY).get().team == teams.south

    def test_two_new_rows_that_share_a_day_are_refused(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        old = rep.memberships.get()
        rows = [
            {"id": old.pk, "team": teams.north.pk, "valid_from": "2020-01-01", "valid_to": "2026-07-02"},
            {"team": teams.south.pk, "valid_from": "2026-07-01", "valid_to": ""},
        ]
        answer = analyst_client.post(change_url(rep), self.inline_post(rep, rows))
        assert answer.status_code == 200
        assert "Also in this list: North, from 1 Jan 2020 until 2 Jul 2026." in answer.content.decode()
        assert rep.memberships.get().valid_to is None

    def test_the_team_page_sees_a_rep_of_another_team(
        self, outsider_rep: Rep, teams: Teams, analyst_client: Client
    ) -> None:
        data = {"name": "North", "code": "north", "parent": teams.region.pk, "currency": "USD", "is_active": "on"}
        data |= {"managers-TOTAL_FORMS": 0, "managers-INITIAL_FORMS": 0}
        data |= {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0, "memberships-0-team": teams.north.pk}
        data |= {"memberships-0-rep": outsider_rep.pk, "memberships-0-valid_from": "2026-07-01"}
        answer = analyst_client.post(change_url(teams.north), data)
        assert "Already there: South, from 1 Jan 2020 until further notice." in answer.content.decode()

    def test_a_wrong_date_is_an_error_of_its_field(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        data = {"rep": rep.pk, "team": teams.south.pk, "valid_from": "2026-02-30", "valid_to": ""}
        answer = analyst_client.post(reverse("admin:data_collection_teammembership_add"), data)
        assert "Enter a valid date." in answer.content.decode()

    def test_a_boundary_moves_in_one_save(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        first = rep.memberships.get()
        first.valid_to = date(2026, 3, 1)
        first.save()
        second = TeamMembership.objects.create(rep=rep, team=teams.south, valid_from=date(2026, 3, 1))
        rows = [
            {"id": first.pk, "team": teams.north.pk, "valid_from": "2020-01-01", "valid_to": "2026-07-01"},
            {"id": second.pk, "team": teams.south.pk, "valid_from": "2026-07-01", "valid_to": ""},
        ]
        assert analyst_client.post(change_url(rep), self.inline_post(rep, rows)).status_code == 302
        first.refresh_from_db()
        assert first.valid_to == DAY

    def test_a_quota_has_exactly_one_owner(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        data = {"rep": rep.pk, "team": teams.north.pk, "metric": "bookings", "amount": "10", "currency": "USD"}
        data |= {"valid_from": "2026-01-01", "valid_to": "2026-04-01"}
        answer = analyst_client.post(reverse("admin:data_collection_quota_add"), data)
        assert "Give the quota to exactly one of rep, team or territory." in answer.content.decode()


class TestBulkEdit:
    url = "/admin/data_collection/rep/"

    def chosen(self, action: str, rows: list, **data: object) -> dict:
        return {"action": action, "_selected_action": [row.pk for row in rows], "select_across": 0, **data}

    def test_asks_shows_then_moves(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        newcomer = make_rep("Nia New", team=teams.north, since=date(2026, 9, 1))
        asked = analyst_client.post(self.url, self.chosen("move_team", [rep, newcomer]))
        assert "Show the effect" in asked.content.decode()

        data = self.chosen("move_team", [rep, newcomer], team=teams.south.pk, from_day="2026-07-01")
        shown = analyst_client.post(self.url, {**data, "step": "preview"}).content.decode()
        assert "in South from 1 Jul 2026 until further notice" in shown
        assert "Nia New was hired on 1 Sep 2026" in shown
        assert "Apply to 1 row" in shown
        assert TeamMembership.objects.filter(team=teams.south).count() == 0

        done = analyst_client.post(self.url, {**data, "step": "apply"}, follow=True).content.decode()
        assert "1 row changed." in done
        assert "Nia New was left as it is" in done
        assert rep.memberships.on(DAY).get().team == teams.south
        assert newcomer.memberships.get().team == teams.north

    def test_a_missing_date_is_asked_for(self, rep: Rep, teams: Teams, analyst_client: Client) -> None:
        data = self.chosen("move_team", [rep], team=teams.south.pk, from_day="", step="apply")
        assert "This field is required." in analyst_client.post(self.url, data).content.decode()
        assert rep.memberships.get().team == teams.north

    def test_quotas_go_to_the_next_quarter_with_uplift(self, rep: Rep, analyst_client: Client) -> None:
        quota = make_quota(rep, "1000", date(2026, 1, 1), date(2026, 4, 1))
        data = self.chosen("copy_quota", [quota], uplift_percent="5", step="apply")
        analyst_client.post("/admin/data_collection/quota/", data)
        new = Quota.objects.get(valid_from=date(2026, 4, 1))
        assert (new.amount, new.valid_to) == (Decimal(1050), date(2026, 7, 1))


def test_history_says_who_when_and_what(rep: Rep, teams: Teams, analyst_client: Client) -> None:
    data = {"action": "move_team", "_selected_action": [rep.pk], "team": teams.south.pk, "from_day": "2026-07-01"}
    analyst_client.post("/admin/data_collection/rep/", {**data, "step": "apply"})
    text = analyst_client.get(f"/admin/data_collection/rep/{rep.pk}/history/").content.decode()
    assert "Ana Lyst" in text
    assert "until: – → 1 Jul 2026" in text
    assert "team: – → South" in text


def test_inputs_in_a_list_have_names(segments, analyst_client: Client) -> None:
    text = analyst_client.get("/admin/data_collection/segment/").content.decode()
    assert 'aria-label="Rank: Small business"' in text
