"""Changes of owners and scores reach who asked, and the new owner; many at once as one message."""

from collections.abc import Callable

import pytest

from data_collection.models import ChangeEvent, Lead, Rep
from data_collection.webhooks.services.changes import changes_collect
from salesops.models import Endpoint, Notice, Outbox, User
from tests.builders import make_account, make_lead, make_opportunity, make_rep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings: object) -> None:
    settings.SITE_URL = "https://sales.example"


@pytest.fixture
def listen(db: None) -> Callable[..., Endpoint]:
    def make(*events: str, **fields: object) -> Endpoint:
        name = f"endpoint {Endpoint.objects.count()}"
        return Endpoint.objects.create(name=name, url="https://a.example/", events=list(events), **fields)

    return make


def test_a_new_owner_is_told_to_who_asked(listen: Callable, rep: Rep) -> None:
    one = make_rep("One", code="one", email="one@example.test")
    account = make_account("Lee & Co")
    lead = make_lead("Ann", owner=one, company="Lee & Co", account=account, email="ann@example.com")
    listen("lead.owner_changed")
    listen("account.owner_changed")
    lead.owner = rep
    lead.save()
    assert changes_collect() == 1 and not ChangeEvent.objects.exists()
    row = Outbox.objects.get()
    assert (row.kind, row.subject) == ("lead.owner_changed", f"lead:{lead.pk}")
    assert row.payload["text"] == "Ann, Lee & Co: One → Rui Rocha"
    assert row.payload["url"] == f"https://sales.example/collect/accounts/{account.pk}/"
    assert row.payload["owner"]["code"] == "rui" and row.payload["previous_owner"]["code"] == "one"
    assert row.payload["lead"]["email"] == "ann@example.com"


def test_the_new_owner_gets_a_notice_and_the_old_one_none(rep: Rep, outsider_rep: Rep) -> None:
    deal = make_opportunity("Big", owner=outsider_rep)
    deal.owner = rep
    deal.save()
    changes_collect()
    notice = Notice.objects.get()
    assert (notice.user, notice.subject) == (rep.user, "An opportunity was assigned to you")
    assert (notice.text, notice.url) == ("Big", f"/collect/deals/{deal.pk}/")
    assert not Outbox.objects.exists()


def test_somebody_who_no_longer_logs_in_gets_none(rep: Rep) -> None:
    lead = make_lead()
    User.objects.filter(pk=rep.user.pk).update(is_active=False)
    Lead.objects.filter(pk=lead.pk).update(owner=rep)
    changes_collect()
    assert not Notice.objects.exists()


def test_points_count_per_endpoint(listen: Callable) -> None:
    listen("lead.score_changed", min_points=5)
    wide = listen("lead.score_changed", min_points=20)
    lead = make_lead("Ann", score=50, score_band="B2")
    for score, band in ((56, "B2"), (80, "B2"), (80, "A1")):
        Lead.objects.filter(pk=lead.pk).update(score=score, score_band=band)
    changes_collect()
    assert [row.payload["text"] for row in Outbox.objects.filter(endpoint=wide).order_by("pk")] == [
        "Ann: B2 56 → B2 80",
        "Ann: B2 80 → A1 80",
    ]
    assert Outbox.objects.exclude(endpoint=wide).count() == 3


def test_many_at_once_are_one_message_and_one_notice(listen: Callable, rep: Rep, outsider_rep: Rep) -> None:
    listen("lead.owner_changed")
    leads = [make_lead(f"L{number}") for number in range(150)]
    Lead.objects.filter(pk__in=[lead.pk for lead in leads[:30]]).update(owner=outsider_rep)
    changes_collect()
    assert Outbox.objects.count() == 30  # few enough to be told one by one
    Outbox.objects.all().delete()
    Notice.objects.all().delete()
    Lead.objects.update(owner=rep)
    changes_collect()
    row = Outbox.objects.get()
    assert row.payload["digest"] is True and row.payload["rows"] == 150
    assert row.payload["parts"][0]["owner"]["code"] == "rui" and row.payload["text"] == "150 leads have a new owner"
    assert Notice.objects.get().subject == "150 leads were assigned to you"


def test_many_small_statements_of_one_transaction_are_one_message_too(listen: Callable) -> None:
    listen("lead.owner_changed")
    one = make_rep()
    for number in range(101):
        lead = make_lead(f"L{number}")
        Lead.objects.filter(pk=lead.pk).update(owner=one)
    changes_collect()
    assert Outbox.objects.get().payload["rows"] == 101


def test_a_first_load_tells_nobody_and_new_leads_only_who_asked(listen: Callable, rep: Rep) -> None:
    listen("lead.owner_changed", "lead.score_changed")
    asked = listen("lead.created")
    for number in range(3):
        make_lead(f"L{number}", owner=rep, score=80, score_band="A1")
    changes_collect()
    assert {row.endpoint for row in Outbox.objects.all()} == {asked} and Outbox.objects.count() == 3
    assert not Notice.objects.exists()


def test_a_row_that_is_gone_is_left_out(listen: Callable) -> None:
    listen("lead.owner_changed")
    lead = make_lead()
    Lead.objects.filter(pk=lead.pk).update(owner=make_rep())
    lead.delete()
    assert changes_collect() == 1 and not Outbox.objects.exists()
