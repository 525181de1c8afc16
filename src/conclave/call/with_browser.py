"""A call in which a real browser takes part: signed in, with the web client that people use."""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.browser import pages
from conclave.browser.chromium import chromium
from conclave.call.admission import Invitation
from conclave.call.result import Browser, BrowserTrack
from conclave.call.site import hold_at_site, users_prefix
from conclave.errors import ConclaveError
from conclave.paths import site_state
from conclave.site import secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from conclave.call.result import CallResult
    from conclave.call.session import Plan
    from conclave.site.model import Site

ACCOUNT = "organiser"
# The last look comes before the probes leave.
_BEFORE_THE_END = 0.8


async def hold_with_browser(site: Site, plan: Plan, picture: Path | None = None) -> CallResult:
    """Hold a call that a browser plans and takes part in; its figures stand in the result beside the probes'.

    Parameters
    ----------
    site:
        The site.
    plan:
        What kind of call; the browser comes on top of the participants, with the key that it made.
    picture:
        File for a screenshot of the call, if one is wanted.

    Raises
    ------
    ConclaveError
        When the site has no demo accounts, or the browser is refused.
    """
    domain, known = site.domain, secrets.load(site.name)
    if "secret_demo_password" not in known:
        raise ConclaveError(
            f"the site {site.name} has no demo accounts for a browser to sign in with",
            expected="a lab",
            todo="leave out --browser",
        )
    authenticator = pages.Authenticator(authenticator_folder(site.name))
    with ca_file(site, known) as authority:
        async with chromium(authority, users_prefix()) as browser:
            page = await browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 720})
            await pages.sign_in(page, domain, ACCOUNT, known["secret_demo_password"], authenticator)
            meeting = await pages.plan(page, domain, "Demonstration")
            await pages.join_own(page, domain, meeting)
            seen: dict[str, Any] = {}

            async def watch() -> None:
                await pages.wait_for_media(page, plan.members)
                await asyncio.sleep(plan.seconds * _BEFORE_THE_END)
                seen.update(await pages.figures(page))
                if picture:
                    await page.screenshot(path=picture)

            result = await hold_at_site(
                site, replace(plan, key=key_of(meeting)), invitation=Invitation(meeting.id, meeting.pin), during=watch
            )
            await pages.leave(page)
            await pages.delete(page, domain, meeting)
    return _judged(result, _browser(seen))


def key_of(meeting: pages.Planned) -> bytes:
    """Return the end-to-end key in a meeting's link."""
    fragment = meeting.link.partition("#k=")[2]
    return base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))


def authenticator_folder(site: str) -> Path:
    """Return where the demo accounts' authenticator is kept: with a lab, for its accounts go when it goes."""
    lab = os.environ.get("CONCLAVE_LAB")
    folder = Path("/run/conclave/lab") / lab if lab else site_state(site)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _browser(seen: dict[str, Any]) -> Browser:
    tracks = [
        BrowserTrack(
            sender=track["identity"],
            kind=track["kind"],
            encryption=track["encryption"],
            frames_decoded=track["framesDecoded"],
            audio_energy=track["audioEnergy"],
        )
        for track in seen["tracks"]
    ]
    return Browser(
        name=ACCOUNT,
        join_ms=seen["joinMilliseconds"],
        tracks=tracks,
        refused=len(seen["refused"]),
        encrypted=bool(tracks) and all(person["encryption"] == "encrypted" for person in _others_heard(seen)),
    )


def _others_heard(seen: dict[str, Any]) -> list[dict[str, Any]]:
    # The one with the wrong key is in the room too; it sends nothing that could be encrypted.
    senders = {track["identity"] for track in seen["tracks"]}
    return [person for person in seen["people"] if person["identity"] in senders]


def _judged(result: CallResult, browser: Browser) -> CallResult:
    problems = list(result.problems)
    if not browser.encrypted:
        problems.append("the browser does not show every track as end-to-end encrypted")
    unseen = [
        f"{participant.name} does not decode the browser's picture"
        for participant in result.participants
        if not any(not stream.probe and stream.frames_decoded for stream in participant.receives)
    ]
    problems += unseen
    encrypted = result.encrypted and browser.encrypted
    return result.model_copy(
        update={"browser": browser, "problems": problems, "encrypted": encrypted, "ok": not problems}
    )
