"""Recipes and payloads without a database: the shipped recipes on what their tools send, and every mistake named."""

from datetime import UTC, datetime

import pytest

from data_collection.webhooks.calc.paths import Place, depth, found, text
from data_collection.webhooks.calc.reading import PayloadRefused, decoded, moment, read_payload
from data_collection.webhooks.calc.recipe import RecipeError, parse_recipe
from data_collection.webhooks.selectors import recipe_document, recipe_parsed, shipped_recipes

FIELDS = {"lead": frozenset({"name", "email"}), "contact": frozenset({"last_name"})}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", 1),
        ("b.c", "x"),
        ("b.d.1.e", 2),
        ("b.d.9.e", None),
        ("b.c.z", None),
        ("nothing", None),
        ("$.top", "t"),
        ("$", {"top": "t"}),
        ("@event", "form"),
        ("@other", None),
    ],
)
def test_paths(path: str, value: object) -> None:
    item = {"a": 1, "b": {"c": "x", "d": [{}, {"e": 2}]}}
    assert found(Place(item, {"top": "t"}, {"event": "form"}), path) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""), (True, "true"), (False, "false"), (3, "3"), (3.0, "3"), (2.5, "2.5"), (" a\0b ", "ab"),
        (["x", "", 1], "x;1"), ({"a": 1}, ""), (float("nan"), ""), (float("inf"), ""),
    ],
)  # fmt: skip
def test_values_as_text(value: object, words: str) -> None:
    assert text(value) == words


@pytest.mark.parametrize(
    ("words", "instant"),
    [
        ("2026-03-31T09:15:00+07:00", datetime(2026, 3, 31, 2, 15, tzinfo=UTC)),
        ("2026-03-31T09:15:00Z", datetime(2026, 3, 31, 9, 15, tzinfo=UTC)),
        ("2026-03-31T09:15:00", datetime(2026, 3, 31, 9, 15, tzinfo=UTC)),
        ("2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("1774948500", datetime(2026, 3, 31, 9, 15, tzinfo=UTC)),
        ("1774948500000", datetime(2026, 3, 31, 9, 15, tzinfo=UTC)),
    ],
)
def test_moments(words: str, instant: datetime) -> None:
    assert moment(words) == instant


@pytest.mark.parametrize("words", ["yesterday", "31.12.2026", "0001-01-01", "9999-12-31", "99999999999999999"])
def test_what_is_no_moment(words: str) -> None:
    with pytest.raises(PayloadRefused):
        moment(words)


def shipped(name: str, payload: object, **query: str) -> list:
    return read_payload(recipe_parsed(recipe_document(shipped_recipes()[name])), payload, query)


def test_encharge_form() -> None:
    person = {"id": 4711, "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee", "plan": "pro", "tags": "a"}
    payload = {
        "endUserData": [person],
        "eventPayload": {"formName": "Demo", "date": "2026-03-31T09:15:00Z", "page": "/x"},
    }
    [one] = shipped("encharge", payload, event="native-form-submitted-12")
    [lead] = one.people
    assert (lead.external_id, lead.email) == ("4711", "ann@example.com")
    assert lead.fields == {"name": "Ann Lee", "lead_source": "Encharge", "email": "ann@example.com"}
    assert lead.attributes == {"plan": "pro", "tags": "a"}
    assert one.event is not None and (one.event.kind, one.event.campaign) == ("form", "Demo")
    assert one.event.attributes == {"page": "/x"} and one.occurred_at == datetime(2026, 3, 31, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("email-opened", "email_open"),
        ("emailClicked", "email_click"),
        ("added-tag-hot", "tag"),
        ("webinar", "webinar"),
        ("updatedUser", None),
        ("removed-tag-hot", None),
    ],
)
def test_encharge_events(event: str, kind: str | None) -> None:
    [one] = shipped("encharge", {"endUserData": [{"email": "a@example.com"}], "eventPayload": {}}, event=event)
    assert (one.event and one.event.kind) == kind


def test_encharges_own_webhook_step_sends_a_flat_person() -> None:
    [one] = shipped("encharge", {"email": "a@example.com", "firstName": "Ann", "lastName": None})
    assert one.people[0].fields["name"] == "Ann" and one.event is None


def test_hubspot_workflow_with_properties_and_with_chosen_fields() -> None:
    classic = {
        "vid": 33,
        "properties": {"email": {"value": "ann@example.com"}, "lifecyclestage": {"value": "marketingqualifiedlead"}},
    }
    chosen = {"hs_object_id": 33, "email": "ann@example.com", "lifecyclestage": "marketingqualifiedlead"}
    for payload in (classic, chosen):
        [one] = shipped("hubspot_workflow", payload)
        assert one.people[0].external_id == "33" and one.people[0].fields["status"] == "mql"
    [one] = shipped("hubspot_workflow", chosen | {"event_kind": "form", "plan": "pro"})
    assert one.event is not None and one.event.kind == "form"
    assert one.people[0].attributes == {"plan": "pro"}


def test_generic_batch() -> None:
    two = shipped(
        "generic", [{"type": "visit", "person": {"id": 1}}, {"person": {"email": "b@example.com", "vip": True}}]
    )
    assert [one.number for one in two] == [0, 1]
    assert two[0].event is not None and two[1].event is None
    assert two[1].people[0].attributes == {"vip": "true"}


def test_a_field_the_payload_leaves_out_is_not_emptied() -> None:
    [one] = shipped("generic", {"person": {"id": 1, "title": None}})
    assert one.people[0].fields == {"title": ""}


def test_items_left_out() -> None:
    recipe = recipe_parsed({"only": {"type": ["lead"]}, "lead": {"email": "email"}})
    payload = [{"type": "LEAD", "email": "a@x.example"}, {"type": "other"}]
    assert [one.number for one in read_payload(recipe, payload, {})] == [0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "deeper than 30"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_bodies_that_cannot_be_read(body: bytes, words: str) -> None:
    with pytest.raises(PayloadRefused, match=words):
        decoded(body, "application/json")


def test_a_form_is_read() -> None:
    assert decoded(b"email=a%40x.example&name=", "application/x-www-form-urlencoded") == {
        "email": "a@x.example",
        "name": "",
    }


@pytest.mark.parametrize(
    ("payload", "words"),
    [({}, "names nobody"), ([{"person": {"id": 1}}, {"person": {}}], "Item 2"), ("text", "names nobody")],
)
def test_payloads_that_name_nobody(payload: object, words: str) -> None:
    with pytest.raises(PayloadRefused, match=words):
        shipped("generic", payload)


def test_too_many_items() -> None:
    with pytest.raises(PayloadRefused, match="1000 items"):
        shipped("generic", [{"person": {"id": n}} for n in range(1001)])


def test_depth_of_a_long_chain_is_found_quickly() -> None:
    value: object = 1
    for _level in range(10_000):
        value = [value]
    assert depth(value) > 30


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "document of names"),
        ({}, "needs a lead or a contact"),
        ({"lead": {}}, "external_id or email"),
        ({"lead": {"email": "e"}, "colour": 1}, "“colour” is not a word here"),
        ({"lead": {"email": "e", "fields": {"shoe": "x"}}}, "no field “shoe”"),
        ({"lead": {"email": "a..b"}}, "“a..b” is no path"),
        ({"lead": {"email": {"path": "a", "constant": "b"}}}, "exactly one of"),
        ({"lead": {"email": {"values": {}}}}, "exactly one of"),
        ({"lead": {"email": "e", "create": "yes"}}, "true or false"),
        ({"lead": {"email": "e"}, "event": {}}, "where its kind"),
        ({"lead": {"email": ["e", {}]}}, "Write a text"),
        ({"lead": {"email": "e"}, "only": ["x"]}, "names with values"),
    ],
)
def test_mistakes_of_a_recipe_are_named(document: object, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        parse_recipe(document, fields=FIELDS)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(RecipeError) as wrong:
        parse_recipe({"lead": {"email": "a..b", "fields": {"shoe": "x"}}, "colour": 1}, fields=FIELDS)
    assert len(wrong.value.problems) == 3


@pytest.mark.parametrize("document", ["a: [", "- 1", "&a [*a]", "a: !!python/object/apply:os.system [x]", "\t"])
def test_texts_that_are_no_recipe(document: str) -> None:
    with pytest.raises(RecipeError):
        recipe_document(document)


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_have_no_mistake(name: str) -> None:
    assert recipe_document(shipped_recipes()[name])["title"]
