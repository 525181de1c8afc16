"""Tokens for the SFU: one identity, one room, about a minute."""

from __future__ import annotations

import secrets
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.utils import timezone
from livekit import api

from conclave.bandwidth import Cap
from media.models import Admission
from sfu.rooms import SOURCES

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from meetings.models import Meeting

TTL = timedelta(seconds=60)
# Less for participants who share a narrow uplink; the size of a camera's video only the client can limit.
_CAPPED = {Cap.P360: ["camera", "microphone"], Cap.P180: ["camera", "microphone"], Cap.AUDIO: ["microphone"]}
# Whoever may not speak sends no sound at all: a voice can be called the sound of a screen.
_SPEECH = frozenset({"microphone", "screen_share_audio"})
_SCREEN = frozenset({"screen_share", "screen_share_audio"})
_CAMERA = frozenset({"camera"})
Kind = Literal["organiser", "member", "guest"]


def fresh_identity() -> str:
    """Return a new random identity for one connection."""
    return f"p-{secrets.token_urlsafe(16)}"


def admit(
    meeting: Meeting, display_name: str, user: User | None, cap: Cap | None = None, source: str = "", **rights: object
) -> tuple[Admission, str]:
    """Put a new random identity on the allow list and make its token.

    Parameters
    ----------
    meeting:
        The meeting whose room may be entered.
    display_name:
        What others see.
    user:
        The signed-in person, or None for a guest.
    cap:
        What somebody outside the site may use of its uplink; None: inside.
    source:
        Of a guest, `media.tickets.source`.
    rights:
        Fields of the admission: ``role``, ``speech``, ``camera``, ``screen``, ``data`` and what else an earlier one of
        the same person had; ``identity`` where it is known before.
    """
    identity = str(rights.pop("identity", "")) or fresh_identity()
    admission = Admission.objects.create(
        identity=identity,
        meeting=meeting,
        user=user,
        display_name=display_name,
        outside=cap is not None,
        source=source,
        cap=cap or "",
        expires_at=timezone.now() + TTL,
        **rights,
    )
    place = {"place": "inside"} if cap is None else {"place": "outside", "cap": str(cap)}
    config = settings.CONFIG.livekit
    allowed = sources(admission)
    grants = api.VideoGrants(
        room_join=True,
        room=meeting.room,
        # To the SFU an empty list means everything.
        can_publish=bool(allowed),
        can_publish_sources=allowed,
        can_subscribe=True,
        can_publish_data=admission.data,
        can_update_own_metadata=False,
    )
    token = (
        api.AccessToken(config.key, config.secret.get_secret_value())
        .with_identity(identity)
        .with_name(display_name)
        .with_attributes(
            {
                "kind": _kind(meeting, user),
                **{name: value for name, value in shown(admission).items() if value},
                **place,
            }
        )
        .with_grants(grants)
        .with_ttl(TTL)
    )
    return admission, token.to_jwt()


def sources(admission: Admission) -> list[str]:
    """Return what somebody may send now."""
    capped = _CAPPED.get(Cap(admission.cap), SOURCES) if admission.cap else SOURCES
    wishes = ((admission.speech, _SPEECH), (admission.camera, _CAMERA), (admission.screen, _SCREEN))
    refused = {source for may, of in wishes if not may for source in of}
    return [source for source in capped if source not in refused]


def shown(admission: Admission) -> dict[str, str]:
    """Return the attributes that change while somebody is in the room; to the SFU an empty one is none.

    Everybody in the room can read them, and nobody but the portal can write them.
    """
    asked, hand = admission.asked_at, admission.hand_at
    return {
        "role": admission.role,
        "closes_at": _written(admission.meeting.closes_at),
        "hand": _written(hand) if hand else "",
        "asked": f"{admission.asked} {_written(asked)}" if asked and admission.agreed is None else "",
    }


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kind(meeting: Meeting, user: User | None) -> Kind:
    if user is None:
        return "guest"
    return "organiser" if meeting.organiser_id == user.pk else "member"
