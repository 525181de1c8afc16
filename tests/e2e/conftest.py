"""One story at a deployed site, told once; the tests look at what happened in it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.admission import Invitation
from conclave.call.session import Plan
from conclave.call.site import hold_at_site, users_prefix
from conclave.call.with_browser import ACCOUNT, authenticator_folder, key_of
from conclave.paths import project_root
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

    from conclave.call.result import CallResult

SITE = "lab"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Story:
    """What the people and the instruments saw."""

    domain: str
    forms: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    organiser: dict[str, Any] = field(default_factory=dict)
    guest: dict[str, Any] = field(default_factory=dict)
    probe: CallResult | None = None
    plain: dict[str, Any] = field(default_factory=dict)
    warning: str = ""
    wrong_link: str = ""
    back: str = ""
    end: str = ""
    title: str = ""
    link: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Return the folder of the documents' screenshots; whoever takes some stands in a lab with a deployed site."""
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site: make e2e")
    return project_root() / "docs" / "pictures"


@pytest.fixture(scope="session")
def story(pictures: Path) -> Story:
    return asyncio.run(_tell(pictures))


async def _tell(pictures: Path) -> Story:
    site, known = read.load(SITE), secrets.load(SITE)
    story = Story(site.domain)
    authenticator = pages.Authenticator(authenticator_folder(SITE))
    with ca_file(site, known) as authority:
        async with chromium(authority, users_prefix()) as browser:
            organiser = await _person(browser, story, DESKTOP, "light")
            page = await organiser.new_page()
            password = known["secret_demo_password"]
            story.forms = await pages.sign_in(page, story.domain, ACCOUNT, password, authenticator)
            meeting = await pages.plan(page, story.domain, "Quarterly figures")
            story.link, story.pin = meeting.link, meeting.pin
            await page.get_by_role("button", name="Hide PIN").click()
            await page.screenshot(path=pictures / "meeting.png")
            await page.goto(f"https://meet.{story.domain}/")
            await page.get_by_text("Quarterly figures").first.wait_for()
            await page.screenshot(path=pictures / "my-meetings.png")
            await pages.join_own(page, story.domain, meeting)

            guest = await _person(browser, story, PHONE, "dark")
            phone = await guest.new_page()
            await pages.join_as_guest(phone, meeting.link, "Guest on a phone", meeting.pin)

            async def together() -> None:
                story.organiser = await pages.wait_for_media(page, people=2)
                story.guest = await pages.wait_for_media(phone, people=2)
                story.title = await page.title()
                await page.screenshot(path=pictures / "call.png")
                await phone.screenshot(path=pictures / "call-phone.png")

            key, invitation = key_of(meeting), Invitation(meeting.id, meeting.pin)
            plan = Plan(SITE, participants=1, seconds=8, wrong_key=True, key=key)
            story.probe = await hold_at_site(read.load(SITE), plan, invitation=invitation, during=together)
            await _plain_publisher(story, page, key, invitation)
            await page.screenshot(path=pictures / "blocked.png")
            await _wrong_key(browser, story, meeting)
            story.back = await _back(page)
            await pages.leave(page)
            story.end = page.url
            await page.screenshot(path=pictures / "end.png")
            await pages.leave(phone)
            await pages.delete(page, story.domain, meeting)
    return story


async def _person(
    browser: Browser, story: Story, viewport: ViewportSize, scheme: Literal["light", "dark"]
) -> BrowserContext:
    context = await browser.new_context(locale="en-GB", viewport=viewport, color_scheme=scheme)
    context.on("request", lambda request: story.addresses.append(request.url))
    context.on("console", lambda message: story.console.append(message.text))
    context.on("page", lambda page: page.on("websocket", lambda socket: story.addresses.append(socket.url)))
    return context


async def _plain_publisher(story: Story, page: Page, key: bytes, invitation: Invitation) -> None:
    """Somebody sends in clear: the client refuses, and says so."""

    async def look() -> None:
        alarm = page.get_by_role("alert").first
        await alarm.wait_for()
        story.warning = await alarm.inner_text()
        story.plain = await pages.figures(page)

    plan = Plan(SITE, participants=1, seconds=4, encrypts=False, key=key, name="In clear")
    await hold_at_site(read.load(SITE), plan, invitation=invitation, during=look)


async def _back(page: Page) -> str:
    """Somebody presses the browser's Back in the call, and stays."""
    await page.evaluate("history.back()")
    question = page.get_by_role("alertdialog")
    await question.wait_for()
    asked = await question.inner_text()
    await question.get_by_role("button", name="Stay").click()
    await question.wait_for(state="hidden")
    return asked


async def _wrong_key(browser: Browser, story: Story, meeting: pages.Planned) -> None:
    """Somebody opens the link with another key."""
    context = await _person(browser, story, DESKTOP, "light")
    page = await context.new_page()
    other = f"{meeting.link.partition('#k=')[0]}#k={'A' * 43}"
    await pages.join_as_guest(page, other, "Wrong key", meeting.pin)
    said = page.get_by_text("The key in your link does not match")
    await said.wait_for()
    story.wrong_link = await said.inner_text()
    await context.close()
