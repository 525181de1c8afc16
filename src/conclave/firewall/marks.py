"""DSCP marks: a host marks what it sends by the catalogue, the router re-marks what comes from where nobody is trusted.

Chains of the table ``inet conclave``. A class belongs to a flow and so to a port; only in the SFU's UDP ports, where
audio and video share one 5-tuple (BUNDLE, RFC 9143), audio is told apart by the RTP payload type, which SRTP leaves
readable (RFC 3711 section 3.1). Classes after RFC 4594 and RFC 8837, LE after RFC 8622. ECN stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall.table import FAMILIES, chain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog, Dscp, Flow
    from conclave.firewall.table import Table
    from conclave.site.model import Host, Site

# Code points by the names of the catalogue (RFC 2474, 2597, 3246, 8622).
DSCP: dict[Dscp, int] = {"EF": 46, "AF41": 34, "AF31": 26, "CS3": 24, "CS2": 16, "LE": 1, "DF": 0}
# Opus 111, RED 63 and what room systems speak: G.711 0 and 8, G.722 9. Payload types of video change from call to call,
# so whatever is not audio is taken for video; with it go RTCP, DTLS and STUN, which both need as much.
AUDIO_PAYLOADS = (0, 8, 9, 63, 111)
# What stands before the RTP packet, in bits: the UDP header and, relayed, that of TURN's ChannelData (RFC 8656 12.4).
UDP_BITS, CHANNEL_BITS = 64, 32
TRUSTED = "hosts"


def marks(catalog: Catalog, table: Table, host: Host) -> list[list[str]]:
    """Return the chains that mark: what this host sends and, on a router, what passes.

    Parameters
    ----------
    catalog:
        The flow catalogue.
    table:
        The table of the host.
    host:
        Whose table it is.
    """
    goals: set[str] = set()
    chains = [chain("marks", _sent(catalog, table.site, host, goals))]
    if "router" in host.roles:
        chains.append(chain("boundary", _passing(catalog, table, goals)))
    if "media" in goals:
        chains.append(chain("mark-media", _media()))
        goals |= {"ef", "af41"}
    return chains + [chain(f"mark-{name}", _setting(table, name)) for name in sorted(goals - {"media"})]


def _sent(catalog: Catalog, site: Site, host: Host, goals: set[str]) -> list[str]:
    """Return the rules for what the host sends: answers by their source port, requests by their target port."""
    served = [(flow, site.ports(host, flow)) for flow in catalog.flows if site.serves(host, flow)]
    asked = [(flow, site.every_port(flow)) for flow in catalog.flows if site.asks(host, flow)]
    rules = ["type filter hook output priority mangle; policy accept;", 'oif "lo" return']
    return rules + [_by_port(side, flows, goals) for side, flows in (("sport", served), ("dport", asked)) if flows]


def _passing(catalog: Catalog, table: Table, goals: set[str]) -> list[str]:
    """Return the rules of the trust boundary.

    Marks of the site's own hosts stand. Whatever else comes in says nothing by its mark: it gets the class of the flow
    it belongs to by its target, which is known here because addresses are translated before, or none.
    """
    rules = ["type filter hook forward priority mangle; policy accept;"]
    rules += [f"{match} return" for family, _ in FAMILIES if (match := table.match("saddr", TRUSTED, family))]
    foreign = [flow for flow in catalog.flows if not {"users", "mgmt", "outside"}.isdisjoint(flow.sources)]
    for target in sorted({target for flow in foreign for target in flow.targets}):
        flows = [(flow, table.site.every_port(flow)) for flow in foreign if target in flow.targets]
        for family, _ in FAMILIES:
            if match := table.match("daddr", target, family):
                rules.append(f"{match} {_by_port('dport', flows, goals)}")
    goals.add("df")
    return [*rules, "goto mark-df"]


def _by_port(side: str, flows: Iterable[tuple[Flow, list[int]]], goals: set[str]) -> str:
    """Return the rule that sends a packet to its class by protocol and port; each flow with its ports."""
    # Flows to the outside may share a port with one inside, and have its class.
    classes = {
        (protocol, port): _goal(flow, protocol)
        for flow, ports in flows
        for protocol in flow.protocols
        for port in ports
    }
    goals.update(classes.values())
    elements = (f"{protocol} . {port} : goto mark-{goal}" for (protocol, port), goal in sorted(classes.items()))
    return f"meta l4proto . th {side} vmap {{ {', '.join(elements)} }}"


def _goal(flow: Flow, protocol: str) -> str:
    return "media" if protocol == "udp" and flow.dscp == "AF41" else flow.dscp.lower()


def _media() -> list[str]:
    payloads = ", ".join(map(str, AUDIO_PAYLOADS))
    version, payload = UDP_BITS, UDP_BITS + 9
    inner_version, inner_payload = version + CHANNEL_BITS, payload + CHANNEL_BITS
    return [
        # The first two bits say what it is (RFC 7983): 2 RTP or RTCP, 1 ChannelData.
        f"@th,{version},2 2 @th,{payload},7 {{ {payloads} }} goto mark-ef",
        f"@th,{version},2 1 @th,{inner_version},2 2 @th,{inner_payload},7 {{ {payloads} }} goto mark-ef",
        "goto mark-af41",
    ]


def _setting(table: Table, name: str) -> list[str]:
    number = DSCP[name.upper()]  # type: ignore[index]
    count = table.count(f"mark-{name}")
    return [f"{keyword} dscp set {number:#04x} {count}" for _, keyword in FAMILIES]
