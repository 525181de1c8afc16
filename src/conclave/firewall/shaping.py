"""How a router divides its uplink: the settings of ``/usr/lib/conclave/shaping``, one line a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave import bandwidth
from conclave.firewall.marks import DSCP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.catalog import Catalog, Dscp

# A little below what the line carries, so that the queue stands here, where it is sorted, and not at the provider. Into
# the site it is more: what already waits at the provider drains only by the difference.
SHAPED_OUT, SHAPED_IN = 0.95, 0.9
OUTWARD: dict[str, tuple[Dscp, ...]] = {"audio": ("EF",), "video": ("AF41", "AF31"), "signalling": ("CS3", "CS2")}


def shaping(catalog: Catalog, interfaces: Sequence[str], up: float, down: float) -> str:
    """Return the settings: per direction a link, and its classes with kbit/s, kbit/s at most, and order.

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
    lines = [f"interface {name}" for name in interfaces]
    # Sound is served first, so it is bounded; whoever marks more than that as sound waits like everybody else.
    sizes = {"audio": (out.audio, out.audio), "video": (out.video, out.link), "signalling": (out.signalling, out.link)}
    lines.append(f"out link {out.link:.0f}")
    lines += [
        f"out class {name} {rate:.0f} {ceil:.0f} {order} dscp {' '.join(str(DSCP[dscp]) for dscp in OUTWARD[name])}"
        for order, (name, (rate, ceil)) in enumerate(sizes.items())
    ]
    lines.append(f"out class rest {out.rest:.0f} {out.link:.0f} {len(sizes)}")
    lines.append(f"in link {into.link:.0f}")
    for order, (name, rate, wanted) in enumerate(
        (("conference", into.audio + into.video, ("AF41",)), ("signalling", into.signalling, ("CS3",)))
    ):
        ports = [
            f"{protocol}/{port}"
            for flow in catalog.flows
            if flow.public and flow.dscp in wanted
            for protocol in flow.protocols
            for port in flow.ports
        ]
        lines.append(f"in class {name} {rate:.0f} {into.link:.0f} {order} port {' '.join(ports)}")
    lines.append(f"in class rest {into.rest:.0f} {into.link:.0f} 2")
    return "\n".join(lines) + "\n"
