"""What is to be done later, kept in the database until it is done, so that it outlives every process.

Done by ``manage.py portal_worker``, never by a process that answers requests.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from media.models import CheckRoom
from sfu import rooms
from sfu.client import SfuError

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger("conclave.portal.media")

# What was not done is tried again after this.
_AGAIN = timedelta(seconds=1)
# The worker looks this often for what came meanwhile; nothing is ever due sooner after it came.
LOOK = timedelta(seconds=rooms.CHECK_SECONDS / 6)
# Later than this it counts as failed.
GRACE = timedelta(seconds=15)


def close_later(room: str, at: datetime) -> None:
    """Have a room closed at a time, whoever is still in it."""
    CheckRoom.objects.create(room=room, closes_at=at)


def work() -> timedelta:
    """Do what is due; return how long nothing else will be."""
    due = CheckRoom.objects.filter(closes_at__lte=timezone.now()).order_by("closes_at").values_list("pk", flat=True)
    failed = [pk for pk in due if not _closed(pk)]
    if failed:
        return _AGAIN
    following = CheckRoom.objects.order_by("closes_at").values_list("closes_at", flat=True).first()
    return LOOK if following is None else max(timedelta(0), min(LOOK, following - timezone.now()))


def overdue() -> int:
    """Return how much should have been done long ago: the worker does not run, or the SFU does not answer it."""
    return CheckRoom.objects.filter(closes_at__lt=timezone.now() - GRACE).count()


def _closed(pk: int) -> bool:
    with transaction.atomic():
        # Several hosts may have a worker: each takes what no other has in hand.
        row = CheckRoom.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return True
        try:
            rooms.close_room(row.room)
        except SfuError as error:
            logger.warning("a room for checking a connection could not be closed: %s", error)
            return False
        row.delete()
        return True
