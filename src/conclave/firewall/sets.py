"""The addresses that a host's rules call the site's own, against those of the rules that the control node rendered.

Read from the rendered text itself: no listing that the host has made stands in between.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_address, ip_network, summarize_address_range
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.site.zones import Network

# As `conclave.firewall` writes them: one line a set, its table above it.
_TABLE = re.compile(r"^table (?P<table>\S+ \S+) \{$")
_SET = re.compile(r"^\s*set (?P<name>\S+) \{ type ipv[46]_addr; .*elements = \{ (?P<elements>[^}]*) \}; \}$")


@dataclass(frozen=True)
class Difference:
    """A set of addresses that is not as it was rendered.

    Parameters
    ----------
    name:
        Its table and name, such as ``inet conclave_cut inside4``.
    more, less:
        What it holds beyond the rendered one, and what it lacks.
    """

    name: str
    more: list[str]
    less: list[str]


def differences(live: str, rendered: Iterable[str]) -> list[Difference]:
    """Compare a listing of `nft -j list ruleset` with the texts of the rendered rules."""
    held = _held(live)
    found = []
    for name, wanted in _wanted(rendered).items():
        has = held.get(name, [])
        more = [str(net) for net in has if not _within(net, wanted)]
        less = [str(net) for net in wanted if not _within(net, has)]
        if more or less:
            found.append(Difference(name, more, less))
    return found


def _within(net: Network, others: list[Network]) -> bool:
    return any(net.version == other.version and net.subnet_of(other) for other in others)  # type: ignore[arg-type]


def _wanted(texts: Iterable[str]) -> dict[str, list[Network]]:
    found: dict[str, list[Network]] = {}
    for text in texts:
        table = ""
        for row in text.splitlines():
            if begun := _TABLE.match(row):
                table = begun["table"]
            elif one := _SET.match(row):
                found[f"{table} {one['name']}"] = _collapsed(ip_network(word) for word in one["elements"].split(", "))
    return found


def _held(listing: str) -> dict[str, list[Network]]:
    found: dict[str, list[Network]] = {}
    for entry in json.loads(listing)["nftables"]:
        body = entry.get("set")
        # The type of a concatenation is a list; what packets fill is no set of addresses that somebody has chosen.
        if body and body.get("type") in ("ipv4_addr", "ipv6_addr") and "dynamic" not in body.get("flags", ()):
            nets = (net for element in body.get("elem", []) for net in _networks(element))
            found[f"{body['family']} {body['table']} {body['name']}"] = _collapsed(nets)
    return found


def _networks(element: Any) -> list[Network]:  # noqa: ANN401 - as nft prints it
    """Return what an element of a set stands for: an address, a prefix, a range, or one of them with a comment."""
    if isinstance(element, str):
        return [ip_network(element)]
    if "elem" in element:
        return _networks(element["elem"]["val"])
    if "prefix" in element:
        return [ip_network(f"{element['prefix']['addr']}/{element['prefix']['len']}")]
    first, last = map(ip_address, element["range"])
    return list(summarize_address_range(first, last))


def _collapsed(nets: Iterable[Network]) -> list[Network]:
    found = list(nets)
    return [
        net
        for version in (4, 6)
        for net in collapse_addresses([one for one in found if one.version == version])  # type: ignore[type-var]
    ]
