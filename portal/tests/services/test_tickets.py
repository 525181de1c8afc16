"""Tickets that nobody uses: few at a time, and they hold no place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from people import meeting, user

from conclave.bandwidth import Cap
from conclave_portal.config import Uplink
from conclave_portal.errors import Refusal
from media.enforce import _joined, _left
from media.entering import enter as _admit
from media.join import Join
from media.models import Admission
from media.tickets import HELD, INSIDE, OUTSIDE, PERSON

if TYPE_CHECKING:
    from meetings.models import Meeting

pytestmark = pytest.mark.django_db
HOARDER, OTHER = "203.0.113.5", "203.0.113.6"


@pytest.fixture
def planned() -> Meeting:
    return meeting(user("ada"))


def hoard(planned: Meeting, address: str, *, outside: bool = True) -> tuple[list[Admission], Refusal]:
    """Ask for tickets until one is refused."""
    got: list[Admission] = []
    with pytest.raises(Refusal, match="too_many_attempts") as refused:
        got.extend(_admit(planned, f"Guest {n}", None, address, outside=outside)[0] for n in range(1000))
    return list(Admission.objects.filter(meeting=planned)), refused.value


def test_one_network_gets_few_tickets_and_nobody_else_is_shut_out(planned: Meeting, settings: Any) -> None:  # noqa: ANN401
    settings.CONFIG = settings.CONFIG.model_copy(update={"uplink": Uplink(up=50, down=50)})
    got, refused = hoard(planned, HOARDER)
    assert len(got) == OUTSIDE
    assert refused.status == 429
    assert 0 < (refused.retry_after or 0) <= HELD.total_seconds()
    assert _admit(planned, "Guest", None, OTHER, outside=True)[0].cap
    assert _admit(meeting(user("bob")), "Guest", None, OTHER, outside=True)[0].cap


def test_many_networks_of_one_guest_do_not_hold_the_uplink(planned: Meeting) -> None:
    """No SFU runs in these tests: places are counted by the allow list alone."""
    for number in range(200):
        _admit(planned, "Guest", None, f"2001:db8:2:{number:x}::1", outside=True)
    assert _admit(meeting(user("bob")), "Guest", None, OTHER, outside=True)[0].cap


def test_the_addresses_of_one_ipv6_network_are_one(planned: Meeting) -> None:
    for number in range(OUTSIDE):
        _admit(planned, "Guest", None, f"2001:db8:2:1::{number:x}", outside=True)
    with pytest.raises(Refusal, match="too_many_attempts"):
        _admit(planned, "Guest", None, "2001:db8:2:1:ffff::1", outside=True)
    _admit(planned, "Guest", None, "2001:db8:2:2::1", outside=True)


def test_a_ticket_that_is_used_counts_no_more(planned: Meeting) -> None:
    got, _refused = hoard(planned, HOARDER)
    _joined(Join(room=planned.room, identity=got[0].identity, sid="PA_1", at=timezone.now()))
    _admit(planned, "Guest", None, HOARDER, outside=True)


def come(planned: Meeting, address: str, number: int) -> list[Join]:
    """Let guests of one address really connect."""
    joins = []
    for n in range(number):
        ticket, _token = _admit(planned, f"Guest {n}", None, address, outside=True)
        joins.append(Join(room=planned.room, identity=ticket.identity, sid=f"PA_{ticket.pk}", at=timezone.now()))
        _joined(joins[-1])
    return joins


def test_one_network_outside_has_few_guests_in_a_meeting_at_a_time(planned: Meeting, settings: Any) -> None:  # noqa: ANN401
    settings.CONFIG = settings.CONFIG.model_copy(update={"uplink": Uplink(up=5000, down=5000, guests_of_network=4)})
    first, *_ = come(planned, HOARDER, 4)
    with pytest.raises(Refusal, match="meeting_full"):
        _admit(planned, "Guest", None, HOARDER, outside=True)
    # Neither another network, nor another meeting, nor who signed in is concerned.
    _admit(planned, "Guest", None, OTHER, outside=True)
    _admit(meeting(user("bob")), "Guest", None, HOARDER, outside=True)
    _admit(planned, "Cyd", user("cyd"), HOARDER, outside=True)
    _left(first)
    assert Admission.objects.get(identity=first.identity).source == ""
    _admit(planned, "Guest", None, HOARDER, outside=True)


def test_a_ticket_that_is_not_used_holds_its_place_for_seconds(planned: Meeting) -> None:
    hoard(planned, HOARDER)
    Admission.objects.update(issued_at=timezone.now() - HELD - timedelta(seconds=1))
    assert _admit(planned, "Guest", None, HOARDER, outside=True)[0].cap == Cap.FULL


def test_a_person_has_a_few_wherever_from(planned: Meeting) -> None:
    bob = user("bob")
    for number in range(PERSON):
        _admit(planned, "Bob", bob, f"198.51.100.{number}", outside=False)
    with pytest.raises(Refusal, match="too_many_attempts"):
        _admit(planned, "Bob", bob, "198.51.100.99", outside=False)


def test_an_office_inside_comes_all_at_once(planned: Meeting) -> None:
    assert len(hoard(planned, "198.51.100.7", outside=False)[0]) == INSIDE
