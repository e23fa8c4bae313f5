"""Finding, exporting and erasing a person through the pages; operations only."""

import pytest
from django.test import Client
from django.urls import reverse

from data_collection.models import ErasedReturn, Erasure, PersonExport
from data_collection.privacy.services import returns_check
from data_collection.privacy.tasks import erase_person
from salesops.jobs.registry import JobHandle
from salesops.jobs.services import job_run
from salesops.models import JobRun, User
from tests.builders import make_contact, make_lead

pytestmark = pytest.mark.django_db


def test_from_finding_to_erasing(company: object, analyst_client: Client) -> None:
    contact = make_contact(first_name="Ann", last_name="Leeson", email="ann@lee.test")
    lead = make_lead("Ann Leeson", email="ann@lee.test")
    page = analyst_client.post(reverse("people_data"), {"query": "ANN@lee.test"}).content.decode()
    url = reverse("person", args=["lead", lead.pk])
    assert url in page and reverse("person", args=["contact", contact.pk]) in page
    assert "can&#x27;t be undone" in analyst_client.get(url).content.decode().replace("can't", "can&#x27;t")

    rows = [f"contact-{contact.pk}", f"lead-{lead.pk}"]
    wrong = analyst_client.post(url, {"rows": rows, "reason": "Request 7", "typed": "erase"})
    assert wrong.status_code == 400 and not JobRun.objects.exists(), "the word must be typed exactly"
    analyst_client.post(url, {"rows": rows, "reason": "Request 7", "typed": "ERASE"})
    job = job_run(JobRun.objects.get(kind="people_erase").pk)
    assert job.state == "succeeded", job.trace
    erasure = Erasure.objects.get()
    assert erasure.rows == {"contact": [contact.pk], "lead": [lead.pk]}
    assert erasure.pseudonym in analyst_client.get(reverse("erasure", args=[erasure.pk])).content.decode()
    assert "Only the pseudonym is left" in analyst_client.get(url).content.decode()
    assert "Leeson" not in analyst_client.get(reverse("people_data")).content.decode()


def test_a_reason_that_names_the_person_is_erased_and_the_job_can_still_run_again(
    company: object, analyst_client: Client, analyst: User
) -> None:
    lead = make_lead("Ann Leeson", email="ann@lee.test")
    data = {"rows": [f"lead-{lead.pk}"], "reason": "Ann Leeson asked, ann@lee.test", "typed": "ERASE"}
    analyst_client.post(reverse("person", args=["lead", lead.pk]), data)
    job = job_run(JobRun.objects.get().pk)
    job.refresh_from_db()
    assert job.params == {"rows": {"lead": [lead.pk]}, "why": {"reason": ""}, "user": analyst.pk}
    assert "Leeson" not in Erasure.objects.get().reason
    erase_person(JobHandle(row=job, token=None))
    assert job.result["erasure"] == Erasure.objects.get().pk


def test_only_the_chosen_rows_are_erased(company: object, analyst_client: Client) -> None:
    first, second = make_lead("Ann One", email="a@lee.test"), make_lead("Ann Two", email="a@lee.test")
    data = {"rows": [f"lead-{first.pk}"], "reason": "r", "typed": "ERASE"}
    analyst_client.post(reverse("person", args=["lead", first.pk]), data)
    job_run(JobRun.objects.get().pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.erased_at and not second.erased_at


def test_export_is_made_and_fetched(company: object, analyst_client: Client, executive_client: Client) -> None:
    lead = make_lead("Ann Leeson", email="ann@lee.test", phone="+44 20 7946 0000")
    analyst_client.post(reverse("person_export", args=["lead", lead.pk]))
    job = job_run(JobRun.objects.get().pk)
    assert job.state == "succeeded", job.trace
    assert "ann@lee.test" not in str(job.result), "the job is seen by others than operations"
    url = reverse("export_file", args=[PersonExport.objects.get().pk])
    answer = analyst_client.get(url)
    assert b"+44 20 7946 0000" in b"".join(answer.streaming_content)
    assert executive_client.get(url).status_code == 403


def test_a_return_is_shown_and_may_be_kept(company: object, analyst_client: Client) -> None:
    lead = make_lead("Ann Leeson", email="ann@lee.test")
    data = {"rows": [f"lead-{lead.pk}"], "reason": "r", "typed": "ERASE"}
    analyst_client.post(reverse("person", args=["lead", lead.pk]), data)
    job_run(JobRun.objects.get().pk)
    make_lead("Ann Leeson", email="ann@lee.test")
    returns_check()
    assert "seem to be back" in analyst_client.get(reverse("people_data")).content.decode()
    row = ErasedReturn.objects.get()
    analyst_client.post(reverse("return_settle", args=[row.pk]), {"reason": ""})
    assert ErasedReturn.objects.filter(settled_at=None).exists(), "a reason is asked for"
    analyst_client.post(reverse("return_settle", args=[row.pk]), {"reason": "Signed up again"})
    assert "seem to be back" not in analyst_client.get(reverse("people_data")).content.decode()


def test_only_operations(manager_client: Client, executive_client: Client) -> None:
    lead = make_lead("Ann", email="ann@lee.test")
    for client in (manager_client, executive_client):
        assert client.get(reverse("people_data")).status_code == 403
        assert client.get(reverse("person", args=["lead", lead.pk])).status_code == 403
        assert client.post(reverse("person_export", args=["lead", lead.pk])).status_code == 403


def test_the_admin_leads_to_the_persons_page(company: object, analyst_client: Client) -> None:
    lead, other = make_lead("Ann", email="ann@lee.test"), make_lead("Bob")
    url = reverse("admin:data_collection_lead_changelist")
    answer = analyst_client.post(url, {"action": "open_people_data", "_selected_action": [lead.pk]})
    assert answer.url == reverse("person", args=["lead", lead.pk])
    answer = analyst_client.post(
        url, {"action": "open_people_data", "_selected_action": [lead.pk, other.pk]}, follow=True
    )
    assert "Choose one row" in answer.content.decode()
