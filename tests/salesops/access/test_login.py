"""Logging in, being locked out, and what a role may open."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from salesops.access.models import Role
from salesops.models import User
from tests.builders import make_job, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-secret"


@pytest.fixture
def ana(company: object) -> User:
    user = make_user("ops", "ana.login@example.test")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(client: Client, email: str, password: str) -> int:
    return client.post("/accounts/login/", {"login": email, "password": password}).status_code


def test_right_password_opens_the_pages(ana: User, client: Client) -> None:
    assert log_in(client, ana.email, PASSWORD) == 302
    assert client.get("/jobs/").status_code == 200


def test_guessing_is_locked_out_and_says_so(ana: User, client: Client, settings: object) -> None:
    settings.AXES_FAILURE_LIMIT = 4
    answers = [log_in(client, ana.email, f"guess-{n}") for n in range(4)]
    assert answers[:3] == [200, 200, 200]
    assert log_in(client, ana.email, PASSWORD) == 429
    assert client.get("/jobs/").status_code == 302
    assert log_in(Client(REMOTE_ADDR="10.1.2.3"), ana.email, PASSWORD) == 302  # the person elsewhere is not locked out


def test_nobody_signs_up_by_themselves(client: Client) -> None:
    client.post("/accounts/signup/", {"email": "new@example.test", "password1": PASSWORD})
    assert not User.objects.filter(email="new@example.test").exists()


def test_only_operations_open_the_admin(
    analyst_client: Client, rep_client: Client, manager_client: Client, executive_client: Client
) -> None:
    assert analyst_client.get("/admin/").status_code == 200
    for client in (rep_client, manager_client, executive_client):
        assert client.get("/admin/").status_code == 302


def test_role_and_group_stay_in_step(ana: User) -> None:
    assert [group.name for group in ana.groups.all()] == ["ops"] and ana.is_staff
    ana.role = Role.REP
    ana.save()
    assert [group.name for group in ana.groups.all()] == ["rep"] and not ana.is_staff


def test_rights_of_the_roles_by_migration(db: None) -> None:
    ops = set(Group.objects.get(name="ops").permissions.values_list("codename", flat=True))
    assert {"change_territory", "add_quota", "change_teammembership", "view_jobrun"} <= ops
    assert not {"change_jobrun", "delete_quotaevent", "change_quotaevent"} & ops
    finance = set(Group.objects.get(name="finance").permissions.values_list("codename", flat=True))
    assert finance and all(name.startswith("view_") for name in finance)
    assert not Group.objects.get(name="rep").permissions.exists()


def test_a_person_changes_name_and_theme_but_not_the_role(rep_client: Client, rep_user: User) -> None:
    assert rep_client.get("/profile/").status_code == 200
    rep_client.post(
        "/profile/", {"first_name": "Ruy", "last_name": "R", "theme": "dark", "role": "ops", "time_zone": ""}
    )
    rep_user.refresh_from_db()
    assert (rep_user.first_name, rep_user.theme, rep_user.role) == ("Ruy", "dark", "rep")


def test_the_policy_header_is_strict(rep_client: Client) -> None:
    policy = rep_client.get("/jobs/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


def test_times_are_shown_in_the_zone_of_the_profile(
    rep_client: Client, rep_user: User, analyst_client: Client, analyst: User
) -> None:
    """23:30 UTC on 22 November is 06:30 on the 23rd in Bangkok."""
    at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    job = make_job(title="Late", kind="import", created_at=at, started_by=rep_user)
    rep_user.time_zone = "Asia/Bangkok"
    rep_user.save()
    assert "23 Nov 2026, 06:30" in rep_client.get(f"/jobs/{job.pk}/").content.decode()
    assert "22 Nov 2026, 23:30" in analyst_client.get(f"/jobs/{job.pk}/").content.decode()
