"""What several areas of checks look at."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from conclave.call.admission import NodeAdmission, PortalAdmission, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.catalog import Catalog
    from conclave.site.model import Site
    from conclave.verify.places import Host


class Meeting:
    """A meeting of the probe, planned through the portal for the length of the run."""

    def __init__(self, runner: asyncio.Runner, admission: PortalAdmission) -> None:
        self._runner = runner
        self._admission = admission

    @property
    def id(self) -> str:
        """The meeting's identifier."""
        assert self._admission.meeting is not None
        return self._admission.meeting

    def admit(self, name: str) -> Ticket:
        """Return a guest's ticket."""
        return self._runner.run(self._admission.admit(name))

    async def end(self) -> None:
        """Delete it."""
        await self._admission.__aexit__(None, None, None)


@pytest.fixture(scope="session")
def meeting(site: Site, known_secrets: dict[str, str], authority: str) -> Iterator[Meeting]:
    admission = PortalAdmission(site.answers.domain, known_secrets["secret_probe_oidc"], Path(authority))
    with asyncio.Runner() as runner:
        runner.run(admission.__aenter__())
        planned = Meeting(runner, admission)
        yield planned
        runner.run(planned.end())


@pytest.fixture(scope="session")
def meeting_on(site: Site, known_secrets: dict[str, str], authority: str) -> Iterator[Callable[[Host], Meeting]]:
    """Return what plans a meeting whose room is on a certain media host, once a host."""
    planned: dict[str, Meeting] = {}
    with asyncio.Runner() as runner:

        def plan(host: Host) -> Meeting:
            if host.name not in planned:
                secret = known_secrets["secret_probe_oidc"]
                admission = NodeAdmission(site.answers.domain, secret, Path(authority), host.name)
                runner.run(admission.__aenter__())
                planned[host.name] = Meeting(runner, admission)
            return planned[host.name]

        yield plan
        for meeting in planned.values():
            runner.run(meeting.end())


@pytest.fixture(scope="session")
def web(authority: str) -> Iterator[httpx.Client]:
    """Return a strict client that trusts the site's authority only and follows no redirect by itself."""
    with httpx.Client(verify=ssl.create_default_context(cafile=authority), timeout=15, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def served(catalog: Catalog, site: Site) -> Callable[[Host], set[tuple[str, int]]]:
    """Protocol and port of every flow that a host answers to."""

    def of(host: Host) -> set[tuple[str, int]]:
        return {
            (protocol, port)
            for flow in catalog.flows
            if site.serves(site.host_named(host.name), flow)
            for protocol in flow.protocols
            for port in site.ports(site.host_named(host.name), flow)
        }

    return of
