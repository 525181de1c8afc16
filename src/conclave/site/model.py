"""What an operator says about a site: ``site.yml`` (at most eight answers) and ``hosts.yml`` (who stands where).

Every field's description is what an operator reads after "expected:", so it names the form and gives an example.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyAddress, IPvAnyNetwork

from conclave.catalog import ROLES, Role
from conclave.remote import Login

if TYPE_CHECKING:
    from collections.abc import Iterator

Network = IPv4Network | IPv6Network
Zone = Literal["users", "edge", "media", "core", "depot", "mgmt"]

ZONES: tuple[Zone, ...] = ("users", "edge", "media", "core", "depot", "mgmt")
# People stand in the one, the control node in the other.
NEEDED_ZONES: tuple[Zone, ...] = ("users", "mgmt")
# A site without them is no site. The router is the network team's where the site has none of its own.
NEEDED_ROLES: tuple[Role, ...] = ("depot", "core", "media", "edge")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def _text(value: object) -> object:
    """YAML reads 1.5 as a number; an address or a network is always text."""
    if not isinstance(value, str):
        raise ValueError("not text")  # noqa: TRY004 - pydantic turns ValueError into a finding
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


Address = IPv4Address | IPv6Address
OutsideAddresses = list[Annotated[IPvAnyAddress, BeforeValidator(_text)]]


class Uplink(_Strict):
    """What lies between the site and the outside: bandwidth in Mbit/s, and who is met there."""

    up: int = Field(
        gt=0, le=400_000, strict=True, description="Mbit/s out of the site, a whole number from 1 to 400000"
    )
    down: int = Field(
        gt=0, le=400_000, strict=True, description="Mbit/s into the site, a whole number from 1 to 400000"
    )
    addresses: OutsideAddresses = Field(
        default=[],
        description="addresses outside the zones under which the outside reaches the site, such as [203.0.113.1]; "
        "empty where the hosts' own addresses are public",
    )
    resolvers: OutsideAddresses = Field(
        default=[], description="addresses of the organisation's name servers outside the zones, used in open mode only"
    )
    ntp_servers: OutsideAddresses = Field(
        default=[], description="addresses of the organisation's time servers outside the zones, used in open mode only"
    )


Networks = Annotated[
    list[Annotated[IPvAnyNetwork, BeforeValidator(_text)]],
    Field(min_length=1, description='a list of networks such as [192.0.2.0/27, "2001:db8:1::/64"], host bits zero'),
]


class Answers(_Strict):
    """The answers in ``site.yml``; everything else is derived from them or chosen for the operator."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,30}$",
        description="the name of the site's folder: small letters, digits and hyphens, at most 31, a letter first",
    )
    domain: str = Field(
        pattern=rf"^({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])$",
        max_length=200,
        description="a DNS domain of the site's own in small letters, such as conf.example.org",
    )
    language: Literal["de", "en"] = Field(description="de or en: what people see first")
    contact: str = Field(
        pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+$",
        description="the mail address people write to when something does not work",
    )
    trust: Literal["own", "supplied"] = Field(
        description="own (the site signs its certificates itself) or supplied (yours lie in certificates/)"
    )
    uplink: Uplink = Field(
        description="{up: Mbit/s, down: Mbit/s}, and where they are needed addresses, resolvers and ntp_servers"
    )
    zones: dict[Zone, Networks] = Field(
        description=f"networks of the zones ({', '.join(ZONES)}); users and mgmt always, others where a host stands"
    )

    def zone_of(self, address: IPv4Address | IPv6Address) -> Zone | None:
        """Return the zone whose networks hold this address, or None."""
        return next((zone for zone, networks in self.zones.items() if any(address in net for net in networks)), None)


class Host(BaseModel):
    """One host of ``hosts.yml``. Variables that are Ansible's own business pass unseen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(
        pattern=rf"^{_LABEL}$", description="a host name: small letters, digits and hyphens, a letter or digit first"
    )
    ansible_host: Annotated[IPv4Address, BeforeValidator(_text)] = Field(
        description="the host's IPv4 address, such as 192.0.2.2"
    )
    conclave_zone: Zone = Field(description=f"the zone the host stands in: {', '.join(ZONES)}")
    conclave_address6: Annotated[IPv6Address, BeforeValidator(_text)] | None = Field(
        default=None, description='the host\'s IPv6 address in quotes, such as "2001:db8:1::2", or nothing'
    )
    roles: frozenset[Role] = Field(description=f"groups: {', '.join(ROLES)}")
    conclave_addresses: tuple[Annotated[IPv4Address | IPv6Address, BeforeValidator(_text)], ...] = Field(
        default=(), description="a list of the host's other addresses, each in quotes"
    )
    conclave_outside: tuple[Annotated[str, Field(pattern=r"^[^\s/\"]{1,15}$")], ...] = Field(
        default=(), description="on a router, the names of its interfaces to the outside, such as [outside], or nothing"
    )
    ansible_user: str = Field(default="root", min_length=1, description="the account to sign in with, root by default")
    ansible_port: int = Field(default=22, ge=1, le=65535, description="the port of ssh, 22 by default")

    @property
    def login(self) -> Login:
        """Return the way into the host."""
        become = self.ansible_user != "root"
        return Login(self.name, str(self.ansible_host), self.ansible_port, self.ansible_user, become)


class Site(BaseModel):
    """A site whose two files were read without a finding."""

    model_config = ConfigDict(frozen=True)

    answers: Answers
    hosts: tuple[Host, ...]

    def host(self, role: Role) -> Host:
        """Return the host that carries a role."""
        return next(host for host in self.hosts if role in host.roles)

    def translates(self, version: int) -> bool:
        """Tell whether a router of the site translates a public address of an IP version."""
        shown = any(address.version == version for address in self.answers.uplink.addresses)
        return shown and any(host.conclave_outside for host in self.hosts)


# A contradiction: where it stands (keys from the top of the file), and what was expected there.
Contradiction = tuple[Literal["site.yml", "hosts.yml"], tuple[str | int, ...], str]


def contradictions(answers: Answers, hosts: tuple[Host, ...]) -> Iterator[Contradiction]:
    """Find what is well-formed but does not fit together, in the zones, the hosts and the roles."""
    yield from _of_zones(answers)
    yield from _of_uplink(answers)
    yield from _of_hosts(answers, hosts)
    yield from _of_roles(hosts)


def _of_zones(answers: Answers) -> Iterator[Contradiction]:
    for zone in NEEDED_ZONES:
        if zone not in answers.zones:
            yield "site.yml", ("zones",), f"a line for the zone {zone}: people and the control node stand somewhere"
    for zone, networks in answers.zones.items():
        if not any(net.version == 4 for net in networks):  # noqa: PLR2004 - the protocol's own number
            yield "site.yml", ("zones", zone), f"at least one IPv4 network in the zone {zone}"
    placed = [(zone, index, net) for zone, networks in answers.zones.items() for index, net in enumerate(networks)]
    for (zone, _, net), (other_zone, index, other) in combinations(placed, 2):
        if net.version == other.version and net.overlaps(other):
            yield "site.yml", ("zones", other_zone, index), f"a network that does not overlap {net} of the zone {zone}"


def _of_uplink(answers: Answers) -> Iterator[Contradiction]:
    for key in ("addresses", "resolvers", "ntp_servers"):
        listed: list[Address] = getattr(answers.uplink, key)
        for index, address in enumerate(listed):
            if zone := answers.zone_of(address):
                yield "site.yml", ("uplink", key, index), f"an address outside the site; this one is in the zone {zone}"
            elif address in listed[:index]:
                yield "site.yml", ("uplink", key, index), "each address once"


def _of_hosts(answers: Answers, hosts: tuple[Host, ...]) -> Iterator[Contradiction]:
    seen: dict[IPv4Address | IPv6Address, str] = {}
    for host in hosts:
        networks = answers.zones.get(host.conclave_zone)
        if networks is None:
            yield "hosts.yml", (host.name, "conclave_zone"), f"a zone of site.yml: {', '.join(answers.zones)}"
        for key, address in (("ansible_host", host.ansible_host), ("conclave_address6", host.conclave_address6)):
            if address is None:
                continue
            if address in seen:
                yield "hosts.yml", (host.name, key), f"an address of its own; {seen[address]} has this one"
            seen.setdefault(address, host.name)
            if networks is not None and not _usable(address, networks):
                wanted = " or ".join(str(net) for net in networks if net.version == address.version)
                where = f"a host address in {wanted}" if wanted else "none, or an IPv6 network"
                yield "hosts.yml", (host.name, key), f"{where} (zone {host.conclave_zone})"


def _usable(address: IPv4Address | IPv6Address, networks: list[Network]) -> bool:
    """Tell whether a host can have this address: inside one of the networks, and not its name or its broadcast."""
    for net in networks:
        if address in net:
            small = net.num_addresses <= 2  # noqa: PLR2004 - RFC 3021: both addresses of a /31 are hosts
            return small or address not in {net.network_address, net.broadcast_address}
    return False


def _of_roles(hosts: tuple[Host, ...]) -> Iterator[Contradiction]:
    count = Counter(role for host in hosts for role in host.roles)
    for role in NEEDED_ROLES:
        if not count[role]:
            yield "hosts.yml", (), f"a host in the group {role}"
    for role, hosts_of_it in count.items():
        if hosts_of_it > 1:
            names = ", ".join(sorted(host.name for host in hosts if role in host.roles))
            yield "hosts.yml", (role,), f"one host in the group {role}, not {names}"
    for host in hosts:
        if host.conclave_outside and "router" not in host.roles:
            yield "hosts.yml", (host.name, "conclave_outside"), "nothing here; only a router has interfaces outside"
        if not host.roles:
            yield "hosts.yml", (host.name,), f"a group that holds {host.name}: {', '.join(ROLES)}"
        elif "router" in host.roles and len(host.roles) > 1:
            yield "hosts.yml", (host.name,), "a router that is nothing else: it stands between the zones"
