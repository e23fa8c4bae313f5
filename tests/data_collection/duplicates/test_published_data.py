"""Public account lists: what is found among names of real companies."""

import csv
from pathlib import Path

import pytest

from data_collection.duplicates.services.search import duplicates_search
from data_collection.models import Account, DuplicatePair
from tests.shared_data import data_set

pytestmark = pytest.mark.django_db


def _load(path: Path, encoding: str) -> list[dict[str, str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as lines:
        return list(csv.DictReader(lines))


def _found() -> set[tuple[str, str]]:
    duplicates_search(kind="account")
    names = dict(Account.objects.values_list("pk", "name"))
    pairs = DuplicatePair.objects.values_list("left_id", "right_id")
    return {(names[left], names[right]) for left, right in pairs}


def test_equal_names_under_two_ids_are_found(company: object) -> None:
    """357 invented names and nothing else: three have two ids, two more are spelled in two ways."""
    rows = _load(data_set("obvience-opportunities") / "account.csv", "utf-8")
    Account.objects.bulk_create(Account(system="o", external_id=r["Account ID"], name=r["Account"]) for r in rows)
    assert {tuple(sorted(pair)) for pair in _found()} == {
        ("Groovetom", "Groovetom"),
        ("Qvodex", "Qvodex"),
        ("Dentohigh", "Dentohigh"),
        ("Dong-nix", "dongnix"),
        ("Canhouse", "can-house"),
    }


def test_names_that_say_nothing_make_no_pair(company: object) -> None:
    """423 accounts, each another; two are called “????????????????”, others differ by a number only."""
    rows = _load(data_set("salesforce-dataloader-csv") / "accountData.csv", "utf-8")
    Account.objects.bulk_create(
        Account(
            system="sf", external_id=r["ID"], name=r["NAME"], website=r["WEBSITE"], country=r["BILLINGCOUNTRY"],
            city=r["BILLINGCITY"], postal_code=r["BILLINGPOSTALCODE"][:20],
        )
        for r in rows
    )  # fmt: skip
    assert _found() == set()
