"""Forms of names, numbers and addresses, and the worked table of docs/algorithms/duplicates.md."""

import pytest

from data_collection.duplicates.calc.companies import company_name
from data_collection.duplicates.calc.groups import groups_of
from data_collection.duplicates.calc.people import person_name
from data_collection.duplicates.calc.reachable import domain_key, email_key, phone_key
from data_collection.duplicates.calc.records import Record
from data_collection.duplicates.calc.scoring import compare


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The Smith & Sons Mfg. Co., Ltd.", "smith sons manufacturing"),
        ("Müller GmbH & Co. KG", "muller"),
        ("Grupo Bimbo S.A.B. de C.V.", "grupo bimbo"),
        ("Foo Sp. z o.o.", "foo"),
        ("AB Volvo (publ)", "volvo"),
        ("PT Astra Intl Tbk", "astra international"),
        ("Acme UK Ltd", "acme uk"),
        ("บริษัท สยามเทค จำกัด (มหาชน)", "สยามเทค"),
        ("บมจ. สยาม เทค", "สยามเทค"),
        ("株式会社トヨタ", "トヨタ"),
        ("Co", "co"),
    ],
)
def test_companies(text: str, form: str) -> None:
    assert company_name(text) == form


def test_thai_tone_marks_do_not_matter() -> None:
    assert company_name("หจก.รุ่งเรือง การค้า") == company_name("รุงเรืองการคา")


@pytest.mark.parametrize(
    ("parts", "form"),
    [
        (("Dr. Séan", "O'Brien"), "obrien sean"),
        (("SMITH", "Mr John"), "john smith"),
        (("นายสมชาย", "ใจดี"), "สมชาย ใจดี"),
        (("คุณากร", "ดี"), "คุณากร ดี"),
        (("น.ส. มาลี", "สุขใจ"), "มาลี สุขใจ"),
    ],
)
def test_people(parts: tuple[str, str], form: str) -> None:
    assert person_name(*parts) == form


@pytest.mark.parametrize(
    ("text", "country", "form"),
    [
        ("02-123-4567", "Thailand", "+6621234567"),
        ("+66 2 123 4567", "", "+6621234567"),
        ("(415) 555-2671 ext 12", "USA", "+14155552671"),
        ("0212-345 67", "", "~21234567"),
        ("call me", "", ""),
    ],
)
def test_phones(text: str, country: str, form: str) -> None:
    assert phone_key(text, country) == form


def test_addresses() -> None:
    assert email_key(" A.Lee+x@GoogleMail.com ") == "alee@gmail.com"
    assert email_key("a.lee+x@acme.com") == "a.lee@acme.com"
    assert email_key("not an address") == ""
    assert domain_key("https://www.shop.acme.co.th/x") == "acme.co.th"
    assert domain_key("bob@gmail.com") == domain_key("localhost") == ""


@pytest.mark.parametrize(
    ("kind", "left", "right", "score"),
    [
        (
            "account",
            Record(name="acme logistics", domain="acme.com", place="|leeds", country="GB"),
            Record(name="acme logistics", domain="acme.com", place="|york", country="GB"),
            0.924,
        ),
        (
            "account",
            Record(name="sunrise cafe", place="|boston", country="US"),
            Record(name="sunrise cafe", place="|denver", country="US"),
            0.378,
        ),
        (
            "contact",
            Record(name="john smith", company="acme", email="john.smith@acme.com", domain="acme.com"),
            Record(name="jon smith", company="acme"),
            0.182,
        ),
        ("lead", Record(name="ann lee", email="ann@gmail.com"), Record(name="ann lee", email="ann@gmail.com"), 0.998),
    ],
)
def test_scores_of_the_worked_table(kind: str, left: Record, right: Record, score: float) -> None:
    assert compare(kind, left, right).value == pytest.approx(score, abs=5e-4)
    assert compare(kind, right, left).value == pytest.approx(score, abs=5e-4)


def test_a_missing_field_is_neutral_and_a_differing_one_counts_against() -> None:
    name = Record(name="borealis paper")
    alone = compare("account", name, name).value
    assert compare("account", name, Record(name="borealis paper", phone="+3581234567")).value == alone
    other = compare("account", Record(name=name.name, phone="+3581234567"), Record(name=name.name, phone="+3587654321"))
    assert other.value < alone


def test_a_name_that_many_rows_have_says_less() -> None:
    rare = compare("contact", Record(name="john smith"), Record(name="john smith"))
    common = compare("contact", Record(name="john smith", namesakes=200), Record(name="john smith", namesakes=200))
    assert common.evidence[0].weight == 0 < rare.evidence[0].weight


def test_groups_hang_together_by_pairs() -> None:
    assert groups_of([(5, 2), (7, 8), (2, 9)]) == [[2, 5, 9], [7, 8]]
