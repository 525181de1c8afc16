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


def spend(*of: tuple[Limit, str]) -> list[str]:
    """Count one try against every limit, or against none if one of them is locked; return the keys counted under.

    Parameters
    ----------
    of:
        Limits, each with whom or what it counts.

    Raises
    ------
    Refusal
        429 while locked, with the seconds to wait; 503 when the cache does not answer.
    """
    keys = [(limit, _key(limit, what)) for limit, what in of]
    try:
        waits = [_wait(key) for _limit, key in keys]
        if not any(waits):
            waits = [_count(limit, key) for limit, key in keys]
    except RedisError as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error
    if any(waits):
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.TOO_MANY_ATTEMPTS, retry_after=max(waits))
    return [key for _limit, key in keys]


def take_back(keys: Iterable[str]) -> None:
    """Uncount a try that was none.

    Parameters
    ----------
    keys:
        What `spend` returned.

    Raises
    ------
    Refusal
        503 when the cache does not answer.
    """
    for key in keys:
        try:
            cache.decr(f"{key}:count")
        except ValueError:
            # The window ended meanwhile: nothing to take back.
            continue
        except RedisError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error


def _key(limit: Limit, of: str) -> str:
    """Hash, because what a stranger sends has any length, and ids are half of an invitation."""
    return f"tries:{limit.name}:{hashlib.sha256(of.encode()).hexdigest()[:32]}"


def network(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _wait(key: str) -> int:
    """Return the seconds until the lock ends, 0 if there is none."""
    until = cache.get(f"{key}:locked")
    return max(1, round(until - time.time())) if until else 0


def _count(limit: Limit, key: str) -> int:
    """Count a try; return the seconds of the lock if it was one too many."""
    cache.add(f"{key}:count", 0, timeout=limit.window)
    try:
        tries = cache.incr(f"{key}:count")
    except ValueError:
        # The window ended between the two commands.
        cache.set(f"{key}:count", 1, timeout=limit.window)
        tries = 1
    if tries <= limit.tries:
        return 0
    cache.set(f"{key}:locked", time.time() + limit.window, timeout=limit.window)
    return limit.window
