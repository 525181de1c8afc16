"""How people look at a call and what they send in it: layouts, shortcuts, notices, noise suppression."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

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
TITLE = "Reserve figures"
GUEST = "Greta Gast"
SMALL_WINDOW = "documentPictureInPicture.window"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


@dataclass
class Seen:
    """What the organiser saw, and what the guest received."""

    large: str = ""
    without_self: int = -1
    page: str = ""
    title: str = ""
    link: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    hidden_names: str = ""
    small_window: str = ""
    conflict: str = ""
    by_new_key: bool = False
    by_old_key: bool = True
    held: bool = False
    released: bool = True
    noise: str = ""
    filtered: dict[str, Any] = field(default_factory=dict)
    console: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(pictures: Path) -> Seen:
    return asyncio.run(_look(pictures))


async def _look(pictures: Path) -> Seen:
    site, known = read.load(SITE), secrets.load(SITE)
    domain = site.answers.domain
    seen = Seen()
    with ca_file(site, known) as authority:
        async with chromium(authority, users_prefix()) as browser:
            organiser, guest = await _page(browser, seen), await _page(browser, seen)
            authenticator = pages.Authenticator(authenticator_folder(SITE))
            await pages.sign_in(organiser, domain, ACCOUNT, known["secret_demo_password"], authenticator)
            meeting = await pages.plan(organiser, domain, TITLE)
            seen.link, seen.pin = meeting.link, meeting.pin
            await pages.join_own(organiser, domain, meeting)
            await pages.join_as_guest(guest, meeting.link, GUEST, meeting.pin)
            await pages.wait_for_media(organiser, people=1)
            await _layouts(seen, organiser, pictures)
            await _shortcuts(seen, organiser)
            await _noise(seen, organiser, guest)
            await pages.leave(guest)
            await pages.leave(organiser)
            await pages.delete(organiser, domain, meeting)
    return seen


async def _page(browser: Browser, seen: Seen) -> Page:
    context = await browser.new_context(locale="en-GB", viewport=DESKTOP)
    context.on("console", lambda message: seen.console.append(message.text))
    page = await context.new_page()
    page.set_default_timeout(pages.STEP_MS)
    return page


async def _choose(page: Page, item: str) -> None:
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name=item).click()


async def _layouts(seen: Seen, page: Page, pictures: Path) -> None:
    """Choose the speaker's view without the own video, hide names, and open picture-in-picture."""
    await _choose(page, "Speaker view")
    large = page.locator(".focus-large").get_by_role("figure")
    await large.wait_for()
    seen.large = await large.get_attribute("aria-label") or ""
    await _choose(page, "Hide my own video")
    await page.get_by_role("figure").nth(1).wait_for(state="detached")
    seen.without_self = await page.get_by_role("figure").count()
    await _choose(page, "Show my own video")
    seen.page, seen.title = await page.locator("body").inner_html(), await page.title()
    await page.wait_for_function("() => document.querySelector('.focus-large video')?.currentTime > 0")
    await page.screenshot(path=pictures / "speaker.png")
    await _choose(page, "Hide names")
    await page.get_by_text("Person 2").first.wait_for()
    seen.hidden_names = await page.locator("body").inner_html()
    await _choose(page, "Show names")
    await _choose(page, "Picture-in-picture")
    await page.wait_for_function(f"() => {SMALL_WINDOW}?.document.querySelector('.pip-controls')")
    seen.small_window = await page.evaluate(f"() => {SMALL_WINDOW}.document.body.innerHTML")
    await page.evaluate(f"() => {SMALL_WINDOW}.document.querySelector('.pip-controls button:last-child').click()")
    await page.wait_for_function(f"() => !{SMALL_WINDOW}")
    await _choose(page, "Gallery view")


async def _shortcuts(seen: Seen, page: Page) -> None:
    """Give the people panel another key than its own, and talk while a key is held."""
    panel = page.get_by_role("complementary", name="People")
    await _choose(page, "Keyboard shortcuts")
    row = page.get_by_role("button", name="People: P. Change key")
    await row.click()
    await page.keyboard.press("g")
    said = page.get_by_text("G is already used for")
    await said.wait_for()
    seen.conflict = await said.inner_text()
    await page.keyboard.press("n")
    await page.get_by_role("button", name="People: N. Change key").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="detached")
    await page.evaluate("document.activeElement?.blur()")
    await page.keyboard.press("p")
    seen.by_old_key = await panel.is_visible()
    await page.keyboard.press("n")
    await panel.wait_for()
    seen.by_new_key = True
    await page.keyboard.press("n")
    await panel.wait_for(state="detached")
    controls = page.get_by_role("toolbar", name="Call controls")
    await controls.get_by_role("button", name="Mute microphone", exact=True).click()
    await controls.get_by_role("button", name="Unmute microphone", exact=True).wait_for()
    await page.evaluate("document.activeElement?.blur()")
    await page.keyboard.down(" ")
    await controls.get_by_role("button", name="Mute microphone", exact=True).wait_for()
    seen.held = True
    await page.keyboard.up(" ")
    await controls.get_by_role("button", name="Unmute microphone", exact=True).wait_for()
    seen.released = True


async def _noise(seen: Seen, page: Page, guest: Page) -> None:
    """Take noise out of what the organiser says: the guest hears him all the same."""
    await (
        page.get_by_role("toolbar", name="Call controls")
        .get_by_role("button", name="Unmute microphone", exact=True)
        .click()
    )
    await _choose(page, "Turn noise suppression on")
    await page.get_by_role("button", name="More", exact=True).click()
    off = page.get_by_role("menuitem", name="Turn noise suppression off")
    await off.wait_for()
    seen.noise = await page.locator("body").inner_text()
    await page.keyboard.press("Escape")
    seen.filtered = await pages.wait_for_media(guest, people=1)
    await _choose(page, "Turn noise suppression off")


def test_the_view_is_the_viewers_and_no_screen_tells_which_meeting_it_is(seen: Seen) -> None:
    assert GUEST in seen.large
    assert seen.without_self == 1
    key = seen.link.rpartition("#")[2]
    for shown in (seen.page, seen.title, seen.small_window):
        assert TITLE not in shown
        assert seen.pin not in shown
        assert key not in shown
    assert GUEST not in seen.hidden_names
    assert GUEST in seen.small_window


def test_keys_can_be_changed_conflicts_are_named_and_noise_suppression_keeps_people_audible(seen: Seen) -> None:
    assert "Speaker view" in seen.conflict
    assert seen.by_new_key
    assert not seen.by_old_key
    assert seen.held
    assert seen.released
    assert "does not work in this browser" not in seen.noise
    assert seen.filtered
    assert not [line for line in seen.console if "Content Security Policy" in line]
