"""A running call while the site's mode is switched, and while the SFU breaks down, in browsers inside and outside.

Only the rooms are told here; that packets stop is the firewall's business, and tested there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.admission import PortalAdmission
from conclave.call.site import outside_prefix, users_prefix
from conclave.site import read, secrets
from conclave.site.trusted import ca_file
from conclave.verify.places import Host

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

SITE = "lab"
KEY = "k" * 42 + "A"
FRAMES = 15
AUDITED = "cd / && runuser -u postgres -- psql -d portal -Atc %s"
QUERY = "SELECT details->>'mode' FROM audit_entry WHERE action = 'mode_announced' AND actor = 'tests' ORDER BY id"
PROGRAM = "/usr/lib/conclave/portal/mode"
# How quick it is depends on what else the machine does; here it matters what people see.
ALL_THE_TIME = "--reason test --actor tests --limit 20"


@dataclass
class Seen:
    """What people saw, and what the program said."""

    told: dict[str, Any] = field(default_factory=dict)
    banner: str = ""
    sent_out: str = ""
    cut_off: str = ""
    refused: str = ""
    reopened: str = ""
    audited: list[str] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def seen(pictures: Path) -> Seen:
    return asyncio.run(_look(pictures))


async def _look(pictures: Path) -> Seen:
    site, known = read.load(SITE), secrets.load(SITE)
    domain = site.answers.domain
    core, media = (Host(site.host(role), site) for role in ("core", "media"))
    seen = Seen()
    with ca_file(site, known) as authority:
        async with (
            PortalAdmission(domain, known["secret_probe_oidc"], authority) as admission,
            chromium(authority, users_prefix()) as users,
            chromium(authority, outside_prefix("udp4")) as outside,
        ):
            link = f"https://meet.{domain}/m/{admission.invitation.meeting}#k={KEY}"
            pin = admission.invitation.pin
            one = await _guest(users, link, "Inside", pin)
            other = await _guest(outside, link, "Outside", pin)
            await _see_each_other(one, other)
            try:
                seen.told = await asyncio.to_thread(core.json, f"{PROGRAM} isolated {ALL_THE_TIME}")
                await _switched(seen, one, other, pictures)
                await other.goto(link)
                await _ask(other, "Outside", pin)
                await other.get_by_role("heading", name="This site is isolated").wait_for()
                seen.refused = await other.get_by_role("main").inner_text()
            finally:
                await asyncio.to_thread(core.json, f"{PROGRAM} open {ALL_THE_TIME}")
            banner = one.get_by_text("This site is open again")
            await banner.wait_for()
            seen.reopened = await banner.inner_text()
            await other.get_by_role("button", name="Try again").click()
            await _ask(other, "Outside", pin)
            await _crash(seen, media, one, other)
            await asyncio.gather(*(pages.leave(page) for page in (one, other)))
            async for attempt in AsyncRetrying(stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True):
                with attempt:
                    seen.audited = (await asyncio.to_thread(core.read, AUDITED, QUERY)).splitlines()
                    assert len(seen.audited) > 1, "the switches are not in the audit log"
    return seen


async def _guest(browser: Browser, link: str, name: str, pin: str) -> Page:
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await pages.join_as_guest(page, link, name, pin)
    return page


async def _ask(page: Page, name: str, pin: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("PIN").fill(pin)
    await page.get_by_role("button", name="Join meeting").click()


async def _switched(seen: Seen, one: Page, other: Page, pictures: Path) -> None:
    banner = one.locator(".mode-banner")
    # Sooner than the page asks by itself: the room has told it.
    await banner.wait_for(timeout=10_000)
    seen.banner = await banner.inner_text()
    await other.get_by_role("heading", name="The site was isolated").wait_for(timeout=10_000)
    seen.cut_off = await other.get_by_role("main").inner_text()
    seen.sent_out = await one.get_by_text("because they were outside").inner_text()
    await one.screenshot(path=pictures / "isolated.png")
    await other.screenshot(path=pictures / "isolated-outside.png")


async def _crash(seen: Seen, media: Host, one: Page, other: Page) -> None:
    both = (one, other)
    await _see_each_other(*both)
    seen.before = {await _identity(page) for page in both}
    await asyncio.to_thread(media.read, "systemctl kill --kill-whom=main --signal=KILL conclave-livekit.service")
    async for attempt in AsyncRetrying(stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True):
        with attempt:
            seen.after = {await _identity(page) for page in both}
            # Before it is connected again a page's own name is empty.
            assert len(seen.after - seen.before - {""}) == len(both), "not back under other names"
    await _see_each_other(*both)


async def _see_each_other(*both: Page) -> None:
    """Wait for pictures; that sound comes with them is the other story's subject."""
    async for attempt in AsyncRetrying(stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True):
        with attempt:
            for page in both:
                tracks = (await pages.figures(page))["tracks"]
                assert any(track["framesDecoded"] > FRAMES for track in tracks), "one sees nobody"


async def _identity(page: Page) -> str:
    """Return the page's identity in its call; while it is in none there are no figures, which is an error here."""
    people = (await pages.figures(page))["people"]
    return next(str(person["identity"]) for person in people if person["self"])


def test_everybody_in_a_call_sees_the_switch_at_once(seen: Seen) -> None:
    assert seen.banner.endswith("Nobody outside this site can be reached or can listen in.")
    assert "Outside" in seen.sent_out
    assert seen.told["told"] == 2
    assert not seen.told["failed"]


def test_who_was_outside_is_told_why_the_picture_is_gone(seen: Seen) -> None:
    assert seen.told["removed"] == 1
    assert "The site was isolated" in seen.cut_off
    assert "Your organiser is aware of this" in seen.cut_off


def test_nobody_comes_back_from_outside_while_it_lasts(seen: Seen) -> None:
    assert "Nobody can join from outside for now" in seen.refused


def test_those_inside_see_that_the_site_is_open_again(seen: Seen) -> None:
    assert "open again" in seen.reopened


def test_after_a_crash_of_the_sfu_everybody_is_brought_back(seen: Seen) -> None:
    assert len(seen.before) == len(seen.after) == 2


def test_both_switches_are_in_the_audit_log(seen: Seen) -> None:
    assert {"isolated", "open"} <= set(seen.audited)
