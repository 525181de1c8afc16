"""What a person does at a site, step by step, in English pages."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyotp

from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

LOGIN, ENROL, CODE = "kc-form-login", "kc-totp-settings-form", "kc-otp-login-form"
# A slow machine with cold caches; each step waits for its own event and goes on at once.
STEP_MS = 60_000
# A second of picture, and more sound than a muted microphone makes.
_FRAMES, _ENERGY = 15, 1e-5
_LOOK_SECONDS = 0.25


@dataclass
class Authenticator:
    """An authenticator app whose keys last as long as the folder they lie in, one file an account (mode 0600)."""

    folder: Path

    def code(self, account: str) -> str:
        """Return the code of this moment (RFC 6238).

        Raises
        ------
        ConclaveError
            When the account was enrolled with another authenticator.
        """
        try:
            return pyotp.TOTP(self._file(account).read_text(encoding="ascii")).now()
        except FileNotFoundError:
            raise ConclaveError(
                f"{account} has an authenticator that is not stored here",
                expected=f"{self._file(account)}",
                todo=f"conclave account reset SITE {account}",
            ) from None

    def enrol(self, account: str, key: str) -> None:
        """Keep the base32 key of an account."""
        file = self._file(account)
        file.touch(mode=0o600)
        file.write_text(key, encoding="ascii")

    def _file(self, account: str) -> Path:
        return self.folder / f"totp-{account}"


@dataclass(frozen=True)
class Planned:
    """A meeting as its organiser's browser knows it; the key is in the link's fragment."""

    id: str
    link: str = field(repr=False)
    pin: str = field(repr=False)


# What an organiser does by hand, twice a second. An answer that is none (a restart, the end) is asked for again.
_KEEP_DOOR = """meeting => {
    const address = `/api/meetings/${meeting}`;
    const look = async () => {
        const { csrf_token } = await (await fetch("/api/session")).json();
        const { waiting } = await (await fetch(`${address}/room`)).json();
        const numbers = waiting.map((one) => one.number);
        if (numbers.length === 0) return;
        await fetch(`${address}/waiting/admit`, {
            method: "POST",
            headers: { "Content-Type": "application/json", "X-CSRFToken": csrf_token },
            body: JSON.stringify({ numbers }),
        });
    };
    const again = () => look().catch(() => {}).finally(() => setTimeout(again, 500));
    again();
}"""


async def sign_in(page: Page, domain: str, username: str, password: str, authenticator: Authenticator) -> list[str]:
    """Sign in from the start page; return the ids of the identity server's forms that were answered, in order.

    Raises
    ------
    ConclaveError
        When the identity server refuses an answer.
    """
    page.set_default_timeout(STEP_MS)
    await page.goto(f"https://meet.{domain}/")
    await page.get_by_role("main").get_by_role("link", name="Sign in").click()
    forms = page.locator(", ".join(f"#{name}" for name in (LOGIN, ENROL, CODE)))
    home = page.get_by_role("heading", name="My meetings")
    answered: list[str] = []
    while True:
        await forms.or_(home).first.wait_for()
        if await home.is_visible():
            return answered
        form = str(await forms.first.get_attribute("id"))
        if form in answered:
            said = await page.locator(".pf-v5-c-helper-text, .kc-feedback-text, [id^=input-error]").all_inner_texts()
            raise ConclaveError(f"{username} is refused at {form}: {' '.join(said).strip() or 'no reason given'}")
        answered.append(form)
        await _fill(page, form, username, password, authenticator)
        async with page.expect_navigation():
            await forms.first.locator("[type=submit]").first.click()


async def _fill(page: Page, form: str, username: str, password: str, authenticator: Authenticator) -> None:
    if form == LOGIN:
        await page.locator("#username").fill(username)
        await page.locator("#password").fill(password)
    elif form == ENROL:
        # The hidden field is the raw key; apps are given it in base32.
        raw = await page.locator("#totpSecret").input_value()
        authenticator.enrol(username, base64.b32encode(raw.encode()).decode())
        await page.locator("#totp").fill(authenticator.code(username))
        await page.locator("#userLabel").fill("authenticator")
    else:
        await page.locator("#otp").fill(authenticator.code(username))


async def plan(page: Page, domain: str, title: str) -> Planned:
    """Plan a meeting that begins at the next quarter of an hour, and take link and PIN from its page."""
    await page.goto(f"https://meet.{domain}/plan")
    await page.get_by_label("Title").fill(title)
    await page.get_by_role("button", name="Plan meeting").click()
    link = await page.get_by_label("Link", exact=True).input_value()
    await page.get_by_role("button", name="Show PIN").click()
    digits = await page.locator(".pin-digits:not(.hidden) [aria-hidden]").inner_text()
    found = re.search(r"/m/([^#/]+)#k=", link)
    if found is None:
        raise ConclaveError(f"the meeting's link is {link.partition('#')[0]}", expected="…/m/<id>#k=<key>")
    return Planned(found[1], link, digits.replace(" ", ""))


async def join_own(page: Page, domain: str, meeting: Planned, *, keep_door: bool = True) -> None:
    """Join as the signed-in organiser, from the meeting's page.

    Parameters
    ----------
    keep_door:
        Let in whoever waits, without a click, for as long as this page is open.
    """
    await page.goto(f"https://meet.{domain}/meetings/{meeting.id}")
    await page.get_by_role("link", name=re.compile("^(Start|Join)$")).click()
    await _join(page)
    if keep_door:
        await page.evaluate(_KEEP_DOOR, meeting.id)


async def join_as_guest(page: Page, link: str, name: str, pin: str) -> None:
    """Join as a guest with a link, a name and the PIN; where guests wait, somebody has to let them in meanwhile."""
    await ask_as_guest(page, link, name, pin)
    await page.locator(".call").wait_for()


async def ask_as_guest(page: Page, link: str, name: str, pin: str) -> None:
    """Ask to be let in as a guest with a link, a name and the PIN."""
    page.set_default_timeout(STEP_MS)
    await page.goto(link)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("PIN").fill(pin)
    await _ask(page)


async def _join(page: Page) -> None:
    await _ask(page)
    await page.locator(".call").wait_for()


async def _ask(page: Page) -> None:
    """Ask once the device check shows one's own picture: who is quicker joins without camera and microphone."""
    await picture(page)
    await page.get_by_role("button", name="Join meeting").click()


async def picture(page: Page) -> None:
    """Wait until the device check shows one's own picture."""
    await page.wait_for_function("() => (document.querySelector('video')?.readyState ?? 0) >= 2")


async def leave(page: Page) -> None:
    """Leave the call; those who lead it choose that from a menu."""
    await page.get_by_role("button", name="Leave", exact=True).first.click()
    alone, left = (
        page.get_by_role("menuitem", name="Leave meeting"),
        page.get_by_role("heading", name="You have left the meeting"),
    )
    await alone.or_(left).first.wait_for()
    if await alone.is_visible():
        await alone.click()
    await page.wait_for_url("**/ended")


async def delete(page: Page, domain: str, meeting: Planned) -> None:
    """Delete a meeting from its page, as its organiser."""
    await page.goto(f"https://meet.{domain}/meetings/{meeting.id}")
    await page.get_by_role("button", name="Delete meeting").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url(f"https://meet.{domain}/")


async def figures(page: Page) -> dict[str, Any]:
    """Return what the page measured of its call (`web/README.md`); read-only, without keys and tokens."""
    measured: dict[str, Any] = await page.evaluate("() => window.conclaveCall.figures()")
    return measured


async def wait_for_media(page: Page, people: int, seconds: float = 60) -> dict[str, Any]:
    """Wait until the page decodes video and audio of so many others and has judged all of it; return its figures.

    Raises
    ------
    ConclaveError
        When that does not come in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        measured = await figures(page)
        judged = all(track["encryption"] != "checking" for track in measured["tracks"])
        if judged and len(_seen(measured) & _heard(measured)) >= people:
            return measured
        if time.monotonic() > deadline:
            raise ConclaveError(
                f"after {seconds:.0f} s the browser sees {len(_seen(measured))}, hears {len(_heard(measured))}"
                + ("" if judged else ", and has not judged whether all of it is encrypted"),
                expected=f"{people} of each, all judged",
            )
        # Figures have no event to wait for.
        await asyncio.sleep(_LOOK_SECONDS)


def _seen(measured: dict[str, Any]) -> set[str]:
    return {
        track["identity"]
        for track in measured["tracks"]
        if track["kind"] == "video" and track["framesDecoded"] > _FRAMES
    }


def _heard(measured: dict[str, Any]) -> set[str]:
    return {
        track["identity"] for track in measured["tracks"] if track["kind"] == "audio" and track["audioEnergy"] > _ENERGY
    }
