"""A guest with a defective client: properly invited and admitted, and sending its video and audio in clear."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from conclave.call.admission import Invitation, PortalAdmission
from conclave.call.visits import visit
from conclave.errors import ConclaveError
from conclave.site import secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conclave.site.model import Site

NAME = "Visitor"
LOOK_SECONDS = 0.5


@contextlib.contextmanager
def guest_in_clear(site: Site) -> Iterator[None]:
    """Join every meeting that the probe plans as long as the block lasts, one after the other, and send in clear."""
    known = secrets.load(site.answers.name)
    with ca_file(site, known) as authority:
        ended = threading.Event()
        intruder = threading.Thread(
            target=lambda: asyncio.run(_intrude(site.answers.domain, known["secret_probe_oidc"], authority, ended))
        )
        intruder.start()
        try:
            yield
        finally:
            ended.set()
            intruder.join()


async def _intrude(domain: str, secret: str, authority: Path, ended: threading.Event) -> None:
    async with PortalAdmission(domain, secret, authority, Invitation("", "")) as portal:
        visited = {one.meeting for one in await portal.invitations()}
        while not await asyncio.to_thread(ended.wait, LOOK_SECONDS):
            # A meeting may end between being listed and being asked for.
            with contextlib.suppress(ConclaveError):
                for invitation in await portal.invitations():
                    if invitation.meeting not in visited:
                        visited.add(invitation.meeting)
                        await _visit(PortalAdmission(domain, secret, authority, invitation), authority, ended)


async def _visit(guest: PortalAdmission, authority: Path, ended: threading.Event) -> None:
    async with guest, visit(await guest.admit(NAME), str(authority), name=NAME, encrypts=False) as seen:
        while not ended.is_set() and not await seen.removed(LOOK_SECONDS):
            pass
