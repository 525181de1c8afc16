"""Shape the uplink: cake where the kernel has it, else HTB with the fairest leaves it has.

``/etc/conclave/host/shaping.json`` says which interfaces lead outside, how fast the line is in each direction (kbit/s),
and which classes share it: told by DSCP on the way out, by port on the way in.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conclave_host.settings import FOLDER, Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = f"{FOLDER}/shaping.json"
FAILED, UNUSABLE = 1, 2
PROTOCOLS = {"tcp": 6, "udp": 17}
# One full packet: with less a class would wait for its turn although it may send.
LEAST_QUANTUM, MOST_QUANTUM = 1514, 60_000


@dataclass(frozen=True)
class Class:
    """A share of the line.

    Parameters
    ----------
    rate, ceil:
        kbit/s that it has, and that it may borrow up to.
    order:
        Who is served first; 0 before all.
    dscp, ports:
        What belongs to it (``udp/443``); with neither, everything that no other class takes.
    """

    rate: int
    ceil: int
    order: int
    dscp: list[int] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)

    @property
    def quantum(self) -> int:
        """Bytes that the class sends in its turn."""
        return min(max(self.rate // 8, LEAST_QUANTUM), MOST_QUANTUM)

    @property
    def rest(self) -> bool:
        """Whether it takes what no other does."""
        return not self.dscp and not self.ports


@dataclass(frozen=True)
class Direction:
    """The line one way: kbit/s, and who shares them."""

    link: int
    classes: list[Class]


@dataclass(frozen=True)
class Plan:
    """Interfaces to the outside; each has the whole line."""

    interfaces: list[str]
    out: Direction
    into: Direction


def main(arguments: list[str]) -> int:
    """Start, stop or show; starting gives the same state however often, and says what it did."""
    parser = argparse.ArgumentParser(prog="shaping", description="Shape the uplink of the site.")
    parser.add_argument("verb", choices=["start", "stop", "status"])
    options = parser.parse_args(arguments)
    try:
        plan = load(os.environ.get("CONCLAVE_SHAPING", SETTINGS))
        {"start": start, "stop": stop, "status": status}[options.verb](plan)
    except SettingsError as error:
        print(f"shaping: {error}", file=sys.stderr)
        return UNUSABLE
    except subprocess.CalledProcessError as error:
        print(f"shaping: {' '.join(error.cmd)}: {error.stderr.strip()}", file=sys.stderr)
        return FAILED
    return 0


def load(path: str) -> Plan:
    """Read the settings.

    Raises
    ------
    SettingsError
        When something is missing or unknown; nothing has been changed then.
    """
    settings = Settings.load(path)
    return Plan(settings.texts("interfaces"), _direction(settings, "out"), _direction(settings, "in"))


def _direction(settings: Settings, key: str) -> Direction:
    inner = settings.part(key)
    return Direction(inner.number("link"), [_class(one) for one in inner.parts("classes")])


def _class(settings: Settings) -> Class:
    known: dict[str, Any] = {name: settings.number(name) for name in ("rate", "ceil", "order")}
    if settings.has("dscp"):
        known["dscp"] = settings.numbers("dscp")
    if settings.has("ports"):
        known["ports"] = settings.texts("ports")
        for port in known["ports"]:
            protocol, _, number = port.partition("/")
            if protocol not in PROTOCOLS or not number.isdecimal():
                raise settings.wrong("ports", port, "tcp/NUMBER or udp/NUMBER")
    return Class(**known)


def start(plan: Plan) -> None:
    """Shape every interface in both directions."""
    for number, interface in enumerate(plan.interfaces):
        device = inward(number)
        forget(interface, device)
        print(f"{interface} out: {_start_out(interface, plan.out)}", flush=True)
        print(f"{interface} in: {_start_in(interface, device, plan.into)}", flush=True)


def stop(plan: Plan) -> None:
    """Leave nothing of it."""
    for number, interface in enumerate(plan.interfaces):
        forget(interface, inward(number))


def status(plan: Plan) -> None:
    """Show queues and what passed through them."""
    for number, interface in enumerate(plan.interfaces):
        print(_tc("-s", "qdisc", "show", "dev", interface), end="")
        print(_tc("-s", "class", "show", "dev", interface), end="")
        if _exists(inward(number)):
            print(_tc("-s", "class", "show", "dev", inward(number)), end="")


def inward(number: int) -> str:
    """Name the device through which what comes in is led, because a kernel can only queue what goes out."""
    return f"conclave-in{number}"


def forget(interface: str, device: str) -> None:
    """Take away what an earlier start has left."""
    queues = _tc("qdisc", "show", "dev", interface)
    if "qdisc ingress" in queues:
        _tc("qdisc", "del", "dev", interface, "ingress")
    if "qdisc htb" in queues or "qdisc cake" in queues:
        _tc("qdisc", "del", "dev", interface, "root")
    if _exists(device):
        _run("ip", "link", "del", "dev", device)


def _start_out(interface: str, way: Direction) -> str:
    cake = ("bandwidth", f"{way.link}kbit", "diffserv4", "dual-srchost", "nat")
    if _possible("tc", "qdisc", "add", "dev", interface, "root", "cake", *cake):
        return f"cake diffserv4, {way.link} kbit/s"
    leaves = _htb(interface, way, into=False)
    return f"HTB, {len(way.classes)} classes, {leaves}, {way.link} kbit/s"


def _start_in(interface: str, device: str, way: Direction) -> str:
    if not _possible("ip", "link", "add", "name", device, "type", "ifb"):
        return "not shaped, this kernel has no ifb"
    _run("ip", "link", "set", device, "up")
    cake = ("bandwidth", f"{way.link}kbit", "besteffort", "dual-dsthost", "nat", "ingress")
    if _possible("tc", "qdisc", "add", "dev", device, "root", "cake", *cake):
        told = f"cake, {way.link} kbit/s"
    else:
        told = f"HTB, {len(way.classes)} classes, {_htb(device, way, into=True)}, {way.link} kbit/s"
    _tc("qdisc", "add", "dev", interface, "handle", "ffff:", "ingress")
    redirect = ("action", "mirred", "egress", "redirect", "dev", device)
    _filter(interface, "ffff:", "all", 1, ("match", "u32", "0", "0"), redirect)
    return told


def _htb(device: str, way: Direction, *, into: bool) -> str:
    """Divide a device among the classes; return the kind of queue at their ends."""
    _tc("qdisc", "add", "dev", device, "root", "handle", "1:", "htb", "default", str(10 * len(way.classes)))
    whole = f"{way.link}kbit"
    # Only leaves take turns by the quantum; the kernel warns when it reckons one for the whole.
    root = ("classid", "1:1", "htb", "rate", whole, "ceil", whole, "quantum", str(LEAST_QUANTUM))
    _tc("class", "add", "dev", device, "parent", "1:", *root)
    kind = ""
    for number, one in enumerate(way.classes, start=1):
        place = f"1:{10 * number}"
        share = (
            "rate",
            f"{one.rate}kbit",
            "ceil",
            f"{one.ceil}kbit",
            "prio",
            str(one.order),
            "quantum",
            str(one.quantum),
        )
        _tc("class", "add", "dev", device, "parent", "1:1", "classid", place, "htb", *share)
        kind = _leaf(device, place, f"{10 * number}:", one, into=into)
        for protocol, order, match in matches(one):
            _filter(device, "1:", protocol, order, match, ("flowid", place))
    return kind


def _leaf(device: str, parent: str, handle: str, one: Class, *, into: bool) -> str:
    """Add the fairest queue for the end of a class: one flow must not make the others of its class wait."""
    for kind in ("fq_codel", "sfq"):
        if _possible("tc", "qdisc", "add", "dev", device, "parent", parent, "handle", handle, kind):
            return kind
    _tc(
        "qdisc",
        "add",
        "dev",
        device,
        "parent",
        parent,
        "handle",
        handle,
        "pfifo",
        "limit",
        str(packets(one, into=into)),
    )
    return "pfifo"


def packets(one: Class, *, into: bool) -> int:
    """Return how many packets a plain queue holds.

    About 200 ms of full packets, which is a key frame at once, and 20 for small classes; what has to wait longer is
    lost. What is loaded into the site must learn early that it is too fast, before it fills the provider's queue: about
    60 ms.
    """
    return one.ceil // 200 + 5 if into and one.rest else one.ceil // 60 + 20


def matches(one: Class) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Return what tells the packets of a class: family, order of the filter, match of u32 (tc-u32(8))."""
    for code in one.dscp:
        yield "ip", 1, ("match", "u8", str(code << 2), "0xfc", "at", "1")
        # Version 4 bits, traffic class 8, flow label.
        yield "ipv6", 2, ("match", "u16", str(code << 6), "0x0fc0", "at", "0")
    for told in one.ports:
        protocol, _, port = told.partition("/")
        number = str(PROTOCOLS[protocol])
        yield "ip", 1, ("match", "u8", number, "0xff", "at", "9", "match", "u16", port, "0xffff", "at", "22")
        yield "ipv6", 2, ("match", "u8", number, "0xff", "at", "6", "match", "u16", port, "0xffff", "at", "42")


def _filter(  # noqa: PLR0917 - the parts of one line of tc
    device: str, parent: str, family: str, order: int, match: tuple[str, ...], then: tuple[str, ...]
) -> None:
    tail = ("protocol", family, "prio", str(order), "u32")
    _tc("filter", "add", "dev", device, "parent", parent, *tail, *match, *then)


def _exists(device: str) -> bool:
    return _possible("ip", "link", "show", "dev", device)


def _possible(*command: str) -> bool:
    """Try what the kernel may not have."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _tc(*arguments: str) -> str:
    return _run("tc", *arguments)


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
