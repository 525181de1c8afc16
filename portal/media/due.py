"""Work for later, or that may need several tries: kept in the database until it is done, so it outlives every process.

Done by ``manage.py portal_worker``, never by a process that answers requests.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from audit.record import record
from media.join import BY_ORGANISER, Join
from media.models import Admission, CheckRoom, Permit, Removal
from media.tokens import shown, sources
from sfu import rooms
from sfu.client import NOT_FOUND, SfuError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from media.join import Fault

logger = logging.getLogger("conclave.portal.media")

# PostgreSQL's channel on which the worker hears that something has to be done now.
CHANNEL = "conclave_portal_due"
# The worker looks this often for what came meanwhile without a word; such work is never due sooner after it came.
LOOK = timedelta(seconds=rooms.CHECK_SECONDS / 6)
# Later than this it counts as failed.
GRACE = timedelta(seconds=15)
# What failed is tried again after this.
_AGAIN = timedelta(seconds=1)
# The SFU tells its cluster of a join a moment after it tells us: until then it may not know whom to remove.
_UNKNOWN_FOR = timedelta(seconds=3)
_SOON = timedelta(seconds=0.1)
# Of the database's locks that the application names: the rights in one room are in one worker's hand.
_LOCK = 0x7065_726D


def close_later(room: str, at: datetime) -> None:
    """Have a room closed at a time, whoever is still in it."""
    CheckRoom.objects.create(room=room, closes_at=at)


def close_now(room: str) -> None:
    """Have a room closed now and until it is done, whoever is in it."""
    with transaction.atomic():
        CheckRoom.objects.get_or_create(room=room, defaults={"closes_at": timezone.now()})
        _wake()


def remove(join: Join, fault: Fault, meeting: str) -> None:
    """Have a participant removed who must not be in the room, now and until it is done.

    Parameters
    ----------
    join:
        The connection that must not be.
    fault:
        Why, for the audit log.
    meeting:
        Id of the meeting the participant was admitted to, if any.
    """
    with transaction.atomic():
        Removal.objects.get_or_create(
            room=join.room, identity=join.identity, defaults={"fault": fault, "meeting": meeting}
        )
        _wake()


def remove_by_organiser(admission: Admission) -> None:
    """Void an admission, connected or not, and have whoever uses it removed.

    Parameters
    ----------
    admission:
        With its meeting.
    """
    now = timezone.now()
    with transaction.atomic():
        Admission.objects.filter(pk=admission.pk, removed_at=None).update(removed_at=now)
        if admission.left_at is None:
            join = Join(admission.meeting.room, admission.identity, admission.participant_sid, now)
            remove(join, BY_ORGANISER, admission.meeting_id)


def permit(admission: Admission) -> None:
    """Have the SFU told what somebody may send, and what he is, now and until it is done.

    Parameters
    ----------
    admission:
        With its meeting; its rights as they are in the database count when the SFU is told.
    """
    with transaction.atomic():
        # Not `get_or_create`: a worker that has read the former rights leaves a row with a new time for its next round.
        Permit.objects.update_or_create(
            room=admission.meeting.room, identity=admission.identity, defaults={"since": timezone.now()}
        )
        _wake()


def _wake() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


def work() -> timedelta:
    """Do what is due; return how long nothing else will be, unless the channel says so."""
    now = timezone.now()
    removals = _failed(Removal.objects.order_by("since"), _remove)
    permits = _permit()
    rooms_left = _failed(CheckRoom.objects.filter(closes_at__lte=now).order_by("closes_at"), _close)
    recent = {"since__gt": now - _UNKNOWN_FOR}
    if Removal.objects.filter(pk__in=removals, **recent).exists() or Permit.objects.filter(pk__in=permits, **recent):
        return _SOON
    if removals or permits or rooms_left:
        return _AGAIN
    following = CheckRoom.objects.order_by("closes_at").values_list("closes_at", flat=True).first()
    return LOOK if following is None else max(timedelta(0), min(LOOK, following - timezone.now()))


def overdue() -> int:
    """Return how much should have been done long ago: the worker does not run, or the SFU does not answer it."""
    limit = timezone.now() - GRACE
    late = (
        CheckRoom.objects.filter(closes_at__lt=limit),
        *(it.objects.filter(since__lt=limit) for it in (Removal, Permit)),
    )
    return sum(rows.count() for rows in late)


def _failed[Row: (CheckRoom, Removal)](due: QuerySet[Row], act: Callable[[Row], None]) -> list[int]:
    """Try each; return those that are still to be done."""
    return [pk for pk in due.values_list("pk", flat=True) if not _done(due, pk, act)]


def _done[Row: (CheckRoom, Removal)](due: QuerySet[Row], pk: int, act: Callable[[Row], None]) -> bool:
    with transaction.atomic():
        # Several hosts may have a worker: each takes what no other has in hand.
        row = due.select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return True
        try:
            act(row)
        except SfuError as error:
            logger.info("to be tried again: %s: %s", row, error)
            return False
        row.delete()
        return True


def _close(row: CheckRoom) -> None:
    rooms.close_room(row.room)


def _remove(row: Removal) -> None:
    try:
        rooms.remove(row.room, row.identity)
    except SfuError as error:
        # Later, not there to be removed is as good as removed. An SFU that is silent is not asked a second thing.
        early = timezone.now() < row.since + _UNKNOWN_FOR
        if early or str(error) != NOT_FOUND or row.identity in rooms.present(row.room):
            raise
    Admission.objects.filter(identity=row.identity, removed_at=None).update(removed_at=timezone.now())
    if row.fault != BY_ORGANISER:
        record("removed", actor="portal", meeting=row.meeting, identity=row.identity, reason=row.fault)
    logger.warning("removed a participant: %s", row.fault)


@dataclass(frozen=True)
class _Round:
    """Whose rights the SFU is told about in one room, and which of these rows it may have known for long enough."""

    rows: dict[str, Permit]
    wishes: list[rooms.Wish]

    def told(self) -> list[str]:
        """Tell the SFU, without the database; return the identities that are still to be told about."""
        failures = rooms.permit(self.wishes) if self.wishes else []
        failed = {wish.identity: error for wish, error in zip(self.wishes, failures, strict=True) if error}
        for identity, error in failed.items():
            logger.info("to be tried again: %s: %s", self.rows[identity], error)
        limit = timezone.now() - _UNKNOWN_FOR
        # Only an SFU that says it does not know them is asked who is there: one that is silent would be so once more.
        doubtful = {who for who, error in failed.items() if str(error) == NOT_FOUND and self.rows[who].since <= limit}
        if not doubtful:
            return list(failed)
        try:
            there = rooms.present(self.wishes[0].room)
        except SfuError:
            return list(failed)
        return [identity for identity in failed if identity not in doubtful or identity in there]


def _permit() -> list[int]:
    """Tell the SFU about everybody whose rights have changed; return those that are still to be done.

    All rooms side by side: a dead media host holds up those it carries. No row is locked meanwhile: nobody who changes
    rights waits for the SFU, and what he changes is told in the next round. A room is in one worker's hand at a time,
    so that what the SFU hears last is the newest.
    """
    with transaction.atomic():
        rounds = [_round(room) for room in _free(Permit.objects.order_by("since").values_list("room", flat=True))]
        if not rounds:
            return []
        with ThreadPoolExecutor(len(rounds)) as pool:
            failed = list(pool.map(_Round.told, rounds))
        left = []
        for one, identities in zip(rounds, failed, strict=True):
            for identity, row in one.rows.items():
                if identity in identities:
                    left.append(row.pk)
                else:
                    Permit.objects.filter(pk=row.pk, since=row.since).delete()
    return left


def _free(names: Iterable[str]) -> list[str]:
    """Take the rooms that no other worker has in hand, until the end of the transaction."""
    free = []
    with connection.cursor() as cursor:
        for room in dict.fromkeys(names):
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, room])
            if cursor.fetchone() == (True,):
                free.append(room)
    return free


def _round(room: str) -> _Round:
    # First the rows, then the rights: what is changed in between is told twice, and not forgotten.
    rows = {row.identity: row for row in Permit.objects.filter(room=room).order_by("since")}
    inside = Admission.objects.filter(left_at=None, removed_at=None).select_related("meeting")
    found = {who.identity: who for who in inside.filter(identity__in=rows)}
    return _Round(rows, [_wish(row, found[identity]) for identity, row in rows.items() if identity in found])


def _wish(row: Permit, admission: Admission) -> rooms.Wish:
    return rooms.Wish(row.room, row.identity, sources(admission), admission.data, shown(admission))
