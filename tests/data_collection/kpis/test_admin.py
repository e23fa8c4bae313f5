import pytest
from django.urls import reverse

from data_collection.models import KpiTarget

pytestmark = pytest.mark.django_db
FIELDS = {"kpi": "win_rate", "value": "0.25", "valid_from": "2026-01-01", "valid_to": "2027-01-01"}


def test_ops_set_a_target_and_an_overlap_is_explained(analyst_client, teams):
    add = reverse("admin:data_collection_kpitarget_add")
    assert analyst_client.post(add, {**FIELDS, "team": teams.north.pk}).status_code == 302
    assert KpiTarget.objects.get().team == teams.north
    again = analyst_client.post(add, {**FIELDS, "team": teams.north.pk, "valid_from": "2026-06-01"})
    assert again.status_code == 200 and KpiTarget.objects.count() == 1
    page = analyst_client.get(reverse("admin:data_collection_kpitarget_changelist")).content.decode()
    assert "Win rate" in page and "North" in page


def test_a_kpi_that_does_not_exist_is_refused(analyst_client, company):
    add = reverse("admin:data_collection_kpitarget_add")
    assert analyst_client.post(add, {**FIELDS, "kpi": "moon"}).status_code == 200
    assert not KpiTarget.objects.exists()
