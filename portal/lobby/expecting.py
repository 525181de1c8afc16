"""Who of those expected is there, and the floor that waits for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from audit.record import record
from conclave_portal.events import room_channel, tell
from conclave_portal.names import skeleton
from lobby.models import Place, State, lapsed
from lobby.rights import inform, renew
from media.models import Admission
from meetings.models import Expected, Meeting

if TYPE_CHECKING:
    from lobby.schemas import Proof, Whereabouts


def whereabouts(meeting: Meeting) -> list[tuple[Expected, Whereabouts]]:
    """Return who is expected, and where each of them is."""
    present = Admission.objects.filter(meeting=meeting, joined_at__isnull=False, left_at=None, removed_at=None)
    inside = dict(present.values_list("identity", "user_id"))
    accounts = set(inside.values())
    links = dict(
        Place.objects.filter(meeting=meeting, identity__in=inside, expected__isnull=False).values_list(
            "expected_id", "pk"
        )
    )
    waiting = Place.objects.filter(meeting=meeting, state=State.WAITING, seen_at__gt=lapsed(), expected__isnull=False)
    waits = set(waiting.values_list("expected_id", flat=True))

    def where(one: Expected) -> Whereabouts:
        if one.pk in links or (one.user_id and one.user_id in accounts):
            return "inside"
        if one.pk in waits:
            return "waiting"
        return "used" if one.device else "absent"

    return [(one, where(one)) for one in Expected.objects.filter(meeting=meeting)]


class Sight:
    """Tells of those who wait whether they are expected."""

    def __init__(self, meeting: Meeting) -> None:
        self._names = {
            skeleton(name) for name in Expected.objects.filter(meeting=meeting).values_list("name", flat=True)
        }

    def proof(self, place: Place) -> Proof | None:
        """Return what shows that somebody is expected: an account, a personal link, or only the name he gave."""
        if place.expected_id and (place.user_id or place.by_link):
            return "account" if place.user_id else "link"
        return "name" if skeleton(place.name) in self._names else None


def bind(place: Place) -> None:
    """Take a guest whom an organiser lets in under the name of somebody expected for that person.

    Whoever has a personal link comes by it, and a co-organiser with an account.
    """
    if place.user_id or place.expected_id:
        return
    free = Expected.objects.filter(meeting_id=place.meeting_id, user=None, link=None, place=None)
    for one in free.exclude(role="co_organiser"):
        if skeleton(one.name) == skeleton(place.name):
            place.expected = one
            place.save(update_fields=["expected"])
            return


def missing(meeting: Meeting) -> list[str]:
    """Return the names of those expected who are not in the room."""
    return [one.name for one, where in whereabouts(meeting) if where != "inside"]


def look(meeting_id: str) -> None:
    """Open the floor of a meeting that waits for it, if all who are expected are in the room."""
    if not Meeting.objects.filter(pk=meeting_id, floor_waits=True).exists():
        return
    with transaction.atomic():
        meeting = Meeting.objects.select_for_update().get(pk=meeting_id)
        if not meeting.floor_waits or missing(meeting):
            return
        meeting.floor_open, meeting.floor_waits = True, False
        meeting.save(update_fields=["floor_open", "floor_waits"])
        renew(meeting)
        record("floor_opened", meeting=meeting.id, expected=True)
        tell(room_channel(meeting.room))


def joined(sender: object, *, meeting_id: str, **_named: Any) -> None:  # noqa: ANN401, ARG001 - as signals call
    """Look whenever the SFU reports that somebody has come in."""
    look(meeting_id)


def edited(sender: object, *, meeting: Meeting, fields: set[str], **_named: Any) -> None:  # noqa: ANN401, ARG001 - as signals call
    """Give those inside what a meeting that was changed says of them, and look whether its floor waits for nobody."""
    if "floor_open" in fields:
        # Who was given the word or lost it: that was about the floor as it was.
        Place.objects.filter(meeting=meeting).update(speech=None)
        renew(meeting)
    if fields & {"starts_at", "duration_minutes"}:
        inform(meeting)
    transaction.on_commit(partial(look, meeting.id))
