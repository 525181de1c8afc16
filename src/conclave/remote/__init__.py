"""The one way to a host: who signs in where, a connection, an answer, and many hosts side by side.

It knows hosts only as logins. What a site is, and what is asked of its hosts, is its users' business.
"""

from __future__ import annotations

from conclave.remote.answer import Answer
from conclave.remote.connection import COMMAND_SECONDS, Connection, Stream
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
from conclave.remote.transport import CONNECT_SECONDS

__all__ = [
    "COMMAND_SECONDS",
    "CONNECT_SECONDS",
    "Answer",
    "BecomeError",
    "Connection",
    "DeadlineError",
    "HostKey",
    "Login",
    "LostError",
    "RefusedError",
    "RemoteError",
    "Stream",
    "UnknownKeyError",
    "UnreachableError",
    "WrongKeyError",
    "together",
]
