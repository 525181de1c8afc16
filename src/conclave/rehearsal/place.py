"""Where the person of a rehearsal stands: a namespace of its own behind a network box, in a zone of the lab.

Neither has a name on the machine: each is held by one process that ends when this one does, however it ends, and with
the process go namespace, links, rules and devices. So nothing can be left behind.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import Lab, access, namespaces, network, visitors
from conclave.rehearsal.delay import DEVICES, Delay, open_devices
from conclave.rehearsal.inspection import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.catalog import Catalog
    from conclave.lab.definition import Definition, Interface
    from conclave.rehearsal.profiles import NetworkProfile

# In a lab's definition people stand in these.
ZONES = ("users", "outside")
# Behind the box: private addresses (RFC 1918), which no site's zone can meet, for they never leave it.
_BOX, _PERSON = "10.255.255.1", "10.255.255.2"
_BOX6, _PERSON6 = "fe80::1", "fe80::2"
# The first of a zone's free addresses is the box's own; each person has the next.
_FIRST = 1
_MS = 1000


@dataclass(frozen=True)
class Place:
    """Where a person stands.

    Parameters
    ----------
    prefix:
        Words before a command line that lead it there.
    box:
        Addresses of the network box between the person and the zone.
    """

    prefix: tuple[str, ...] = ()
    box: tuple[str, ...] = ()


@contextlib.contextmanager
def alone(lab: Lab) -> Iterator[None]:
    """Hold the lab's one rehearsal.

    Raises
    ------
    ConclaveError
        When there is another: exit code 4.
    """
    # An abstract name belongs to the lab's network namespace and goes with the process (unix(7)).
    with socket.socket(socket.AF_UNIX) as held:
        try:
            held.bind("\0conclave-rehearsal")
        except OSError as error:
            raise ConclaveError(
                f"another rehearsal is running in lab {lab.name!r}",
                expected="one at a time",
                todo="wait for it, or use a lab of your own with --lab",
                exit_code=ExitCode.BUSY,
            ) from error
        yield


@contextlib.contextmanager
def behind(lab: Lab, zone: str, profile: NetworkProfile, catalog: Catalog, number: int = 0) -> Iterator[Place]:
    """Make the network of a profile in a zone of the lab that this process is inside.

    Parameters
    ----------
    lab:
        The lab.
    zone:
        One of `ZONES`.
    profile:
        What the network box does.
    catalog:
        The flow catalogue.
    number:
        Each number gives another address, so that limits per address do not add up over profiles.

    Raises
    ------
    ConclaveError
        When the kernel refuses a part.
    """
    definition = lab.definition
    with contextlib.ExitStack() as stack:
        box, person = (stack.enter_context(_namespace()) for _ in range(2))
        _connect(box, person, zone)
        wire = _wire(definition, zone, profile, number)
        _settle(box, person, profile)
        _ip(box, wire.box)
        proxy_port = stack.enter_context(Proxy(_file(box))).port if profile.inspects else 0
        nft = partial(
            namespaces.run,
            ["nft", "-f", "-"],
            stdin=profile.rules(catalog, proxy_port),
            doing="loading the box's rules",
        )
        _inside(box, nft)
        if profile.delay:
            devices = _inside(box, open_devices)
            stack.enter_context(Delay(devices, profile.delay / 2 / _MS))
            for version in wire.versions:
                _ip(box, _detour(), f"-{version}")
        _ip(person, wire.person)
        covers = lab.folder / ("etc-outside" if zone == "outside" else "etc")
        prefix = access.in_namespace(str(_file(person)), covers, [])
        yield Place(tuple(prefix), wire.addresses)


@dataclass(frozen=True)
class _Wire:
    """What `ip` is told in the box and at the person's, and the box's addresses."""

    box: list[str]
    person: list[str]
    addresses: tuple[str, ...]
    versions: tuple[int, ...]


def _wire(definition: Definition, zone: str, profile: NetworkProfile, number: int) -> _Wire:
    box = [f"link set {device} up" for device in ("lo", "lan", "wan")]
    box += [f"addr add {_BOX}/30 dev lan", f"addr add {_BOX6}/64 dev lan nodad"]
    person = ["link set lo up", "link set lan up"]
    addresses = [_BOX, _BOX6]
    versions = []
    limit = f" mtu lock {profile.mtu}" if profile.mtu else ""
    for version in (network.IPV4, network.IPV6):
        free = visitors.addresses(definition, zone, version)
        gateway = definition.gateway(zone, version)
        if not free or gateway is None or (profile.translates and version == network.IPV6):
            continue
        versions.append(version)
        own, hers = free[0], free[_FIRST + number % (len(free) - _FIRST)]
        addresses.append(str(own.ip))
        box += [f"addr add {own} dev wan{_nodad(own)}", *([] if profile.translates else _stand_in(hers, limit))]
        person += _at_home(hers, translated=profile.translates)
        # A router learns the limit from the route, as behind a tunnel; the links themselves carry more.
        box.append(f"route add default via {gateway} dev wan{limit}")
    return _Wire(box, person, tuple(addresses), tuple(versions))


def _stand_in(hers: Interface, limit: str) -> list[str]:
    """Return how the box takes what is for the person: it answers for her address in the zone (proxy ARP, RFC 4389)."""
    length = hers.ip.max_prefixlen
    return [
        f"route add {hers.ip}/{length} dev lan{limit}",
        f"neigh add proxy {hers.ip} dev wan",
    ]


def _at_home(hers: Interface, *, translated: bool) -> list[str]:
    if hers.version == network.IPV6:
        return [
            f"addr add {_PERSON6}/64 dev lan nodad",
            f"addr add {hers.ip}/128 dev lan nodad",
            f"route add default via {_BOX6} dev lan src {hers.ip}",
        ]
    address = f"{_PERSON}/30" if translated else f"{hers.ip}/32"
    return [f"addr add {address} dev lan", f"route add default via {_BOX} dev lan onlink"]


def _nodad(address: Interface) -> str:
    return " nodad" if address.version == network.IPV6 else ""


def _detour() -> list[str]:
    """Return the routes that lead everything through the delay, there by the one device and back by the other."""
    there, back = DEVICES
    rows = [f"link set {device} up" for device in DEVICES]
    for table, (arrives, device) in enumerate((("lan", there), ("wan", back)), start=100):
        rows += [f"rule add iif {arrives} lookup {table}", f"route add default dev {device} table {table}"]
    return rows


def _connect(box: int, person: int, zone: str) -> None:
    """Plug the box into the zone and the person into the box."""
    # A hardware address that stays, so that the router's neighbours are not out of date from profile to profile.
    mac = network.mac("visitors", zone)
    port = f"re_{box}"
    rows = [
        f"link add name {port} type veth peer name wan address {mac} netns {box}",
        f"link set {port} master {zone} up",
    ]
    namespaces.run(["ip", "-batch", "-"], stdin="\n".join(rows) + "\n", doing="plugging in the rehearsal's box")
    _ip(box, [f"link add name lan type veth peer name lan netns {person}"])


def _settle(box: int, person: int, profile: NetworkProfile) -> None:
    """Set what decides how the two forward and answer."""
    _inside(box, partial(_set, {"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1}))
    settings = {"ipv4/conf/wan/proxy_arp": 1, "ipv6/conf/wan/proxy_ndp": 1}
    # Standing in for somebody is done at once, not after a polite pause.
    settings |= {f"{version}/neigh/wan/proxy_delay": 0 for version in ("ipv4", "ipv6")}
    # A person traces at once what others trace slowly.
    settings |= {"ipv4/icmp_ratelimit": 0, "ipv6/icmp/ratelimit": 0}
    # Packets go and come on different devices, as they should.
    settings |= {f"ipv4/conf/{device}/rp_filter": 0 for device in ("all", "default", "lan", "wan")}
    # Nobody else can have the addresses, so nobody waits for a second who might.
    settings |= {f"ipv6/conf/{device}/accept_dad": 0 for device in ("lan", "wan")}
    _inside(box, partial(_set, settings))
    _inside(
        person, partial(_set, {"ipv6/conf/lan/accept_dad": 0, "ipv6/conf/lan/disable_ipv6": int(profile.translates)})
    )


def _set(values: dict[str, int]) -> None:
    for key, value in values.items():
        Path("/proc/sys/net", key).write_text(f"{value}\n", encoding="utf-8")


@contextlib.contextmanager
def _namespace() -> Iterator[int]:
    """Yield the process that holds a new network namespace."""
    # It reads from us: the end of the pipe is the end of this process, even by SIGKILL.
    argv = ["unshare", "--net", "--", "sh", "-c", "echo; exec cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as keeper:
        if keeper.stdout is None or not keeper.stdout.readline():
            raise ConclaveError(
                "network namespaces cannot be created here", expected="to run as root", exit_code=ExitCode.MACHINE
            )
        try:
            yield keeper.pid
        finally:
            keeper.kill()


def _file(holder: int) -> Path:
    return Path(f"/proc/{holder}/ns/net")


def _inside[T](holder: int, function: Callable[[], T]) -> T:
    # An absolute path stays what it is when it is joined to the folder of named namespaces.
    return namespaces.inside(str(_file(holder)), function)


def _ip(holder: int, rows: list[str], *options: str) -> None:
    argv = ["nsenter", f"--net={_file(holder)}", "--", "ip", *options, "-batch", "-"]
    namespaces.run(argv, stdin="\n".join(rows) + "\n", doing="building the rehearsal's network")


def gateways(lab: Lab) -> tuple[str, ...]:
    """Return the addresses of a lab's router in all its zones."""
    return tuple(str(address.ip) for zone in lab.definition.zones.values() for address in zone.gateway)


def lab_of_this_process() -> Lab | None:
    """Return the lab that this process is inside, or None at a real site."""
    name = os.environ.get(access.VARIABLE)
    return Lab(name) if name else None
