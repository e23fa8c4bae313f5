"""Near names are proposed, other ids never."""

import pytest

from data_collection.imports.calc.resemblance import ACCEPT, best, confidence


@pytest.mark.parametrize(
    ("value", "known"),
    [("GTXPro", "GTX Pro"), ("gtx-pro", "GTX Pro"), ("José Niño", "Jose Nino"), ("Smith, Anna", "Anna Smith")],
)
def test_spelling_variants_are_sure(value: str, known: str) -> None:
    assert confidence(value, known) >= 0.95


@pytest.mark.parametrize(
    ("value", "known"), [("ACC-12", "ACC-13"), ("GTX 500", "GTX 550"), ("Q1 plan", "Q2 plan"), ("", "GTX Pro")]
)
def test_other_numbers_are_other_things(value: str, known: str) -> None:
    assert confidence(value, known) == 0


def test_a_typo_is_proposed_and_a_stranger_is_not() -> None:
    names = [("anna", "Anna Snelling"), ("boris", "Boris Faz")]
    found = best("Ana Snelling", names)
    assert found is not None and found.target == "anna" and found.confidence >= ACCEPT
    assert best("Wilma Kessler", names) is None


def test_two_names_equally_near_are_not_clear() -> None:
    found = best("GTX Pr", [("a", "GTX Pro"), ("b", "GTX Pre")])
    assert found is not None and not found.clear


def test_an_id_must_have_the_same_signs() -> None:
    assert best("1C1I7A6S", [("1C1I7A6R", "1C1I7A6R")], ids=True) is None
    assert best("acc 0012", [("ACC-0012", "ACC-0012")], ids=True) is not None
