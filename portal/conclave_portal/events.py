"""That something has changed, told to whoever follows it in any process: over the cache, without content."""

from __future__ import annotations

import logging
from functools import partial

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger("conclave.portal.events")


def room_channel(room: str) -> str:
    """Return the channel of what organisers see; by the room, as a meeting's id is half of an invitation."""
    return cache.make_key(f"room:{room}")


def place_channel(place: int) -> str:
    """Return the channel of one person who waits."""
    return cache.make_key(f"place:{place}")


def tell(*channels: str) -> None:
    """Tell the followers of these channels once the database has what changed.

    One that hears nothing looks by itself after a few seconds.
    """
    transaction.on_commit(partial(_publish, channels))


def _publish(channels: tuple[str, ...]) -> None:
    try:
        with cache._cache.get_client(None, write=True).pipeline(transaction=False) as commands:  # type: ignore[attr-defined] # noqa: SLF001 - the one pool of connections
            for channel in channels:
                commands.publish(channel, "")
            commands.execute()
    except RedisError as error:
        logger.warning("the cache takes no events: %s", type(error).__name__)
