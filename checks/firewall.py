"""How checks read a host's rule set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave_host import rules

if TYPE_CHECKING:
    from conclave.verify.places import Host

LIVE = "nft -j list table inet conclave"
# The staged file, loaded where nobody is: what the kernel would make of it.
STAGED = "unshare --net sh -c 'nft -f /etc/conclave/firewall/conclave.nft && nft -j list table inet conclave'"


def objects(host: Host, command: str = LIVE) -> list[dict[str, Any]]:
    """Return chains, rules, sets and counters as nft prints them, without its preamble."""
    return [entry for entry in host.json(command)["nftables"] if "metainfo" not in entry]


def differences(live: list[dict[str, Any]], staged: list[dict[str, Any]]) -> list[str]:
    """Return where two rule sets differ, without what changes while the rules stay."""
    return rules.differences(rules.normal(live), rules.normal(staged))


def counter(host: Host, name: str) -> int:
    """Return the packets of a named counter."""
    found = host.json("nft -j list counter inet conclave %s", name)["nftables"]
    return next(int(entry["counter"]["packets"]) for entry in found if "counter" in entry)


def attempts(host: Host) -> list[dict[str, Any]]:
    """Return who on this host tried to reach what outside, and how often: user, address, protocol, port, packets."""
    rows = []
    for name in ("egress_denied_own4", "egress_denied_own6"):
        found = host.json("nft -j list set inet conclave %s", name)["nftables"]
        elements = next(entry["set"].get("elem", []) for entry in found if "set" in entry)
        for element in elements:
            user, address, protocol, port = element["elem"]["val"]["concat"]
            packets = element["elem"].get("counter", {}).get("packets", 0)
            rows.append({"user": user, "to": address, "protocol": protocol, "port": port, "packets": packets})
    return rows
