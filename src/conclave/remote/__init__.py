"""The one way to a host: who signs in where, a connection, an answer, and many hosts side by side.

It knows hosts only as logins. What a site is, and what is asked of its hosts, is its users' business. Connections are
in `conclave.remote.connection`: the library that speaks the protocol takes a while to load, and many commands reach
no host.
"""

from __future__ import annotations

from conclave.remote.answer import Answer
from conclave.remote.errors import (
    BecomeError,
    DeadlineError,
    LostError,
    RefusedError,
    RemoteError,
    UnknownKeyError,
    UnreachableError,
    WrongKeyError,
)
from conclave.remote.known_hosts import HostKey
from conclave.remote.login import Login
from conclave.remote.parallel import together

__all__ = [
    "Answer",
    "BecomeError",
    "DeadlineError",
    "HostKey",
    "Login",
    "LostError",
    "RefusedError",
    "RemoteError",
    "UnknownKeyError",
    "UnreachableError",
    "WrongKeyError",
    "together",
]
