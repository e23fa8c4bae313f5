"""Duplicates made by a generator of the tests' own are found, and what only looks alike is left alone."""

import pytest

from tests.data_collection.duplicates.generator import build
from tests.data_collection.duplicates.measured import Measured, load_accounts, load_contacts, load_leads, measure

pytestmark = pytest.mark.django_db


def _measured(seed: int, entities: int) -> list[Measured]:
    world = build(seed, entities)
    accounts = load_accounts(world)
    contacts = load_contacts(world, accounts)
    return [
        measure("account", accounts),
        measure("contact", contacts),
        measure("lead", load_leads(world)),
    ]


def _hold(found: list[Measured]) -> None:
    for measured in found:
        print(measured)
        assert measured.recall >= 0.95, f"{measured}\nmissed: {measured.missed[:5]}"
        assert measured.precision >= 0.95, f"{measured}\nwrong: {measured.wrong[:5]}"


def test_generated_duplicates_of_every_kind_are_found(company: object) -> None:
    _hold(_measured(seed=11, entities=500))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_they_are_found_in_larger_companies_as_well(company: object, seed: int) -> None:
    _hold(_measured(seed=seed, entities=2500))
