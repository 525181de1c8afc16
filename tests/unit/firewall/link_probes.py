"""Packets of a host's own link, and what must become of them; no flow of the catalogue speaks of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.unit.firewall.probes import PEOPLE, Probe, icmp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.firewall.evaluation import Packet

    from conclave.site.model import Host

MULTICAST = ("mld-listener-query", "mld-listener-report", "mld2-listener-report", "nd-router-solicit")


def of(host: Host) -> Iterator[Probe]:
    """Yield what IPv6 needs of its link: neighbours, queries for members; never beyond, never from somewhere else."""
    unheard, away = frozenset({"in-dropped"}), frozenset({"refused-outside"})

    def heard(name: str, packet: Packet, verdict: str) -> Probe:
        lost = verdict == "drop"
        return Probe(name, host.name, "input", packet, verdict, unheard if lost else frozenset(), logged=lost)

    def sent(name: str, packet: Packet, verdict: str) -> Probe:
        counted = away if verdict == "reject" else frozenset[str]()
        return Probe(name, host.name, "output", packet, verdict, counted)

    for kind in ("nd-neighbor-solicit", "nd-neighbor-advert"):
        near = icmp("6", "fe80::1", "fe80::2", kind, hoplimit=255)
        yield heard(kind, near, "accept")
        yield heard(f"far-{kind}", replace(near, hoplimit=254), "drop")
        yield sent(kind, near, "accept")
        yield sent(f"far-{kind}", replace(near, hoplimit=254), "reject")
        yield sent(f"{kind}-to-group", replace(near, daddr="ff02::1:ff00:2"), "accept")
        inside = replace(near, daddr=PEOPLE["users"]["6"])
        yield sent(f"{kind}-inside", inside, "accept")
        far = replace(inside, hoplimit=254)
        yield Probe(f"far-{kind}-inside", host.name, "output", far, "reject", frozenset({"refused-inside"}))
        # The gateway of the uplink is a neighbour of the router.
        for leaving in ("eth0", *host.conclave_outside):
            beyond = replace(near, daddr=PEOPLE["outside"]["6"], oif=leaving)
            yield sent(f"{kind}-beyond-{leaving}", beyond, "reject" if leaving == "eth0" else "accept")
            if leaving != "eth0":
                yield sent(f"far-{kind}-beyond-{leaving}", replace(beyond, hoplimit=254), "reject")
    for leaving in host.conclave_outside:
        echo = icmp("6", "fe80::1", PEOPLE["outside"]["6"], "echo-request", hoplimit=255, oif=leaving)
        yield sent(f"echo-beyond-{leaving}", echo, "reject")
    redirect = icmp("6", "fe80::1", "fe80::2", "nd-redirect", hoplimit=255)
    yield heard("redirect", redirect, "drop")
    yield sent("redirect", redirect, "reject")
    for name, daddr in (("group", "ff02::1"), ("host", PEOPLE["users"]["6"])):
        advert = icmp("6", "fe80::1", daddr, "nd-router-advert", hoplimit=255)
        counted = frozenset({"refused-inside"}) if name == "host" else away
        yield Probe(f"router-advert-to-{name}", host.name, "output", advert, "reject", counted)
        # Nobody here lives by advertisements, so whoever sends one wants to be taken for a router.
        yield heard(f"router-advert-to-{name}", advert, "drop")
    query = icmp("6", "fe80::1", "ff02::1", "mld-listener-query", hoplimit=1)
    yield heard("query", query, "accept")
    yield heard("far-query", replace(query, hoplimit=64), "drop")
    yield heard("query-of-nobody-near", replace(query, saddr=PEOPLE["users"]["6"]), "drop")
    yield heard("done", replace(query, kind="mld-listener-done"), "drop")
    report = icmp("6", "fe80::1", "fe80::2", "mld2-listener-report")
    yield sent("report-to-one", report, "reject")
    for kind in MULTICAST:
        yield sent(kind, icmp("6", "fe80::1", "ff02::16", kind), "accept")
