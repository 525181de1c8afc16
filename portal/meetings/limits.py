"""How often something may be tried: counted in the cache, before anything is looked at or made."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass
from http import HTTPStatus

from django.core.cache import cache
from redis.exceptions import RedisError

from conclave_portal.errors import Refusal


@dataclass(frozen=True)
class Limit:
    """At most `tries` within `window` seconds, then a lock of `window` seconds."""

    name: str
    tries: int
    window: int


# Eight digits and 10 tries in 15 minutes: one chance in 300 after a year of trying without a pause.
MEETING = Limit("meeting", tries=10, window=15 * 60)
# Wider, as a whole office may stand behind one address.
ADDRESS = Limit("address", tries=30, window=15 * 60)


class Attempt:
    """One try at a PIN. It is counted at once, and taken back if the PIN was right.

    Counting first means that many tries at the same moment cannot slip past the limit. Ids that do not exist are
    counted just like those that do.

    Parameters
    ----------
    meeting:
        The id as it was asked for.
    address:
        Where the request comes from; of an IPv6 address its /64 network counts.

    Raises
    ------
    Refusal
        429 while locked, with the seconds to wait; 503 when the cache does not answer.
    """

    def __init__(self, meeting: str, address: str) -> None:
        self._keys = spend((MEETING, meeting), (ADDRESS, network(address)))

    def succeeded(self) -> None:
        """Take the try back."""
        for key in self._keys:
            try:
                cache.decr(f"{key}:count")
            except ValueError:
                # The window ended meanwhile: nothing to take back.
                continue
            except RedisError as error:
                raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable") from error


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
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable") from error
    if any(waits):
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_attempts", retry_after=max(waits))
    return [key for _limit, key in keys]


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
