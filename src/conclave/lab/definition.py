"""What a lab consists of: zones and addresses from `lab.yml`, hosts from `hosts.yml` of an inventory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface

# `router: lab` asks for a plain forwarding namespace that belongs to the lab and not to the site.
LAB_ROUTER = "lab"
# The router's own end of these zones is part of every lab.
NEEDED_ZONES = ("users", "mgmt", "outside")
# A word that `lab exec --in` and `router:` give a meaning of their own cannot be a host's name.
RESERVED = ("control", "users", "canary", "outsiders", LAB_ROUTER)
# A port is named <host>-<zone> and Linux allows 15 characters for a network interface.
_ZONE_NAME = r"^[a-z][a-z0-9]{0,10}$"
_HOST_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}$")


def _one_per_family(value: list[Interface]) -> list[Interface]:
    if sorted({address.version for address in value}) != sorted(address.version for address in value) or not value:
        raise ValueError("one IPv4 address with prefix length, one IPv6 address with prefix length, or one of each")
    return value


Addresses = Annotated[list[Interface], AfterValidator(_one_per_family)]
ZoneName = Annotated[str, StringConstraints(pattern=_ZONE_NAME)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zone(_Strict):
    """One bridge: `gateway` is the router's address in it, with the zone's prefix length."""

    gateway: Addresses


class LabFile(_Strict):
    """The content of `lab.yml`."""

    zones: dict[ZoneName, Zone]
    router: str
    control: Addresses
    users: Addresses
    canary: Addresses
    outsiders: Addresses


@dataclass(frozen=True)
class Host:
    """One host of the inventory: its first zone, its addresses there and the groups it is in."""

    name: str
    zone: str
    addresses: tuple[Interface, ...]
    groups: frozenset[str]

    @property
    def address(self) -> Address:
        """The address it is managed at, without prefix length."""
        return self.addresses[0].ip


@dataclass(frozen=True)
class Definition:
    """A checked lab: everything refers to something that exists and every address lies in its zone."""

    folder: Path
    zones: dict[str, Zone]
    hosts: tuple[Host, ...]
    router: str
    control: tuple[Interface, ...]
    users: tuple[Interface, ...]
    canary: tuple[Interface, ...]
    outsiders: tuple[Interface, ...]
    domain: str
    # The site's public addresses; empty where its hosts' own are public.
    public: tuple[Address, ...] = ()

    @property
    def resolver(self) -> Address | None:
        """The site's own name server: the first host of group `core`."""
        return next((host.address for host in self.hosts if "core" in host.groups), None)

    @property
    def shown_outside(self) -> tuple[Address, ...]:
        """Where the outside finds the site's names: its public address, or the edge's own, one of each IP version."""
        edge = next((host for host in self.hosts if "edge" in host.groups), None)
        known = [*self.public, *(address.ip for address in (edge.addresses if edge else ()))]
        return tuple({address.version: address for address in reversed(known)}.values())

    def gateway(self, zone: str, version: int) -> Address | None:
        """Return the router's address of an IP version in a zone, if the zone speaks it."""
        return next((address.ip for address in self.zones[zone].gateway if address.version == version), None)

    def owner(self, address: str) -> str:
        """Return who has an address: a host, the control node, the users, or nobody known."""
        wanted = ip_address(address)
        for host in self.hosts:
            if wanted in {own.ip for own in host.addresses}:
                return host.name
        for name in ("control", "users", "canary", "outsiders"):
            if wanted in {own.ip for own in getattr(self, name)}:
                return name
        if wanted in {gateway.ip for zone in self.zones.values() for gateway in zone.gateway}:
            return self.router
        return ""


def load(folder: Path) -> Definition:
    """Read and check the definition of a lab.

    Parameters
    ----------
    folder:
        An inventory folder with `lab.yml` and `hosts.yml`; the zone search of `site.yml` is used when it is there.

    Raises
    ------
    ConclaveError
        With file, key, what was found and what was expected; exit code 2.
    """
    path = folder / "lab.yml"
    try:
        lab = LabFile.model_validate(_read(path))
    except ValidationError as error:
        raise _refusal(path, error) from error
    for zone in NEEDED_ZONES:
        if zone not in lab.zones:
            raise _wrong(path, "zones", ", ".join(lab.zones), f"a zone named {zone}")
    _check_inside(path, "control", lab.control, lab.zones, "mgmt")
    _check_inside(path, "users", lab.users, lab.zones, "users")
    _check_inside(path, "canary", lab.canary, lab.zones, "outside")
    _check_inside(path, "outsiders", lab.outsiders, lab.zones, "outside")
    hosts = _hosts(folder / "hosts.yml", lab)
    if lab.router != LAB_ROUTER and lab.router not in {host.name for host in hosts}:
        names = ", ".join(host.name for host in hosts)
        raise _wrong(path, "router", lab.router, f"{LAB_ROUTER!r} or a host of hosts.yml ({names})")
    _check_unique(folder, lab, hosts)
    site = _read(folder / "site.yml") if (folder / "site.yml").is_file() else {}
    return Definition(
        folder=folder.resolve(),
        zones=lab.zones,
        hosts=hosts,
        router=lab.router,
        control=tuple(lab.control),
        users=tuple(lab.users),
        canary=tuple(lab.canary),
        outsiders=tuple(lab.outsiders),
        domain=str(site.get("domain", "")),
        public=tuple(map(ip_address, (site.get("uplink") or {}).get("addresses") or ())),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe").load(path)
    except FileNotFoundError as error:
        raise ConclaveError(
            f"{path}: no such file",
            expected="an inventory folder with lab.yml and hosts.yml",
            todo="name one with --definition",
            exit_code=ExitCode.INPUT,
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConclaveError(f"{path}: {error}", expected="YAML", exit_code=ExitCode.INPUT) from error
    if not isinstance(content, dict):
        raise ConclaveError(
            f"{path}: {type(content).__name__}", expected="a mapping of keys to values", exit_code=ExitCode.INPUT
        )
    return content


def _hosts(path: Path, lab: LabFile) -> tuple[Host, ...]:
    """Return the hosts; a host's own variables come before those of its groups, as in Ansible."""
    inherited: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, Any]] = {}
    groups: dict[str, set[str]] = {}
    for above, name, values, variables in _walk(path, _read(path), (), {}):
        inherited[name] = inherited.get(name, {}) | values
        own[name] = own.get(name, {}) | variables
        groups.setdefault(name, set()).update(above)
    if not groups:
        raise _wrong(path, "all", "no host", "at least one host")
    return tuple(_host(path, lab, name, inherited[name] | own[name], frozenset(groups[name])) for name in groups)


def _walk(
    path: Path, level: dict[str, Any], above: tuple[str, ...], inherited: dict[str, Any]
) -> Iterator[tuple[tuple[str, ...], str, dict[str, Any], dict[str, Any]]]:
    """Yield every mention of a host in Ansible's YAML inventory: groups, name, inherited and own variables."""
    for group, content in level.items():
        body = {} if content is None else content
        if not isinstance(body, dict):
            raise _wrong(path, group, body, "a group with hosts, vars or children")
        values = inherited | (body.get("vars") or {})
        inside = (*above, group)
        for name, own in (body.get("hosts") or {}).items():
            yield inside, name, values, own or {}
        yield from _walk(path, body.get("children") or {}, inside, values)


def _host(path: Path, lab: LabFile, name: str, values: dict[str, Any], groups: frozenset[str]) -> Host:
    if not _HOST_NAME.match(name) or name in RESERVED:
        raise _wrong(path, "host", name, f"a name of a-z, 0-9 and -, at most 31 characters, not {', '.join(RESERVED)}")
    zone = values.get("conclave_zone")
    if zone not in lab.zones or zone == "outside":
        inner = ", ".join(known for known in lab.zones if known != "outside")
        raise _wrong(path, f"{name}.conclave_zone", zone, f"a zone of lab.yml: {inner}")
    addresses: list[Interface] = []
    for key, version, needed in (("ansible_host", 4, True), ("conclave_address6", 6, False)):
        text = values.get(key)
        if text is None and not needed:
            continue
        gateway = next((own for own in lab.zones[zone].gateway if own.version == version), None)
        try:
            address = ip_interface(f"{text}/{gateway.network.prefixlen if gateway else 0}")
        except ValueError as error:
            raise _wrong(path, f"{name}.{key}", text, f"an IPv{version} address") from error
        if gateway is None or address.version != version or address.ip not in gateway.network:
            network = gateway.network if gateway else f"a zone with IPv{version}, which {zone} is not"
            raise _wrong(path, f"{name}.{key}", text, f"an IPv{version} address in {network}")
        addresses.append(address)
    return Host(name, zone, tuple(addresses), groups)


def _check_inside(path: Path, key: str, value: list[Interface], zones: dict[str, Zone], zone: str) -> None:
    for address in value:
        if address.network not in [gateway.network for gateway in zones[zone].gateway]:
            networks = " or ".join(str(gateway.network) for gateway in zones[zone].gateway)
            raise _wrong(path, key, address, f"an address of zone {zone}, in {networks}")


def _check_unique(folder: Path, lab: LabFile, hosts: tuple[Host, ...]) -> None:
    claims: list[tuple[Path, str, Interface]] = []
    for key, zone in lab.zones.items():
        claims += [(folder / "lab.yml", f"the gateway of {key}", address) for address in zone.gateway]
    for key in ("control", "users", "canary", "outsiders"):
        claims += [(folder / "lab.yml", key, address) for address in getattr(lab, key)]
    # The router is managed at one of its gateways.
    for host in hosts:
        if host.name != lab.router:
            claims += [(folder / "hosts.yml", host.name, address) for address in host.addresses]
    taken: dict[Address, str] = {}
    for path, owner, address in claims:
        if address.ip in taken:
            raise _wrong(path, owner, address.ip, f"an address of its own; this one is {taken[address.ip]}'s")
        taken[address.ip] = owner


def _refusal(path: Path, error: ValidationError) -> ConclaveError:
    rows = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"] if "Interface" not in str(part))
        found = "nothing" if problem["type"] == "missing" else repr(problem["input"])
        rows.append((f"{path}: {key}: found {found}", problem["msg"].removeprefix("Value error, ")))
    return ConclaveError(rows[0][0], expected=rows[0][1], exit_code=ExitCode.INPUT)


def _wrong(path: Path, key: str, found: object, expected: str) -> ConclaveError:
    return ConclaveError(f"{path}: {key}: found {str(found)!r}", expected=expected, exit_code=ExitCode.INPUT)
