"""How often something may be tried: counted in the cache, before anything is looked at or made."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.core.cache import cache
from redis.exceptions import RedisError

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Limit:
    """At most `tries` within `window` seconds, then a lock of `window` seconds."""

    name: str
    tries: int
    window: int


@dataclass(frozen=True)
class Spent:
    """One try that was counted, so that it can be taken back."""

    limit: Limit
    key: str


def spend(*of: tuple[Limit, str]) -> list[Spent]:
    """Count one try against every limit, or against none if one of them is locked; return what was counted.

    Parameters
    ----------
    of:
        Limits, each with whom or what it counts.

    Raises
    ------
    Refusal
        429 while locked, with the seconds to wait; 503 when the cache does not answer.
    """
    tries = [Spent(limit, _key(limit, what)) for limit, what in of]
    try:
        waits = [_wait(one.key) for one in tries]
        if not any(waits):
            waits = [_count(one) for one in tries]
    except RedisError as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error
    if any(waits):
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.TOO_MANY_ATTEMPTS, retry_after=max(waits))
    return tries


def take_back(tries: Iterable[Spent]) -> None:
    """Uncount a try that was none.

    Parameters
    ----------
    tries:
        What `spend` returned.

    Raises
    ------
    Refusal
        503 when the cache does not answer.
    """
    for one in tries:
        try:
            _add(one, -1)
        except RedisError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error


def network(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 network of an IPv6 address."""
    return _network(address, 32, 64)


def neighbourhood(address: str) -> str:
    """Return what one holder may have many sources in: an IPv4 /24, or the /48 network of an IPv6 address."""
    return _network(address, 24, 48)


def _network(address: str, length4: int, length6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    length = length6 if isinstance(parsed, ipaddress.IPv6Address) else length4
    return str(ipaddress.ip_network((parsed, length), strict=False))


def _key(limit: Limit, of: str) -> str:
    """Hash, because what a stranger sends has any length, and ids are half of an invitation."""
    return f"tries:{limit.name}:{hashlib.sha256(of.encode()).hexdigest()[:32]}"


def _wait(key: str) -> int:
    """Return the seconds until the lock ends, 0 if there is none."""
    until = cache.get(f"{key}:locked")
    return max(1, round(until - time.time())) if until else 0


def _count(one: Spent) -> int:
    """Count a try; return the seconds of the lock if it was one too many."""
    if _add(one, 1) <= one.limit.tries:
        return 0
    cache.set(f"{one.key}:locked", time.time() + one.limit.window, timeout=one.limit.window)
    return one.limit.window


def _add(one: Spent, number: int) -> int:
    """Change a count, and return it.

    In one transaction: Django's own command asks whether the key is there and then counts, and a window that ends
    between the two leaves a count that never ends.
    """
    name = cache.make_key(f"{one.key}:count")
    with cache._cache.get_client(None, write=True).pipeline(transaction=True) as commands:  # type: ignore[attr-defined] # noqa: SLF001 - the one pool of connections
        commands.set(name, 0, nx=True, ex=one.limit.window)
        commands.incrby(name, number)
        return int(commands.execute()[-1])
