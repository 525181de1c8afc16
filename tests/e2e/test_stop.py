"""Leading from the call: everything stopped and given back, a hand, a question with its answer, an extension."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.site import users_prefix
from conclave.call.with_browser import ACCOUNT, authenticator_folder
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page, ViewportSize

SITE = "lab"
GUEST = "Greta Gast"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
CALM_SECONDS = 60.0
# What a user would call at once; the machine of the lab is shared by both browsers and the servers.
STOP_SECONDS = 5.0


@dataclass
class Seen:
    """What organiser and guest saw, in the order in which it happened."""

    level: str = ""
    stopped: str = ""
    seconds: float = 0.0
    tracks: list[dict[str, Any]] = field(default_factory=list)
    guest: str = ""
    own_tracks: int = 0
    hand: str = ""
    spoke: bool = False
    question: str = ""
    untouched: bool = False
    answer: str = ""
    shown: list[str] = field(default_factory=list)
    left: str = ""
    extended: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def seen(pictures: Path) -> Seen:
    return asyncio.run(_look(pictures))


async def _look(pictures: Path) -> Seen:
    site, known = read.load(SITE), secrets.load(SITE)
    domain = site.answers.domain
    seen = Seen()
    with ca_file(site, known) as authority:
        async with chromium(authority, users_prefix()) as browser:
            organiser = await _page(browser, DESKTOP)
            authenticator = pages.Authenticator(authenticator_folder(SITE))
            await pages.sign_in(organiser, domain, ACCOUNT, known["secret_demo_password"], authenticator)
            meeting = await pages.plan(organiser, domain, "Stop")
            await pages.join_own(organiser, domain, meeting)
            guest = await _page(browser, PHONE)
            await pages.join_as_guest(guest, meeting.link, GUEST, meeting.pin)
            await pages.wait_for_media(organiser, people=1)
            await pages.wait_for_media(guest, people=1)
            seen.level = await guest.locator(".call .level").inner_text()
            await _stop(seen, organiser, guest, pictures)
            await _hand(seen, organiser, guest, pictures)
            await _ask(seen, organiser, guest, pictures)
            await _give_back(seen, organiser)
            seen.extended = await organiser.evaluate(_EXTEND, meeting.id)
            await pages.delete(organiser, domain, meeting)
    return seen


async def _page(browser: Browser, viewport: ViewportSize) -> Page:
    context = await browser.new_context(locale="en-GB", viewport=viewport)
    page = await context.new_page()
    page.set_default_timeout(pages.STEP_MS)
    return page


async def _stop(seen: Seen, organiser: Page, guest: Page, pictures: Path) -> None:
    """Press once, and count the tracks of others until there are none."""
    begin = time.monotonic()
    await organiser.get_by_role("button", name="Stop everything").click()
    async for attempt in AsyncRetrying(stop=stop_after_delay(CALM_SECONDS), wait=wait_fixed(0.05), reraise=True):
        with attempt:
            seen.tracks = (await pages.figures(organiser))["tracks"]
            assert not seen.tracks, "the guest is still received"
    seen.seconds = time.monotonic() - begin
    notice = organiser.get_by_text("Stopped for everybody but organisers")
    await notice.wait_for()
    seen.stopped = await notice.inner_text()
    await guest.get_by_role("button", name="Cameras closed").wait_for()
    seen.guest = await guest.get_by_role("banner").inner_text()
    # The organiser goes on.
    seen.own_tracks = len((await pages.wait_for_media(guest, people=1))["tracks"])
    await organiser.screenshot(path=pictures / "stopped.png")


async def _hand(seen: Seen, organiser: Page, guest: Page, pictures: Path) -> None:
    """Raise a hand while the floor is closed; the organiser gives the word from the list."""
    await guest.get_by_role("button", name="Raise hand").click()
    await guest.get_by_role("button", name="Lower hand").wait_for()
    await organiser.get_by_role("button", name=re.compile("^People: ")).click()
    hands = organiser.get_by_role("region", name="Raised hands")
    await hands.get_by_text(GUEST).wait_for()
    seen.hand = await hands.inner_text()
    await organiser.screenshot(path=pictures / "hands.png")
    await hands.get_by_role("button", name=f"Let {GUEST} speak").click()
    await guest.get_by_role("button", name="Unmute microphone").wait_for()
    await hands.wait_for(state="hidden")
    await guest.get_by_role("button", name="Raise hand").wait_for()
    seen.spoke = True


async def _ask(seen: Seen, organiser: Page, guest: Page, pictures: Path) -> None:
    """Ask to see the guest, who may by that and decides himself."""
    await organiser.get_by_role("button", name=f"Actions for {GUEST}").click()
    await organiser.get_by_role("menuitem", name="Ask to show the face").click()
    dialog = guest.get_by_role("alertdialog")
    await dialog.wait_for()
    seen.question = await dialog.inner_text()
    seen.untouched = not (await pages.figures(organiser))["tracks"]
    await guest.screenshot(path=pictures / "asked.png")
    await dialog.get_by_role("button", name="Turn camera on").click()
    answer = organiser.get_by_text("agreed to show the face", exact=True)
    await answer.wait_for()
    seen.answer = await answer.inner_text()
    async for attempt in AsyncRetrying(stop=stop_after_delay(CALM_SECONDS), wait=wait_fixed(0.25), reraise=True):
        with attempt:
            seen.shown = [track["kind"] for track in (await pages.figures(organiser))["tracks"]]
            assert "video" in seen.shown, "the guest is not seen"


async def _give_back(seen: Seen, organiser: Page) -> None:
    """Give one thing back to everybody: the others stay stopped."""
    await organiser.get_by_role("button", name="Allow cameras").click()
    await organiser.get_by_role("button", name="Allow cameras").wait_for(state="hidden")
    seen.left = await organiser.get_by_text("Stopped for everybody but organisers").inner_text()


_EXTEND = """async (meeting) => {
  const session = await (await fetch("/api/session")).json();
  const headers = { "Content-Type": "application/json", "X-CSRFToken": session.csrf_token };
  const address = `/api/meetings/${meeting}`;
  const before = (await (await fetch(`${address}/room`)).json()).ends_at;
  const body = JSON.stringify({ minutes: 15 });
  const answer = await fetch(`${address}/extend`, { method: "POST", headers, body });
  return { status: answer.status, before, after: (await answer.json()).ends_at };
}"""


def test_one_press_ends_all_foreign_tracks_and_each_thing_comes_back_alone(seen: Seen) -> None:
    assert seen.tracks == []
    assert seen.seconds < STOP_SECONDS
    assert "microphones, cameras, screen sharing, chat, entry" in seen.stopped
    assert "Your camera stays off" in seen.guest
    assert "You cannot speak now" in seen.guest
    assert seen.own_tracks
    assert "cameras" not in seen.left
    assert "screen sharing" in seen.left


def test_a_guest_sees_the_level_raises_a_hand_and_gets_the_word(seen: Seen) -> None:
    assert "Standard" in seen.level
    assert GUEST in seen.hand
    assert seen.spoke


def test_a_face_is_shown_by_its_owners_answer_alone(seen: Seen) -> None:
    assert "switched on only if you agree" in seen.question
    assert seen.untouched
    assert seen.answer == "agreed to show the face"
    assert "video" in seen.shown


def test_a_meeting_is_extended_while_it_goes_on(seen: Seen) -> None:
    assert seen.extended["status"] == 200
    assert seen.extended["after"] > seen.extended["before"]
