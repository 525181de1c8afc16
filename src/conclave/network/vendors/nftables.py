"""A Linux router of the organisation: nftables for filter, translation and marks, tc for the queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall.marks import AUDIO_PAYLOADS, CHANNEL_BITS, UDP_BITS
from conclave.network.passages import OUTSIDE
from conclave.network.rules import VERSIONS, name

if TYPE_CHECKING:
    from conclave.network.passages import Party
    from conclave.network.rules import Plan, Rule
    from conclave.site.zones import Network

_FAMILY = {4: "ip", 6: "ip6"}
_TYPE = {4: "ipv4_addr", 6: "ipv6_addr"}
# RTP's version and payload type; TURN's ChannelData begins with the bits 01 and puts its own header before (RFC 8656).
_RTP = f"@th,{UDP_BITS},2 2 @th,{UDP_BITS + 9},7"
_RELAYED = f"@th,{UDP_BITS},2 1 @th,{UDP_BITS + CHANNEL_BITS},2 2 @th,{UDP_BITS + CHANNEL_BITS + 9},7"


def files(plan: Plan) -> dict[str, str]:
    """Return the rule set and the script of the queues."""
    return {f"conclave-{plan.site}.nft": _ruleset(plan), f"conclave-{plan.site}-tc.sh": _queues(plan)}


def _ruleset(plan: Plan) -> str:
    head = plan.header(
        "nftables",
        "filter, NAT, marks at the border of trust; the queues are in the file beside it.",
        "loaded by nft, and passed and refused packets in network namespaces.",
        "look at it with `nft -c -f FILE`. It has a table of its own and touches no other; an accept in it cannot "
        "undo a drop of yours.",
    )
    body = [*_sets(plan), "", *_forward(plan)]
    if plan.translations:
        body += ["", *_dstnat(plan)]
    if plan.leaves and plan.public:
        body += ["", *_srcnat(plan)]
    body += ["", *_marks(plan)]
    table = "table inet conclave_site"
    lines = [*(f"# {line}" for line in head), table, f"delete {table}", f"{table} {{", *_indented(body), "}"]
    return "\n".join(lines) + "\n"


def _sets(plan: Plan) -> list[str]:
    known: dict[str, tuple[Network, ...]] = {key: party.networks for key, party in plan.objects.items()}
    known |= {"site": plan.inside, "closed": plan.closed_networks}
    return [
        f"set {key}_v{version} {{ type {_TYPE[version]}; flags interval; elements = {{ {_listed(nets)} }}; }}"
        for key, networks in known.items()
        for version in VERSIONS
        if (nets := plan.of(networks, version))
    ]


def _listed(networks: tuple[Network, ...]) -> str:
    return ", ".join(map(str, networks))


def _end(party: Party, side: str, version: int) -> str:
    family = _FAMILY[version]
    if party.zone == OUTSIDE and not party.networks:
        return f"{family} {side} != @site_v{version}"
    return f"{family} {side} @{name(party)}_v{version}"


def _match(rule: Rule) -> str:
    ports = ", ".join(map(str, rule.ports))
    ports = f"{{ {ports} }}" if len(rule.ports) > 1 else ports
    side = "sport" if rule.back else "dport"
    ends = f"{_end(rule.source, 'saddr', rule.version)} {_end(rule.target, 'daddr', rule.version)}"
    return f"{ends} {rule.protocol} {side} {ports}"


def _forward(plan: Plan) -> list[str]:
    rules = [
        "type filter hook forward priority filter; policy accept;",
        "ct state established,related accept",
        "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
    ]
    rules += [f'{_match(rule)} counter accept comment "{rule.comment}"' for rule in plan.rules]
    for version in VERSIONS:
        if plan.of(plan.closed_networks, version):
            family = _FAMILY[version]
            refuse = "counter reject with icmpx admin-prohibited"
            rules += [
                f'{family} saddr @closed_v{version} {refuse} comment "conclave: hosts may send nothing else"',
                f'{family} daddr @closed_v{version} counter drop comment "conclave: nothing else may reach the hosts"',
            ]
    return _chain("forward", rules)


def _dstnat(plan: Plan) -> list[str]:
    rules = ["type nat hook prerouting priority dstnat; policy accept;"]
    for one in plan.translations:
        family = _FAMILY[one.public.version]
        match = f"{family} daddr {one.public} {one.protocol} dport {one.port}"
        rules.append(f'{match} counter dnat {family} to {one.target} comment "{one.comment}"')
    return _chain("dstnat", rules)


def _srcnat(plan: Plan) -> list[str]:
    rules = ["type nat hook postrouting priority srcnat; policy accept;"]
    for rule in plan.rules:
        public = next((a for a in plan.public if a.version == rule.version), None)
        if rule.target.zone == OUTSIDE and not rule.back and public:
            rules.append(f'{_match(rule)} counter snat {_FAMILY[rule.version]} to {public} comment "{rule.comment}"')
    return _chain("srcnat", rules)


def _marks(plan: Plan) -> list[str]:
    """Return the chain that marks what comes from where nobody is trusted; what hosts send is marked already."""
    rules = ["type filter hook forward priority mangle; policy accept;"]
    payloads = ", ".join(map(str, sorted(AUDIO_PAYLOADS)))
    for rule in plan.rules:
        if not rule.flow.public or rule.back:
            continue
        match, family = _match(rule), _FAMILY[rule.version]
        if rule.protocol == "udp":
            rtp = _RELAYED if rule.flow.name.startswith("turn") else _RTP
            rules.append(f'{match} {rtp} {{ {payloads} }} {family} dscp set ef accept comment "{rule.comment}, audio"')
        rules.append(f'{match} {family} dscp set {rule.flow.dscp.lower()} accept comment "{rule.comment}"')
    for version in VERSIONS:
        if plan.of(plan.inside, version):
            family = _FAMILY[version]
            rules.append(
                f'{family} saddr != @site_v{version} {family} dscp set cs0 comment "conclave: no trust outside"'
            )
    return _chain("marks", rules)


def _queues(plan: Plan) -> str:
    head = plan.header(
        "Linux tc",
        "one queue a class on the interface to the outside.",
        "its grammar by `sh -n` only; HTB with these classes is what Conclave's own router runs and tests.",
        "call it with the name of the interface to the outside: sh FILE eth0",
    )
    out = plan.out
    rows = [
        ("10", out.audio, out.audio, 0, "audio", (46,)),
        ("20", out.video, out.link, 1, "video and screens", (34, 26)),
        ("30", out.signalling, out.link, 2, "signalling", (24, 16)),
        ("40", out.rest, out.link, 3, "everything else", ()),
    ]
    lines = [
        "#!/bin/sh",
        *(f"# {line}" for line in head),
        "set -eu",
        "interface=${1:?the interface to the outside}",
        "# First any other, so that a second call begins anew.",
        'tc qdisc replace dev "$interface" root pfifo',
        'tc qdisc replace dev "$interface" root handle 1: htb default 40',
        f'tc class replace dev "$interface" parent 1: classid 1:1 htb rate {out.link:.0f}kbit ceil {out.link:.0f}kbit',
    ]
    for minor, rate, ceil, prio, what, marks in rows:
        lines += [
            f"# {what}",
            (
                f'tc class replace dev "$interface" parent 1:1 classid 1:{minor} htb '
                f"rate {rate:.0f}kbit ceil {ceil:.0f}kbit prio {prio}"
            ),
            f'tc qdisc replace dev "$interface" parent 1:{minor} fq_codel',
        ]
        for mark in marks:
            tos = f"0x{mark << 2:02x}"
            where = 'tc filter add dev "$interface" parent 1: '
            lines += [
                f"{where}protocol ip prio 1 u32 match ip dsfield {tos} 0xfc flowid 1:{minor}",
                f"{where}protocol ipv6 prio 2 u32 match ip6 priority {tos} 0xfc flowid 1:{minor}",
            ]
    return "\n".join(lines) + "\n"


def _chain(title: str, rules: list[str]) -> list[str]:
    return [f"chain {title} {{", *_indented(rules), "}"]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
