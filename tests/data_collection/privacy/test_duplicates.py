"""Somebody who was erased is no longer offered as a duplicate, at once."""

import pytest

from data_collection.duplicates.services.search import search_all
from data_collection.models import DuplicateGroup, DuplicatePair, MatchKey
from data_collection.privacy.selectors import person_of
from data_collection.privacy.services import person_erase
from salesops.models import User
from tests.builders import make_contact

pytestmark = pytest.mark.django_db


def test_an_erased_person_leaves_the_list_of_duplicates(analyst: User) -> None:
    first, _second = (make_contact(first_name="Zoë", last_name="Quill", email="zoe@acme.test") for _ in range(2))
    search_all()
    assert DuplicateGroup.objects.count() == 1
    person = person_of("contact", first.pk)
    assert person is not None
    person_erase(person=person, reason="asked", user=analyst)
    assert not DuplicateGroup.objects.exists()
    assert not DuplicatePair.objects.filter(state=DuplicatePair.State.OPEN).exists()
    assert not MatchKey.objects.filter(row_id=first.pk, kind="contact").exists()
