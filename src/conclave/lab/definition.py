"""What a lab consists of: the site of an inventory folder, and its bridges and other people from `lab.yml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from conclave.errors import ConclaveError, ExitCode
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.site.model import Host, Site
    from conclave.site.zones import Address

Interface = IPv4Interface | IPv6Interface

# `router: lab` asks for a plain forwarding namespace that belongs to the lab and not to the site.
LAB_ROUTER = "lab"
# The router's own end of these zones is part of every lab.
NEEDED_ZONES = ("users", "mgmt", "outside")
# A word that `lab exec --in` and `router:` give a meaning of their own cannot be a host's name.
RESERVED = ("control", "users", "canary", "outsiders", LAB_ROUTER)
# A port is named <host>-<zone> and Linux allows 15 characters for a network interface.
_ZONE_NAME = r"^[a-z][a-z0-9]{0,10}$"
LONGEST_NAME = 31


def _one_per_family(value: list[Interface]) -> list[Interface]:
    if sorted({address.version for address in value}) != sorted(address.version for address in value) or not value:
        raise ValueError("one IPv4 address with prefix length, one IPv6 address with prefix length, or one of each")
    return value


Addresses = Annotated[list[Interface], AfterValidator(_one_per_family)]
ZoneName = Annotated[str, StringConstraints(pattern=_ZONE_NAME)]
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zone(_Strict):
    """One bridge: `gateway` is the router's address in it, with the zone's prefix length."""

    gateway: Addresses


class LabHost(_Strict):
    """What `lab.yml` says of a host.

    Parameters
    ----------
    kernel:
        `own`: it boots a kernel of its own (user-mode-linux), with what namespaces share: AppArmor, audit, modules.
        `emulated`: Debian's cloud kernel on a machine that qemu emulates; nftables and kernel settings too, many times
        slower.
    packages:
        Debian packages that a host with its own kernel has from the start, for installing takes minutes there.
    """

    kernel: Literal["shared", "own", "emulated"] = "shared"
    packages: list[PackageName] = []


class LabFile(_Strict):
    """The content of `lab.yml`."""

    zones: dict[ZoneName, Zone]
    router: str
    control: Addresses
    users: Addresses
    canary: Addresses
    outsiders: Addresses
    hosts: dict[str, LabHost] = {}


@dataclass(frozen=True)
class Definition:
    """A checked lab: everything refers to something that exists and every address lies in its zone."""

    site: Site
    zones: dict[str, Zone]
    router: str
    control: tuple[Interface, ...]
    users: tuple[Interface, ...]
    canary: tuple[Interface, ...]
    outsiders: tuple[Interface, ...]
    # Those with a kernel of their own.
    own_kernel: dict[str, LabHost] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The inventory folder."""
        return self.site.folder.resolve()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The site's hosts; each boots."""
        return self.site.hosts

    @property
    def resolver(self) -> Address | None:
        """The site's own name server: the first host of group `core`."""
        return next((host.ansible_host for host in self.site.hosts_with("core")), None)

    @property
    def shown_outside(self) -> tuple[Address, ...]:
        """Where the outside finds the site's names: every edge's public addresses, or its own."""
        edges = self.site.hosts_with("edge")
        return tuple(dict.fromkeys(address for edge in edges for address in self.site.shown_addresses(edge)))

    def interfaces(self, host: Host) -> tuple[Interface, ...]:
        """Return a host's addresses in its zone, with the zone's prefix length."""
        return tuple(
            ip_interface(f"{address}/{gateway.network.prefixlen}")
            for address in host.main_addresses
            for gateway in self.zones[host.conclave_zone].gateway
            if gateway.version == address.version
        )

    def of_router(self, zone: str) -> tuple[Interface, ...]:
        """Return the router's addresses in a zone: its gateways, and outside the public ones that it translates."""
        gateways = tuple(self.zones[zone].gateway)
        if zone != "outside":
            return gateways
        own = {gateway.ip for gateway in gateways}
        public = (
            ip_interface(f"{address}/{gateway.network.prefixlen}")
            for address in self.site.public
            for gateway in gateways
            if address in gateway.network and address not in own
        )
        return (*gateways, *public)

    def gateway(self, zone: str, version: int) -> Address | None:
        """Return the router's address of an IP version in a zone, if the zone speaks it."""
        return next((address.ip for address in self.zones[zone].gateway if address.version == version), None)

    def owner(self, address: str) -> str:
        """Return who has an address: a host, the control node, the users, or nobody known."""
        wanted = ip_address(address)
        for host in self.hosts:
            if wanted in host.main_addresses:
                return host.name
        for name in ("control", "users", "canary", "outsiders"):
            if wanted in {own.ip for own in getattr(self, name)}:
                return name
        if wanted in {own.ip for zone in self.zones for own in self.of_router(zone)}:
            return self.router
        return ""


def load(folder: Path) -> Definition:
    """Read and check the definition of a lab.

    Parameters
    ----------
    folder:
        An inventory folder with `lab.yml`, and the `site.yml` and `hosts.yml` of every site; some of a site's hosts are
        enough.

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
    site = read.load_folder(folder, whole=False)
    _check_hosts(folder / "hosts.yml", lab, site)
    if lab.router != LAB_ROUTER and lab.router not in {host.name for host in site.hosts}:
        names = ", ".join(host.name for host in site.hosts)
        raise _wrong(path, "router", lab.router, f"{LAB_ROUTER!r} or a host of hosts.yml ({names})")
    _check_unique(folder, lab, site)
    for name in lab.hosts:
        if name not in {host.name for host in site.hosts}:
            raise _wrong(path, "hosts", name, "a host of hosts.yml: " + ", ".join(host.name for host in site.hosts))
    return Definition(
        site=site,
        zones=lab.zones,
        router=lab.router,
        control=tuple(lab.control),
        users=tuple(lab.users),
        canary=tuple(lab.canary),
        outsiders=tuple(lab.outsiders),
        own_kernel={name: host for name, host in lab.hosts.items() if host.kernel != "shared"},
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


def _check_hosts(path: Path, lab: LabFile, site: Site) -> None:
    """See that every host can have a port on the bridge of its zone."""
    for host in site.hosts:
        if host.name in RESERVED or len(host.name) > LONGEST_NAME:
            expected = f"a name of at most {LONGEST_NAME} characters, not {', '.join(RESERVED)}"
            raise _wrong(path, "host", host.name, expected)
        zone = lab.zones.get(host.conclave_zone)
        if zone is None:
            inner = ", ".join(known for known in lab.zones if known != "outside")
            raise _wrong(path, f"{host.name}.conclave_zone", host.conclave_zone, f"a zone of lab.yml: {inner}")
        for address in host.main_addresses:
            if not any(address in gateway.network for gateway in zone.gateway):
                networks = " or ".join(str(gateway.network) for gateway in zone.gateway)
                raise _wrong(path, host.name, address, f"an address in {networks}, as lab.yml has it")


def _check_inside(path: Path, key: str, value: list[Interface], zones: dict[str, Zone], zone: str) -> None:
    for address in value:
        if address.network not in [gateway.network for gateway in zones[zone].gateway]:
            networks = " or ".join(str(gateway.network) for gateway in zones[zone].gateway)
            raise _wrong(path, key, address, f"an address of zone {zone}, in {networks}")


def _check_unique(folder: Path, lab: LabFile, site: Site) -> None:
    claims: list[tuple[Path, str, Address]] = []
    for key, zone in lab.zones.items():
        claims += [(folder / "lab.yml", f"the gateway of {key}", address.ip) for address in zone.gateway]
    # Those of the router itself may be public.
    gateways = {address for _, _, address in claims}
    claims += [
        (folder / "hosts.yml", "a public address", address) for address in site.public if address not in gateways
    ]
    for key in ("control", "users", "canary", "outsiders"):
        claims += [(folder / "lab.yml", key, address.ip) for address in getattr(lab, key)]
    # The router is managed at one of its gateways.
    for host in site.hosts:
        if host.name != lab.router:
            claims += [(folder / "hosts.yml", host.name, address) for address in host.main_addresses]
    taken: dict[Address, str] = {}
    for path, owner, address in claims:
        if address in taken:
            raise _wrong(path, owner, address, f"an address of its own; this one is {taken[address]}'s")
        taken[address] = owner


def _refusal(path: Path, error: ValidationError) -> ConclaveError:
    rows = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"] if "Interface" not in str(part))
        found = "nothing" if problem["type"] == "missing" else repr(problem["input"])
        rows.append((f"{path}: {key}: found {found}", problem["msg"].removeprefix("Value error, ")))
    return ConclaveError(rows[0][0], expected=rows[0][1], exit_code=ExitCode.INPUT)


def _wrong(path: Path, key: str, found: object, expected: str) -> ConclaveError:
    return ConclaveError(f"{path}: {key}: found {str(found)!r}", expected=expected, exit_code=ExitCode.INPUT)
