"""A network rehearsal: through one profile after the other the site is tried, and what is seen is diagnosed."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from conclave.catalog import Catalog
from conclave.errors import ConclaveError, ExitCode
from conclave.rehearsal import page, place
from conclave.rehearsal.diagnosis import diagnose
from conclave.rehearsal.known import known
from conclave.rehearsal.result import ProfileResult, RehearsalResult, Seen
from conclave.site import secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conclave.rehearsal.known import Known
    from conclave.rehearsal.profiles import NetworkProfile
    from conclave.site.model import Site

# How long an answer may take; the slowest profile's takes a fifth of a second.
ANSWER_SECONDS = 3.0
LOOK_SECONDS = 40.0


def rehearse(
    site: Site, zone: str, profiles: Sequence[NetworkProfile], progress: Callable[[str], None] = lambda _: None
) -> RehearsalResult:
    """Try a site from a zone through each of some networks, one after the other.

    Parameters
    ----------
    site:
        The site.
    zone:
        In a lab the zone to stand in; at a real site the one this machine stands in.
    profiles:
        The networks.
    progress:
        Called with a sentence at each profile.

    Raises
    ------
    ConclaveError
        When this machine lacks something, or a network is asked for that only a lab can be given.
    """
    page.need_a_browser()
    lab = place.lab_of_this_process()
    impaired = [profile.name for profile in profiles if profile.impaired]
    if lab is None and impaired:
        raise ConclaveError(
            f"restricted networks can be simulated in a lab only: {', '.join(impaired)}",
            expected="--profile plain at a real site",
            todo=f"conclave rehearse network {site.name} --profile plain, on a machine in the network in question",
            exit_code=ExitCode.INPUT,
        )
    catalog = Catalog.load()
    about = known(catalog, site, zone, place.gateways(lab) if lab else ())
    began = dt.datetime.now(dt.UTC)
    results = []
    with (
        ca_file(site, secrets.load(site.name)) as authority,
        place.alone(lab) if lab else nullcontext(),
    ):
        for number, profile in enumerate(profiles):
            progress(f"{profile.name}: {profile.about}")
            with place.behind(lab, zone, profile, catalog, number) if lab else nullcontext(place.Place()) as stand:
                results.append(asyncio.run(_try(profile, stand.prefix, authority, about)))
    ok = all(result.kept for result in results)
    return RehearsalResult(site=site.name, zone=zone, started_at=began, profiles=results, ok=ok)


async def _try(profile: NetworkProfile, prefix: Sequence[str], authority: Path, about: Known) -> ProfileResult:
    began = time.monotonic()
    # The probes are done while the browser starts and signals, before it measures.
    looking = asyncio.create_task(_look(prefix, authority, about))
    measured, error, status = await page.measure(prefix, authority, about.domain)
    seen = (await looking).model_copy(update={"page": measured, "page_error": error, "page_status": status})
    finding = diagnose(seen, about)
    return ProfileResult(
        profile=profile.name,
        about=profile.about,
        promise=profile.promise,
        kept=finding.verdict == profile.promise and finding.path in profile.paths,
        finding=finding,
        seen=seen,
        seconds=round(time.monotonic() - began, 1),
    )


async def _look(prefix: Sequence[str], authority: Path, about: Known) -> Seen:
    """Run the probes where the person stands."""
    wanted = json.dumps(about.wanted(str(authority), ANSWER_SECONDS)).encode()
    argv = [*prefix, sys.executable, "-m", "conclave.rehearsal.probes"]
    pipe = asyncio.subprocess.PIPE
    probe = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        said, noise = await asyncio.wait_for(probe.communicate(wanted), LOOK_SECONDS)
    except TimeoutError:
        probe.kill()
        await probe.wait()
        raise ConclaveError(
            f"the probes did not finish within {LOOK_SECONDS:.0f} s", exit_code=ExitCode.MACHINE
        ) from None
    if probe.returncode:
        raise ConclaveError(
            f"the probes ended: {noise.decode(errors='replace').strip()[-400:]}", exit_code=ExitCode.MACHINE
        )
    return Seen.model_validate_json(said)
