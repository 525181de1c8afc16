"""A switch of the mode, seen from the rooms of a real SFU; 127.0.0.2 is outside this site."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import servers
from small_site import PORTAL, Site
from tenacity import Retrying, stop_after_delay, wait_fixed
from test_rooms import REMOVED, Admission, as_guest, connected, planned, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sign_in import Person


def switch(site: Site, *argv: str) -> dict[str, Any]:
    command = [sys.executable, "-S", "-m", "mode_switch", *argv, "--reason", "rain", "--actor", "ops"]
    path = ":".join([str(PORTAL), *(entry for entry in sys.path if entry)])
    config = str(site.folder / "portal.toml")
    environment = {"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "CONCLAVE_PORTAL_CONFIG": config}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture
def afterwards_open(site: Site) -> Iterator[None]:
    yield
    switch(site, "open")


def ask_from_outside(site: Site, meeting: Admission) -> httpx.Response:
    transport = httpx.HTTPTransport(verify=servers.trust(site.ca), local_address="127.0.0.2")
    with httpx.Client(transport=transport, headers={"Host": f"localhost:{site.ports['portal']}"}) as client:
        body = {"display_name": "From outside", "pin": meeting["pin"]}
        url = f"https://127.0.0.1:{site.ports['portal']}/api/meetings/{meeting['id']}/join"
        return client.post(url, json=body)


@pytest.mark.usefixtures("afterwards_open")
def test_people_outside_are_told_and_sent_out_and_people_inside_stay(site: Site, organiser: Person) -> None:
    meeting = planned(organiser)
    admitted = ask_from_outside(site, meeting)
    assert admitted.status_code == 200, admitted.text
    assert admitted.json()["cap"] == "full"
    heard: dict[str, list[str]] = {"inside": [], "outside": []}

    async def meet() -> dict[str, Any]:
        async with connected(as_guest(site, meeting)) as inside, connected(admitted.json()) as outside:
            for name, who in (("inside", inside), ("outside", outside)):
                who.room.on("room_metadata_changed", lambda _old, new, name=name: heard[name].append(new))
                who.room.on("disconnected", lambda _reason, name=name: heard[name].append("sent out"))
            said = await asyncio.to_thread(switch, site, "isolated", "--until", "2030-01-01T10:30:00Z")
            assert await outside.sent_out() == REMOVED
            assert inside.room.isconnected()
            heard["inside"] = heard["inside"][:1]
            return said

    said = asyncio.run(meet())
    assert said == {"told": 2, "removed": 1, "failed": [], "seconds": said["seconds"]}
    assert said["seconds"] <= 0.5
    assert [heard["outside"][1:], heard["inside"][1:]] == [["sent out"], []]
    for first in (heard["inside"][0], heard["outside"][0]):
        told = json.loads(first)
        assert (told["mode"], told["until"]) == ("isolated", "2030-01-01T10:30:00+00:00")

    # Before the hosts have followed, too: nobody who was sent out comes back.
    again = ask_from_outside(site, meeting)
    assert (again.status_code, again.json()["code"]) == (403, "site_isolated")
    assert as_guest(site, meeting)["cap"] == "full"


def test_the_log_learns_of_a_switch(site: Site) -> None:
    before = query(site, "SELECT count(*) FROM audit_entry WHERE action = 'mode_announced'")[0][0]
    switch(site, "open")
    for attempt in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True):
        with attempt:
            rows = query(site, "SELECT actor, details FROM audit_entry WHERE action = 'mode_announced' ORDER BY id")
            assert len(rows) > before
    assert rows[-1][0] == "ops"
    assert rows[-1][1]["reason"] == "rain"
