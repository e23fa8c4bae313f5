"""Loading through the importer, again without a change, and only where there is room."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from data_collection.demo import services
from data_collection.demo.calc.sizes import SIZES
from data_collection.demo.logins import LOGINS, PASSWORD
from data_collection.demo.services import DemoRefused, Recipe, demo_known, demo_load, demo_recipe
from data_collection.demo.truths import LOGIN_MANAGER, LOGIN_REP
from data_collection.models import Account, Activity, Lead, Opportunity, OpportunityLine, Quota, Rep, Team
from salesops.models import Company, FxRate, User
from tests.builders import make_account
from tests.data_collection.demo.frames import TINY, UNTIL

pytestmark = pytest.mark.django_db
RECIPE = Recipe(7, "tiny", UNTIL)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "tiny", TINY)


def load(recipe: Recipe = RECIPE, *, force: bool = False) -> tuple[object, list[str]]:
    said: list[str] = []
    return demo_load(recipe=recipe, force=force, say=said.append), said


def test_load_fills_the_company_and_again_changes_nothing() -> None:
    batch, said = load()
    totals = {row["table"]: row for row in batch.counts}
    assert batch.rows_rejected == 0
    assert totals["opportunity"]["new"] == Opportunity.objects.count() > 500
    company = Company.get()
    assert (company.name, company.is_demo, company.reporting_currency) == ("Altenmoor Systems", True, "USD")
    assert FxRate.objects.filter(currency="THB").count() >= 37
    assert Team.objects.get(code="AMER-1").parent.parent.code == "ALL"
    assert Quota.objects.filter(team__code="ALL").count() >= 13
    assert OpportunityLine.objects.exists() and Activity.objects.filter(day=UNTIL).exists()
    assert said[0].startswith("making Altenmoor Systems") and said[-1].startswith("demo company loaded")

    again, _said = load()
    assert sum(row["new"] + row["changed"] for row in again.counts) == 0
    assert sum(row["same"] for row in again.counts) == sum(row["read"] for row in batch.counts)
    assert User.objects.count() == len(LOGINS)


def test_logins_open_and_are_linked(client: Client) -> None:
    load()
    for login in LOGINS:
        user = User.objects.get(email=login.email)
        assert user.role == login.role and user.check_password(PASSWORD)
    assert User.objects.get(email="rep@demo.example").rep.code == LOGIN_REP
    manager = User.objects.get(email="manager@demo.example").rep
    assert manager.code == LOGIN_MANAGER
    team = Rep.objects.get(code=LOGIN_REP).memberships.on(UNTIL).get().team
    assert manager.manages.on(UNTIL).get().team == team
    assert User.objects.get(email="ops@demo.example").is_staff
    rep = User.objects.get(email="rep@demo.example")
    assert Opportunity.objects.visible_to(rep).count() >= 10 and Lead.objects.visible_to(rep).exists()

    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert all(login.email in out.getvalue() for login in LOGINS) and PASSWORD in out.getvalue()


def test_own_password_and_role_survive_a_second_load() -> None:
    load()
    user = User.objects.get(email="finance@demo.example")
    user.set_password("changed-since-then")
    user.save()
    services.logins_create()
    user.refresh_from_db()
    assert user.check_password("changed-since-then")


def test_refused_beside_other_data(company: Company) -> None:
    make_account("Somebody real")
    with pytest.raises(DemoRefused, match="not the demo company's"):
        load()
    assert Account.objects.count() == 1 and not User.objects.exists()
    with pytest.raises(CommandError, match="empty database"):
        call_command("demo_company", until=UNTIL, size="small", stdout=StringIO())


def test_another_demo_is_refused_and_no_day_means_the_known_one() -> None:
    load()
    with pytest.raises(DemoRefused, match="another demo company"):
        load(Recipe(8, "tiny", UNTIL))
    assert demo_known() == RECIPE
    later = date(2027, 1, 5)
    assert demo_recipe(seed=7, size="tiny", until=None, today=later) == RECIPE
    assert demo_recipe(seed=8, size="tiny", until=None, today=later) == Recipe(8, "tiny", later)


def test_commands_without_a_demo(tmp_path: object) -> None:
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert out.getvalue() == ""
    call_command("demo_company", size="tiny", until=UNTIL, out=tmp_path, stdout=out)
    assert not Account.objects.exists() and not Company.objects.exists()
    assert (tmp_path / "opportunity.csv").exists()  # type: ignore[operator]
