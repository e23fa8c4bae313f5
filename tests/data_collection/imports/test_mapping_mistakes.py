"""Mistakes in a mapping are named with their place by the command, which ends with 2 and writes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from data_collection.imports.models import ImportBatch
from data_collection.imports.selectors import mapping_document, mapping_parsed
from data_collection.models import Opportunity

pytestmark = pytest.mark.django_db


def refused(folder: Callable[..., Path], text: str, name: str = "m.yaml") -> str:
    place = folder(deals="id,stage,amount\n1,Open,5\n")
    (place / name).write_text(text)
    with pytest.raises(CommandError) as wrong:
        call_command("import_crm", str(place), "--mapping", str(place / name))
    assert wrong.value.returncode == 2
    assert not ImportBatch.objects.exists() and not Opportunity.objects.exists()
    return str(wrong.value)


def mapping(fields: str) -> str:
    known = {"external_id": "id", "name": "id", "stage": "stage"}
    own = fields.split(":", 1)[0].strip()
    others = "".join(f"          {k}: {v}\n" for k, v in known.items() if k != own)
    return (
        "system: t\nfiles:\n  - file: deals.csv\n    tables:\n      - table: opportunity\n        fields:\n"
        f"{others}          {fields}\n"
    )


PLACE = "files[0].tables[0].fields."


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ('name: {template: "{id"}', "name.template: “{id” has a brace without its partner"),
        ('name: {template: "id}"}', "name.template: “id}” has a brace without its partner"),
        ('name: {template: "{id:>5}"}', "name.template: “{id:>5}”: write each column as {column}, its name only."),
        ('name: {template: "{}"}', "name.template: “{}”: write each column as {column}, its name only."),
        ("stage: {column: stage, within: {pipelin: maven}}", "stage.within: unknown: “pipelin”. Did you mean “pipel"),
        ("stage: {column: stage, within: {rank: first}}", "stage.within.rank: “first” is not a"),
        ("amount: {column: amount, within: {pipeline: x}}", "amount.within: works only in a reference."),
        ('amount: {column: amount, multiply: "٣"}', "amount.multiply: “٣” is no positive number."),
        ('amount: {column: amount, multiply: "²"}', "amount.multiply: “²” is no positive number."),
        ('amount: {column: amount, multiply: "1.2.3"}', "amount.multiply: “1.2.3” is no positive number."),
        ("amount: {column: amount, multiply: 0}", "amount.multiply: “0” is no positive number."),
        ("amount: {column: amount, multiply: .inf}", "amount.multiply: “inf” is no positive number."),
        ("amount: null", "amount: expected the name of a column; nothing is named."),
        ("amount: [a, b]", "amount: expected the name of a column; nothing is named."),
        ("amount: {column: amount, default: abc}", "amount.default: “abc” is not a number; amount needs one."),
        ("amount: {constant: abc}", "amount.constant: “abc” is not a number; amount needs one."),
        ("amount: {column: amount, values: {x: null}}", "amount.values.x: expected a text or number."),
        ("amount: {column: amount, missing: [a]}", "amount.missing: write “reject” or “empty”."),
        ("close_date: {column: id, default: 31.12.2026}", "close_date.default: “31.12.2026” is no date"),
        ("close_date: {column: id, default: 9999-12-31}", "is not between 1900-01-01 and 2199-12-31"),
        ("status: {column: id, default: done}", "status.default: “done” is none of: open, won, lost"),
        ("currency: {constant: EURO}", "currency.constant: “EURO” is not a currency code"),
    ],
)
def test_a_mistake_is_named_with_its_place(folder: Callable[..., Path], field: str, words: str) -> None:
    said = refused(folder, mapping(field))
    assert said.startswith("The mapping can't be used:\n")
    assert words in said
    assert PLACE in said


def test_a_name_given_twice_is_no_mapping(folder: Callable[..., Path]) -> None:
    said = refused(folder, mapping("amount: amount\n          amount: id"))
    assert "m.yaml: “amount” is given twice, in lines 10 and 11; keep one." in said
    said = refused(folder, '{"system": "a", "system": "b", "files": []}', "m.json")
    assert "m.json: “system” is given twice; keep one." in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("system: &a [*a]\n", "is no valid YAML or JSON"),
        ("? [a, b]\n: c\n", "is no valid YAML or JSON"),
        ('system: "a\\0b"\n', "mapping.system: holds a sign no text can hold."),
    ],
)
def test_a_document_that_is_none(folder: Callable[..., Path], text: str, words: str) -> None:
    assert words in refused(folder, text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("multiply", 0.000001), ("multiply", "1000"), ("multiply", 1.5), ("default", "1,234.50"), ("default", -3)],
)
def test_what_is_right_stays_right(field: str, value: object) -> None:
    amount = {"column": "a", field: value}
    fields = {"external_id": "id", "name": "id", "stage": "s", "amount": amount}
    document = {"system": "t", "files": [{"file": "a.csv", "tables": [{"table": "opportunity", "fields": fields}]}]}
    assert mapping_parsed(document, name="t").files


# --- the place to import -----------------------------------------------------------------------
@pytest.mark.parametrize("place", ["", "  "])
def test_an_empty_place_is_not_the_current_folder(place: str) -> None:
    with pytest.raises(CommandError, match="the name given is empty") as wrong:
        call_command("import_crm", place, "--mapping", "native")
    assert wrong.value.returncode == 2


def test_a_file_the_mapping_has_no_use_for_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    with pytest.raises(CommandError) as wrong:
        call_command("import_crm", str(path), "--mapping", "maven_crm")
    assert wrong.value.returncode == 2
    assert str(wrong.value).startswith("The mapping “maven_crm” has no use for hosts. It reads: ")
    assert "accounts.csv" in str(wrong.value)
    assert not ImportBatch.objects.exists()
    assert mapping_parsed(mapping_document("native"), name="native").takes_any(["REP.csv.gz"])
