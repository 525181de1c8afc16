"""One more participant: whether there is room for him, and his place on the allow list."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.db import transaction

from audit.record import refused
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from media import tickets, uplink
from media.tokens import admit

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import User
    from media.models import Admission
    from meetings.models import Meeting


def enter(
    meeting: Meeting,
    display_name: str,
    user: User | None,
    address: str,
    *,
    outside: bool,
    rights: Callable[[], dict[str, Any]] = dict,
) -> tuple[Admission, str]:
    """Put somebody on the allow list, and make his token.

    Parameters
    ----------
    meeting, display_name, user:
        As for `media.tokens.admit`.
    address:
        Where the request comes from.
    outside:
        Whether that is outside the site.
    rights:
        Called in the transaction that writes the admission; returns fields of it, or refuses.

    Raises
    ------
    Refusal
        429 when too many tickets wait to be used, 409 when the uplink or the network's share of it is full.
    """
    source = "" if user else tickets.source(address)
    there = uplink.present() if outside else None
    with transaction.atomic():
        fields = rights()
        tickets.refuse_too_many(meeting, user, source, outside=outside)
        if not outside:
            return admit(meeting, display_name, user, source=source, **fields)
        crowded = user is None and tickets.crowded(meeting, source, there)
        cap = None if crowded else uplink.cap_for(meeting, there, guest=user is None)
        if cap is not None:
            return admit(meeting, display_name, user, cap, source, **fields)
        transaction.set_rollback(True)
    reason = "network full" if crowded else "uplink full"
    refused(actor=user or display_name, meeting=meeting.id, reason=reason, address=address)
    raise Refusal(HTTPStatus.CONFLICT, ProblemCode.MEETING_FULL)
