"""Cisco IOS-XE: zone-based policy firewall, static NAT, and MQC for marks and queues."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conclave.firewall.marks import DSCP
from conclave.network.passages import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

    from conclave.network.rules import Plan, Rule

_QUEUES = (("AUDIO", ("ef",)), ("VIDEO", ("af41", "af31")), ("SIGNALLING", ("cs3", "cs2")))
# What Chromium on Windows sends for audio and video, whatever was asked for (qWAVE's traffic types).
_WINDOWS = {"AUDIO": 56, "VIDEO": 40}


def files(plan: Plan) -> dict[str, str]:
    """Return the configuration."""
    head = plan.header(
        "Cisco IOS-XE",
        "zone-based firewall, static NAT of what arrives (what leaves uses the overload rule you have), marking at the "
        "border of trust, queues of the uplink.",
        "not on a device; its lines follow the published command reference and were not checked by a parser.",
        "put your interfaces into the zones and at the service policies (last lines), and say which is NAT inside "
        "and outside. Zone-based firewall drops between zones what no zone-pair inspects.",
    )
    lines = [f"! {line}" for line in head]
    pairs: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in plan.rules:
        pairs[rule.source.zone, rule.target.zone].append(rule)
    zones = dict.fromkeys(zone for pair in pairs for zone in pair)
    lines += ["!", *(f"zone security {_name(zone)}" for zone in zones)]
    for (source, target), rules in pairs.items():
        lines += ["!", *_pair(f"{_name(source)}-{target.upper()}", source, target, rules)]
    lines += _translations(plan)
    lines += ["!", *_marking(plan), "!", *_queues(plan), "!"]
    lines += [f"! interface ... : zone-member security {_name(zone)}" for zone in zones]
    lines += [
        "! interface to the outside: service-policy output CONCLAVE-UPLINK, service-policy input CONCLAVE-FROM-OUTSIDE",
        "! interfaces of users: service-policy input CONCLAVE-FROM-USERS",
        "end",
    ]
    return {f"conclave-{plan.site}-ios-xe.txt": "\n".join(lines) + "\n"}


def _name(zone: str) -> str:
    return f"CONCLAVE-{zone.upper()}"


def _pair(title: str, source: str, target: str, rules: list[Rule]) -> list[str]:
    lists = []
    lines = []
    for version, kind, prefix in ((4, "ip access-list extended", ""), (6, "ipv6 access-list", "V6-")):
        chosen = [rule for rule in rules if rule.version == version]
        if chosen:
            lists.append(f"{prefix}{title}")
            lines += [f"{kind} {prefix}{title}"]
            lines += [line for rule in chosen for line in _entries(rule)]
    lines += [f"class-map type inspect match-any {title}", *(f" match access-group name {one}" for one in lists)]
    lines += [f"policy-map type inspect {title}", f" class type inspect {title}", "  inspect", " class class-default"]
    lines += ["  drop log", f"zone-pair security {title} source {_name(source)} destination {_name(target)}"]
    return [*lines, f" service-policy type inspect {title}"]


def _entries(rule: Rule) -> list[str]:
    # Where it comes from and goes to is the zone-pair's business, so outside is simply everybody in that zone.
    lines = [f" remark {rule.comment}"]
    for source in rule.sources or (None,):
        for target in rule.targets or (None,):
            for port in rule.ports:
                ends = (f"{_end(source)} eq {port} {_end(target)}", f"{_end(source)} {_end(target)} eq {port}")
                lines.append(f" permit {rule.protocol} {ends[0] if rule.back else ends[1]}")
    return lines


def _end(net: IPv4Network | IPv6Network | None) -> str:
    if net is None:
        return "any"
    if net.prefixlen == net.max_prefixlen:
        return f"host {net.network_address}"
    return f"{net.network_address} {net.hostmask}" if net.version == 4 else str(net)  # noqa: PLR2004


def _translations(plan: Plan) -> list[str]:
    lines = ["!"] if plan.translations else []
    for one in plan.translations:
        if one.public.version == 4:  # noqa: PLR2004
            lines += [
                f"! {one.comment}",
                (
                    f"ip nat inside source static {one.protocol} {one.target} {one.port} {one.public} {one.port} "
                    "extendable"
                ),
            ]
    return lines


def _marking(plan: Plan) -> list[str]:
    """Return the policies for what comes from outside and from users: marks by flow, all others taken away."""
    lines = []
    for zone in (OUTSIDE, "users"):
        title = f"FROM-{zone.upper()}"
        rules = [rule for rule in plan.rules if rule.source.zone == zone and rule.flow.public and not rule.back]
        classes: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            classes[rule.flow.dscp].append(rule)
        for mark, found in classes.items():
            lines += _matched(plan, f"CONCLAVE-{title}-{mark}", found)
        # Inside the media port only the sender's mark tells audio: taken over from users, who are known, only.
        audio = zone == "users" and "AF41" in classes
        if audio:
            lines += [
                f"class-map match-any CONCLAVE-{title}-EF-MARK",
                f" match dscp ef {_WINDOWS['AUDIO']}",
                f"class-map match-all CONCLAVE-{title}-AUDIO",
                f" match class-map CONCLAVE-{title}-EF-MARK",
                f" match class-map CONCLAVE-{title}-AF41",
            ]
        lines.append(f"policy-map CONCLAVE-{title}")
        if audio:
            lines += [f" class CONCLAVE-{title}-AUDIO", "  set dscp ef"]
        for mark in classes:
            lines += [f" class CONCLAVE-{title}-{mark}", f"  set dscp {mark.lower()}"]
        lines += [" class class-default", "  set dscp default"]
    return lines


def _matched(plan: Plan, title: str, rules: Iterable[Rule]) -> list[str]:
    lines, lists = [], []
    known = list(rules)
    for version, kind, prefix in ((4, "ip access-list extended", ""), (6, "ipv6 access-list", "V6-")):
        chosen = [rule for rule in known if rule.version == version]
        if chosen:
            lists.append(f"{prefix}{title}")
            lines += [f"{kind} {prefix}{title}"]
            lines += [line for rule in chosen for line in _wanted(plan, rule)]
    return [*lines, f"class-map match-any {title}", *(f" match access-group name {one}" for one in lists)]


def _wanted(plan: Plan, rule: Rule) -> list[str]:
    """Return the entries for what arrives: before translation it carries the public address."""
    public = [one for one in plan.translations if one.flow == rule.flow and one.public.version == rule.version]
    lines = [f" remark {rule.comment}"]
    for source in rule.sources or (None,):
        for target in rule.targets:
            lines += [f" permit {rule.protocol} {_end(source)} {_end(target)} eq {port}" for port in rule.ports]
    if rule.source.zone == OUTSIDE:
        lines += [f" permit {one.protocol} any host {one.public} eq {one.port}" for one in public]
    return lines


def _queues(plan: Plan) -> list[str]:
    out = plan.out
    lines = []
    for name, marks in _QUEUES:
        numbers = " ".join(str(DSCP[mark.upper()]) for mark in marks)  # type: ignore[index]
        lines += [f"class-map match-any CONCLAVE-{name}", f" match dscp {numbers}"]
    return [
        *lines,
        "policy-map CONCLAVE-CLASSES",
        " class CONCLAVE-AUDIO",
        f"  priority {out.audio:.0f}",
        " class CONCLAVE-VIDEO",
        f"  bandwidth {out.video:.0f}",
        " class CONCLAVE-SIGNALLING",
        f"  bandwidth {out.signalling:.0f}",
        " class class-default",
        "  fair-queue",
        "policy-map CONCLAVE-UPLINK",
        " class class-default",
        f"  shape average {out.link * 1000:.0f}",
        "  service-policy CONCLAVE-CLASSES",
    ]
