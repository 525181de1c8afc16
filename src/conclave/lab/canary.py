"""The canary stands outside: it counts every packet by sender, answers nothing and forwards nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.lab.definition import Definition
    from conclave.site.zones import Address


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

    def named(self, definition: Definition) -> dict[str, dict[str, Any]]:
        """Return the packets of each sender, beside the name of what has its address."""
        return {
            sender: {"name": definition.owner(sender), "packets": sum(receivers.values()), "to": receivers}
            for sender, receivers in sorted(self.sources.items())
        }


def install(known: Iterable[Address]) -> None:
    """Set up the counters in the current network namespace; those that are there start at zero again.

    Parameters
    ----------
    known:
        Addresses in the outside zone that have an owner.
    """
    rules = files(__package__).joinpath("canary.nft").read_text(encoding="utf-8")
    targets = [hex(int(address)) for address in known if isinstance(address, IPv6Address)] or ["0x0"]
    text = f"define known = {{ {', '.join(targets)} }}\ntable inet canary\ndelete table inet canary\n{rules}"
    namespaces.run(["nft", "-f", "-"], stdin=text, doing="setting up the canary's counters")


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
