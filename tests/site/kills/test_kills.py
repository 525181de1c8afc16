"""Services killed in a running call: its media goes on, and whoever comes meanwhile waits and is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .services import SERVICES
from .undisturbed import UNDISTURBED_MS, over

if TYPE_CHECKING:
    from collections.abc import Callable

    from .over_kill import Kill

# Those with which signalling breaks; the SFU carries the media itself (MED-17), and Keycloak takes minutes to start.
SIGNALLING = ("edge", "media")
KILLED = (*SIGNALLING, "portal", "postgresql", "valkey", "dns")


@pytest.fixture(scope="module", params=KILLED)
def kill(request: pytest.FixtureRequest) -> Kill:
    """Give what became of a call in which one service was killed; each has a call of its own."""
    return over(SERVICES[request.param])


def test_nobody_loses_media(kill: Kill, record_property: Callable[[str, object], None]) -> None:
    record_property("figures", vars(kill))
    assert not kill.errors
    assert kill.video_ms <= UNDISTURBED_MS, kill
    assert kill.audio_ms is not None
    assert kill.audio_ms <= UNDISTURBED_MS, kill


@pytest.mark.parametrize("kill", SIGNALLING, indirect=True)
def test_whoever_loses_signalling_resumes_it_and_enters_only_once(kill: Kill) -> None:
    # Each of two people once: or nothing was lost, and nothing was tried.
    assert kill.resumed is not None
    assert kill.resumed >= 2, kill
    assert kill.rejoined == 0, kill


def test_whoever_comes_meanwhile_is_let_in(kill: Kill) -> None:
    assert kill.newcomers["guest"].let_in, kill.newcomers
