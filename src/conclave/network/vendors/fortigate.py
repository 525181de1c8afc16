"""FortiGate: addresses, services, virtual IPs, policies, and a shaping profile for the uplink (FortiOS 7)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conclave.network.passages import OUTSIDE
from conclave.network.rules import VERSIONS, name

if TYPE_CHECKING:
    from conclave.network.passages import Party
    from conclave.network.rules import Plan, Rule, Translation
    from conclave.site.zones import Network

_QUEUES = (("audio", 2, "top", (46,)), ("video", 3, "high", (34, 26)), ("signalling", 4, "medium", (24, 16)))
_REST = 5


def files(plan: Plan) -> dict[str, str]:
    """Return the configuration script."""
    head = plan.header(
        "FortiGate (FortiOS 7)",
        "addresses, services, virtual IPs (NAT), policies, traffic classes of the uplink.",
        "not on a device and not checked by its parser; options are those of the published CLI reference.",
        "replace the interfaces 'any' by yours, move the policies above broader ones, and set at the interface to the "
        f"outside: egress-shaping-profile conclave, outbandwidth {plan.out.link:.0f}. Leave security profiles and SSL "
        "inspection off: media is encrypted end to end.",
    )
    lines = [f"# {line}" for line in head]
    lines += [*_addresses(plan), *_services(plan), *_virtual(plan), *_policies(plan), *_shaping(plan)]
    return {f"conclave-{plan.site}-fortios.conf": "\n".join(lines) + "\n"}


def _block(path: str, entries: dict[str, list[str]]) -> list[str]:
    if not entries:
        return []
    lines = [f"config {path}"]
    for key, settings in entries.items():
        lines += [f"    edit {key}", *(f"        {setting}" for setting in settings), "    next"]
    return [*lines, "end"]


def _addresses(plan: Plan) -> list[str]:
    known: dict[str, tuple[Network, ...]] = {key: party.networks for key, party in plan.objects.items()}
    known |= {"site": plan.inside, "closed": plan.closed_networks}
    lines: list[str] = []
    for version, suffix in ((4, ""), (6, "6")):
        single: dict[str, list[str]] = {}
        groups: dict[str, list[str]] = {}
        for key, networks in known.items():
            chosen = plan.of(networks, version)
            members = [f'"conclave-{key}-{number}"' for number in range(1, len(chosen) + 1)]
            for member, net in zip(members, chosen, strict=True):
                value = f"set ip6 {net}" if suffix else f"set subnet {net.network_address} {net.netmask}"
                single[member] = [value]
            if members:
                groups[f'"conclave-{key}"'] = [f"set member {' '.join(members)}"]
        lines += _block(f"firewall address{suffix}", single) + _block(f"firewall addrgrp{suffix}", groups)
    return lines


def _service(rule: Rule) -> str:
    return f"conclave-{rule.flow.name}{'-back' if rule.back else ''}"


def _services(plan: Plan) -> list[str]:
    entries: dict[str, list[str]] = {}
    for rule in plan.rules:
        ports = [f"1-65535:{port}" if rule.back else str(port) for port in rule.ports]
        setting = f"set {rule.protocol}-portrange {' '.join(ports)}"
        known = entries.setdefault(f'"{_service(rule)}"', [f'set comment "conclave {rule.flow.name}"'])
        if setting not in known:
            known.append(setting)
    return _block("firewall service custom", entries)


def _virtual(plan: Plan) -> list[str]:
    entries = {
        f'"{_title(plan, one)}"': [
            f'set comment "{one.comment}"',
            f"set extip {one.public}",
            f'set mappedip "{one.target}"',
            'set extintf "any"',
            "set portforward enable",
            f"set protocol {one.protocol}",
            f"set extport {one.port}",
            f"set mappedport {one.port}",
        ]
        for one in plan.translations
        if one.public.version == 4  # noqa: PLR2004 - the protocol's own number
    }
    return _block("firewall vip", entries)


def _policies(plan: Plan) -> list[str]:
    grouped: dict[tuple[str, str, str, bool], list[Rule]] = defaultdict(list)
    for rule in plan.rules:
        grouped[rule.flow.name, name(rule.source), name(rule.target), rule.back].append(rule)
    lines = ["config firewall policy"]
    for (flow, source, target, back), rules in grouped.items():
        title = f"{flow}{' back' if back else ''} {source}-{target}"[:35]
        lines += ["    edit 0", f'        set name "{title}"', f'        set comments "{rules[0].comment}"']
        lines += ['        set srcintf "any"', '        set dstintf "any"', "        set action accept"]
        for version, suffix in ((4, ""), (6, "6")):
            if any(rule.version == version for rule in rules):
                lines += [f"        {line}" for line in _ends(plan, rules[0], suffix)]
        lines += [f'        set service "{_service(rules[0])}"', '        set schedule "always"']
        masked = rules[0].target.zone == OUTSIDE and not back and plan.public
        lines += [f"        set nat {'enable' if masked else 'disable'}", "        set logtraffic utm", "    next"]
    for end, what in (("src", "hosts may send nothing else"), ("dst", "nothing else may reach the hosts")):
        other = "dst" if end == "src" else "src"
        lines += ["    edit 0", f'        set name "conclave closed {end}"', f'        set comments "conclave: {what}"']
        lines += ['        set srcintf "any"', '        set dstintf "any"', "        set action deny"]
        for version, suffix in ((4, ""), (6, "6")):
            if plan.of(plan.closed_networks, version):
                lines += [f'        set {end}addr{suffix} "conclave-closed"', f'        set {other}addr{suffix} "all"']
        lines += [
            '        set service "ALL"',
            '        set schedule "always"',
            "        set logtraffic all",
            "    next",
        ]
    return [*lines, "end"]


def _title(plan: Plan, one: Translation) -> str:
    """Return the name of a virtual address; where several hosts serve the port, each has its own."""
    title = f"conclave-{one.flow.name}-{one.protocol}-{one.port}"
    hosts = {other.host for other in plan.translations if (other.flow, other.port) == (one.flow, one.port)}
    return f"{title}-{one.host}" if len(hosts) > 1 else title


def _ends(plan: Plan, rule: Rule, suffix: str) -> list[str]:
    lines = [*_end(rule.source, "src", suffix)]
    virtual = [
        f'"{_title(plan, one)}"'
        for one in plan.translations
        if one.flow == rule.flow and str(one.public.version) == (suffix or "4")
    ]
    if rule.source.zone == OUTSIDE and virtual and not suffix:
        return [*lines, f"set dstaddr {' '.join(virtual)}"]
    return [*lines, *_end(rule.target, "dst", suffix)]


def _end(party: Party, side: str, suffix: str) -> list[str]:
    if party.zone == OUTSIDE and not party.networks:
        return [f'set {side}addr{suffix} "conclave-site"', f"set {side}addr{suffix}-negate enable"]
    return [f'set {side}addr{suffix} "conclave-{name(party)}"']


def _shaping(plan: Plan) -> list[str]:
    out = plan.out
    shares = {"audio": out.audio, "video": out.video, "signalling": out.signalling}
    names = {str(number): [f'set class-name "conclave-{what}"'] for what, number, _, _ in _QUEUES}
    lines = _block("firewall traffic-class", names | {str(_REST): ['set class-name "conclave-rest"']})
    lines += [
        "config firewall shaping-profile",
        '    edit "conclave"',
        f"        set default-class-id {_REST}",
        "        config shaping-entries",
    ]
    rows = [
        (number, priority, shares[what], shares[what] if what == "audio" else out.link)
        for what, number, priority, _ in _QUEUES
    ]
    for index, (number, priority, rate, ceil) in enumerate([*rows, (_REST, "low", out.rest, out.link)], 1):
        lines += [
            f"            edit {index}",
            f"                set class-id {number}",
            f"                set priority {priority}",
            f"                set guaranteed-bandwidth-percentage {100 * rate / out.link:.0f}",
            f"                set maximum-bandwidth-percentage {100 * ceil / out.link:.0f}",
            "            next",
        ]
    lines += ["        end", "    next", "end"]
    policies: dict[str, list[str]] = {}
    for version in VERSIONS:
        for what, number, _, marks in _QUEUES:
            for mark in marks:
                suffix = "" if version == 4 else "6"  # noqa: PLR2004
                policies[str(len(policies) + 1)] = [
                    f'set comment "conclave: {what}"',
                    f"set ip-version {version}",
                    f'set srcaddr{suffix} "all"',
                    f'set dstaddr{suffix} "all"',
                    'set service "ALL"',
                    'set dstintf "any"',
                    f"set tos 0x{mark << 2:02x}",
                    "set tos-mask 0xfc",
                    f"set class-id {number}",
                ]
    return [
        *lines,
        "# Numbers 1 and up: choose free ones if you have shaping policies.",
        *_block("firewall shaping-policy", policies),
    ]
