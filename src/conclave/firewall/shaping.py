"""How a router divides its uplink: the settings of ``/usr/lib/conclave/shaping``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave import bandwidth
from conclave.firewall.marks import DSCP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.catalog import Catalog, Dscp

# A little below what the line carries, so that the queue stands here, where it is sorted, and not at the provider. Into
# the site it is more: what already waits at the provider drains only by the difference.
SHAPED_OUT, SHAPED_IN = 0.95, 0.9
OUTWARD: dict[str, tuple[Dscp, ...]] = {"audio": ("EF",), "video": ("AF41", "AF31"), "signalling": ("CS3", "CS2")}


def shaping(catalog: Catalog, interfaces: Sequence[str], up: float, down: float) -> dict[str, Any]:
    """Return the settings: per direction a link in kbit/s, and its classes with rate, most it may borrow, and order.

    Out of the site a class is told by DSCP, which our own hosts have set. Into the site marks mean nothing, so a class
    is told by port: conferences, signalling, the rest.

    Parameters
    ----------
    interfaces:
        The router's interfaces to the outside; each has the whole uplink.
    up, down:
        Mbit/s of the uplink.
    """
    out, into = bandwidth.classes(up * SHAPED_OUT), bandwidth.classes(down * SHAPED_IN)
    # Audio is served first, so it is bounded; whoever marks more than that as audio waits like everybody else.
    sizes = {"audio": (out.audio, out.audio), "video": (out.video, out.link), "signalling": (out.signalling, out.link)}
    outward: list[dict[str, Any]] = [
        {**_size(name, rate, ceil, order), "dscp": [DSCP[dscp] for dscp in OUTWARD[name]]}
        for order, (name, (rate, ceil)) in enumerate(sizes.items())
    ]
    wanted: dict[str, tuple[float, Dscp]] = {
        "conference": (into.audio + into.video, "AF41"),
        "signalling": (into.signalling, "CS3"),
    }
    inward: list[dict[str, Any]] = [
        {**_size(name, rate, into.link, order), "ports": _ports(catalog, dscp)}
        for order, (name, (rate, dscp)) in enumerate(wanted.items())
    ]
    return {
        "interfaces": list(interfaces),
        "out": {"link": round(out.link), "classes": [*outward, _size("rest", out.rest, out.link, len(outward))]},
        "in": {"link": round(into.link), "classes": [*inward, _size("rest", into.rest, into.link, len(inward))]},
    }


def _size(name: str, rate: float, ceil: float, order: int) -> dict[str, Any]:
    return {"name": name, "rate": round(rate), "ceil": round(ceil), "order": order}


def _ports(catalog: Catalog, dscp: Dscp) -> list[str]:
    return [
        f"{protocol}/{port}"
        for flow in catalog.flows
        if flow.public and flow.dscp == dscp
        for protocol in flow.protocols
        for port in flow.ports
    ]
