"""A call over the failure of services and hosts, and who comes meanwhile: `python -m tests.site.kills.over_kill`."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.site.crisis.over_switch import before_the_others

from conclave.browser.chromium import chromium
from conclave.call.admission import PortalAdmission
from conclave.call.picture import Size
from conclave.call.session import Plan, fresh_key, hold, stalled_seconds
from conclave.call.site import users_prefix
from conclave.errors import ConclaveError
from conclave.lab import Lab
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

from . import people
from .hosts import HOSTS
from .services import SERVICES, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from conclave.call.admission import Invitation
    from conclave.call.result import CallResult
    from conclave.site.model import Site

    from .people import Newcomer
    from .services import Failing

SITE = "lab"
# Small: all participants share this machine with the site.
SMALL, RATE = Size(320, 176), 15
# As long before anything fails as, at least, from then on, in the same call.
CALM, AFTER = 10.0, 10.0
# At the end everybody sees and hears everybody, or somebody had nothing in all of these seconds.
LAST, LAST_MS = slice(-5, None), 5_000
FAILING: dict[str, Failing] = {**SERVICES, **HOSTS}
# The two SDKs differ most in how long they try where the call itself goes on, or its node comes back.
IN_BROWSERS = {"sfu", "core-host"}


@dataclass
class Kill:
    """What became of a call when something failed in it, in ms; and of who came at that moment."""

    killed: str
    video_calm_ms: int = 0
    video_ms: int = 0
    audio_calm_ms: int | None = None
    audio_ms: int | None = None
    back_seconds: float = 0.0
    resumed: int | None = None
    rejoined: int | None = None
    newcomers: dict[str, Newcomer] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    busy: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where calls are held."""

    lab: Lab
    site: Site
    secret: str
    authority: Path
    browser: Browser

    def link(self, invited: Invitation, key: bytes) -> str:
        """Return the address of a planned meeting, with its key."""
        fragment = base64.urlsafe_b64encode(key).decode().rstrip("=")
        return f"https://meet.{self.site.domain}/m/{invited.meeting}#k={fragment}"


@dataclass
class Held:
    """A call of probes, what failed in it, and its measured seconds before that and from then on."""

    call: CallResult
    kill: Kill
    calm: slice
    after: slice

    def judged(self) -> Kill:
        """Return what became of the call."""
        people, one = self.call.participants, self.kill
        one.resumed, one.rejoined = sum(who.reconnects for who in people), sum(who.returns for who in people)
        one.busy = self.call.machine_busy
        one.errors += [f"{who.name}: {who.error}" for who in people if who.error]
        received = [row for who in people for row in who.receives if row.probe]
        if len(received) != len(people) * (len(people) - 1):
            one.errors.append("not everybody had everybody")
            return one
        one.video_calm_ms, one.video_ms, last_video = (
            max(max(row.gaps_ms[stretch]) for row in received) for stretch in (self.calm, self.after, LAST)
        )
        one.audio_calm_ms, one.audio_ms, last_audio = (
            max(max(row.sound_gaps_ms[stretch]) for row in received) for stretch in (self.calm, self.after, LAST)
        )
        if max(last_video, last_audio) >= LAST_MS:
            one.errors.append("in the last seconds of the call not everybody saw and heard everybody")
        return one


@contextlib.asynccontextmanager
async def _meeting(place: Place) -> AsyncIterator[Invitation]:
    """Plan a meeting; at the end it is deleted if the probe's sign-in, which lasts minutes, is still good."""
    admission = PortalAdmission(place.site.domain, place.secret, place.authority)
    await admission.__aenter__()
    try:
        yield admission.invitation
    finally:
        with contextlib.suppress(ConclaveError):
            await admission.__aexit__(None, None, None)


async def _strike(
    place: Place, failing: Failing, coming: Mapping[str, Callable[[], Awaitable[Newcomer]]]
) -> tuple[float, Kill]:
    """Let something fail; return when, and what came of it once it is back, newcomers are in, and time has passed."""
    failed_at = await asyncio.to_thread(failing.fail, place.lab, place.site)
    after = asyncio.ensure_future(asyncio.gather(*(come() for come in coming.values())))
    seconds, _ = await asyncio.gather(
        asyncio.to_thread(failing.back, place.lab, place.site, failed_at), asyncio.sleep(AFTER)
    )
    newcomers = dict(zip(coming, await after, strict=True))
    return failed_at, Kill(failing.name, back_seconds=round(seconds, 2), newcomers=newcomers)


async def hold_over(place: Place, failing: Failing, participants: int = 2) -> Held:
    """Hold a call of probes, let something fail in it, let somebody come then, and wait until all media is there."""
    key = fresh_key()
    struck: list[tuple[float, Kill]] = []

    async def strike(door: Page) -> None:
        began = time.monotonic()
        await asyncio.sleep(CALM)
        coming = {"guest": partial(people.join, door, failing.patience)}
        if failing is SERVICES["keycloak"]:
            coming["sign-in"] = partial(people.ask_to_sign_in, place.browser, place.site.domain)
        failed_at, found = await _strike(place, failing, coming)
        struck.append((failed_at - began, found))
        await door.context.close()

    async with _meeting(place) as invited:
        # Before the call: their browser takes the processors for seconds.
        door = await people.before_the_door(place.browser, place.link(invited, key), invited.pin)
        plan = Plan(
            SITE,
            participants=participants,
            seconds=CALM,
            size=SMALL,
            rate=RATE,
            key=key,
            join_seconds=failing.patience,
            again_seconds=failing.patience,
        )
        with before_the_others(place.lab):
            admission = PortalAdmission(place.site.domain, place.secret, place.authority, invited)
            call = await hold(plan, admission, place.authority, users_prefix(), during=partial(strike, door))
    first, found = struck[0]
    # The gap may begin with the last frame before the failure, in the second before.
    return Held(call, found, slice(0, int(first) - 1), slice(int(first), None))


async def hold_in_browsers(place: Place, failing: Failing) -> Kill:
    """Hold a call of two people with the browser client, and let something fail in it."""
    key = fresh_key()
    async with _meeting(place) as invited:
        link = place.link(invited, key)
        pair = [await people.guest(place.browser, link, name, invited.pin) for name in ("One", "Other")]
        await people.watch(*pair)
        waited, began = stalled_seconds(), time.monotonic()
        await asyncio.sleep(CALM)
        moment = time.time()
        _, found = await _strike(place, failing, {})
        found.busy = round(min(1.0, (stalled_seconds() - waited) / (time.monotonic() - began)), 2)
        found.killed = f"{failing.name}, browsers"
        each = [await people.gaps(page, moment) for page in pair]
        found.video_calm_ms, found.video_ms = (max(ms) for ms in zip(*each, strict=True))
        for page in pair:
            await page.context.close()
    return found


@contextlib.asynccontextmanager
async def at_site(lab: Lab, *, newcomers: bool) -> AsyncIterator[Place]:
    """Give the place at a deployed site; a browser for newcomers alone must not disturb the call that is measured."""
    site = read.load(SITE)
    known = secrets.load(site.name)
    prefix = [*(["nice", "-n", "19"] if newcomers else []), *users_prefix()]
    with ca_file(site, known) as authority:
        async with chromium(authority, prefix) as browser:
            yield Place(lab, site, known["secret_probe_oidc"], authority, browser)


async def measure(lab: Lab, names: Sequence[str], rounds: int) -> None:
    """Let each fail in a call of its own, so many times, and print a line about each."""
    for name in rounds * [*names]:
        ways = [_with_probes, _with_browsers] if name in IN_BROWSERS else [_with_probes]
        for way in ways:
            try:
                found = await way(lab, FAILING[name])
            except Exception as error:  # noqa: BLE001 - the others are measured all the same
                found = Kill(FAILING[name].name, errors=[f"{type(error).__name__}: {error}"])
            sys.stdout.write(json.dumps(asdict(found) | {"load": os.getloadavg()[0]}) + "\n")
            sys.stdout.flush()


async def _with_probes(lab: Lab, failing: Failing) -> Kill:
    async with at_site(lab, newcomers=True) as place:
        await asyncio.to_thread(well, lab, place.site)
        return (await hold_over(place, failing)).judged()


async def _with_browsers(lab: Lab, failing: Failing) -> Kill:
    async with at_site(lab, newcomers=False) as place:
        await asyncio.to_thread(well, lab, place.site)
        return await hold_in_browsers(place, failing)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", default=[*FAILING])
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    asyncio.run(measure(Lab(os.environ["CONCLAVE_LAB"]), asked.names, asked.rounds))


if __name__ == "__main__":
    main()
