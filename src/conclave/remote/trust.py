"""Accepts the keys of hosts after somebody has compared them; never silently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave.remote.errors import UnknownKeyError
from conclave.remote.options import options
from conclave.remote.transport import CONNECT_SECONDS, judge, shown

if TYPE_CHECKING:
    from conclave.remote.known_hosts import HostKey
    from conclave.remote.login import Login


@dataclass(frozen=True)
class Offered:
    """The key a host shows, and whether it is accepted already."""

    login: Login
    key: HostKey
    known: bool


def offered(login: Login, seconds: float = CONNECT_SECONDS) -> Offered:
    """Ask a host for its key, without signing in.

    Raises
    ------
    UnreachableError
        When it does not answer.
    WrongKeyError
        When it shows another key than the accepted one.
    """
    key = shown(login, seconds)
    try:
        judge(login, options(login), key)
    except UnknownKeyError:
        return Offered(login, key, known=False)
    return Offered(login, key, known=True)


def accept(offer: Offered) -> None:
    """Remember a host's key where ssh looks for it first."""
    found = options(offer.login)
    file = found.known_hosts[0]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("a", encoding="utf-8") as known:
        known.write(offer.key.line(found.key_name))
