"""A certificate of a real site is green, and red with the cause by name after each sabotage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conclave.evidence import certificate, keys, publish
from conclave.evidence.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.site.evidence.conftest import Rig

    from conclave.evidence.prove import Proof

pytestmark = pytest.mark.lab

# Nobody's (RFC 5737), in the lab's outside zone: the canary would count it.
OUTSIDE = "203.0.113.53"
LIVEKIT = "/etc/conclave/livekit/livekit.yaml"
SEND = (
    "import socket, sys; plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "try: plug.sendto(b'x', (sys.argv[1], 53))\nexcept OSError: pass"
)
# Frames that only fill the recorder's buffer: they look like heartbeats of somebody else.
FLOOD = (
    "import socket; plug = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); plug.bind(('outside', 0))\n"
    "frame = bytes.fromhex('0180c200000e') + bytes(6) + b'\\x88\\xb5' + b'conclave-beat:' + bytes(100)\n"
    "for _ in range(200000): plug.send(frame)"
)


def said(proof: Proof) -> dict[str, str]:
    """Return the findings by code, as sentences."""
    found: dict[str, str] = {}
    for one in proof.evidence.verdict["findings"]:
        found[one["code"]] = f"{found.get(one['code'], '')}\n{sentence(one, 'en')}"
    return found


def gaps(proof: Proof) -> set[str]:
    return {gap["code"] for gap in proof.evidence.verdict["not_looked_at"]}


@pytest.fixture(scope="module")
def clean(rig: Rig) -> Proof:
    """Return a proof of the site as it should be."""
    return rig.proof(seconds=8)


def test_a_site_that_is_isolated_is_proven_so(clean: Proof) -> None:
    assert said(clean) == {}
    assert (clean.evidence.verdict["left"], clean.evidence.verdict["tried"]) == (0, 0)
    assert gaps(clean) == {"call-short", "other-ways", "contents", "other-times"}


def test_the_proof_is_verified_and_printed(clean: Proof, tmp_path: Path) -> None:
    evidence = certificate.load(clean.file)
    signers = keys.signers_file(evidence.certificate["site"])
    assert [one.name for one in certificate.verify(evidence, signers)] == ["evidence@conf.lab.example"]
    assert len(publish.write(evidence, tmp_path, "proof")) == 4


@pytest.fixture
def default_stun(rig: Rig) -> Iterator[None]:
    """Let LiveKit find out its address by its own defaults: it asks public servers."""
    own = "-e '/node_ip:/d' -e '/stun_servers:/d' -e 's/use_external_ip: false/use_external_ip: true/'"
    rig.on("media1", f"cp -p {LIVEKIT} /root/livekit.yaml; sed -i {own} {LIVEKIT}")
    yield
    rig.on("media1", f"mv /root/livekit.yaml {LIVEKIT}; systemctl restart conclave-livekit")
    listening = "import socket; socket.create_connection(('127.0.0.1', 7880), 1)"
    rig.until("media1", f'python3 -c "{listening}" 2>/dev/null')


@pytest.mark.usefixtures("default_stun")
def test_livekit_with_default_stun_settings_is_red(rig: Rig) -> None:
    def restart() -> None:
        rig.on("media1", "systemctl restart --no-block conclave-livekit")
        rig.until("core1", "journalctl --quiet --unit conclave-dns --since -1min | grep --quiet 'refuse .*stun'")

    found = said(rig.proof(restart))
    assert re.search(r"media1 queried .*stun", found["asked"])


def test_a_service_that_sends_to_the_outside_is_named(rig: Rig) -> None:
    proof = rig.proof(lambda: rig.on("media1", f'runuser -u daemon -- python3 -c "{SEND}" {OUTSIDE}'))
    assert re.search(rf"media1 tried .*\(daemon\) > {OUTSIDE} udp 53 \(1\)", said(proof)["tried"])
    assert (proof.evidence.verdict["left"], proof.evidence.verdict["tried"]) == (0, 1)


def test_a_name_that_a_service_looks_up_is_named(rig: Rig) -> None:
    lookup = "runuser -u daemon -- getent ahostsv4 telemetry.example.com || test $? = 2"
    proof = rig.proof(lambda: rig.on("media1", lookup))
    assert "media1 queried" in said(proof)["asked"]
    assert "telemetry.example.com" in said(proof)["asked"]


@pytest.fixture
def accept(rig: Rig) -> Iterator[None]:
    """Insert a rule that accepts everything; the host's own switch mends it."""
    rig.on("rt", "nft insert rule inet conclave forward accept")
    yield
    rig.on("rt", "conclave-mode apply")


@pytest.mark.usefixtures("accept")
def test_a_rogue_accept_rule_is_red_though_the_cut_holds(rig: Rig) -> None:
    proof = rig.proof()
    assert re.search(r"rt: .*inet conclave: rules forward.*[+] accept", said(proof)["rules-not-rendered"])
    assert "guest-probes-uncounted" in said(proof)
    assert proof.evidence.verdict["left"] == 0


@pytest.fixture
def wider(rig: Rig) -> Iterator[None]:
    """Let the cut of a host spare an address outside, in the staged file as well, with a hash of its own."""
    cut, kept = "/etc/conclave/mode/cut.nft", "/root/cut.nft"
    widen = f"head -n -1 {kept} | sed '0,/inside4.*elements = {{ /s//&{OUTSIDE}, /'"
    rig.on(
        "edge1",
        f"cp -p {cut} {kept}; {widen} >/root/wider; "
        f"(cat /root/wider; echo \"# sha256 $(sha256sum </root/wider | cut -d' ' -f1)\") >{cut}; conclave-mode apply",
    )
    yield
    rig.on("edge1", f"mv {kept} {cut}; rm /root/wider; conclave-mode apply")


@pytest.mark.usefixtures("wider")
def test_a_widened_cut_is_red_though_the_host_has_it_staged(rig: Rig) -> None:
    assert '"live": true' in rig.on("edge1", "conclave-mode status --json")
    found = said(rig.proof())
    assert f"edge1: the set inet conclave_cut inside4 in force also holds {OUTSIDE}/32" in found["set-wider"]
    assert "edge1: /etc/conclave/mode/cut.nft is not as the control node rendered it" in found["staged-differs"]
    assert "edge1" in found["rules-not-rendered"]


@pytest.mark.usefixtures("accept")
def test_packets_that_leave_are_counted_and_shown(rig: Rig) -> None:
    rig.on("rt", "nft delete table inet conclave_cut")
    proof = rig.proof(lambda: rig.on("users", f'python3 -c "{SEND}" {OUTSIDE}'))
    found = said(proof)
    assert f"> {OUTSIDE} udp 53 (1)" in found["left"]
    assert f"> {OUTSIDE} (1)" in found["arrived"]
    assert proof.evidence.verdict["left"] >= 1


def test_a_recording_killed_half_way_is_located(rig: Rig) -> None:
    found = said(rig.proof(lambda: rig.on("rt", "pkill --signal KILL --exact tcpdump")))
    assert re.search(r"heartbeats \d+\.\.\d+ of \d+ are missing", found["beats-missing"])
    assert {"capture-ended", "drops-unknown"} <= set(found)


def test_a_recording_with_kernel_drops_is_red(rig: Rig) -> None:
    script = f'pkill --signal STOP --exact tcpdump; python3 -c "{FLOOD}"; pkill --signal CONT --exact tcpdump'
    assert re.search(r"the kernel dropped \d+ packets", said(rig.proof(lambda: rig.on("rt", script)))["drops"])


def test_a_removed_counter_rule_is_red(rig: Rig) -> None:
    listing = "nft -a list chain inet conclave refused"
    script = f"nft delete rule inet conclave refused handle $({listing} | sed -n 's/.*\"refused-outside\".*handle //p')"
    try:
        found = said(rig.proof(lambda: rig.on("media1", script)))
    finally:
        rig.on("media1", "conclave-mode apply")
    assert "media1: the counter conclave/refused-outside saw 0 of 6" in found["counter-blind"]
    assert re.search(r"media1: .*- counter name .refused-outside", found["rules-not-rendered"])


def test_a_host_that_is_down_is_red(rig: Rig) -> None:
    try:
        rig.on("control", "ip link set depot1-depot down")
        found = said(rig.proof())
    finally:
        rig.on("control", "ip link set depot1-depot up")
    assert "depot1 could not be examined" in found["missing"]


def test_a_host_that_is_open_is_red(rig: Rig) -> None:
    try:
        rig.on("core1", "conclave-mode open --actor tests --reason sabotage")
        found = said(rig.proof())
    finally:
        rig.on("core1", "conclave-mode isolated --actor tests --reason 'evidence is tested'")
    assert "core1 does not report that it is isolated (opening): open" in found["mode"]
