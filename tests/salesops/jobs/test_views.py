"""Job pages: what each person sees and may do."""

import pytest
from django.test import Client
from django.urls import reverse

from salesops.models import JobRun, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(rep_user: User) -> JobRun:
    return JobRun.objects.create(
        kind="import", title="Import of June", state="failed", error="The file has no header.", started_by=rep_user
    )


def test_owner_and_ops_see_the_job_with_its_error(
    job: JobRun, rep_client: Client, analyst_client: Client, outsider_client: Client
) -> None:
    for client in (rep_client, analyst_client):
        assert "Import of June" in client.get(reverse("jobs")).content.decode()
        assert "The file has no header." in client.get(reverse("job", args=[job.pk])).content.decode()
    assert "Import of June" not in outsider_client.get(reverse("jobs")).content.decode()
    assert outsider_client.get(reverse("job", args=[job.pk])).status_code == 404
    assert outsider_client.post(reverse("job-steer", args=[job.pk]), {"do": "retry"}).status_code == 404


def test_a_failed_job_runs_again_and_a_queued_one_is_cancelled(job: JobRun, rep_client: Client) -> None:
    rep_client.post(reverse("job-steer", args=[job.pk]), {"do": "retry"})
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 0)
    rep_client.post(reverse("job-steer", args=[job.pk]), {"do": "cancel"})
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_running_job_polls_only_its_part(job: JobRun, rep_client: Client) -> None:
    JobRun.objects.update(state="running", done=40, total=100)
    whole = rep_client.get(reverse("job", args=[job.pk])).content.decode()
    part = rep_client.get(reverse("job", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole and 'hx-trigger="every 2s"' in whole
    assert "<html" not in part and "40" in part and 'hx-trigger="every 2s"' in part
    JobRun.objects.update(state="succeeded")
    done = rep_client.get(reverse("job", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in done


def test_health_needs_no_login(client: Client) -> None:
    assert client.get("/healthz").json() == {"ok": True}
    assert client.get("/readyz").json() == {"ok": True}


def test_other_pages_need_a_login(client: Client) -> None:
    answer = client.get(reverse("jobs"))
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
