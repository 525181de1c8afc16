"""A lost signalling connection is resumed by the one who lost it, at a deployed site."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from conclave.call.admission import PortalAdmission
from conclave.call.visits import visit
from conclave.lab import Lab
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

SITE, DEADLINE = "lab", 90.0
RESUME = """
import asyncio, json, ssl, sys, aiohttp
asked = json.load(sys.stdin)
async def ask():
    trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=asked["authority"]))
    async with aiohttp.ClientSession(connector=trusted) as session:
        try:
            async with session.ws_connect(asked["url"] + "/rtc", params=asked["parameters"]):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status
print(asyncio.run(ask()))
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site")
    return Lab(os.environ["CONCLAVE_LAB"])


def test_a_stolen_ticket_takes_the_connection_from_nobody(lab: Lab) -> None:
    """LiveKit itself lets in whoever has a token of somebody who is in the room."""
    site = read.load(SITE)
    known = secrets.load(site.name)

    def resumes(url: str, token: str, authority: str, sid: str) -> int:
        parameters = {"access_token": token, "protocol": "15", "reconnect": "1", "sid": sid}
        asked = json.dumps({"url": url, "authority": authority, "parameters": parameters})
        argv = lab.command("users", [sys.executable, "-c", RESUME])
        said = subprocess.run(argv, input=asked, capture_output=True, text=True, check=False, timeout=DEADLINE)
        # The address that is asked holds a token: it stays out of what is shown.
        assert said.returncode == 0, said.stderr.splitlines()[-1].partition("?")[0]
        return int(said.stdout)

    async def steal() -> tuple[list[int], bool, int]:
        with ca_file(site, known) as authority:
            async with PortalAdmission(site.domain, known["secret_probe_oidc"], authority) as admission:
                ticket = await admission.admit("Owner")
                async with visit(ticket, str(authority), name="Owner") as owner:
                    assert owner.joined, owner.error
                    thief = [
                        await asyncio.to_thread(resumes, ticket.url, ticket.token, str(authority), sid)
                        for sid in ("", "PA_another")
                    ]
                    pushed_out = await owner.removed(2)
                after = await asyncio.to_thread(resumes, ticket.url, ticket.token, str(authority), "PA_another")
                return thief, pushed_out, after

    assert asyncio.run(steal()) == ([403, 403], False, 403)
