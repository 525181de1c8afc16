"""The lines of one proof, by who said them: what the judges read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Literal

from conclave.evidence.witness import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.evidence.chain import Line

Phase = Literal["opening", "closing"]
PHASES: tuple[Phase, ...] = ("opening", "closing")
Finding = dict[str, Any]


@dataclass
class Notes:
    """What the judges write down.

    Parameters
    ----------
    findings:
        What speaks against isolation, or against a witness; any of them makes the certificate red.
    remarks:
        Facts that are no failure.
    gaps:
        What was not looked at.
    left:
        Packets that left the site; None when nobody watched.
    tried:
        Attempts of the site's own hosts; None when nobody counted.
    clock:
        Seconds between the control node's clock and the host's that differs most; None when no host was asked.
    """

    findings: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    left: int | None = None
    tried: int | None = None
    clock: float | None = None

    def found(self, code: str, **details: object) -> None:
        """Note what speaks against isolation."""
        self.findings.append({"code": code, **details})

    def remark(self, code: str, **details: object) -> None:
        """Note a fact that is no failure."""
        self.remarks.append({"code": code, **details})

    def gap(self, code: str, **details: object) -> None:
        """Note what was not looked at."""
        self.gaps.append({"code": code, **details})


class Look:
    """What one host said at one time."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.seq: int = line["seq"]

    @cached_property
    def counts(self) -> counters.Counts | None:
        """What the rules have counted, or None when they could not be listed."""
        live = self.line["live"]
        return counters.read(live["stdout"]) if live["rc"] == 0 else None

    @property
    def clock(self) -> float | None:
        """Seconds by which the host's clock is ahead of the control node's, at least; None in older evidence."""
        if "asked" not in self.line:
            return None
        time, asked, answered = (float(self.line[key]) for key in ("time", "asked", "answered"))
        return round(min(time - asked, 0.0) + max(time - answered, 0.0), 3)

    @property
    def interfaces(self) -> list[dict[str, Any]] | None:
        """The host's interfaces as `ip -j address` lists them, or None when it could not."""
        said = self.line["interfaces"]
        return json.loads(said["stdout"]) if said["rc"] == 0 else None

    @property
    def mode(self) -> str:
        """The mode that the host says it is in, or an empty text."""
        try:
            return str(json.loads(self.line["mode"]["stdout"])["mode"])
        except (ValueError, KeyError, TypeError):
            return ""


class Facts:
    """An index over the lines of one proof."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.begin: Line = self.one("begin") or {}
        self.hosts: dict[str, dict[str, Any]] = {host["name"]: host for host in self.begin["hosts"]}
        self.looks: dict[tuple[str, Phase], Look] = {
            (line["host"], line["phase"]): Look(line) for line in self.all("look")
        }

    @property
    def names_rules(self) -> bool:
        """Whether the evidence holds the rules that the control node rendered; that of the first format does not."""
        return "rules" in self.begin

    def all(self, kind: str) -> list[Line]:
        """Return all lines of a kind."""
        return [line for line in self.lines if line["kind"] == kind]

    def one(self, kind: str, **having: object) -> Line | None:
        """Return the first line of a kind with these values."""
        for line in self.all(kind):
            if all(line.get(key) == value for key, value in having.items()):
                return line
        return None

    def both(self, host: str) -> tuple[Look, Look] | None:
        """Return both looks at a host, when there are both."""
        opening, closing = (self.looks.get((host, phase)) for phase in PHASES)
        return (opening, closing) if opening and closing else None

    def with_role(self, role: str) -> list[str]:
        """Return the hosts that carry a role."""
        return [name for name, host in self.hosts.items() if role in host["roles"]]

    def owner(self, address: str) -> str | None:
        """Return the host that has an address."""
        wanted = ip_address(address)
        for name, host in self.hosts.items():
            if wanted in {ip_address(own) for own in host["addresses"]}:
                return name
        return None

    def zone(self, address: str) -> str:
        """Return the zone an address lies in, or `outside`."""
        wanted = ip_address(address)
        for zone, networks in self.begin["zones"].items():
            if any(wanted in ip_network(network) for network in networks):
                return str(zone)
        return "outside"
