"""A guest in Debian's Firefox, beside one in Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from conclave.browser import pages
from conclave.browser.chromium import chromium, trust
from conclave.call.admission import PortalAdmission
from conclave.call.site import users_prefix
from conclave.paths import project_root
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Page

SITE = "lab"
KEY = "k" * 42 + "A"
OTHER_KEY = "A" * 43
ENCRYPTED = "End-to-end encrypted"
NO_MATCH = "The key in your link does not match"
# What a headless browser has no dialog for: a tab in which something moves and sounds, where sound is asked for.
SHARED_TAB = """
navigator.mediaDevices.getDisplayMedia = async ({ audio }) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  const drawing = canvas.getContext("2d");
  setInterval(() => {
    drawing.fillStyle = `hsl(${(performance.now() / 10) % 360} 80% 50%)`;
    drawing.fillRect(0, 0, canvas.width, canvas.height);
  }, 50);
  const stream = canvas.captureStream(15);
  if (audio) {
    const context = new AudioContext();
    const [tone, sink] = [context.createOscillator(), context.createMediaStreamDestination()];
    tone.connect(sink);
    tone.start();
    stream.addTrack(sink.stream.getAudioTracks()[0]);
  }
  return stream;
};
"""
SHARED = ["screen_share", "screen_share_audio"]
# Firefox's own steps end sooner, and say which it was.
LIMIT_SECONDS = 400
MEDIA_SECONDS = 300


@dataclass
class Seen:
    """What each of them saw."""

    domain: str
    firefox: dict[str, Any] = field(default_factory=dict)
    chromium: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    sharing: str = ""
    left: dict[str, Any] = field(default_factory=dict)
    back: dict[str, Any] = field(default_factory=dict)
    of_back: dict[str, Any] = field(default_factory=dict)
    without_devices: dict[str, Any] = field(default_factory=dict)
    of_without_devices: dict[str, Any] = field(default_factory=dict)
    wrong_key: dict[str, Any] = field(default_factory=dict)
    of_wrong_key: dict[str, Any] = field(default_factory=dict)


@dataclass
class Firefox:
    """The program that drives it (`web/dev/firefox.mjs`)."""

    process: asyncio.subprocess.Process

    async def join(
        self, link: str, name: str, pin: str, *, shows: str, people: int = 0, refuse: str | None = None
    ) -> None:
        """Join; what `hear` returns next was seen when so many others were seen and heard, and these words shown."""
        await self._tell(link=link, name=name, pin=pin, shows=shows, people=people, refuse=refuse)
        assert await self.hear() == {"joined": True}

    async def join_again(self, *, shows: str, people: int) -> None:
        """Join from the page that follows a call, as `join` does."""
        await self._tell(again=True, shows=shows, people=people)
        assert await self.hear() == {"joined": True}

    async def look(self, *, shows: str, sources: list[str]) -> dict[str, Any]:
        """Return what is seen in the call when something of each of these sources arrives and these words are shown."""
        await self._tell(shows=shows, sources=sources)
        return await self.hear()

    async def leave(self) -> dict[str, Any]:
        await self._tell()
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            line = await self.process.stdout.readline()
        assert line, "Firefox's driver has ended; what it said is above"
        heard: dict[str, Any] = json.loads(line)
        return heard

    async def _tell(self, **what: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.process.stdin.drain()


@pytest.fixture(scope="module")
def seen(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    assert pictures.is_dir()
    return asyncio.run(_look(tmp_path_factory.mktemp("profile")))


async def _look(profile: Path) -> Seen:
    site, known = read.load(SITE), secrets.load(SITE)
    seen = Seen(site.answers.domain)
    with ca_file(site, known) as authority:
        trust(profile, authority)
        async with (
            PortalAdmission(seen.domain, known["secret_probe_oidc"], authority) as admission,
            chromium(authority, users_prefix()) as browser,
            _firefox(profile) as firefox,
        ):
            address, pin = f"https://meet.{seen.domain}/m/{admission.invitation.meeting}", admission.invitation.pin
            page = await browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
            await page.add_init_script(SHARED_TAB)
            await pages.join_as_guest(page, f"{address}#k={KEY}", "Chromium", pin)
            await firefox.join(f"{address}#k={KEY}", "Firefox", pin, shows=ENCRYPTED, people=1)
            seen.chromium = await pages.wait_for_media(page, people=1, seconds=MEDIA_SECONDS)
            seen.firefox = await firefox.hear()
            await _share(seen, page, firefox)
            seen.left = await firefox.leave()
            await firefox.join_again(shows=ENCRYPTED, people=1)
            seen.of_back = await pages.wait_for_media(page, people=1, seconds=MEDIA_SECONDS)
            seen.back = await firefox.hear()
            await firefox.leave()
            await firefox.join(
                f"{address}#k={KEY}", "Without", pin, shows=ENCRYPTED, people=1, refuse="NotAllowedError"
            )
            seen.without_devices = await firefox.hear()
            seen.of_without_devices = await pages.figures(page)
            await firefox.leave()
            await firefox.join(f"{address}#k={OTHER_KEY}", "Wrong key", pin, shows=NO_MATCH)
            seen.wrong_key = await firefox.hear()
            seen.of_wrong_key = await _of_another_key(page)
            await firefox.leave()
            await pages.leave(page)
    return seen


async def _share(seen: Seen, page: Page, firefox: Firefox) -> None:
    await page.get_by_role("button", name="Share screen").click()
    seen.shared = await firefox.look(shows=ENCRYPTED, sources=SHARED)
    seen.sharing = await page.locator(".strip").filter(has_text="You are sharing").inner_text()
    await page.get_by_role("button", name="Stop sharing").first.click()


async def _of_another_key(page: Page) -> dict[str, Any]:
    """Return the page's figures as soon as they say that somebody's key differs: it is tried again soon after."""
    async for attempt in AsyncRetrying(stop=stop_after_delay(MEDIA_SECONDS), wait=wait_fixed(0.25), reraise=True):
        with attempt:
            figures = await pages.figures(page)
            assert any(person["encryption"] == "keyMismatch" for person in figures["people"]), "nobody's key differs"
    return figures


@contextlib.asynccontextmanager
async def _firefox(profile: Path) -> AsyncIterator[Firefox]:
    process = await asyncio.create_subprocess_exec(
        *users_prefix(),
        "node",
        str(project_root() / "web/dev/firefox.mjs"),
        env={**os.environ, "FIREFOX_PROFILE": str(profile)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        yield Firefox(process)
    finally:
        assert process.stdin is not None
        # At the end of its input it closes its browser.
        process.stdin.close()
        async with asyncio.timeout(LIMIT_SECONDS):
            await process.wait()


def test_firefox_sees_and_hears_chromium(seen: Seen) -> None:
    assert _others_seen_and_heard(seen.firefox["figures"]) == 1


def test_chromium_sees_and_hears_firefox(seen: Seen) -> None:
    assert _others_seen_and_heard(seen.chromium) == 1


def test_firefox_shows_that_all_of_it_is_end_to_end_encrypted(seen: Seen) -> None:
    for figures in (seen.firefox["figures"], seen.chromium):
        assert {track["encryption"] for track in figures["tracks"]} == {"encrypted"}
        assert not figures["refused"]
    assert seen.firefox["shown"] == ENCRYPTED


def test_firefox_sees_and_hears_a_shared_tab(seen: Seen) -> None:
    tracks = {track["source"]: track for track in seen.shared["figures"]["tracks"]}
    assert tracks["screen_share"]["framesDecoded"]
    assert tracks["screen_share_audio"]["audioEnergy"]
    assert seen.shared["shown"] == ENCRYPTED
    assert "with its sound" in seen.sharing


def test_who_comes_back_in_firefox_is_seen_and_sees(seen: Seen) -> None:
    assert _others_seen_and_heard(seen.back["figures"]) == 1
    assert _others_seen_and_heard(seen.of_back) == 1
    former, now = (_others(figures) for figures in (seen.chromium, seen.of_back))
    assert len(now) == 1
    assert former.isdisjoint(now), "a ticket is good for one entry"


def test_who_has_no_devices_in_firefox_sees_and_is_there(seen: Seen) -> None:
    assert _others_seen_and_heard(seen.without_devices["figures"]) == 1
    assert len(_others(seen.of_without_devices)) == 1
    assert not seen.of_without_devices["tracks"]


def test_nothing_is_taken_for_a_cut_connection_in_firefox(seen: Seen) -> None:
    for looked in (seen.firefox, seen.shared, seen.back, seen.without_devices):
        assert not [alarm for alarm in looked["alarms"] if "Reconnecting" in alarm]


def test_firefox_with_another_key_decodes_nothing_and_says_why(seen: Seen) -> None:
    # Said only where packets arrive and none is decrypted.
    assert seen.wrong_key["shown"] == NO_MATCH
    assert seen.wrong_key["most"]
    assert not any(seen.wrong_key["most"])


def test_chromium_decodes_nothing_that_firefox_sends_with_another_key(seen: Seen) -> None:
    people, tracks = seen.of_wrong_key["people"], seen.of_wrong_key["tracks"]
    (other,) = (person["identity"] for person in people if person["encryption"] == "keyMismatch")
    assert not any(track["framesDecoded"] or track["audioEnergy"] for track in tracks if track["identity"] == other)


def test_who_leaves_in_firefox_ends_on_a_page_that_says_so(seen: Seen) -> None:
    assert seen.left["end"] == f"https://meet.{seen.domain}/ended"
    assert "You have left the meeting" in seen.left["page"]


def test_no_page_breaks_its_policy_in_firefox(seen: Seen) -> None:
    assert seen.left["violations"] == []


def _others(figures: dict[str, Any]) -> set[str]:
    return {person["identity"] for person in figures["people"] if not person["self"]}


def _others_seen_and_heard(figures: dict[str, Any]) -> int:
    seen = {track["identity"] for track in figures["tracks"] if track["kind"] == "video" and track["framesDecoded"]}
    heard = {track["identity"] for track in figures["tracks"] if track["kind"] == "audio" and track["audioEnergy"]}
    return len(seen & heard)
