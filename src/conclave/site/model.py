"""What an operator says about a site: ``site.yml`` (at most ten answers) and ``hosts.yml`` (who stands where).

Every field's description is what an operator reads after "expected:", so it names the form and gives an example.
"""

from __future__ import annotations

import shlex
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import IPv6Address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    IPvAnyNetwork,
    PrivateAttr,
)

from conclave.catalog import BEYOND, ROLES, Role
from conclave.errors import ConclaveError, ExitCode
from conclave.language import Language
from conclave.levels import Tightened
from conclave.remote import Login
from conclave.site.domains import ascii_domain
from conclave.site.zones import Address, Network, holders, own_networks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Flow

Zone = Literal["users", "edge", "media", "core", "depot", "mgmt"]

ZONES: tuple[Zone, ...] = ("users", "edge", "media", "core", "depot", "mgmt")
# People stand in the one, the control node in the other.
NEEDED_ZONES: tuple[Zone, ...] = ("users", "mgmt")
# A site without them is no site. The router is the network team's where the site has none of its own.
NEEDED_ROLES: tuple[Role, ...] = ("depot", "core", "media", "edge")
# The outside reaches their hosts: the targets of the catalogue's public flows.
REACHED_ROLES: frozenset[Role] = frozenset({"edge", "media"})
# The flow whose port each host chooses: sshd is the administrator's, not the product's.
SSH = "ssh"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def _text(value: object) -> object:
    """YAML reads 1.5 as a number; an address or a network is always text."""
    if not isinstance(value, str):
        raise ValueError("not text")  # noqa: TRY004 - pydantic turns ValueError into a finding
    return value


def _words(value: str) -> str:
    """Refuse what no shell could split into words."""
    shlex.split(value)
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


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


# A name as Debian's policy has it (5.6.1); * stands for any letters.
Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.*-]+$")]

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
    domain: Annotated[str, BeforeValidator(ascii_domain)] = Field(
        pattern=rf"^({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])$",
        max_length=200,
        description="a DNS domain of the site's own, such as conf.example.org, of at most 200 characters",
    )
    language: Language = Field(description="de or en: what people see first")
    contact: str = Field(
        max_length=254,
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
    platform: list[Package] = Field(
        default=[],
        description="names of packages that are not the bundle's and that your organisation puts on its hosts, such as "
        "[qemu-guest-agent, firmware-*], or nothing",
    )

    levels: Tightened = Field(
        default={},
        description="by level of meetings the rules to make tighter, and the default level, such as "
        "{standard: {recording: never}, default: internal}, or nothing",
    )
    retention: int = Field(
        default=90,
        ge=7,
        le=3650,
        strict=True,
        description="days after which names and addresses are erased from the audit log, a whole number from 7 to 3650",
    )

    def declares(self, package: str) -> bool:
        """Tell whether a package beside those of the bundle is the organisation's own affair."""
        return any(fnmatchcase(package, name) for name in self.platform)

    def zones_of(self, address: Address) -> tuple[Zone, ...]:
        """Return the zones whose network of the longest prefix holds this address; several where they share it."""
        return holders(self.zones, address)

    def zone_of(self, address: Address) -> Zone | None:
        """Return the zone that holds this address, or None; of zones that share a network, one of hosts."""
        return min(self.zones_of(address), key=lambda zone: (zone in NEEDED_ZONES, ZONES.index(zone)), default=None)


class Host(BaseModel):
    """One host of ``hosts.yml``. Variables that are Ansible's own business pass unseen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(
        pattern=rf"^{_LABEL}$", description="a host name: small letters, digits and hyphens, a letter or digit first"
    )
    ansible_host: Annotated[IPvAnyAddress, BeforeValidator(_text)] = Field(
        description="the host's IPv4 address, such as 192.0.2.2, or its IPv6 address in quotes where it has no other"
    )
    conclave_zone: Zone = Field(description=f"the zone the host stands in: {', '.join(ZONES)}")
    conclave_address6: Annotated[IPv6Address, BeforeValidator(_text)] | None = Field(
        default=None, description='the host\'s IPv6 address in quotes, such as "2001:db8:1::2", or nothing'
    )
    roles: frozenset[Role] = Field(description=f"groups: {', '.join(ROLES)}")
    conclave_addresses: tuple[Annotated[IPvAnyAddress, BeforeValidator(_text)], ...] = Field(
        default=(), description="a list of the host's other addresses, each in quotes"
    )
    conclave_public: tuple[Annotated[IPvAnyAddress, BeforeValidator(_text)], ...] = Field(
        default=(),
        description="a list of the addresses under which the outside reaches this very host, such as [203.0.113.2]; "
        "nothing where it is the only host of its role (uplink.addresses are its own) or its own address is public",
    )
    conclave_outside: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,15}$")], ...] = Field(
        default=(), description="on a router, the names of its interfaces to the outside, such as [outside], or nothing"
    )
    conclave_autoconfig: tuple[Literal["dhcp4", "dhcp6", "ra"], ...] = Field(
        default=(),
        description="what the host's network hands out to it: a list of dhcp4, dhcp6 (leased addresses) and ra (IPv6 "
        "routes by router advertisement), or nothing where its addresses and routes are fixed",
    )
    ansible_user: str = Field(
        default="root",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@\\+$-]*$",
        description="the account to sign in with, such as admin or admin@example.org; root by default",
    )
    ansible_port: int = Field(default=22, ge=1, le=65535, description="the port of ssh, 22 by default")
    conclave_jump: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_\[][A-Za-z0-9_.@:,/\[\]%-]*)?$",
        description="the host that ssh goes through, such as ops@203.0.113.7 or ops@jump.example.org:2222, or nothing",
    )
    ansible_ssh_common_args: Annotated[str, AfterValidator(_words)] = Field(
        default="", description="further words for ssh as a shell would read them, or nothing"
    )

    @property
    def main_addresses(self) -> tuple[Address, ...]:
        """The addresses that the host's names lead to: one, or one of each IP version."""
        return tuple(dict.fromkeys(address for address in (self.ansible_host, self.conclave_address6) if address))

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Every address the host sends from, a router's in its other zones too."""
        return tuple(dict.fromkeys((*self.main_addresses, *self.conclave_addresses)))

    def address(self, version: int) -> Address | None:
        """Return its first address of an IP version (4 or 6)."""
        return next((address for address in self.addresses if address.version == version), None)

    @property
    def login(self) -> Login:
        """Return the way into the host."""
        return Login(
            self.name,
            str(self.ansible_host),
            self.ansible_port,
            self.ansible_user,
            become=self.ansible_user != "root",
            jump=self.conclave_jump,
            options=tuple(shlex.split(self.ansible_ssh_common_args)),
        )


class Site(BaseModel):
    """A site whose two files were read without a finding, and what follows from them."""

    model_config = ConfigDict(frozen=True)

    answers: Answers
    hosts: tuple[Host, ...]
    # Where its files lie: secrets, certificates and keys stand beside them.
    folder: Path = Field(exclude=True)
    _networks: dict[str, tuple[Network, ...]] = PrivateAttr(default_factory=dict)

    @property
    def name(self) -> str:
        """The site's name."""
        return self.answers.name

    @property
    def domain(self) -> str:
        """The site's domain."""
        return self.answers.domain

    def host(self, role: Role) -> Host:
        """Return the first host of a role; for roles of which there is one."""
        return self.hosts_with(role)[0]

    def hosts_with(self, role: Role) -> tuple[Host, ...]:
        """Return the hosts that carry a role, in the order of hosts.yml."""
        return tuple(host for host in self.hosts if role in host.roles)

    def host_named(self, name: str) -> Host:
        """Return a host by name.

        Raises
        ------
        ConclaveError
            Exit code 2 when the site has no such host.
        """
        for host in self.hosts:
            if host.name == name:
                return host
        names = ", ".join(host.name for host in self.hosts)
        raise ConclaveError(f"no host named {name!r}", expected=f"one of: {names}", exit_code=ExitCode.INPUT)

    def has(self, flow: Flow) -> bool:
        """Tell whether a flow exists at this site."""
        return flow.trust in {None, self.answers.trust}

    def serves(self, host: Host, flow: Flow) -> bool:
        """Tell whether a host answers to a flow."""
        return self.has(flow) and ("hosts" in flow.targets or not host.roles.isdisjoint(flow.targets))

    def asks(self, host: Host, flow: Flow) -> bool:
        """Tell whether a host sends a flow's requests."""
        return self.has(flow) and ("hosts" in flow.sources or not host.roles.isdisjoint(flow.sources))

    @staticmethod
    def ports(host: Host, flow: Flow) -> list[int]:
        """Return the ports under which a host serves a flow: the catalogue's, for ssh the host's own."""
        return [host.ansible_port] if flow.name == SSH else flow.ports

    def every_port(self, flow: Flow) -> list[int]:
        """Return the ports of a flow on any host of the site."""
        if flow.name != SSH:
            return flow.ports
        return sorted({host.ansible_port for host in self.hosts})

    @cached_property
    def public(self) -> tuple[Address, ...]:
        """Every address under which the outside reaches the site, where the hosts' own are not public."""
        own = (address for host in self.hosts for address in host.conclave_public)
        return tuple(dict.fromkeys((*self.answers.uplink.addresses, *own)))

    def public_addresses(self, host: Host) -> tuple[Address, ...]:
        """Return the addresses under which the outside reaches this very host; none where its own are public.

        The site's (``uplink.addresses``) are those of the only host of a role.
        """
        reached = [role for role in sorted(REACHED_ROLES) if role in host.roles]
        alone = reached and all(len(self.hosts_with(role)) == 1 for role in reached)
        return host.conclave_public or (tuple(self.answers.uplink.addresses) if alone else ())

    def shown_addresses(self, host: Host) -> tuple[Address, ...]:
        """Return where the outside finds a host: its public addresses, and its own of every other IP version."""
        public = self.public_addresses(host)
        translated = {address.version for address in public}
        return (*public, *(address for address in host.main_addresses if address.version not in translated))

    def shown_as(self, host: Host) -> tuple[Address, ...]:
        """Return where the outside finds each of a host's main addresses, in their order: one of the same version."""
        shown = {address.version: address for address in reversed(self.shown_addresses(host))}
        return tuple(shown[address.version] for address in host.main_addresses)

    def translates(self, version: int) -> bool:
        """Tell whether a router of the site translates a public address of an IP version."""
        shown = any(address.version == version for address in self.public)
        return shown and any(host.conclave_outside for host in self.hosts_with("router"))

    def networks(self, place: str) -> tuple[Network, ...]:
        """Return the addresses that a place stands for.

        A zone of people (``users``, ``mgmt``), a role, ``hosts``, ``public``, ``resolvers``, ``ntp_servers``, or
        ``site``; ``outside`` has those of ``site`` and stands for all others. Of zones inside each other the longest
        prefix wins.
        """
        # A rule set asks some hundred times, and zones inside each other are costly to part.
        if place not in self._networks:
            self._networks[place] = self._networks_of(place)
        return self._networks[place]

    def _networks_of(self, place: str) -> tuple[Network, ...]:
        if place in NEEDED_ZONES:
            return own_networks(self.answers.zones, place)
        if place == "public":
            return _each(self.public)
        if place in BEYOND:
            return _each(getattr(self.answers.uplink, place))
        if place in {"site", "outside"}:
            everything = [net for networks in self.answers.zones.values() for net in networks]
            return (*everything, *_each(address for host in self.hosts for address in host.addresses))
        chosen = (host for host in self.hosts if place == "hosts" or place in host.roles)
        return _each(address for host in chosen for address in host.addresses)


def _each(addresses: Iterable[Address]) -> tuple[Network, ...]:
    return tuple(ip_network(address) for address in addresses)
