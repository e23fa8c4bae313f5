"""Logins in the admin: invite, link to a rep, lock, unlock; rights can't be stolen."""

import re

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from rest_framework.authtoken.models import Token

from data_collection.models import Rep
from salesops.models import User
from tests.builders import make_rep, make_user

pytestmark = pytest.mark.django_db
URL = "/admin/salesops/user/"


def test_roles_hold_their_rights_after_the_first_migrate(db: None) -> None:
    def rights(role: str) -> set[str]:
        return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))

    assert {"change_rep", "add_quota", "change_user"} <= rights("ops")
    assert not {"change_jobrun", "change_repevent"} & rights("ops")
    assert rights("rep") == rights("manager") == set()
    assert "view_opportunity" in rights("finance")


def test_a_new_person_gets_a_link_and_chooses_a_password(analyst_client: Client, client: Client) -> None:
    rep = make_rep("Nia New")
    data = {"email": "Nia@Example.test", "first_name": "Nia", "last_name": "New", "role": "rep", "rep": rep.pk}
    answer = analyst_client.post(URL + "add/", {**data, "theme": "auto", "time_zone": ""})
    assert answer.status_code == 302, answer.content.decode()
    user = User.objects.get(email="nia@example.test")
    assert user.rep == rep
    assert not user.has_usable_password()
    link = re.search(r"https?://testserver(/\S+)", mail.outbox[0].body).group(1)
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "river-lamp-oak-9", "password2": "river-lamp-oak-9"})
    user.refresh_from_db()
    assert user.check_password("river-lamp-oak-9")
    assert client.get(link, follow=True).context.get("token_fail") is True


def test_one_rep_has_one_login(rep: Rep, analyst_client: Client) -> None:
    other = make_user("rep", "other@example.test")
    data = {"email": other.email, "role": "rep", "rep": rep.pk, "theme": "auto", "time_zone": ""}
    answer = analyst_client.post(f"{URL}{other.pk}/change/", data)
    assert "already has the login rui@example.test" in answer.content.decode()


def test_locked_out_at_once_and_let_in_again(rep_user: User, rep_client: Client, analyst_client: Client) -> None:
    Token.objects.create(user=rep_user)
    assert rep_client.get("/api/v1/me/").status_code == 200
    analyst_client.post(URL, {"action": "lock", "_selected_action": [rep_user.pk]})
    assert rep_client.get("/api/v1/me/").status_code in (401, 403)
    assert not Token.objects.filter(user=rep_user).exists()
    analyst_client.post(URL, {"action": "unlock", "_selected_action": [rep_user.pk]})
    rep_user.refresh_from_db()
    assert rep_user.is_active


def test_nobody_locks_oneself(analyst: User, analyst_client: Client) -> None:
    analyst_client.post(URL, {"action": "lock", "_selected_action": [analyst.pk]})
    analyst.refresh_from_db()
    assert analyst.is_active


def test_operations_cannot_take_a_superuser_over(analyst_client: Client) -> None:
    root = make_user("ops", "root@example.test", is_superuser=True)
    assert analyst_client.post(f"{URL}{root.pk}/change/", {"email": "mine@example.test"}).status_code == 403
    analyst_client.post(URL, {"action": "invite", "_selected_action": [root.pk]})
    analyst_client.post(URL, {"action": "lock", "_selected_action": [root.pk]})
    assert mail.outbox == []
    root.refresh_from_db()
    assert root.is_active
