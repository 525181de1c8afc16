"""Judges a host's interfaces: an address that the site does not know is a way that nobody has described."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.evidence.facts import Facts, Look, Notes


def judge(facts: Facts, notes: Notes, host: str, phase: str, look: Look) -> None:
    """Judge the interfaces of one host at one time."""
    found = look.interfaces
    if found is None:
        notes.found("interfaces-unread", host=host, phase=phase, reason=str(look.line["interfaces"]["stderr"])[:200])
        return
    router = "router" in facts.hosts[host]["roles"]
    recorded = set(facts.begin["outside"].get(host, ()))
    for one in found:
        name = str(one["ifname"])
        if "LOOPBACK" in one["flags"] or name in recorded:
            continue
        addresses = list(_addresses(one))
        for address in addresses:
            if facts.zone(address) == "outside" and not _known(facts, address):
                notes.found("interface-unknown", host=host, phase=phase, interface=name, address=address)
        if router and not addresses and "UP" in one["flags"]:
            notes.remark("interface-unwatched", host=host, phase=phase, interface=name)


def _addresses(interface: dict[str, Any]) -> Iterator[str]:
    for address in interface.get("addr_info", []):
        # Link-local ones lead to neighbours on the link only.
        if address.get("scope") == "global":
            yield str(address["local"])


def _known(facts: Facts, address: str) -> bool:
    wanted = ip_address(address)
    return facts.owner(address) is not None or wanted in {ip_address(one) for one in facts.begin["public"]}
