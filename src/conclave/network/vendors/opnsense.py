"""The firewall OPNsense: sections of config.xml for aliases, rules, destination NAT and the shaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_DNS, uuid5

from conclave.network.passages import OUTSIDE
from conclave.network.rules import VERSIONS, name
from conclave.network.vendors import markup
from conclave.network.vendors.pfsense import alias

if TYPE_CHECKING:
    from conclave.network.passages import Party
    from conclave.network.rules import Plan, Rule
    from conclave.site.zones import Network

_PROTOCOL = {4: "inet", 6: "inet6"}
_QUEUES = (("audio", "ef"), ("video", "af41,af31"), ("signalling", "cs3,cs2"))
# Weights of queues are at most 100.
_HUNDRED = 100


def files(plan: Plan) -> dict[str, str]:
    """Return the sections."""
    head = plan.header(
        "OPNsense (25 and later)",
        "aliases, rules without an interface (floating), destination NAT, pipe and queues of the interface wan.",
        "not on a device; well-formed XML, elements and values as in OPNsense's published models.",
        "merge the sections into your configuration (System, Configuration, Backups) before you restore it. The "
        "shaper reads DSCP; to set it, mark at the switches.",
    )
    firewall = {"Alias": {"aliases": {"alias": _aliases(plan)}}, "Filter": {"rules": {"rule": _rules(plan)}}}
    content: dict[str, Any] = {"OPNsense": {"Firewall": firewall, "TrafficShaper": _shaper(plan)}}
    if plan.translations:
        content["nat"] = {"rule": _nat(plan)}
    return {f"conclave-{plan.site}-opnsense.xml": markup.document("opnsense", head, content)}


def _uuid(plan: Plan, what: str) -> str:
    """Return the same identifier for the same thing, so that generating it again changes nothing."""
    return str(uuid5(NAMESPACE_DNS, f"{what}.{plan.site}.conclave.invalid"))


def _aliases(plan: Plan) -> list[dict[str, Any]]:
    known: dict[str, tuple[Network, ...]] = {key: party.networks for key, party in plan.objects.items()}
    known |= {"site": plan.inside, "closed": plan.closed_networks}
    return [
        {
            "@uuid": _uuid(plan, f"alias-{key}"),
            "enabled": 1,
            "name": alias(key),
            "type": "network",
            "content": "\n".join(map(str, nets)),
            "description": f"conclave: {key}",
        }
        for key, nets in known.items()
    ]


def _end(party: Party, side: str) -> dict[str, Any]:
    outside = party.zone == OUTSIDE and not party.networks
    return {f"{side}_net": alias("site" if outside else name(party)), f"{side}_not": int(outside)}


def _rules(plan: Plan) -> list[dict[str, Any]]:
    rows = [row for rule in plan.rules for row in _passed(rule)]
    for version in VERSIONS:
        if plan.of(plan.closed_networks, version):
            for action, side, what in (
                ("reject", "source", "hosts may send nothing else"),
                ("block", "destination", "nothing else may reach the hosts"),
            ):
                ends = {"source_net": "any", "destination_net": "any", f"{side}_net": alias("closed")}
                rows.append({**_rule(action, version), **ends, "description": f"conclave: {what}"})
    return [
        {"@uuid": _uuid(plan, f"rule-{number}"), "enabled": 1, "sequence": number, **row}
        for number, row in enumerate(rows, 1)
    ]


def _rule(action: str, version: int) -> dict[str, Any]:
    return {"action": action, "quick": 1, "interface": None, "direction": "in", "ipprotocol": _PROTOCOL[version]}


def _passed(rule: Rule) -> list[dict[str, Any]]:
    side = "source_port" if rule.back else "destination_port"
    return [
        {
            **_rule("pass", rule.version),
            "protocol": rule.protocol.upper(),
            **_end(rule.source, "source"),
            **_end(rule.target, "destination"),
            side: port,
            "description": rule.comment,
        }
        for port in rule.ports
    ]


def _nat(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "@uuid": _uuid(plan, f"nat-{number}"),
            "sequence": number,
            "interface": "wan",
            "ipprotocol": _PROTOCOL[one.public.version],
            "protocol": one.protocol,
            "source": {"network": "any"},
            "destination": {"network": one.public, "port": one.port},
            "target": one.target,
            "local-port": one.port,
            "natreflection": "purenat",
            "descr": one.comment,
        }
        for number, one in enumerate(plan.translations, 1)
    ]


def _shaper(plan: Plan) -> dict[str, Any]:
    out = plan.out
    pipe = _uuid(plan, "pipe")
    rates = {"audio": out.audio, "video": out.video, "signalling": out.signalling, "rest": out.rest}
    # A queue's share is its weight: audio first of all, so it gets the largest, not its rate.
    weights = {"audio": _HUNDRED} | {
        what: max(1, round(_HUNDRED * rate / out.link)) for what, rate in rates.items() if what != "audio"
    }
    targets = [*_QUEUES, ("rest", "")]
    return {
        "pipes": {
            "pipe": {
                "@uuid": pipe,
                "number": 10000,
                "enabled": 1,
                "bandwidth": f"{out.link:.0f}",
                "bandwidthMetric": "Kbit",
                "mask": "none",
                "codel_enable": 0,
                "codel_ecn_enable": 0,
                "pie_enable": 0,
                "description": "conclave uplink",
            }
        },
        "queues": {
            "queue": [
                {
                    "@uuid": _uuid(plan, f"queue-{what}"),
                    "number": 10000 + number,
                    "enabled": 1,
                    "pipe": pipe,
                    "weight": weights[what],
                    "mask": "none",
                    "codel_enable": 1,
                    "codel_ecn_enable": 0,
                    "pie_enable": 0,
                    "description": f"conclave {what}",
                }
                for number, (what, _) in enumerate(targets, 1)
            ]
        },
        "rules": {
            "rule": [
                {
                    "@uuid": _uuid(plan, f"shaper-{what}"),
                    "enabled": 1,
                    "sequence": number,
                    "interface": "wan",
                    "proto": "ip",
                    "source": "any",
                    "source_not": 0,
                    "src_port": "any",
                    "destination": "any",
                    "destination_not": 0,
                    "dst_port": "any",
                    "dscp": marks or None,
                    "direction": "out",
                    "target": _uuid(plan, f"queue-{what}"),
                    "description": f"conclave: {what}",
                }
                for number, (what, marks) in enumerate(targets, 1)
            ]
        },
    }
