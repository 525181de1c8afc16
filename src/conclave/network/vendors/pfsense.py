"""The firewall pfSense: sections of config.xml for aliases, NAT, floating rules and the ALTQ shaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.network.passages import OUTSIDE
from conclave.network.rules import VERSIONS, name
from conclave.network.vendors import markup

if TYPE_CHECKING:
    from conclave.network.passages import Party
    from conclave.network.rules import Plan, Rule
    from conclave.site.zones import Network

_PROTOCOL = {4: "inet", 6: "inet6"}
_QUEUES = (
    ("qConclaveAudio", 7, ("EF",)),
    ("qConclaveVideo", 5, ("af41", "af31")),
    ("qConclaveSignal", 4, ("cs3", "cs2")),
)


def files(plan: Plan) -> dict[str, str]:
    """Return the sections."""
    head = plan.header(
        "pfSense",
        "aliases, NAT, filter (floating rules, so no interface names are needed), queues of the interface wan.",
        "not on a device; well-formed XML, elements as pfSense's own code reads them.",
        "restoring a section replaces all of it, so merge these entries into your backup before you restore it. "
        "pfSense can match DSCP but not set it: mark at the switches, or trust the hosts' marks only.",
    )
    content: dict[str, Any] = {"aliases": {"alias": _aliases(plan)}}
    if plan.translations:
        content["nat"] = {"rule": _nat(plan)}
    content["filter"] = {"rule": [*map(_rule, plan.rules), *_closing(plan), *_matches()]}
    content["shaper"] = {"queue": _shaper(plan)}
    return {f"conclave-{plan.site}-pfsense.xml": markup.document("pfsense", head, content)}


def alias(key: str) -> str:
    """Return an alias' name: letters, digits and underlines, at most 31."""
    return f"conclave_{key}".replace("-", "_")[:31]


def _aliases(plan: Plan) -> list[dict[str, Any]]:
    known: dict[str, tuple[Network, ...]] = {key: party.networks for key, party in plan.objects.items()}
    known |= {"site": plan.inside, "closed": plan.closed_networks}
    return [
        {"name": alias(key), "type": "network", "address": " ".join(map(str, nets)), "descr": f"conclave: {key}"}
        for key, nets in known.items()
    ]


def _end(party: Party) -> dict[str, Any]:
    if party.zone == OUTSIDE and not party.networks:
        return {"address": alias("site"), "not": None}
    return {"address": alias(name(party))}


def _floating(kind: str, version: int) -> dict[str, Any]:
    return {
        "type": kind,
        "floating": "yes",
        "quick": "yes",
        "direction": "in",
        "interface": None,
        "ipprotocol": _PROTOCOL[version],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    source, target = _end(rule.source), _end(rule.target)
    # Every flow of the catalogue that leaves its zone has one port; a range is written with a colon.
    (source if rule.back else target)["port"] = (
        f"{rule.ports[0]}:{rule.ports[-1]}" if len(rule.ports) > 1 else rule.ports[0]
    )
    return {
        **_floating("pass", rule.version),
        "protocol": rule.protocol,
        "source": source,
        "destination": target,
        "statetype": "keep state",
        "descr": rule.comment,
    }


def _closing(plan: Plan) -> list[dict[str, Any]]:
    closed = {"address": alias("closed")}
    rows = []
    for version in VERSIONS:
        if plan.of(plan.closed_networks, version):
            rows += [
                {
                    **_floating("reject", version),
                    "source": closed,
                    "destination": {"any": None},
                    "descr": "conclave: hosts may send nothing else",
                },
                {
                    **_floating("block", version),
                    "source": {"any": None},
                    "destination": closed,
                    "descr": "conclave: nothing else may reach the hosts",
                },
            ]
    return rows


def _nat(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "interface": "wan",
            "ipprotocol": _PROTOCOL[one.public.version],
            "protocol": one.protocol,
            "source": {"any": None},
            "destination": {"address": one.public, "port": one.port},
            "target": one.target,
            "local-port": one.port,
            "natreflection": "purenat",
            "descr": one.comment,
        }
        for one in plan.translations
    ]


def _matches() -> list[dict[str, Any]]:
    return [
        {
            "type": "match",
            "floating": "yes",
            "direction": "out",
            "interface": "wan",
            "ipprotocol": "inet46",
            "source": {"any": None},
            "destination": {"any": None},
            "dscp": mark,
            "defaultqueue": queue,
            "descr": f"conclave: {mark} to {queue}",
        }
        for queue, _, marks in _QUEUES
        for mark in marks
    ]


def _shaper(plan: Plan) -> dict[str, Any]:
    out = plan.out
    rates = {"qConclaveAudio": out.audio, "qConclaveVideo": out.video, "qConclaveSignal": out.signalling}
    queues: list[dict[str, Any]] = [
        {
            "name": queue,
            "interface": "wan",
            "priority": priority,
            "bandwidth": f"{rates[queue]:.0f}",
            "bandwidthtype": "Kb",
            "enabled": "on",
            # Audio is bounded; all others may use what is free.
            **({} if queue == "qConclaveAudio" else {"borrow": "on"}),
        }
        for queue, priority, _ in _QUEUES
    ]
    rest = {"name": "qConclaveRest", "interface": "wan", "priority": 1, "bandwidth": f"{out.rest:.0f}"}
    queues.append({**rest, "bandwidthtype": "Kb", "enabled": "on", "borrow": "on", "default": "default"})
    return {
        "interface": "wan",
        "name": "wan",
        "scheduler": "CBQ",
        "bandwidth": f"{out.link:.0f}",
        "bandwidthtype": "Kb",
        "enabled": "on",
        "queue": queues,
    }
