"""A mapping is read whole or refused with every mistake named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_collection.imports.calc.expressions import literal
from data_collection.imports.calc.mapping import MappingError, parse_mapping
from data_collection.imports.calc.native import native_reference
from data_collection.imports.selectors import SHIPPED, mapping_document, mapping_parsed
from data_collection.imports.targets import TARGETS, tables

pytestmark = pytest.mark.django_db


def problems(document: object) -> list[str]:
    with pytest.raises(MappingError) as caught:
        parse_mapping(document, name="test", tables=tables())
    return caught.value.problems


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_shipped_mappings_are_valid(name: str) -> None:
    assert mapping_parsed(mapping_document(name), name=name).files


def test_every_mistake_is_named_with_its_place() -> None:
    found = problems(
        {
            "system": "x",
            "formats": {"date": "yy", "decimal": ";"},
            "files": [
                {
                    "file": "a.csv",
                    "tables": [{"table": "acount", "fields": {}}, {"table": "account", "fields": {"nmae": "Name"}}],
                },
                {
                    "tables": [
                        {"table": "product", "fields": {"code": {"colum": "x"}, "name": {"column": "y", "by": "code"}}}
                    ]
                },
            ],
        }
    )
    text = "\n".join(found)
    assert "formats.date: “yy” is none of" in text
    assert "formats.decimal: write “.”, “,” or “auto”." in text
    assert "files[0].tables[0].table: unknown: “acount”. Did you mean “account”?" in text
    assert "files[0].tables[1].fields.nmae: unknown: “nmae”. Did you mean “name”?" in text
    assert "files[0].tables[1].fields: “external_id” is required for account" in text
    assert "files[1].file: name the file" in text
    assert "fields.code: unknown: “colum”. Did you mean “column”?" in text
    assert "fields.name.by: “code” does not work here; use it only in a reference." in text


def test_a_mapping_that_is_no_mapping() -> None:
    assert problems(["a"])[0] == "mapping: expected names with values."
    assert "files: name at least one file." in problems({"system": "x"})


@pytest.mark.parametrize(
    ("signs", "fine"),
    [
        (";", True),
        (",!", True),
        ("\t|", True),
        ("", True),
        (",,", False),
        ("a", False),
        ("1", False),
        ('"', False),
        (" ", False),
        (5, False),
    ],
)
def test_a_separator_is_one_sign_or_several(signs: object, fine: bool) -> None:
    target = {"table": "rep", "fields": {"code": "a", "name": "b"}}
    document = {"system": "x", "files": [{"file": "a.csv", "separator": signs or None, "tables": [target]}]}
    if fine:
        assert parse_mapping(document, name="test", tables=tables()).files[0].separator == (signs or None)
    else:
        assert "files[0].separator: write" in problems(document)[0]


def test_tables_come_after_what_they_refer_to() -> None:
    seen: set[str] = set()
    for table in tables().values():
        assert table.depends_on <= seen
        seen.add(table.name)
    assert seen <= set(TARGETS)


def test_the_guide_lists_the_native_fields_as_they_are() -> None:
    guide = (SHIPPED.parents[2] / "docs/guide/import.md").read_text()
    assert native_reference(tables()).strip() in guide, "Run scripts/import_guide.py"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_a_literal_is_the_text(text: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {literal(text)}")
        assert cursor.fetchone()[0] == text
