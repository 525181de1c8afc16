"""From nothing to a call that is shown to be encrypted: bundle, lab, deploy, verify, call, and what left the site."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.call.result import CallResult
from conclave.errors import ConclaveError, ExitCode
from conclave.lab import Lab
from conclave.lab.definition import load
from conclave.paths import project_root, signing_keys

if TYPE_CHECKING:
    from rich.console import Console

SITE = "lab"
PROBES, SECONDS = 2, 15
# `conclave verify` sends packets to this port outside on purpose, to see them refused and counted.
_PROBE_PORT = 9


@dataclass(frozen=True)
class Outgoing:
    """What tried to leave the site, and what did.

    Parameters
    ----------
    arrived:
        Packets that reached the outside zone, by sender.
    tried:
        Refused attempts of the site's own hosts: host, user, address, port, packets; the suite's probes left out.
    users:
        Packets of users' devices that the router refused: browsers look for their makers by themselves.
    """

    arrived: dict[str, int]
    tried: list[str]
    users: int


@dataclass(frozen=True)
class Outcome:
    """What the demo has seen."""

    domain: str
    verified: dict[str, Any]
    call: CallResult
    outgoing: Outgoing
    seconds: float


def run(console: Console, screenshot: Path | None = None) -> Outcome:
    """Do everything, one command after the other, as an operator would type them.

    Raises
    ------
    ConclaveError
        When a step fails, media does not flow, something is not encrypted, or a host of the site tried to get out.
    """
    began = time.monotonic()
    if not (signing_keys() / "root.json").is_file():
        _step(console, "bundle", "keys", "new")
    _step(console, "bundle", "build")
    if Lab(SITE).status().state != "up":
        _step(console, "lab", "up")
    _step(console, "deploy", SITE)
    verified = _json(_step(console, "verify", SITE, "--json"))
    command = ["call", SITE, "--participants", str(PROBES), "--seconds", str(SECONDS)]
    command += ["--wrong-key", "--browser", "--json", *(["--screenshot", str(screenshot)] if screenshot else [])]
    call = CallResult.model_validate(_json(_step(console, *command)))
    outcome = Outcome(_domain(), verified, call, outgoing(Lab(SITE)), time.monotonic() - began)
    refuse_leaks(outcome.outgoing)
    return outcome


def outgoing(lab: Lab) -> Outgoing:
    """Read the canary outside, the hosts' own records of refused packets, and the router's of users' packets."""
    definition = load(lab.definition.folder)
    canaries = {str(address.ip) for address in definition.canary}
    tried = []
    users = 0
    for host in definition.hosts:
        listing = json.loads(_output(lab.command(host.name, ["nft", "-j", "list", "table", "inet", "conclave"])))
        for name, (user, address, protocol, port), packets in _elements(listing):
            if name.startswith("egress_denied_forwarded"):
                users += packets
            elif not (address in canaries and port == _PROBE_PORT):
                tried.append(f"{host.name}: user {user} to {address} {protocol} {port}: {packets} packets")
    arrived = {sender: sum(to.values()) for sender, to in lab.canary().sources.items()}
    return Outgoing(arrived, tried, users)


def refuse_leaks(seen: Outgoing) -> None:
    """Fail when a packet reached the outside or a host of the site tried to send one.

    Raises
    ------
    ConclaveError
        Naming the senders.
    """
    if seen.arrived:
        rows = ", ".join(f"{sender}: {packets}" for sender, packets in seen.arrived.items())
        raise ConclaveError(f"packets reached the outside zone: {rows}", expected="none")
    if seen.tried:
        raise ConclaveError(
            f"hosts of the site tried to reach the outside: {'; '.join(seen.tried)}", expected="no attempt"
        )


def _elements(listing: dict[str, Any]) -> list[tuple[str, tuple[Any, Any, Any, Any], int]]:
    """Return name, members and packets of the elements of the sets that record refused packets."""
    rows = []
    for entry in listing["nftables"]:
        found = entry.get("set", {})
        if str(found.get("name", "")).startswith(("egress_denied_own", "egress_denied_forwarded")):
            for element in found.get("elem", []):
                item = element["elem"]
                rows.append((found["name"], tuple(item["val"]["concat"]), item.get("counter", {}).get("packets", 0)))
    return rows


def _domain() -> str:
    from conclave.site import read  # noqa: PLC0415 - brings the whole site model

    return str(read.load(SITE).answers.domain)


def _step(console: Console, *arguments: str) -> str:
    """Run one command of ours; its progress goes to the terminal, its result comes back."""
    shown = ["conclave", *arguments]
    console.rule(f"[bold]{' '.join(shown)}", align="left")
    program = Path(sys.executable).with_name("conclave")
    ended = subprocess.run([program, *arguments], stdout=subprocess.PIPE, text=True, cwd=project_root(), check=False)
    if "--json" not in arguments:
        console.print(ended.stdout.rstrip(), markup=False, highlight=False)
    if ended.returncode:
        said = "" if "--json" not in arguments else f"; it printed:\n{ended.stdout[-4000:]}"
        raise ConclaveError(
            f"`{' '.join(shown)}` ended with status {ended.returncode}{said}",
            todo="see above; then `make demo` again: what is done stays done",
            exit_code=ExitCode(ended.returncode) if ended.returncode in set(ExitCode) else ExitCode.FAILED,
        )
    return ended.stdout


def _json(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
