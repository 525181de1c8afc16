"""Personal links: one guest, one device, instead of the PIN."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import transaction

from audit.record import refused
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.limits import Limit, network, spend, take_back
from lobby import places
from lobby.models import Place, State
from lobby.rights import waits
from media import due
from media.models import Admission
from meetings.models import Expected, Meeting

if TYPE_CHECKING:
    from meetings.schemas import PersonalIn

# Nobody guesses 128 bits; the log and the database are spared. Apart from the tries at PINs: those of others do not
# keep out whoever has a link of his own.
TRIES = Limit("personal", tries=60, window=15 * 60)


def make(expected: Expected) -> str:
    """Return the token of a new link for somebody; an earlier one is void, and no device is known any more."""
    token = secrets.token_urlsafe(16)
    expected.link, expected.device = _hash(token), ""
    expected.save(update_fields=["link", "device"])
    return token


def revoke(expected: Expected) -> None:
    """Void the link of somebody, and whatever he came in with by it."""
    linked = expected.link is not None
    expected.link, expected.device = None, ""
    expected.save(update_fields=["link", "device"])
    for place in Place.objects.select_for_update().filter(expected=expected, user=None).select_related("meeting"):
        # Without a link, an organiser has let him in by his name: he stays.
        if linked and place.state in {State.WAITING, State.ADMITTED}:
            places.change(place, State.REMOVED)
        # A new link is another beginning.
        place.expected = None
        place.save(update_fields=["expected"])
        admission = Admission.objects.filter(identity=place.identity, removed_at=None).select_related("meeting").first()
        if linked and place.identity and admission:
            due.remove_by_organiser(admission)


def opened(meeting_id: str, link: PersonalIn, address: str) -> Expected:
    """Return whose link it is; the first device on which it is used is the only one.

    Raises
    ------
    Refusal
        403 ``link_void`` for a link that is unknown, revoked or of a meeting that is over, ``link_used`` on another
        device than the first; 429 for who tries too often.
    """
    tries = spend((TRIES, network(address)))
    device = _hash(link.device)
    with transaction.atomic():
        rows = Expected.objects.select_for_update(of=("self",)).select_related("meeting")
        found = rows.filter(meeting_id=meeting_id, link=_hash(link.token)).first()
        bound = found is not None and not found.meeting.over
        if found and bound and not found.device:
            found.device = device
            found.save(update_fields=["device"])
    if found is None or not bound:
        refused(meeting=found.meeting_id if found else "", reason="personal link", address=address)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.LINK_VOID)
    if not hmac.compare_digest(found.device, device):
        refused(actor=found.name, meeting=meeting_id, reason="personal link on another device", address=address)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.LINK_USED)
    take_back(tries)
    return found


def place_of(expected: Expected, source: str, *, outside: bool) -> tuple[Place, str, bool]:
    """Return the place of who holds a link, its secret, and whether it is a new one.

    The link is enough to come back: the place then gets another secret, and the one before is void. Who was turned
    away waits again.

    Raises
    ------
    Refusal
        403 ``link_void`` when the link was revoked meanwhile.
    """
    with transaction.atomic():
        # First the meeting, as whoever makes and revokes links does: neither waits for the other for ever.
        meeting = Meeting.objects.select_for_update().filter(pk=expected.meeting_id).first()
        same = Expected.objects.select_for_update().filter(pk=expected.pk, link=expected.link, device=expected.device)
        if meeting is None or not same.exists():
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.LINK_VOID)
        held = Place.objects.select_related("meeting").filter(expected=expected, user=None)
        place = held.order_by("-number").first()
        if place is None or place.state == State.DENIED:
            wait = waits(meeting, None)
            if place:
                place.expected = None
                place.save(update_fields=["expected"])
            return *places.give(
                meeting, None, expected.name, source, outside=outside, waits=wait, expected=expected
            ), True
        return place, places.renew(place), False


def _hash(secret: str) -> str:
    """Hash without salt: a secret is 128 random bits and more."""
    return hashlib.sha256(secret.encode()).hexdigest()
