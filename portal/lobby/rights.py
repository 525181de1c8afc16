"""What somebody may do in a room, by level, role, floor and an organiser's word for him."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lobby.models import Place
from media import due
from media.models import Admission

if TYPE_CHECKING:
    from accounts.models import User
    from meetings.models import Meeting


def waits(meeting: Meeting, user: User | None) -> bool:
    """Tell whether somebody who comes without a place has to wait."""
    if meeting.role_of(user) != "participant":
        return False
    if meeting.locked:
        return True
    match meeting.rules.waiting_room:
        case "optional":
            return user is None and meeting.waiting_room
        case "guests" | "named_guests":
            return user is None
        case _:
            return True


def rights(meeting: Meeting, user: User | None, place: Place | None) -> dict[str, Any]:
    """Return the fields of an admission that say what somebody may do."""
    role = meeting.role_of(user)
    leads = role != "participant"
    sharing = meeting.rules.screen_share

    def may(source: str, everybody: bool) -> bool:  # noqa: FBT001 - what holds unless an organiser said otherwise
        granted = getattr(place, source, None)
        return leads or (everybody if granted is None else granted)

    return {
        "role": role,
        "speech": may("speech", meeting.floor_open),
        "camera": may("camera", meeting.cameras_open),
        "screen": leads or (sharing != "organiser" and may("screen", sharing == "everybody" and meeting.sharing_open)),
        "data": leads or meeting.chat_open,
    }


def renew(meeting: Meeting, *identities: str) -> None:
    """Give those in the room, and those with a ticket to it, the rights they have now.

    Parameters
    ----------
    meeting:
        The meeting, locked in this transaction.
    identities:
        Whose; none means everybody's.
    """
    present = Admission.objects.filter(meeting=meeting, left_at=None, removed_at=None).select_related("user")
    if identities:
        present = present.filter(identity__in=identities)
    places = {place.identity: place for place in Place.objects.filter(meeting=meeting).exclude(identity="")}
    # Locked: whether somebody has joined must not change meanwhile.
    for admission in present.select_for_update(of=("self",)):
        now = rights(meeting, admission.user, places.get(admission.identity))
        if all(getattr(admission, name) == value for name, value in now.items()):
            continue
        for name, value in now.items():
            setattr(admission, name, value)
        # The token of somebody who has not joined yet says otherwise: he is corrected when he joins.
        admission.changed = True
        admission.save(update_fields=[*now, "changed"])
        if admission.joined_at:
            admission.meeting = meeting
            due.permit(admission)


def inform(meeting: Meeting) -> None:
    """Have everybody in the room told anew what the SFU says of the meeting and of him."""
    for admission in Admission.objects.filter(meeting=meeting, left_at=None, removed_at=None, joined_at__isnull=False):
        admission.meeting = meeting
        due.permit(admission)
