"""Checking the connection at a deployed site: by itself, and before a meeting, where it is in nobody's way."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.admission import PortalAdmission
from conclave.call.site import users_prefix
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

SITE = "lab"
KEY = "k" * 42 + "A"
PATHS = {"udp", "turn-udp", "tcp", "turn-tls"}
WORKS = {"good", "fair", "slow", "unstable"}


@dataclass
class Checked:
    """What the pages said, and whom they asked."""

    domain: str
    result: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    devices: str = ""
    verdict: str | None = None
    again: dict[str, Any] = field(default_factory=dict)
    interrupted: dict[str, Any] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def checked(pictures: Path) -> Checked:
    return asyncio.run(_check(pictures))


async def _check(pictures: Path) -> Checked:
    site, known = read.load(SITE), secrets.load(SITE)
    checked = Checked(site.answers.domain)
    with ca_file(site, known) as authority:
        async with (
            PortalAdmission(checked.domain, known["secret_probe_oidc"], authority) as admission,
            chromium(authority, users_prefix()) as browser,
        ):
            page = await _page(browser, checked)
            await page.goto(f"https://meet.{checked.domain}/check")
            checked.result = await _result(page)
            checked.said = await page.get_by_role("main").inner_text()
            await page.screenshot(path=pictures / "check.png", full_page=True)
            await page.get_by_role("button", name="Test again").click()
            await page.get_by_role("heading", name="Testing your connection").wait_for()
            checked.again = await _result(page)
            await page.context.close()
            link = f"https://meet.{checked.domain}/m/{admission.invitation.meeting}#k={KEY}"
            await _before_a_meeting(browser, checked, link, admission.invitation.pin)
    return checked


async def _page(browser: Browser, checked: Checked) -> Page:
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    context.on("request", lambda request: checked.addresses.append(request.url))
    context.on("console", lambda message: checked.console.append(message.text))
    page = await context.new_page()
    page.on("websocket", lambda socket: checked.addresses.append(socket.url))
    page.set_default_timeout(pages.STEP_MS)
    return page


async def _result(page: Page) -> dict[str, Any]:
    place = page.locator("#check-result")
    await place.wait_for(state="attached")
    found: dict[str, Any] = json.loads(await place.text_content() or "")
    return found


async def _before_a_meeting(browser: Browser, checked: Checked, link: str, pin: str) -> None:
    """One waits for the verdict and joins, the other joins while it is still being checked; they meet."""
    patient = await _page(browser, checked)
    await patient.goto(link)
    verdict = patient.locator("[data-verdict]")
    await verdict.wait_for()
    checked.verdict, checked.devices = await verdict.get_attribute("data-verdict"), await verdict.inner_text()
    await pages.join_as_guest(patient, link, "Patient", pin)
    hasty = await _page(browser, checked)
    await pages.join_as_guest(hasty, link, "Hasty", pin)
    checked.interrupted = await pages.wait_for_media(hasty, people=1)
    await asyncio.gather(*(pages.leave(page) for page in (patient, hasty)))


def test_the_page_says_that_users_inside_have_a_good_connection_over_udp(checked: Checked) -> None:
    assert checked.result["stage"] == "ok"
    assert checked.result["path"] == "udp"
    # How even it is depends on what else the machine does.
    assert checked.result["verdict"] == checked.result["quality"]
    assert checked.result["quality"] in WORKS
    assert f"Your connection is {checked.result['quality']}" in checked.said


def test_what_was_sent_came_back_and_could_be_decrypted(checked: Checked) -> None:
    for result in (checked.result, checked.again):
        assert result["frames_sent"] > 0
        assert result["frames_received"] > 0.5 * result["frames_sent"]
        assert result["receive_kbps"] > 50
        assert result["round_trip_ms"] is not None
        assert result["address_family"] in {4, 6}


def test_every_path_is_known_and_both_relays_answer(checked: Checked) -> None:
    assert set(checked.result["paths"]) == PATHS
    assert checked.result["paths"]["turn-udp"] == checked.result["paths"]["turn-tls"] == "open"
    assert checked.result["blocked"] == checked.result["firewall_rules"] == []
    assert "What to request from your IT support" not in checked.said


def test_the_device_check_shows_the_same_verdict(checked: Checked) -> None:
    assert checked.verdict in WORKS
    assert f"Your connection is {checked.verdict}" in checked.devices


def test_who_joins_while_the_check_runs_is_in_the_call_all_the_same(checked: Checked) -> None:
    assert len(checked.interrupted["people"]) == 2
    assert {track["encryption"] for track in checked.interrupted["tracks"]} == {"encrypted"}


def test_the_check_asks_nobody_else_and_writes_nothing_to_the_console(checked: Checked) -> None:
    hosts = {urlsplit(address).hostname for address in checked.addresses if not address.startswith(("data:", "blob:"))}
    assert hosts == {f"{name}.{checked.domain}" for name in ("meet", "media")}
    assert not [line for line in checked.console if "livekit" in line.lower() or "check-" in line]
