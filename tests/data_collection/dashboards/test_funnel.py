from collections.abc import Callable

import pytest
from django.test import Client

from data_collection.models import Stage
from salesops.models import User

pytestmark = pytest.mark.usefixtures("sales")


def test_the_steps_count_who_came_in(executive_client: Client, stages: dict[str, Stage]) -> None:
    rows = _csv(executive_client.get("/collect/funnel/?format=csv"))
    counts = {line[0]: int(line[1]) for line in rows[1:]}
    assert counts["Opportunity"] == 5  # of this quarter; “Rui late” came in before
    assert counts["Won"] == 3
    assert counts["Proposal"] == 4  # the open one there, and the won ones that skipped it


def test_each_count_opens_exactly_its_rows(executive_client: Client, stages: dict[str, Stage]) -> None:
    for step, n in (("created", 5), ("won", 3), (f"stage-{stages['proposal'].pk}", 4)):
        assert len(_csv(executive_client.get(f"/collect/funnel/rows/?step={step}&format=csv"))) == n + 1, step
    lost = _csv(executive_client.get("/collect/funnel/rows/?step=created&fate=lost&format=csv"))
    assert [line[0] for line in lost[1:]] == ["Rui lost"]


def test_small_samples_say_so(executive_client: Client) -> None:
    page = executive_client.get("/collect/funnel/").content.decode()
    assert "n = 5, too few to judge" in page and "Too few are decided" in page


def test_a_rep_sees_own_cases_only(rep_client: Client) -> None:
    page = rep_client.get("/collect/funnel/rows/?step=created").content.decode()
    assert "Rui won A" in page and "Odd won" not in page


def test_leads_and_wrong_words(executive_client: Client) -> None:
    assert executive_client.get("/collect/funnel/?cohort=leads&by=source").status_code == 200
    assert executive_client.get("/collect/funnel/?cohort=cats").status_code == 404
    assert executive_client.get("/collect/funnel/rows/?step=cats").status_code == 404
    assert executive_client.get("/collect/funnel/?period=2020-Q1").status_code == 200


def test_queries(client_of: Callable, executive: User, manager: User, django_assert_max_num_queries: Callable) -> None:
    for user in (executive, manager):
        client = client_of(user)
        for url in ("/collect/funnel/", "/collect/funnel/rows/?step=created", "/collect/funnel/leak/"):
            with django_assert_max_num_queries(15):
                assert client.get(url).status_code == 200, url


def _csv(response: object) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return [line.split(",") for line in text.splitlines()]
