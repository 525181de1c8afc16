"""The allow list enforced: LiveKit does not revoke tokens, so the portal judges each join after the fact.

Measured with 1.13.5: a token is accepted up to a minute after its end, and a participant who was removed may use it
again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from audit.record import record
from conclave_portal.events import room_channel, tell
from media import checks, due
from media.join import Join, entered
from media.models import Admission
from sfu import rooms

if TYPE_CHECKING:
    from livekit.protocol.webhook import WebhookEvent

    from media.join import Fault


def judge(join: Join, admission: Admission | None) -> Fault | None:
    """Say what is wrong with a join, or None if it is the one the portal allowed."""
    if admission is None:
        return "stranger"
    if admission.meeting.room != join.room:
        return "wrong room"
    if admission.removed_at or (admission.participant_sid and admission.participant_sid != join.sid):
        return "second use"
    if not admission.participant_sid and join.at > admission.expires_at:
        return "too late"
    return None


def handle(event: WebhookEvent) -> None:
    """Act on a verified message of the SFU."""
    match event.event:
        case "participant_joined":
            _joined(_join(event))
        case "participant_left" | "participant_connection_aborted":
            _left(_join(event))
        case "room_finished":
            now = timezone.now()
            Admission.objects.filter(meeting__room=event.room.name, joined_at__isnull=False, left_at=None).update(
                left_at=now, source=""
            )
            tell(room_channel(event.room.name))


def _join(event: WebhookEvent) -> Join:
    at = datetime.fromtimestamp(event.created_at, tz=UTC) if event.created_at else timezone.now()
    return Join(room=event.room.name, identity=event.participant.identity, sid=event.participant.sid, at=at)


def _joined(join: Join) -> None:
    if join.room.startswith(rooms.CHECK):
        if fault := checks.judge(join):
            due.remove(join, fault, "")
        return
    with transaction.atomic():
        # The row is locked: two connections with one token must not both be the first.
        found = Admission.objects.select_for_update(of=("self",)).select_related("meeting", "user")
        admission = found.filter(identity=join.identity).first()
        fault = judge(join, admission)
        if fault is None and admission is not None and not admission.participant_sid:
            admission.participant_sid = join.sid
            admission.joined_at = join.at
            admission.save(update_fields=["participant_sid", "joined_at"])
            record("joined", actor=admission.user or admission.display_name, meeting=admission.meeting_id)
            tell(room_channel(join.room))
            # Who looks locks the meeting, and others lock it before its admissions: this row must be free by then.
            transaction.on_commit(partial(entered.send, Admission, meeting_id=admission.meeting_id))
            if admission.changed:
                due.permit(admission)
    if fault:
        due.remove(join, fault, admission.meeting_id if admission else "")


def _left(join: Join) -> None:
    found = Admission.objects.filter(identity=join.identity, participant_sid=join.sid, left_at=None)
    for admission in found.select_related("user"):
        admission.left_at = join.at
        admission.source = ""
        admission.save(update_fields=["left_at", "source"])
        record("left", actor=admission.user or admission.display_name, meeting=admission.meeting_id)
        tell(room_channel(join.room))
