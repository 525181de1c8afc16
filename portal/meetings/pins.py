"""The PIN of a meeting: 8 digits, shown again to its organiser, and so encrypted rather than hashed.

Whoever has the database alone (a dump, a backup) cannot read it: the key derives from the portal's secret key (HKDF,
RFC 5869), which stands in the configuration file only. A hash would not protect 8 digits for long and could not be
shown.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

DIGITS = 8


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(secret: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"conclave portal: PIN of a meeting, 1")
    return base64.urlsafe_b64encode(key.derive(secret.encode()))


def fresh() -> str:
    """Return a new random PIN."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def seal(pin: str) -> bytes:
    """Encrypt a PIN for the database."""
    return _box().encrypt(pin.encode())


def reveal(sealed: bytes | memoryview) -> str:
    """Decrypt a PIN from the database.

    Raises
    ------
    cryptography.fernet.InvalidToken
        When the secret key was changed without keeping the earlier one as a fallback.
    """
    return _box().decrypt(bytes(sealed)).decode()


def matches(sealed: bytes | memoryview | None, given: str) -> bool:
    """Compare in constant time. Without a PIN to compare with, the same work is done for nothing."""
    expected = reveal(sealed if sealed is not None else seal(fresh()))
    return hmac.compare_digest(expected.encode(), given.encode()) and sealed is not None
