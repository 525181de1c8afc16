"""A real call at a deployed site: what reaches people has its class, through edge, translation and router."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lab.capture import Capture

from conclave.lab import Lab

CONCLAVE = str(Path(sys.executable).with_name("conclave"))
EF, AF41, CS3 = 46, 34, 24
# Names are looked up over UDP as well, so only what media consists of is counted, from the media host's addresses.
MEDIA = ("192.0.2.34", "2001:db8:1:2::2", "203.0.113.1")
CLASSES = {"sound": {EF}, "picture": {AF41}, "RTCP": {AF41}, "DTLS": {AF41}, "STUN": {AF41}}


@pytest.fixture(scope="module")
def lab() -> Lab:
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site")
    return Lab(os.environ["CONCLAVE_LAB"])


def test_every_medium_reaches_people_inside_and_outside_with_its_class(lab: Lab) -> None:
    words = ["lab", "--participants", "2", "--outside", "1", "--seconds", "3", "--json"]
    with Capture(lab.names.users, "users") as inside, Capture(lab.names.outsiders, "outside") as outside:
        done = subprocess.run([CONCLAVE, "call", *words], capture_output=True, text=True, check=False, timeout=180)
    assert done.stdout, done.stderr
    call = json.loads(done.stdout)
    assert not call["problems"], call["problems"]
    assert {participant["zone"] for participant in call["participants"]} == {"users", "outside"}
    for place, capture in (("inside", inside), ("outside", outside)):
        found: dict[str, set[int]] = {}
        for sender in MEDIA:
            for medium, marks in capture.histogram(sender).items():
                found.setdefault(medium, set()).update(marks)
        signalling = {packet.dscp for packet in capture.of("signalling")}
        assert {medium: found.get(medium) for medium in CLASSES} == CLASSES, place
        assert signalling == {CS3}, place


def test_the_uplink_is_shaped_by_the_sites_answer(lab: Lab) -> None:
    said = subprocess.run(
        lab.command("rt", ["tc", "qdisc", "show", "dev", "outside"]), capture_output=True, text=True, check=True
    ).stdout
    assert "qdisc cake" in said or "qdisc htb" in said, said
    assert "qdisc ingress" in said, said
