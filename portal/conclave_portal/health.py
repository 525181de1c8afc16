"""``/api/health``: whether the portal reaches the services it depends on."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import requests
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from ninja import Router, Schema, Status
from redis.exceptions import RedisError

from media.due import overdue
from sfu.client import SfuError
from sfu.rooms import ping

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("conclave.portal.health")

router = Router(tags=["health"])
State = Literal["ok", "failed"]
# The address is public: many questions must not become many questions to the services behind.
_REMEMBERED = 2
_ANSWER = "health:answer"
_one = threading.Lock()
_last: dict[str, State] = {}


class OverdueError(Exception):
    """Work is overdue."""


class HealthOut(Schema):
    """State of each service, and of the portal's worker."""

    database: State
    cache: State
    livekit: State
    identity: State
    worker: State


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    cache.set("health:probe", 1, timeout=5)


def _identity() -> None:
    config = settings.CONFIG.oidc
    address = f"{config.issuer}/.well-known/openid-configuration"
    answer = requests.get(address, timeout=5, verify=str(config.ca) if config.ca else True)
    answer.raise_for_status()


def _worker() -> None:
    if count := overdue():
        message = f"{count} rooms are overdue for closing"
        raise OverdueError(message)


PROBES: dict[str, Callable[[], None]] = {
    "database": _database,
    "cache": _cache,
    "livekit": ping,
    "identity": _identity,
    "worker": _worker,
}


def look(*names: str) -> dict[str, State]:
    """Ask the services.

    Parameters
    ----------
    names:
        Keys of `PROBES`; none means all.
    """
    found: dict[str, State] = {}
    for name in names or PROBES:
        try:
            PROBES[name]()
        except (DatabaseError, RedisError, SfuError, OverdueError, requests.RequestException) as error:
            logger.warning("%s failed: %s", name, type(error).__name__)
            found[name] = "failed"
        else:
            found[name] = "ok"
    return found


def _remembered() -> dict[str, State]:
    """Return what was found a moment ago, or look: one at a time, and who comes meanwhile gets what was found last."""
    known = _kept()
    if known is not None:
        return known
    if not _one.acquire(blocking=not _last):
        return dict(_last)
    try:
        # Somebody may have looked while this one waited.
        known = _kept() or look()
        _last.update(known)
        with suppress(RedisError):
            cache.set(_ANSWER, known, timeout=_REMEMBERED)
    finally:
        _one.release()
    return known


def _kept() -> dict[str, State] | None:
    """Return what is in the cache; without one, what this process found a moment ago is not known to be recent."""
    try:
        known: dict[str, State] | None = cache.get(_ANSWER)
    except RedisError:
        return None
    return known


@router.get("", response={200: HealthOut, 503: HealthOut}, auth=None)
def health(request: HttpRequest) -> Status[dict[str, State]]:  # noqa: ARG001 - the framework passes it
    """Report the state of each service; status 503 if one of them failed."""
    found = _remembered()
    well = all(state == "ok" for state in found.values())
    return Status(HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, found)
