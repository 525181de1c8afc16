"""The lab's network: one bridge per zone in one namespace; users, outsiders and canary in namespaces of their own."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import canary, namespaces, outsiders, visitors
from conclave.lab.definition import LAB_ROUTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.lab.definition import Definition, Interface

IPV4, IPV6 = 4, 6
_PORT_LENGTH = 15
# A host's name has no underscore, so these ports never meet a host's.
_SHORT = {"users": "us", "canary": "ca", "outsiders": "ou", "router": "rt"}


@dataclass(frozen=True)
class Names:
    """The network namespaces of one lab."""

    control: str
    users: str
    canary: str
    outsiders: str
    router: str

    @classmethod
    def of(cls, lab: str) -> Names:
        """Return the names of a lab's namespaces."""
        # A dot cannot be in a lab's name, so no lab's part is named like another lab.
        return cls(
            f"conclave-{lab}", *(f"conclave-{lab}.{part}" for part in ("users", "canary", "outsiders", "router"))
        )

    def present(self) -> list[str]:
        """Return those that exist."""
        known = (self.control, self.users, self.canary, self.outsiders, self.router)
        return [name for name in known if namespaces.exists(name)]


def ports(definition: Definition, host: str) -> dict[str, str]:
    """Return the zones a host stands in, each with the name of its port on that zone's bridge."""
    number = [known.name for known in definition.hosts].index(host)
    zones = list(definition.zones) if host == definition.router else [definition.hosts[number].conclave_zone]
    return {zone: _port(host, number, zone) for zone in zones}


def mac(host: str, zone: str) -> str:
    """Return the hardware address of a host's interface: always the same, locally administered (RFC 9542)."""
    digest = hashlib.sha256(f"{host}.{zone}".encode()).hexdigest()
    return ":".join(["02", *(digest[place : place + 2] for place in range(0, 10, 2))])


def unplug(names: Names, ports: Iterable[str]) -> None:
    """Remove ports from their bridges, those that are there.

    Raises
    ------
    ConclaveError
        When one is still there afterwards.
    """
    wanted = set(ports)
    _remove_links(names, wanted & _links(names))
    left = wanted & _links(names)
    if left:
        raise ConclaveError(
            f"ports {', '.join(sorted(left))} are in use", todo="conclave lab down", exit_code=ExitCode.MACHINE
        )


def build(definition: Definition, names: Names) -> None:
    """Make namespaces, bridges, the control node, the users, the outsiders and the canary. Nothing leads out of them.

    Raises
    ------
    ConclaveError
        When the kernel refuses a part.
    """
    with_router = [names.router] if definition.router == LAB_ROUTER else []
    everyone = [names.control, names.users, names.canary, names.outsiders, *with_router]
    _ip([], [f"netns add {name}" for name in everyone])
    for name in everyone:
        namespaces.inside(name, partial(_settle, forwards=name in with_router))
        _ip(["-n", name], ["link set lo up"])
    namespaces.inside(names.control, _quiet_bridges)
    for zone in definition.zones:
        bridge = [f"link add name {zone} type bridge forward_delay 0 mcast_snooping 0", f"link set {zone} up"]
        _ip(["-n", names.control], bridge)
    _control(definition, names)
    _join(names, names.users, "users", definition.users)
    _ip(["-n", names.users], _default_routes("users", [gateway.ip for gateway in definition.zones["users"].gateway]))
    count_anew(definition, names)
    _join(names, names.canary, "outside", definition.canary)
    # It is every IPv4 address outside that nobody has, so that the router finds a neighbour to hand a packet to.
    outside = [address for address in definition.zones["outside"].gateway if address.version == IPV4]
    people = (*definition.outsiders, *visitors.addresses(definition, "outside", IPV4))
    taken = [address for address in (*definition.of_router("outside"), *people) if address.version == IPV4]
    rows = [f"route add local {address.network} dev lo" for address in outside]
    rows += [f"route add unicast {address.ip} dev outside table local" for address in taken]
    _ip(["-n", names.canary], rows)
    _join(names, names.outsiders, "outside", definition.outsiders)
    # Their way to the site, and as a hostile neighbour's to its inner addresses too.
    gateways = [gateway.ip for gateway in definition.zones["outside"].gateway]
    _ip(["-n", names.outsiders], _default_routes("outside", gateways))
    namespaces.inside(names.outsiders, outsiders.install)
    if with_router:
        for zone in definition.zones:
            _join(names, names.router, zone, definition.of_router(zone))
        _ip(["-n", names.router], _default_routes("outside", [address.ip for address in definition.canary]))


def count_anew(definition: Definition, names: Names) -> None:
    """Set the canary's counters to zero."""
    people = (*definition.outsiders, *visitors.addresses(definition, "outside", IPV6))
    known = [address.ip for address in (*definition.of_router("outside"), *definition.canary, *people)]
    namespaces.inside(names.canary, partial(canary.install, known))


def remove(names: Names) -> None:
    """Remove the namespaces and with them every link; what still runs in them is ended first.

    Raises
    ------
    ConclaveError
        When a process in them does not end.
    """
    present = names.present()
    identities = [identity for identity in map(namespaces.inode, present) if identity]
    namespaces.end(namespaces.members(identities), grace=2.0)
    if present:
        _ip([], [f"netns del {name}" for name in present])


def _control(definition: Definition, names: Names) -> None:
    namespaces.inside(names.control, lambda: _set("ipv6/conf/mgmt/disable_ipv6", 0))
    rows = [f"addr add {address} dev mgmt{_nodad(address)}" for address in definition.control]
    for zone, content in definition.zones.items():
        if zone not in {"mgmt", "outside"}:
            for gateway in content.gateway:
                via = definition.gateway("mgmt", gateway.version)
                rows += [f"route add {gateway.network} via {via} dev mgmt"] if via else []
    _ip(["-n", names.control], rows)


def _join(names: Names, namespace: str, zone: str, addresses: Iterable[Interface]) -> None:
    """Give a namespace an interface in a zone, named after it."""
    port = f"{_SHORT[namespace.rpartition('.')[2]]}_{zone}"
    _ip(
        ["-n", names.control],
        [
            f"link add name {port} type veth peer name {zone} netns {namespace}",
            f"link set {port} master {zone} up",
        ],
    )
    rows = [f"addr add {address} dev {zone}{_nodad(address)}" for address in addresses]
    _ip(["-n", namespace], [*rows, f"link set {zone} up"])


def _default_routes(device: str, gateways: Iterable[object]) -> list[str]:
    return [f"route add default via {gateway} dev {device}" for gateway in gateways]


def _settle(*, forwards: bool) -> None:
    """Set what a new namespace would inherit from the machine."""
    _set("ipv4/ip_forward", int(forwards))
    _set("ipv6/conf/all/forwarding", int(forwards))
    _set("ipv6/conf/default/accept_ra", 0)


def _quiet_bridges() -> None:
    """Keep the control node out of the zones: it has an address in mgmt and is a mere switch for the others."""
    _set("ipv6/conf/default/disable_ipv6", 1)
    _set("ipv4/conf/all/arp_ignore", 1)


def _set(key: str, value: int) -> None:
    Path("/proc/sys/net", key).write_text(f"{value}\n", encoding="utf-8")


def _nodad(address: Interface) -> str:
    # Nobody else can have the address, so there is no second to wait for.
    return " nodad" if address.version == IPV6 else ""


def _links(names: Names) -> set[str]:
    listed = namespaces.run(["ip", "-n", names.control, "-j", "link"], doing="looking at the lab's links")
    return {link["ifname"] for link in json.loads(listed)}


def _remove_links(names: Names, links: set[str]) -> None:
    # The kernel may be faster than we are, so what counts is what is there afterwards.
    rows = "".join(f"link del {link}\n" for link in links)
    argv = ["ip", "-n", names.control, "-force", "-batch", "-"]
    subprocess.run(argv, input=rows, capture_output=True, text=True, check=False)


def _port(host: str, number: int, zone: str) -> str:
    name = f"{host}-{zone}"
    return name if len(name) <= _PORT_LENGTH else f"h{number}_{zone}"


def _ip(options: list[str], rows: list[str]) -> None:
    namespaces.run(["ip", *options, "-batch", "-"], stdin="\n".join(rows) + "\n", doing="building the lab's network")
