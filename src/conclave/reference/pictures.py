"""Pictures of parts and flows, in Graphviz' language."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conclave.catalog import Catalog, Flow

# What stands on a host of each role, as a newcomer names it.
_SERVICES = {
    "router": ["nftables", "forwards catalogue flows only"],
    "edge": ["nginx: TLS, SNI split on 443", "web client"],
    "media": ["LiveKit SFU, STUN and TURN", "nginx: mutual TLS in front of it"],
    "core": ["portal (Django)", "Keycloak", "PostgreSQL", "Valkey", "unbound, chrony, site CA"],
    "depot": ["signed apt repository", "the only source of software"],
}
_FOREIGN = {"users": "users' browsers", "outside": "outside", "mgmt": "control node"}
_LABELS = {"hosts": "every host"}
_INK = {
    "users": "#1864ab",
    "outside": "#a61e4d",
    "mgmt": "#5c940d",
    "edge": "#0b7285",
    "media": "#5f3dc4",
    "core": "#862e9c",
    "depot": "#e67700",
}
_HEAD = [
    "digraph conclave {",
    '  graph [rankdir=LR, fontname="sans-serif", fontsize=12, bgcolor=white, nodesep=0.35, ranksep=1.1, pad=0.3];',
    '  node [fontname="sans-serif", fontsize=11, shape=box, style="rounded,filled", margin="0.18,0.1"];',
    '  node [fillcolor="#f8f9fa", color="#495057"];',
    '  edge [fontname="sans-serif", fontsize=9, color="#495057", arrowsize=0.7];',
]


def parts(catalog: Catalog) -> str:
    """Return the picture of zones, roles and what runs on them, with one arrow for each pair that talks."""
    lines = [*_HEAD]
    for role, services in _SERVICES.items():
        label = "\\n".join([role.upper(), *services])
        frame = f'label="{role} zone"; style=dashed; color="#adb5bd";'
        lines.append(f'  subgraph "cluster_{role}" {{ {frame} "{role}" [label="{label}"]; }}')
    lines += [f'  "{zone}" [label="{label}", shape=ellipse, fillcolor=white];' for zone, label in _FOREIGN.items()]
    for (source, target), flows in sorted(_pairs(catalog).items()):
        if source != target and not _is_plumbing(flows):
            lines.append(f'  "{source}" -> "{target}" [color="{_INK.get(source, "#495057")}"];')
    return "\n".join([*lines, "}", ""])


def flows(catalog: Catalog) -> str:
    """Return the picture of all flows between parties, each arrow with the flow's name, protocol and ports."""
    lines = [*_HEAD]
    parties = {party for pair in _pairs(catalog) for party in pair}
    lines += [f'  "{party}" [label="{_LABELS.get(party, party)}"];' for party in sorted(parties - _FOREIGN.keys())]
    lines += [f'  "{zone}" [label="{label}", shape=ellipse, fillcolor=white];' for zone, label in _FOREIGN.items()]
    for (source, target), found in sorted(_pairs(catalog).items()):
        label = "\\l".join(f"{flow.name} {_where(flow)}" for flow in found) + "\\l"
        ink = _INK.get(source, "#495057")
        lines.append(f'  "{source}" -> "{target}" [label="{label}", color="{ink}", fontcolor="{ink}"];')
    return "\n".join([*lines, "}", ""])


def _pairs(catalog: Catalog) -> dict[tuple[str, str], list[Flow]]:
    pairs: dict[tuple[str, str], list[Flow]] = defaultdict(list)
    for flow in catalog.flows:
        for source in flow.sources:
            for target in flow.targets:
                pairs[source, target].append(flow)
    return pairs


def _is_plumbing(found: list[Flow]) -> bool:
    # Names, time, software and administration reach every host; they would hide the picture.
    return all("hosts" in {*flow.sources, *flow.targets} for flow in found)


def _where(flow: Flow) -> str:
    return f"{'/'.join(flow.protocols)} {','.join(str(port) for port in flow.ports)}"
