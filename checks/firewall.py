"""How checks read a host's rule set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.catalog import Catalog
from conclave.firewall import rendered

if TYPE_CHECKING:
    from conclave.verify.places import Host

LIVE = "nft -j list table inet conclave"


def objects(host: Host, command: str = LIVE) -> list[dict[str, Any]]:
    """Return chains, rules, sets and counters as nft prints them, without its preamble."""
    return [entry for entry in host.json(command)["nftables"] if "metainfo" not in entry]


def differences(host: Host) -> list[str]:
    """Return where the live rules are not those that the control node renders for the host's mode."""
    every = rendered.rendered(host.site, Catalog.load(), host.site.host_named(host.name))
    # A host that calls itself sealed is held to the cut: its own word is no reason to look less closely.
    texts = [every[file] for file in rendered.FILES.get(host.mode, (rendered.RULES, rendered.CUT))]
    return rendered.differences(host.read(rendered.LIST, stdin="".join(texts)), texts)


def changed_files(host: Host) -> list[str]:
    """Return the staged rule files that are not what the control node renders: the host would load them next."""
    every = rendered.rendered(host.site, Catalog.load(), host.site.host_named(host.name))
    return [file for file, text in every.items() if rendered.body(host.run("cat %s", file).out) != text]


def refusals(every: list[dict[str, Any]], table: str) -> list[str]:
    """Return what a table turns away: the chains that drop by default, and the rules that drop or reject."""
    found = []
    for entry in every:
        ((kind, body),) = entry.items()
        if kind not in {"chain", "rule"} or f"{body['family']} {body['table']}" != table:
            continue
        if kind == "chain" and body.get("policy") == "drop":
            found.append(f"drops all that {body['hook']} does not accept")
        if kind == "rule" and any("drop" in one or "reject" in one for one in body["expr"]):
            ports = [one["match"]["right"] for one in body["expr"] if _is_port(one)]
            found.append(f"refuses in {body['chain']}" + (f" port {', '.join(map(str, ports))}" if ports else ""))
    return found


def _is_port(statement: dict[str, Any]) -> bool:
    left = statement.get("match", {}).get("left", {})
    return isinstance(left, dict) and left.get("payload", {}).get("field") in {"dport", "sport"}


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
