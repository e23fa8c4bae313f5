"""Encryption of secrets at rest: what the database holds is useless without the key, which is not in it.

Fernet (AES-128-CBC with HMAC-SHA256). `ENCRYPTION_KEYS` lists keys, the first encrypts, the others still decrypt:
put a new one in front, run `manage.py rotate_secrets`, drop the old one. Unset: a key derived from SECRET_KEY.
"""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """The secret was encrypted with a key that is no longer known; it has to be entered again."""


def encrypt(text: str) -> str:
    return _cipher(tuple(settings.ENCRYPTION_KEYS), settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """
    Raises:
        Unreadable: no known key fits.
    """
    try:
        return _cipher(tuple(settings.ENCRYPTION_KEYS), settings.SECRET_KEY).decrypt(token.encode()).decode()
    except InvalidToken:
        raise Unreadable("The key this secret was encrypted with is not known any more; enter the secret again.") from (
            None
        )


def rotate(token: str) -> str:
    """The same secret under the first key."""
    return encrypt(decrypt(token))


@cache
def _cipher(keys: tuple[str, ...], secret: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys or (secret,)])


def _derived(key: str) -> bytes:
    """A Fernet key from a text of any length (HKDF, RFC 5869)."""
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"salesops secrets at rest")
    return base64.urlsafe_b64encode(hkdf.derive(key.encode()))
