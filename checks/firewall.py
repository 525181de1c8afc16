"""How checks read a host's rule set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conclave.verify.places import Host

LIVE = "nft -j list table inet conclave"
# The staged file, loaded where nobody is: what the kernel would make of it.
STAGED = "unshare --net sh -c 'nft -f /etc/conclave/firewall/conclave.nft && nft -j list table inet conclave'"


def objects(host: Host, command: str = LIVE) -> list[dict[str, Any]]:
    """Return chains, rules, sets and counters as nft prints them, without its preamble."""
    return [entry for entry in host.json(command)["nftables"] if "metainfo" not in entry]


def comparable(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what changes while the rules stay: handles, counts, and elements that rules themselves add."""
    return [_without_state(entry) for entry in entries]


def _without_state(value: Any) -> Any:  # noqa: ANN401 (any part of a JSON document)
    if isinstance(value, list):
        return [_without_state(part) for part in value]
    if not isinstance(value, dict):
        return value
    dynamic = "dynamic" in (value.get("flags") or []) or str(value.get("name", "")).startswith(
        ("egress_denied_own", "egress_denied_forwarded")
    )
    dynamic = dynamic or str(value.get("name", "")).rstrip("46").endswith(("-rate", "-open"))
    state = {"handle", "packets", "bytes"} | ({"elem"} if dynamic else set())
    return {key: _without_state(part) for key, part in value.items() if key not in state}


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
