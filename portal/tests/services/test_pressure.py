"""Whoever tries PINs by the thousand keeps out nobody but new guests from networks outside."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from lobbies import GUEST, OUTSIDE, Lobby, lobby
from people import Browser, user

from conclave_portal.errors import Refusal
from meetings.attempts import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

# The guest who is in sits behind one of them.
ADDRESSES = [f"203.0.113.{number}" for number in range(1, 51)]
EACH = 200


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as made:
        yield made


def test_ten_thousand_wrong_pins_from_fifty_addresses_keep_out_nobody_who_is_known(around: Lobby) -> None:
    inside = around.inside(OUTSIDE)
    answers = [around.knock(address, pin="00000000").status_code for address in ADDRESSES]
    # What the endpoint does with each; ten thousand requests would take minutes.
    let_through = 0
    for _round in range(EACH - 1):
        for address in ADDRESSES:
            with suppress(Refusal):
                Attempt(around.meeting.id, address)
                let_through += 1
    assert set(answers) == {403, 429}
    # 40 from all of them, and ten from the network that a guest came in from; some of both were the requests.
    assert let_through + answers.count(403) <= 40 + 10
    # New guests from outside wait, also those with the right PIN.
    assert around.knock("192.0.2.1").status_code == 429
    # Who is in comes back after a lost connection, from an address that is shut out.
    again = Browser(address=OUTSIDE).post(f"{around.path}/join", {"place": inside["place"]})
    assert again.status_code == 200
    # Who has an account knocks from one as well, and the organiser enters.
    bob = around.knock(ADDRESSES[6], who=user("bob"))
    assert bob.status_code in {200, 202}
    assert around.organiser.post(f"{around.path}/join").status_code == 200
    # Guests inside the site, too.
    assert Browser(address="198.51.100.9").post(f"{around.path}/join", GUEST).status_code in {200, 202}
