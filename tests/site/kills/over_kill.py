"""A call over the death of services, and who comes meanwhile: `python -m tests.site.kills.over_kill` prints it."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import math
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
from .services import SERVICES, back, kill, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from conclave.call.admission import Invitation
    from conclave.call.result import CallResult
    from conclave.site.model import Site

    from .people import Newcomer
    from .services import Service

SITE = "lab"
# Small: all participants share this machine with the site.
SMALL, RATE = Size(320, 176), 15
# As long without a kill as afterwards, in the same call.
CALM, AFTER = 10.0, 10.0


@dataclass
class Kill:
    """What became of a call when a service was killed in it, in ms; and of who came at that moment."""

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
    """A call of probes, what was killed in it, and its measured seconds before the first kill and after each."""

    call: CallResult
    kills: list[Kill]
    calm: slice
    after: list[slice]

    def judged(self) -> list[Kill]:
        """Return what each kill did to the call."""
        people = self.call.participants
        received = [row for who in people for row in who.receives if row.probe]
        assert len(received) == len(people) * (len(people) - 1), "not everybody had everybody"
        for one, after in zip(self.kills, self.after, strict=True):
            one.video_calm_ms, one.video_ms = (
                max(max(row.gaps_ms[stretch]) for row in received) for stretch in (self.calm, after)
            )
            one.audio_calm_ms, one.audio_ms = (
                max(max(row.sound_gaps_ms[stretch]) for row in received) for stretch in (self.calm, after)
            )
            one.errors += [f"{who.name}: {who.error}" for who in people if who.error]
            one.resumed, one.rejoined = sum(who.reconnects for who in people), sum(who.returns for who in people)
            one.busy = self.call.machine_busy
        return self.kills


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
    place: Place, service: Service, coming: Mapping[str, Callable[[], Awaitable[Newcomer]]]
) -> tuple[float, Kill]:
    """Kill a service; return when, and what came of it once it is back, all newcomers are in, and time has passed."""
    killed_at = await asyncio.to_thread(kill, place.lab, place.site, service)
    after = asyncio.ensure_future(asyncio.gather(*(come() for come in coming.values())))
    seconds, _ = await asyncio.gather(
        asyncio.to_thread(back, place.lab, place.site, service, killed_at), asyncio.sleep(AFTER)
    )
    newcomers = dict(zip(coming, await after, strict=True))
    return killed_at, Kill(service.name, back_seconds=round(seconds, 2), newcomers=newcomers)


async def hold_over(place: Place, services: Sequence[Service], participants: int = 2) -> Held:
    """Hold a call of probes, kill one service after the other in it, and let somebody come after each kill."""
    key = fresh_key()
    kills: list[Kill] = []
    bounds: list[tuple[float, float]] = []

    async def strike(doors: list[Page]) -> None:
        began = time.monotonic()
        await asyncio.sleep(CALM)
        for service, door in zip(services, doors, strict=True):
            coming = {"guest": partial(people.join, door)}
            if service is SERVICES["keycloak"]:
                coming["sign-in"] = partial(people.ask_to_sign_in, place.browser, place.site.domain)
            killed_at, found = await _strike(place, service, coming)
            kills.append(found)
            bounds.append((killed_at - began, time.monotonic() - began))
            await door.context.close()

    async with _meeting(place) as invited:
        # Before the call: their browser takes the processors for seconds.
        doors = [await people.before_the_door(place.browser, place.link(invited, key), invited.pin) for _ in services]
        plan = Plan(SITE, participants=participants, seconds=CALM, size=SMALL, rate=RATE, key=key)
        with before_the_others(place.lab):
            admission = PortalAdmission(place.site.domain, place.secret, place.authority, invited)
            call = await hold(plan, admission, place.authority, users_prefix(), during=partial(strike, doors))
    after = [slice(int(first), math.ceil(last)) for first, last in bounds]
    # The gap of the first kill may begin with the last frame before it, in the second before.
    return Held(call, kills, slice(0, after[0].start - 1), after)


async def hold_in_browsers(place: Place, service: Service) -> Kill:
    """Hold a call of two people with the browser client, and kill a service in it."""
    key = fresh_key()
    async with _meeting(place) as invited:
        link = place.link(invited, key)
        pair = [await people.guest(place.browser, link, name, invited.pin) for name in ("One", "Other")]
        await people.watch(*pair)
        waited, began = stalled_seconds(), time.monotonic()
        await asyncio.sleep(CALM)
        moment = time.time()
        _, found = await _strike(place, service, {})
        found.busy = round(min(1.0, (stalled_seconds() - waited) / (time.monotonic() - began)), 2)
        found.killed = f"{service.name}, browsers"
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
    """Kill each service in a call of its own, so many times, and print a line about each."""
    for name in rounds * [*names]:
        ways = [_with_probes, _with_browsers] if name == "sfu" else [_with_probes]
        for way in ways:
            try:
                found = await way(lab, SERVICES[name])
            except Exception as error:  # noqa: BLE001 - the others are measured all the same
                found = Kill(SERVICES[name].name, errors=[f"{type(error).__name__}: {error}"])
            sys.stdout.write(json.dumps(asdict(found) | {"load": os.getloadavg()[0]}) + "\n")
            sys.stdout.flush()


async def _with_probes(lab: Lab, service: Service) -> Kill:
    async with at_site(lab, newcomers=True) as place:
        await asyncio.to_thread(well, lab, place.site)
        return (await hold_over(place, [service])).judged()[0]


async def _with_browsers(lab: Lab, service: Service) -> Kill:
    async with at_site(lab, newcomers=False) as place:
        await asyncio.to_thread(well, lab, place.site)
        return await hold_in_browsers(place, service)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="SERVICE", default=[*SERVICES])
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    asyncio.run(measure(Lab(os.environ["CONCLAVE_LAB"]), asked.names, asked.rounds))


if __name__ == "__main__":
    main()
