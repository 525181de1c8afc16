"""A meeting as its organisers see it: who waits, who is in."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from conclave_portal.names import skeleton
from lobby.expecting import Sight, missing
from lobby.models import Place, State, lapsed
from lobby.schemas import RoomOut
from media.models import Admission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lobby.schemas import Kind, Note
    from meetings.models import Meeting


def document(meeting: Meeting) -> RoomOut:
    """Return it."""
    waiting = Place.objects.filter(meeting=meeting, state=State.WAITING, seen_at__gt=lapsed()).order_by("number")
    inside = Admission.objects.filter(meeting=meeting, left_at=None, removed_at=None, joined_at__isnull=False)
    people = list(inside.select_related("user").order_by("joined_at"))
    places = list(waiting)
    sight = Sight(meeting)
    speech = dict(Place.objects.filter(meeting=meeting).exclude(identity="").values_list("identity", "speech"))
    names = [who.display_name for who in people] + [place.name for place in places]
    if all(who.user_id != meeting.organiser_id for who in people):
        names.append(meeting.organiser.name)
    said: dict[str, Any] = {
        "locked": meeting.locked,
        "floor_open": meeting.floor_open,
        "floor_waits": meeting.floor_waits,
        "missing": missing(meeting),
        "cameras_open": meeting.cameras_open,
        "sharing_open": meeting.sharing_open,
        "chat_open": meeting.chat_open,
        "sharing": meeting.rules.screen_share,
        "ends_at": meeting.ends_at,
        "closes_at": meeting.closes_at,
        "waiting": [
            {
                "number": place.number,
                "name": place.name,
                "kind": "member" if place.user_id else "guest",
                "outside": place.outside,
                "since": place.since,
                "away": place.away,
                "moved_back": place.moved_back,
                "message": place.message,
                "expected": sight.proof(place),
                "note": _note(place.name, names),
            }
            for place in places
        ],
        "people": [
            {
                "identity": who.identity,
                "name": who.display_name,
                "kind": _kind(meeting, who),
                "role": who.role,
                "outside": who.outside,
                "since": who.joined_at,
                "speech": who.speech,
                "camera": who.camera,
                "screen": who.screen,
                "muted_by": None if who.speech else "organiser" if speech.get(who.identity) is False else "floor",
                "hand": who.hand_at,
                "asked": who.asked or None,
                "agreed": who.agreed,
                "account": who.user_id is not None,
                "note": _note(who.display_name, names),
            }
            for who in people
        ],
    }
    text = json.dumps(said, default=str, sort_keys=True)
    return RoomOut(version=hashlib.sha256(text.encode()).hexdigest()[:16], **said)


def _kind(meeting: Meeting, who: Admission) -> Kind:
    if who.user_id is None:
        return "guest"
    return "organiser" if who.user_id == meeting.organiser_id else "member"


def _note(name: str, names: Iterable[str]) -> Note | None:
    """Compare a name with all names here, of which it is one."""
    same = alike = -1
    for other in names:
        same += other.casefold() == name.casefold()
        alike += skeleton(other) == skeleton(name)
    if same > 0:
        return "same_name"
    return "lookalike" if alike > 0 else None
