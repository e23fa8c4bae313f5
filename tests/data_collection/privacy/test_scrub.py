import pytest

from data_collection.privacy.calc.scrub import Texts, names_of, record_emptied, replaced_in_json

TEXTS = Texts.of({"ann.lee@acme.test", *names_of("Ann", "Leeson")}, {"+66 2 999 8877"}, "X")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Call Ann Leeson", "Call X"),
        ("to ANN.LEE@ACME.TEST, cc", "to X, cc"),
        ("Leeson, Ann rang 66-2 (999) 8877.", "X rang X."),
        ("Joann Leesons", "Joann Leesons"),
        ("Ann alone, or Leeson alone", "Ann alone, or Leeson alone"),
    ],
)
def test_replaced(text: str, left: str) -> None:
    assert TEXTS.replaced(text) == left


def test_json_keeps_its_shape() -> None:
    document = {"note": "Ann Leeson", "deep": [{"a": 1, "b": ["x", "ann.lee@acme.test"]}]}
    assert replaced_in_json(document, TEXTS) == {"note": "X", "deep": [{"a": 1, "b": ["x", "X"]}]}


def test_only_the_record_that_names_the_person_is_emptied() -> None:
    document = [
        {"email": "ann.lee@acme.test", "title": "Boss", "age": 50},
        {"email": "other@acme.test", "title": "Clerk"},
    ]
    assert record_emptied(document, TEXTS) == [
        {"email": "", "title": "", "age": None},
        {"email": "other@acme.test", "title": "Clerk"},
    ]
    assert record_emptied(["Boss", "ann.lee@acme.test"], TEXTS) == ["", ""]
