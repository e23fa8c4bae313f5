"""The people every test knows, and the small company they work in.

The analyst (Ana, operations), the manager (Mai, leads North), the rep (Rui, in North) and the outsider
(Odd, a rep in South under another manager). Executive, finance and viewer see the whole company.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.cache import caches
from django.test import Client

from data_collection.models import Product, Rep, Segment, Stage, Team, Territory
from salesops.models import Company, User
from tests.builders import (
    make_manager,
    make_product,
    make_rep,
    make_segment,
    make_stage,
    make_team,
    make_territory,
    make_user,
)


@dataclass(frozen=True, slots=True)
class Teams:
    """company > region > north and south."""

    company: Team
    region: Team
    north: Team
    south: Team


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what another left in the cache; clearing it would also empty the broker beside it."""
    monkeypatch.setattr(caches["default"], "key_prefix", f"test-{uuid.uuid4()}")


@pytest.fixture
def company(db: None) -> Company:
    row = Company(name="Test company", reporting_currency="USD", time_zone="UTC")
    row.save()
    return row


@pytest.fixture
def teams(company: Company) -> Teams:
    top = make_team("Whole company", code="company")
    region = make_team("Region", code="region", parent=top)
    north = make_team("North", code="north", parent=region)
    return Teams(top, region, north, make_team("South", code="south", parent=region))


@pytest.fixture
def territories(db: None) -> dict[str, Territory]:
    world = make_territory("World", code="world")
    return {
        "world": world,
        "north": make_territory("Northlands", code="northlands", parent=world),
        "south": make_territory("Southlands", code="southlands", parent=world),
    }


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    return {
        "suite": make_product(
            "Suite",
            code="suite",
            family="Software",
            kind="subscription",
            list_price=1000,
        ),
        "setup": make_product("Set-up", code="setup", family="Services", kind="service", list_price=200),
    }


@pytest.fixture
def segments(db: None) -> dict[str, Segment]:
    return {
        "small": make_segment("Small business", code="small", rank=1),
        "enterprise": make_segment("Enterprise", code="enterprise", rank=2),
    }


@pytest.fixture
def stages(db: None) -> dict[str, Stage]:
    """discovery > proposal > negotiation > won, lost."""
    return {
        "discovery": make_stage("Discovery", rank=1, probability="0.1"),
        "proposal": make_stage("Proposal", rank=2, probability="0.4"),
        "negotiation": make_stage("Negotiation", rank=3, probability="0.7"),
        "won": make_stage("Won", rank=90, kind="won", probability=1),
        "lost": make_stage("Lost", rank=91, kind="lost", probability=0),
    }


# --- rep rows -----------------------------------------------------------------------------
@pytest.fixture
def rep(teams: Teams, territories: dict[str, Territory]) -> Rep:
    return make_rep(
        "Rui Rocha",
        code="rui",
        team=teams.north,
        territory=territories["north"],
        user=make_user("rep", "rui@example.test", first_name="Rui", last_name="Rocha"),
    )


@pytest.fixture
def outsider_rep(teams: Teams, territories: dict[str, Territory]) -> Rep:
    return make_rep(
        "Odd Olsen",
        code="odd",
        team=teams.south,
        territory=territories["south"],
        user=make_user("rep", "odd@example.test", first_name="Odd", last_name="Olsen"),
    )


@pytest.fixture
def manager_rep(teams: Teams) -> Rep:
    """Leads North."""
    user = make_user("manager", "mai@example.test", first_name="Mai", last_name="Morn")
    row = make_rep("Mai Morn", code="mai", team=teams.region, job="manager", user=user)
    make_manager(row, teams.north)
    return row


@pytest.fixture
def outsider_manager_rep(teams: Teams) -> Rep:
    """Leads South."""
    user = make_user("manager", "otto@example.test", first_name="Otto", last_name="Ohm")
    row = make_rep("Otto Ohm", code="otto", team=teams.region, job="manager", user=user)
    make_manager(row, teams.south)
    return row


# --- people who log in --------------------------------------------------------------------
@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("ops", "ana@example.test", first_name="Ana", last_name="Lyst")


@pytest.fixture
def manager(manager_rep: Rep) -> User:
    return manager_rep.user


@pytest.fixture
def rep_user(rep: Rep) -> User:
    return rep.user


@pytest.fixture
def outsider(outsider_rep: Rep) -> User:
    return outsider_rep.user


@pytest.fixture
def outsider_manager(outsider_manager_rep: Rep) -> User:
    return outsider_manager_rep.user


@pytest.fixture
def executive(company: Company) -> User:
    return make_user("executive", "eve@example.test", first_name="Eve", last_name="Chief")


@pytest.fixture
def finance(company: Company) -> User:
    return make_user("finance", "fin@example.test", first_name="Fin", last_name="Ledger")


@pytest.fixture
def viewer(company: Company) -> User:
    return make_user("viewer", "vic@example.test", first_name="Vic", last_name="Views")


# --- browsers -----------------------------------------------------------------------------
@pytest.fixture
def client_of() -> Callable[[User | None], Client]:
    """`client_of(user)` is a browser logged in as that user; `client_of(None)` one that is not."""

    def log_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def analyst_client(client_of: Callable[[User], Client], analyst: User) -> Client:
    return client_of(analyst)


@pytest.fixture
def manager_client(client_of: Callable[[User], Client], manager: User) -> Client:
    return client_of(manager)


@pytest.fixture
def rep_client(client_of: Callable[[User], Client], rep_user: User) -> Client:
    return client_of(rep_user)


@pytest.fixture
def outsider_client(client_of: Callable[[User], Client], outsider: User) -> Client:
    return client_of(outsider)


@pytest.fixture
def executive_client(client_of: Callable[[User], Client], executive: User) -> Client:
    return client_of(executive)


@pytest.fixture
def finance_client(client_of: Callable[[User], Client], finance: User) -> Client:
    return client_of(finance)
