"""Expected people: a guest's personal link, who may use it, and what a new link does to the old one."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.site import users_prefix
from conclave.call.with_browser import ACCOUNT, authenticator_folder
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

SITE = "lab"
TITLE = "Works council"
GUEST = "Greta Gast"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Seen:
    """What organiser and guests saw, in the order in which it happened."""

    addresses: list[str] = field(default_factory=list)
    unused: str = ""
    own: str = ""
    asked: bool = True
    elsewhere: str = ""
    without: str = ""
    waiting: str = ""
    inside: str = ""
    guest: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    revoked: str = ""
    void: str = ""
    renewed: str = ""
    links: list[str] = field(default_factory=list, repr=False)
    planned: int = 0
    left: int = 0


@pytest.fixture(scope="module")
def seen(pictures: Path) -> Seen:
    return asyncio.run(_look(pictures))


async def _look(pictures: Path) -> Seen:
    site, known = read.load(SITE), secrets.load(SITE)
    domain = site.answers.domain
    seen = Seen()
    with ca_file(site, known) as authority:
        async with chromium(authority, users_prefix()) as browser:
            context = await _context(browser, DESKTOP, seen)
            await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=f"https://meet.{domain}")
            organiser = await _page(context)
            authenticator = pages.Authenticator(authenticator_folder(SITE))
            await pages.sign_in(organiser, domain, ACCOUNT, known["secret_demo_password"], authenticator)
            meeting = await _plan(organiser, domain, pictures)
            personal = await _personal_link(seen, organiser, pictures)
            await _used_elsewhere(seen, browser, organiser, domain, meeting, personal, pictures)
            await _new_link(seen, browser, organiser, domain, meeting)
            await pages.delete(organiser, domain, meeting)
            await _series(seen, organiser, domain)
    return seen


async def _context(browser: Browser, viewport: ViewportSize, seen: Seen) -> BrowserContext:
    context = await browser.new_context(locale="en-GB", viewport=viewport)
    context.on("request", lambda request: seen.addresses.append(request.url))
    return context


async def _page(context: BrowserContext) -> Page:
    page = await context.new_page()
    page.set_default_timeout(pages.STEP_MS)
    return page


async def _plan(organiser: Page, domain: str, pictures: Path) -> pages.Planned:
    """Plan a meeting of named guests, with one who is expected."""
    await organiser.goto(f"https://meet.{domain}/plan")
    await organiser.get_by_label("Title").fill(TITLE)
    await organiser.get_by_role("radio", name=re.compile("^Internal")).check(force=True)
    await organiser.get_by_label("Name", exact=True).fill(GUEST)
    await organiser.get_by_role("button", name="Add person").click()
    await organiser.get_by_role("button", name=f"Take {GUEST} off the list").wait_for()
    await organiser.screenshot(path=pictures / "plan-people.png", full_page=True)
    await organiser.get_by_role("button", name="Plan meeting").click()
    link = await organiser.get_by_label("Link", exact=True).input_value()
    return pages.Planned(link.partition("#")[0].rpartition("/")[2], link, "")


async def _personal_link(seen: Seen, organiser: Page, pictures: Path) -> str:
    unused = organiser.get_by_text("no personal link")
    await unused.wait_for()
    await organiser.get_by_role("button", name=f"Copy personal link for {GUEST}").click()
    await organiser.get_by_text(f"The personal link of {GUEST} is copied.").wait_for()
    unused = organiser.get_by_text("personal link not used yet")
    await unused.wait_for()
    seen.unused = await unused.inner_text()
    await organiser.screenshot(path=pictures / "meeting-people.png", full_page=True)
    return str(await organiser.evaluate("() => navigator.clipboard.readText()"))


async def _used_elsewhere(
    seen: Seen,
    browser: Browser,
    organiser: Page,
    domain: str,
    meeting: pages.Planned,
    personal: str,
    pictures: Path,
) -> None:
    """Let a guest in by his link, and nobody else; then revoke it while he is inside."""
    context = await _context(browser, PHONE, seen)
    guest = await _page(context)
    await guest.goto(personal)
    await pages.picture(guest)
    seen.own = await guest.get_by_role("main").inner_text()
    seen.asked = await guest.get_by_label("PIN").is_visible()
    await guest.get_by_role("button", name="Join meeting").click()
    await guest.get_by_role("heading", name="Please wait to be let in").wait_for()

    other = await _page(await _context(browser, PHONE, seen))
    await other.goto(personal)
    await pages.picture(other)
    await other.get_by_role("button", name="Join meeting").click()
    await other.get_by_role("heading", name="This personal link is in use on another device").wait_for()
    seen.elsewhere = await other.get_by_role("main").inner_text()
    await other.screenshot(path=pictures / "personal-link-used.png")
    # Only the fragment differs: without this the browser stays on its page.
    await other.goto("about:blank")
    await other.goto(meeting.link)
    only = other.get_by_text("Guests enter this meeting by a personal link only.")
    await only.wait_for()
    seen.without = await only.inner_text()
    await other.context.close()

    await pages.join_own(organiser, domain, meeting, keep_door=False)
    await organiser.get_by_role("button", name="Show", exact=True).click()
    row = organiser.get_by_role("listitem").filter(has_text=GUEST).first
    await row.wait_for()
    seen.waiting = await row.inner_text()
    await organiser.get_by_role("button", name=f"Let {GUEST} in").first.click()
    await guest.locator(".call").wait_for()
    seen.guest = await pages.wait_for_media(guest, people=1)
    await guest.close()
    await _come_back(seen, context, organiser, f"https://meet.{domain}/meetings/{meeting.id}", personal)
    await pages.leave(organiser)
    await context.close()


async def _come_back(seen: Seen, context: BrowserContext, organiser: Page, meeting_page: str, personal: str) -> None:
    """Lose the tab, and with it the place, and come back by the link; then have it revoked."""
    guest = await _page(context)
    await guest.goto(personal)
    await pages.picture(guest)
    await guest.get_by_role("button", name="Join meeting").click()
    await guest.locator(".call").wait_for()
    seen.again = True
    page = await _page(organiser.context)
    await page.goto(meeting_page)
    inside = page.get_by_text("in the meeting", exact=True)
    await inside.wait_for()
    seen.inside = await inside.inner_text()
    await page.get_by_role("button", name=f"Revoke link of {GUEST}").click()
    await guest.get_by_role("heading", name="You were removed from the meeting").wait_for()
    seen.revoked = await guest.get_by_role("main").inner_text()
    await guest.goto(personal)
    await pages.picture(guest)
    await guest.get_by_role("button", name="Join meeting").click()
    await guest.get_by_role("heading", name="This personal link does not work").wait_for()
    seen.void = await guest.get_by_role("main").inner_text()
    await page.close()


async def _new_link(seen: Seen, browser: Browser, organiser: Page, domain: str, meeting: pages.Planned) -> None:
    """Make a new link in a browser that has lost its key."""
    await organiser.goto(f"https://meet.{domain}/meetings/{meeting.id}")
    await organiser.evaluate("meeting => localStorage.removeItem(`conclave.key.${meeting}`)", meeting.id)
    await organiser.evaluate("meeting => sessionStorage.removeItem(`conclave.key.${meeting}`)", meeting.id)
    await organiser.reload()
    await organiser.get_by_text("The key is not on this device").wait_for()
    await organiser.get_by_role("button", name="Make a new link").click()
    await organiser.get_by_role("alertdialog").get_by_role("button", name="Make a new link").click()
    link = organiser.get_by_label("Link", exact=True)
    await link.wait_for()
    seen.links = [meeting.link, await link.input_value()]
    late = await _page(await _context(browser, PHONE, seen))
    await late.goto(meeting.link)
    await late.get_by_role("heading", name="There is a newer link to this meeting").wait_for()
    seen.renewed = await late.get_by_role("main").inner_text()
    await late.context.close()


async def _series(seen: Seen, organiser: Page, domain: str) -> None:
    """Plan a meeting every week, and delete all but the first."""
    # Of this run: what an interrupted one has left counts for nothing.
    title = f"Weekly round {uuid4().hex[:4]}"
    await organiser.goto(f"https://meet.{domain}/plan")
    await organiser.get_by_label("Title").fill(title)
    await organiser.get_by_role("button", name=re.compile("Repeat$")).click()
    await organiser.get_by_role("option", name="Every week").click()
    await organiser.get_by_text(re.compile("[0-9]+ meetings, each with a link")).wait_for()
    await organiser.get_by_role("button", name="Plan meeting").click()
    await organiser.get_by_text("Part of a series").wait_for()
    # The list offers the way into one that begins within minutes, not to its page.
    first = organiser.url
    await organiser.goto(f"https://meet.{domain}/")
    rows = organiser.get_by_role("listitem").filter(has_text=title)
    await rows.nth(1).wait_for()
    seen.planned = await rows.count()
    await rows.nth(1).get_by_role("link").click()
    for following in (True, False):
        await organiser.get_by_role("button", name="Delete meeting").click()
        if following:
            await organiser.get_by_text("Also delete the repetitions after this one").click()
        await organiser.get_by_role("button", name="Delete", exact=True).click()
        await organiser.wait_for_url(f"https://meet.{domain}/")
        if following:
            # The list is there, and then without them.
            await rows.first.wait_for()
            await rows.nth(1).wait_for(state="detached")
            seen.left = await rows.count()
            await organiser.goto(first)


def test_a_personal_link_needs_neither_name_nor_pin_and_says_in_the_lobby_whose_it_is(seen: Seen) -> None:
    assert seen.unused == "personal link not used yet"
    assert "You have a personal link." in seen.own
    assert not seen.asked
    assert "expected, personal link" in seen.waiting
    assert {track["encryption"] for track in seen.guest["tracks"]} == {"encrypted"}
    assert seen.inside == "in the meeting"


def test_a_personal_link_is_of_one_device_and_comes_back_on_it(seen: Seen) -> None:
    assert "in use on another device" in seen.elsewhere
    assert "by a personal link only" in seen.without
    assert seen.again


def test_a_link_that_is_revoked_ends_what_came_by_it(seen: Seen) -> None:
    assert "You were removed" in seen.revoked
    assert "It was revoked or replaced" in seen.void


def test_an_organiser_without_the_key_makes_a_new_link_and_the_old_one_says_so(seen: Seen) -> None:
    old, new = (link.partition("#k=")[2] for link in seen.links)
    assert new.endswith("&v=2")
    assert new.partition("&")[0] != old
    assert "There is a newer link" in seen.renewed


def test_neither_key_nor_token_is_in_any_address_that_was_asked_for(seen: Seen) -> None:
    assert seen.addresses
    assert not [address for address in seen.addresses if "#" not in address and ("k=" in address or "p=" in address)]


def test_a_meeting_every_week_is_many_meetings_and_those_after_one_go_with_it(seen: Seen) -> None:
    assert seen.planned > 2
    assert seen.left == 1
