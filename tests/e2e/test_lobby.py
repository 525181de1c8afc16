"""The door of a meeting: an organiser in one Chromium, guests in others."""

from __future__ import annotations

import asyncio
import json
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

    from playwright.async_api import Browser, Locator, Page, ViewportSize

SITE = "lab"
TITLE = "Budget talks"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAITING = "Please wait to be let in"
CALM_SECONDS = 60.0


@dataclass
class Seen:
    """What organiser and guests saw, in the order in which it happened."""

    waits: str = ""
    notice: str = ""
    title: str = ""
    before: dict[str, Any] | None = None
    told: str = ""
    reloaded: str = ""
    asked_again: bool = True
    joined: str = ""
    organiser: dict[str, Any] = field(default_factory=dict)
    guest: dict[str, Any] = field(default_factory=dict)
    denied: str = ""
    floor: str = ""
    floor_button: bool = False
    silent: list[str] = field(default_factory=list)
    opened: str = ""
    moved_back: str = ""
    locked: str = ""
    unlocked_inside: int = 0
    removed: str = ""
    left_behind: str = ""
    with_old_place: dict[str, Any] = field(default_factory=dict)
    after_removal: list[str] = field(default_factory=list)
    second_window: str = ""
    over: str = ""
    dead_link: str = ""


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
            meeting = await pages.plan(organiser, domain, TITLE)
            guest = await _page(browser, PHONE)
            # Earlier than the organiser: nobody is there to let him in.
            await pages.ask_as_guest(guest, meeting.link, "Greta Gast", meeting.pin)
            await guest.get_by_role("heading", name=WAITING).wait_for()
            await pages.join_own(organiser, domain, meeting, keep_door=False)
            await _wait(seen, organiser, guest, pictures)
            await _admit(seen, organiser, guest)
            await _deny(seen, browser, organiser, meeting, pictures)
            await _floor(seen, organiser, guest, pictures)
            await _back(seen, organiser, guest)
            await _lock(seen, browser, organiser, meeting)
            await _second_window(seen, guest)
            await _remove(seen, organiser, guest, meeting)
            await _end(seen, browser, organiser, meeting)
            await pages.delete(organiser, domain, meeting)
    return seen


async def _page(browser: Browser, viewport: ViewportSize) -> Page:
    context = await browser.new_context(locale="en-GB", viewport=viewport)
    page = await context.new_page()
    page.set_default_timeout(pages.STEP_MS)
    return page


async def _wait(seen: Seen, organiser: Page, guest: Page, pictures: Path) -> None:
    """Tell the organiser of a guest who waits, write to him, and reload his page."""
    seen.waits = await guest.get_by_role("main").inner_text()
    seen.before = await guest.evaluate("() => window.conclaveCall?.figures() ?? null")
    notice = organiser.get_by_text("Greta Gast is waiting to be let in.")
    await notice.wait_for()
    seen.notice, seen.title = await notice.inner_text(), await organiser.title()
    await organiser.get_by_role("button", name="Show", exact=True).click()
    await organiser.screenshot(path=pictures / "lobby-organiser.png")
    await organiser.get_by_role("button", name="More about Greta Gast").click()
    await organiser.get_by_role("menuitem", name="Send a message").click()
    await organiser.get_by_label("Message", exact=True).fill("Five minutes, please.")
    await organiser.get_by_role("button", name="Send", exact=True).click()
    told = guest.get_by_text("Five minutes, please.")
    await told.wait_for()
    seen.told = await told.inner_text()
    await guest.screenshot(path=pictures / "lobby-guest.png")
    await guest.reload()
    waits = guest.get_by_role("heading", name=WAITING)
    await waits.wait_for()
    seen.reloaded = await guest.get_by_role("main").inner_text()
    seen.asked_again = await guest.get_by_label("PIN").is_visible()
    await pages.picture(guest)


async def _admit(seen: Seen, organiser: Page, guest: Page) -> None:
    await organiser.get_by_role("button", name="Let Greta Gast in").first.click()
    joined = organiser.locator(".arrivals").get_by_text("Greta Gast joined.")
    await joined.wait_for()
    seen.joined = await joined.inner_text()
    await guest.locator(".call").wait_for()
    seen.organiser = await pages.wait_for_media(organiser, people=1)
    seen.guest = await pages.wait_for_media(guest, people=1)


async def _deny(seen: Seen, browser: Browser, organiser: Page, meeting: pages.Planned, pictures: Path) -> None:
    """Turn somebody else away, with a sentence."""
    stranger = await _page(browser, PHONE)
    await pages.ask_as_guest(stranger, meeting.link, "Sven Stranger", meeting.pin)
    await organiser.get_by_role("button", name="More about Sven Stranger").click()
    await organiser.get_by_role("menuitem", name="Do not let in").click()
    dialog = organiser.get_by_role("alertdialog")
    await dialog.get_by_label("Message (optional)").fill("This is not your meeting.")
    await dialog.get_by_role("button", name="Do not let in").click()
    await stranger.get_by_role("heading", name="You were not let in").wait_for()
    seen.denied = await stranger.get_by_role("main").inner_text()
    await stranger.screenshot(path=pictures / "lobby-denied.png")
    await stranger.context.close()


async def _floor(seen: Seen, organiser: Page, guest: Page, pictures: Path) -> None:
    """Close the floor, which takes the guest's audio away at the SFU, and open it again."""
    floor = organiser.get_by_role("switch", name="Everybody may speak")
    await _toggle(organiser, floor)
    closed = guest.get_by_role("button", name="Floor closed")
    await closed.wait_for()
    seen.floor = await guest.get_by_text("You cannot speak now").inner_text()
    seen.floor_button = await closed.is_disabled()
    await guest.screenshot(path=pictures / "floor-closed.png")
    async for attempt in AsyncRetrying(stop=stop_after_delay(CALM_SECONDS), wait=wait_fixed(0.25), reraise=True):
        with attempt:
            seen.silent = await _kinds(organiser)
            assert "audio" not in seen.silent, "the guest is still heard"
    await _toggle(organiser, floor)
    unmute = guest.get_by_role("button", name="Unmute microphone")
    await unmute.wait_for()
    seen.opened = await guest.get_by_role("status").filter(has_text="You may speak now").inner_text()
    await unmute.click()
    await pages.wait_for_media(organiser, people=1)


async def _back(seen: Seen, organiser: Page, guest: Page) -> None:
    """Send the guest back to the lobby, and let him in again."""
    await _person(organiser, "Greta Gast", "Move to the lobby")
    await guest.get_by_role("heading", name="You were moved to the lobby").wait_for()
    seen.moved_back = await guest.get_by_role("main").inner_text()
    await pages.picture(guest)
    await organiser.get_by_role("button", name="Let Greta Gast in").first.click()
    await guest.locator(".call").wait_for()
    await pages.wait_for_media(organiser, people=1)


async def _lock(seen: Seen, browser: Browser, organiser: Page, meeting: pages.Planned) -> None:
    """Lock the meeting, let a guest knock, and unlock it: nobody is let in by that."""
    lock = organiser.get_by_role("switch", name="Lock the meeting")
    await _toggle(organiser, lock)
    late = await _page(browser, DESKTOP)
    await pages.ask_as_guest(late, meeting.link, "Late", meeting.pin)
    await late.get_by_role("heading", name="The meeting is locked").wait_for()
    await organiser.get_by_text("Late is knocking. The meeting is locked.").wait_for()
    await organiser.get_by_role("button", name="Let Late in").first.wait_for()
    await _toggle(organiser, lock)
    await late.get_by_role("heading", name=WAITING).wait_for()
    # The waiting list is told anew with the lock; who waits still does.
    seen.locked = await late.get_by_role("main").inner_text()
    seen.unlocked_inside = len((await pages.figures(organiser))["people"])
    await late.get_by_role("button", name="Stop waiting").click()
    await late.get_by_role("heading", name="You are no longer waiting").wait_for()
    await organiser.get_by_role("button", name="Let Late in").first.wait_for(state="hidden")
    await late.context.close()


async def _second_window(seen: Seen, guest: Page) -> None:
    """Duplicate the guest's page: it has the same place and takes over, and the first one says so."""
    stored: dict[str, str] = await guest.evaluate("() => ({...sessionStorage})")
    path = guest.url
    other = await guest.context.new_page()
    other.set_default_timeout(pages.STEP_MS)
    await other.add_init_script(f"Object.assign(sessionStorage, {json.dumps(stored)})")
    await other.goto(path)
    await pages.picture(other)
    await other.get_by_role("button", name="Join meeting").click()
    await other.locator(".call").wait_for()
    elsewhere = guest.get_by_role("heading", name="You are connected in another window")
    await elsewhere.wait_for()
    seen.second_window = await elsewhere.inner_text()
    await other.close()
    # The first window comes back with the same place.
    await guest.evaluate("(stored) => Object.assign(sessionStorage, stored)", stored)
    await guest.goto(path)
    await pages.picture(guest)
    await guest.get_by_role("button", name="Join meeting").click()
    await guest.locator(".call").wait_for()


async def _remove(seen: Seen, organiser: Page, guest: Page, meeting: pages.Planned) -> None:
    """Remove the guest, who then tries what a stubborn one would: to come in with the old place."""
    await pages.wait_for_media(organiser, people=1)
    place = str(await guest.evaluate("() => Object.entries(sessionStorage).find(([k]) => k.includes('place'))?.[1]"))
    await _person(organiser, "Greta Gast", "Remove")
    dialog = organiser.get_by_role("alertdialog")
    await dialog.get_by_label("Message (optional)").fill("Please call me.")
    await dialog.get_by_text("Not let in again").click()
    await dialog.get_by_role("button", name="Remove").click()
    await guest.get_by_role("heading", name="You were removed from the meeting").wait_for()
    seen.removed = await guest.get_by_role("main").inner_text()
    seen.left_behind = str(await guest.evaluate("() => JSON.stringify({...sessionStorage})"))
    seen.with_old_place = await guest.evaluate(_ASK_WITH_PLACE, {"meeting": meeting.id, "place": place})
    async for attempt in AsyncRetrying(stop=stop_after_delay(CALM_SECONDS), wait=wait_fixed(0.25), reraise=True):
        with attempt:
            seen.after_removal = await _kinds(organiser)
            assert not seen.after_removal, "the guest is still received"


_ASK_WITH_PLACE = """async ({ meeting, place }) => {
  const session = await (await fetch("/api/session")).json();
  const headers = { "Content-Type": "application/json", "X-CSRFToken": session.csrf_token };
  const body = JSON.stringify({ place });
  const answer = await fetch(`/api/meetings/${meeting}/join`, { method: "POST", headers, body });
  return { status: answer.status, code: (await answer.json()).code ?? null };
}"""


async def _end(seen: Seen, browser: Browser, organiser: Page, meeting: pages.Planned) -> None:
    await organiser.get_by_role("button", name="Leave", exact=True).first.click()
    await organiser.get_by_role("menuitem", name="End for everybody").click()
    await organiser.get_by_role("alertdialog").get_by_role("button", name="End for everybody").click()
    await organiser.wait_for_url("**/ended")
    over = organiser.get_by_role("main").get_by_role("heading", name="The meeting has ended")
    await over.wait_for()
    seen.over = await over.inner_text()
    page = await _page(browser, DESKTOP)
    await page.goto(meeting.link)
    dead = page.get_by_role("heading", name="This meeting is not open")
    await dead.wait_for()
    seen.dead_link = await dead.inner_text()
    await page.context.close()


async def _person(organiser: Page, name: str, deed: str) -> None:
    await organiser.get_by_role("button", name=f"Actions for {name}").click()
    await organiser.get_by_role("menuitem", name=deed).click()


async def _toggle(organiser: Page, switch: Locator) -> None:
    """Turn a switch, and wait until the portal says so."""
    wanted = not await switch.is_checked()
    # The input is hidden; people press the label around it.
    await organiser.locator("label.switch").filter(has=switch).click()
    async for attempt in AsyncRetrying(stop=stop_after_delay(CALM_SECONDS), wait=wait_fixed(0.1), reraise=True):
        with attempt:
            assert await switch.is_checked() is wanted, "the switch did not turn"


async def _kinds(page: Page) -> list[str]:
    return sorted({str(track["kind"]) for track in (await pages.figures(page))["tracks"]})


def test_a_guest_waits_and_learns_neither_title_nor_names(seen: Seen) -> None:
    assert WAITING in seen.waits
    assert "You have been waiting since" in seen.waits
    assert TITLE not in seen.waits
    assert "Organiser" not in seen.waits
    # No call, not even one that is hidden.
    assert seen.before is None


def test_the_organiser_is_told_who_waits_and_the_title_bar_counts(seen: Seen) -> None:
    assert seen.notice == "Greta Gast is waiting to be let in."
    assert seen.title.startswith("(1) ")


def test_a_guest_reads_what_the_organiser_writes(seen: Seen) -> None:
    assert seen.told == "Five minutes, please."


def test_a_guest_who_reloads_keeps_waiting_and_gives_no_pin_again(seen: Seen) -> None:
    assert WAITING in seen.reloaded
    assert "Five minutes, please." in seen.reloaded
    assert not seen.asked_again


def test_a_guest_who_is_let_in_goes_in_by_himself_and_both_see_each_other(seen: Seen) -> None:
    assert seen.joined == "Greta Gast joined."
    for figures in (seen.organiser, seen.guest):
        assert {track["encryption"] for track in figures["tracks"]} == {"encrypted"}


def test_a_guest_who_is_turned_away_reads_why(seen: Seen) -> None:
    assert "You were not let in" in seen.denied
    assert "This is not your meeting." in seen.denied
    assert TITLE not in seen.denied


def test_with_the_floor_closed_a_guest_cannot_speak_and_sees_why(seen: Seen) -> None:
    assert seen.floor_button
    assert "You cannot speak now" in seen.floor
    assert "audio" not in seen.silent
    assert "video" in seen.silent
    assert "Your microphone is still off" in seen.opened


def test_a_guest_who_is_moved_back_waits_again(seen: Seen) -> None:
    assert "You were moved to the lobby" in seen.moved_back


def test_unlocking_lets_nobody_in_by_itself(seen: Seen) -> None:
    assert WAITING in seen.locked
    assert seen.unlocked_inside == 2


def test_a_second_window_with_the_same_place_takes_over(seen: Seen) -> None:
    assert seen.second_window


def test_a_guest_who_is_removed_is_gone_and_reads_why(seen: Seen) -> None:
    assert "Please call me." in seen.removed
    assert seen.after_removal == []


def test_nothing_brings_a_removed_guest_back(seen: Seen) -> None:
    assert "conclave." not in seen.left_behind
    assert seen.with_old_place["status"] == 403
    assert seen.with_old_place["code"] in {"removed", "denied"}


def test_a_meeting_that_was_ended_for_everybody_is_over(seen: Seen) -> None:
    assert seen.over
    assert seen.dead_link
