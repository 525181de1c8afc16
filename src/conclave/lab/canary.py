"""The canary stands outside: it counts every packet by sender, answers nothing and forwards nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from conclave.lab import namespaces


@dataclass(frozen=True)
class CanaryCount:
    """What reached the outside zone.

    Parameters
    ----------
    packets:
        All packets, without those of `link_local`.
    link_local:
        Neighbour discovery and link-local multicast: chatter of a link that no router passes on.
    sources:
        Packets by sender, then by receiver.
    """

    packets: int
    link_local: int
    sources: dict[str, dict[str, int]] = field(default_factory=dict)

    def by(self, source: str) -> int:
        """Return the packets of one sender."""
        return sum(self.sources.get(source, {}).values())


def install() -> None:
    """Set up the counters in the current network namespace."""
    rules = files(__package__).joinpath("canary.nft").read_text(encoding="utf-8")
    namespaces.run(["nft", "-f", "-"], stdin=rules, doing="setting up the canary's counters")


def read() -> CanaryCount:
    """Read the counters in the current network namespace."""
    text = namespaces.run(["nft", "-j", "list", "table", "inet", "canary"], doing="reading the canary's counters")
    return parse(json.loads(text))


def parse(listing: dict[str, Any]) -> CanaryCount:
    """Turn nft's JSON listing of the canary's table into counts."""
    counters: dict[str, int] = {}
    sources: dict[str, dict[str, int]] = {}
    for entry in listing["nftables"]:
        if counter := entry.get("counter"):
            counters[counter["name"]] = counter["packets"]
        for item in entry.get("set", {}).get("elem", []):
            sender, receiver = item["elem"]["val"]["concat"]
            sources.setdefault(sender, {})[receiver] = item["elem"]["counter"]["packets"]
    return CanaryCount(counters["arrived"], counters["link_local"], sources)


def reset() -> None:
    """Set the counters in the current network namespace to zero."""
    rules = files(__package__).joinpath("canary.nft").read_text(encoding="utf-8")
    fresh = f"table inet canary\ndelete table inet canary\n{rules}"
    namespaces.run(["nft", "-f", "-"], stdin=fresh, doing="setting the canary's counters to zero")
