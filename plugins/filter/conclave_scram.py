# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL stores of a password, so that the password itself stays off the database's host."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

ITERATIONS = 4096
SALT_BYTES = 16


def scram_verifier(password: str, role: str) -> str:
    """Return the SCRAM-SHA-256 verifier of a password (RFC 5802, section 3; RFC 7677; PostgreSQL's ``pg_authid``).

    The salt comes from password and role instead of chance: the same input gives the same file on every deployment.
    That is enough for passwords that are themselves random; it is not meant for those of people, which are refused.

    Raises
    ------
    ValueError
        When the password is shorter than 20 characters or not ASCII (then it would need SASLprep).
    """
    shortest = 20
    if len(password) < shortest or not password.isascii():
        raise ValueError(f"the password of {role} is not a random one; expected at least {shortest} ASCII characters")
    salt = hmac.digest(password.encode(), b"conclave postgresql salt " + role.encode(), "sha256")[:SALT_BYTES]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


class FilterModule:
    """Filters for templates."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by the names templates use."""
        return {"conclave_scram_verifier": scram_verifier}
