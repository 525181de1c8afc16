"""People in browsers: who is in a call, and who comes to it when something has just failed."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.async_api import TimeoutError as TooLateError

from conclave.browser import pages

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PATIENCE = 60.0
SIGN_IN_SECONDS = 300.0
# Small, as the probes' video: encoders and site share one machine.
SMALL_CAMERA = """(() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const video = { width: 320, height: 180, frameRate: 15 };
  navigator.mediaDevices.getUserMedia = (wanted) => ask(wanted?.video ? { ...wanted, video } : wanted);
})()"""
# Notes, twenty times a second, whether a frame of anybody was decoded since the last look.
WATCH = """() => {
  const seen = { moments: [Date.now()], frames: new Map() };
  window.watched = seen;
  setInterval(async () => {
    const figures = await window.conclaveCall?.figures().catch(() => undefined);
    const tracks = figures?.tracks.filter(({ kind }) => kind === "video") ?? [];
    const more = tracks.some(({ sid, framesDecoded }) => framesDecoded > (seen.frames.get(sid) ?? 0));
    for (const { sid, framesDecoded } of tracks) seen.frames.set(sid, framesDecoded);
    if (more) seen.moments.push(Date.now());
  }, 50);
}"""


@dataclass(frozen=True)
class Newcomer:
    """Somebody who came when something had just failed."""

    seconds: float | None
    said: str = ""

    @property
    def let_in(self) -> bool:
        """Whether he got where he wanted to."""
        return self.seconds is not None


async def guest(browser: Browser, link: str, name: str, pin: str) -> Page:
    """Enter the call as a guest with camera and microphone."""
    page = await _page(browser)
    await pages.join_as_guest(page, link, name, pin)
    return page


async def before_the_door(browser: Browser, link: str, pin: str) -> Page:
    """Fill in everything but do not join; without camera and microphone, so that he costs the call little."""
    page = await _page(browser)
    await page.goto(link)
    await page.get_by_label("Your name").fill("Newcomer")
    await page.get_by_label("PIN").fill(pin)
    for device in ("camera", "microphone"):
        await page.get_by_role("button", name=f"Turn {device} off").click()
        await page.get_by_role("button", name=f"Turn {device} on").wait_for()
    return page


async def join(page: Page, patience: float = PATIENCE) -> Newcomer:
    """Join once; whatever else has to be tried again, the client does, for five minutes."""
    began = time.monotonic()
    await page.get_by_role("button", name="Join meeting").click()
    call, ways_out = page.locator(".call"), page.get_by_role("button", name="Try again")
    try:
        await call.or_(ways_out).first.wait_for(timeout=1000 * patience)
    except TooLateError:
        return Newcomer(None, await page.get_by_role("main").inner_text())
    if await call.is_visible():
        return Newcomer(round(time.monotonic() - began, 2))
    return Newcomer(None, await page.get_by_role("main").inner_text())


async def ask_to_sign_in(browser: Browser, domain: str) -> Newcomer:
    """Ask once for the form of the identity server, as the start page's link does, and wait."""
    page = await _page(browser)
    began = time.monotonic()
    try:
        await page.goto(f"https://meet.{domain}/oidc/login?next=/")
        await page.locator(f"#{pages.LOGIN}").wait_for(timeout=1000 * SIGN_IN_SECONDS)
        return Newcomer(round(time.monotonic() - began, 2))
    except TooLateError:
        return Newcomer(None, f"{page.url}: {await page.locator('body').inner_text()}")
    finally:
        await page.context.close()


async def watch(*people: Page) -> None:
    """Wait until each sees the other, and begin to note when frames arrive."""
    await asyncio.gather(*(pages.wait_for_media(page, len(people) - 1) for page in people))
    await asyncio.gather(*(page.evaluate(WATCH) for page in people))


async def gaps(page: Page, at: float) -> tuple[int, int]:
    """Return the longest time without a frame before and after a moment (`time.time`), in ms."""
    moments: list[float] = await page.evaluate("() => [...window.watched.moments, Date.now()]")
    pairs = [*itertools.pairwise(moments)]
    before = [second - first for first, second in pairs if second < 1000 * at]
    after = [second - first for first, second in pairs if second >= 1000 * at]
    return round(max(before, default=0)), round(max(after, default=0))


async def _page(browser: Browser) -> Page:
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    await context.add_init_script(SMALL_CAMERA)
    page = await context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    return page
