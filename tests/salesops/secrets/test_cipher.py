"""Secrets: closed until asked, unreadable without the key, the same under a new key."""

import json
from typing import Any

import pytest

from salesops.secrets.cipher import Unreadable, decrypt, encrypt, rotate
from salesops.secrets.fields import Secret, SecretField


def test_the_text_comes_back_and_the_ciphertext_does_not_hold_it(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["first"]
    token = encrypt("pat-na1-ÄÖ")
    assert "pat" not in token
    assert decrypt(token) == "pat-na1-ÄÖ"
    assert encrypt("pat-na1-ÄÖ") != token  # equal secrets cannot be told from each other


def test_an_older_key_still_decrypts_and_rotation_makes_it_needless(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    token = encrypt("secret")
    settings.ENCRYPTION_KEYS = ["new", "old"]
    rotated = rotate(token)
    settings.ENCRYPTION_KEYS = ["new"]
    assert decrypt(rotated) == "secret"
    with pytest.raises(Unreadable, match="enter the secret again"):
        decrypt(token)


def test_without_keys_the_secret_key_is_used(settings: Any) -> None:
    settings.ENCRYPTION_KEYS, settings.SECRET_KEY = [], "a"
    token = encrypt("x")
    settings.SECRET_KEY = "b"
    with pytest.raises(Unreadable):
        decrypt(token)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret.of("hunter2-long")
    for shown in (str(secret), repr(secret), f"{secret}"):
        assert "hunter2" not in shown
        assert secret.token not in shown
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == "hunter2-long"
    assert secret
    assert not Secret.of("")


def test_the_field_writes_ciphertext_only() -> None:
    field = SecretField()
    assert "hunter2" not in field.get_prep_value("hunter2")
    assert field.get_prep_value("") == ""
    assert field.from_db_value(field.get_prep_value("hunter2"), None, None).reveal() == "hunter2"


def test_the_way_from_a_derived_key_to_a_listed_one(settings: Any) -> None:
    settings.ENCRYPTION_KEYS, settings.SECRET_KEY = [], "the old secret key"
    token = encrypt("x")
    settings.ENCRYPTION_KEYS, settings.SECRET_KEY = ["new", "the old secret key"], "another"
    assert decrypt(token) == "x"
