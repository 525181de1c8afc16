"""MikroTik RouterOS 7: address lists, filter, NAT, mangle and a queue tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.network.passages import OUTSIDE
from conclave.network.rules import VERSIONS, name

if TYPE_CHECKING:
    from conclave.network.passages import Party
    from conclave.network.rules import Plan, Rule
    from conclave.site.zones import Network

_MENU = {4: "/ip/firewall", 6: "/ipv6/firewall"}


def files(plan: Plan) -> dict[str, str]:
    """Return the script for `/import`."""
    head = plan.header(
        "MikroTik RouterOS 7",
        "address lists, filter, NAT, marks, a queue tree for the uplink.",
        "not on a device and not checked by its parser; the lines follow RouterOS' documentation.",
        "move the rules to where they belong among yours (RouterOS appends them), and put the name of the interface "
        "to the outside for ether1 in the queue tree. FastTrack bypasses mangle and queues: exempt these flows.",
    )
    lines = [f"# {line}" for line in head]
    for version in VERSIONS:
        lines += _lists(plan, version) + _filter(plan, version)
    lines += _nat(plan)
    for version in VERSIONS:
        lines += _mangle(plan, version)
    return {f"conclave-{plan.site}.rsc": "\n".join([*lines, *_queues(plan)]) + "\n"}


def _lists(plan: Plan, version: int) -> list[str]:
    known: dict[str, tuple[Network, ...]] = {key: party.networks for key, party in plan.objects.items()}
    known |= {"site": plan.inside, "closed": plan.closed_networks}
    lines = [f"{_MENU[version]}/address-list"]
    for key, networks in known.items():
        lines += [f"add list=conclave-{key} address={net}" for net in plan.of(networks, version)]
    return lines


def _end(party: Party, side: str) -> str:
    outside = party.zone == OUTSIDE and not party.networks
    return f"{side}-address-list={'!conclave-site' if outside else f'conclave-{name(party)}'}"


def _match(rule: Rule) -> str:
    ports = ",".join(map(str, rule.ports))
    side = "src" if rule.back else "dst"
    return f"protocol={rule.protocol} {_end(rule.source, 'src')} {_end(rule.target, 'dst')} {side}-port={ports}"


def _filter(plan: Plan, version: int) -> list[str]:
    icmp = "icmp" if version == 4 else "icmpv6"  # noqa: PLR2004 - the protocol's own number
    lines = [
        f"{_MENU[version]}/filter",
        'add chain=forward action=accept connection-state=established,related comment="conclave: answers"',
    ]
    lines += [
        f'add chain=forward action=accept {_match(rule)} comment="{rule.comment}"'
        for rule in plan.rules
        if rule.version == version
    ]
    lines.append(
        f"add chain=forward action=accept protocol={icmp} dst-address-list=conclave-site limit=50,100:packet "
        'comment="conclave: ICMP errors and echo"'
    )
    return [
        *lines,
        (
            "add chain=forward action=reject reject-with=icmp-admin-prohibited "
            'src-address-list=conclave-closed comment="conclave: hosts may send nothing else"'
        ),
        (
            "add chain=forward action=drop "
            'dst-address-list=conclave-closed comment="conclave: nothing else may reach the hosts"'
        ),
    ]


def _nat(plan: Plan) -> list[str]:
    lines = [
        f"add chain=dstnat action=dst-nat dst-address={one.public} protocol={one.protocol} dst-port={one.port} "
        f'to-addresses={one.target} to-ports={one.port} comment="{one.comment}"'
        for one in plan.translations
    ]
    public = next((address for address in plan.public if address.version == 4), None)  # noqa: PLR2004
    lines += [
        f'add chain=srcnat action=src-nat {_match(rule)} to-addresses={public} comment="{rule.comment}"'
        for rule in plan.rules
        if public and rule.version == 4 and rule.target.zone == OUTSIDE and not rule.back  # noqa: PLR2004
    ]
    return ["/ip/firewall/nat", *lines] if lines else []


def _mangle(plan: Plan, version: int) -> list[str]:
    marked = (("audio", (46,)), ("video", (34, 26)), ("signalling", (24, 16)))
    lines = [
        f"{_MENU[version]}/mangle",
        (
            "add chain=forward action=change-dscp new-dscp=0 passthrough=yes src-address-list=!conclave-site "
            'comment="conclave: no trust outside"'
        ),
    ]
    for rule in plan.rules:
        if rule.version == version and rule.flow.public and not rule.back and rule.source.zone in {"users", OUTSIDE}:
            # RouterOS does not look into RTP: inside the media ports a user's own mark of audio stays.
            kept = " dscp=!46" if rule.protocol == "udp" else ""
            number = {"AF41": 34, "CS3": 24}[rule.flow.dscp]
            lines.append(
                f"add chain=forward action=change-dscp new-dscp={number} passthrough=yes {_match(rule)}{kept} "
                f'comment="{rule.comment}"'
            )
    for what, numbers in marked:
        lines += [
            f"add chain=postrouting action=mark-packet dscp={number} new-packet-mark=conclave-{what} passthrough=no "
            f'comment="conclave: {what}"'
            for number in numbers
        ]
    return lines


def _queues(plan: Plan) -> list[str]:
    out = plan.out
    rows = (
        ("audio", 1, out.audio, out.audio),
        ("video", 2, out.video, out.link),
        ("signalling", 3, out.signalling, out.link),
        ("rest", 8, out.rest, out.link),
    )
    lines = ["/queue/tree", f"add name=conclave-uplink parent=ether1 max-limit={out.link:.0f}k"]
    for what, priority, rate, ceil in rows:
        mark = "no-mark" if what == "rest" else f"conclave-{what}"
        lines.append(
            f"add name=conclave-{what} parent=conclave-uplink packet-mark={mark} priority={priority} "
            f"limit-at={rate:.0f}k max-limit={ceil:.0f}k queue=default"
        )
    return lines
