"""Who am I, my token, and jobs as each may see them."""

import pytest
from django.test import Client

from salesops.models import User
from tests.builders import make_job

pytestmark = pytest.mark.django_db


def test_me(rep_user: User, rep_client: Client) -> None:
    me = rep_client.get("/api/v1/me/").json()
    assert (me["email"], me["role"], me["rep"], me["sees_everything"]) == ("rui@example.test", "rep", "rui", False)


def test_settings_of_mine_can_change_and_rights_not(rep_user: User, rep_client: Client) -> None:
    body = {"theme": "dark", "time_zone": "Asia/Bangkok", "role": "ops", "email": "x@example.test"}
    assert rep_client.patch("/api/v1/me/", body, content_type="application/json").status_code == 200
    rep_user.refresh_from_db()
    assert (rep_user.theme, rep_user.time_zone) == ("dark", "Asia/Bangkok")
    assert (rep_user.role, rep_user.email) == ("rep", "rui@example.test")
    wrong = rep_client.patch("/api/v1/me/", {"time_zone": "Mars/Base"}, content_type="application/json")
    assert "time_zone" in wrong.json()["errors"]


def test_a_token_opens_the_api_until_it_is_replaced_or_revoked(rep_user: User, rep_client: Client) -> None:
    def status(token: str) -> int:
        return Client().get("/api/v1/me/", headers={"Authorization": f"Token {token}"}).status_code

    first = rep_client.post("/api/v1/me/token/").json()["token"]
    assert status(first) == 200
    second = rep_client.post("/api/v1/me/token/").json()["token"]
    assert (status(first), status(second)) == (401, 200)
    assert rep_client.delete("/api/v1/me/token/").status_code == 204
    assert status(second) == 401
    assert status("nonsense") == 401


def test_a_token_of_a_rep_sees_what_the_rep_sees(rep_user: User, rep_client: Client) -> None:
    token = rep_client.post("/api/v1/me/token/").json()["token"]
    rows = Client().get("/api/v1/reps/", headers={"Authorization": f"Token {token}"}).json()["results"]
    assert [row["code"] for row in rows] == ["rui"]


def test_jobs_are_those_one_started(rep_user: User, analyst: User, rep_client: Client, analyst_client: Client) -> None:
    own, other = make_job(started_by=rep_user), make_job(started_by=analyst)
    assert [row["id"] for row in rep_client.get("/api/v1/jobs/").json()["results"]] == [own.pk]
    assert [row["id"] for row in analyst_client.get("/api/v1/jobs/").json()["results"]] == [other.pk, own.pk]
    assert rep_client.get(f"/api/v1/jobs/{other.pk}/").status_code == 404
    assert rep_client.post(f"/api/v1/jobs/{other.pk}/cancel/").status_code == 404
    assert rep_client.post(f"/api/v1/jobs/{own.pk}/cancel/").json()["state"] == "cancelled"


def test_an_executive_sees_jobs_and_does_not_steer(executive: User, client_of) -> None:
    job = make_job()
    client = client_of(executive)
    assert client.get(f"/api/v1/jobs/{job.pk}/").status_code == 200
    assert client.post(f"/api/v1/jobs/{job.pk}/cancel/").status_code == 404
