"""Writes the inventory of a new site: two commented files, checked before they appear."""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from conclave import paths
from conclave.errors import ConclaveError, ExitCode
from conclave.site import read
from conclave.site.contradictions import of_answers
from conclave.site.file import expected
from conclave.site.model import ZONES, Answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conclave.site.model import Zone


# An answer is looked at beside others that are right.
_PLAIN: dict[str, Any] = {
    "name": "site",
    "domain": "conf.example.org",
    "language": "en",
    "contact": "it@example.org",
    "trust": "own",
    "uplink": {"up": 1, "down": 1},
    # Nobody's, so that they stand in no answer's way (RFC 7600, RFC 7723).
    "zones": {"users": ["192.0.0.8/32"], "mgmt": ["192.0.0.9/32"]},
}
_SITE = """\
# What {name} is. Everything else is derived from these answers; `conclave site check {name}` reads them strictly.

# The name of this folder.
name: {name}
# The site's own part of the name space. People will open https://meet.{domain}; its name server answers for all of it.
domain: {domain}
# What people see first: de or en.
language: {language}
# Whom people write to when something does not work.
contact: {contact}
# own: the site signs its certificates with an authority that is good for its names only.
# supplied: your organisation's lie in certificates/ beside this file: ca.crt, and HOST.crt and HOST.key of every host.
trust: {trust}
# Between the site and the outside, in Mbit/s. addresses: under which the outside reaches the site, where the hosts'
# own are not public; resolvers, ntp_servers: the organisation's name and time servers outside the site.
uplink: {{up: {up}, down: {down}{beyond}}}
# Networks. users: where participants sit. mgmt: where the control node stands. The others: where hosts stand.
zones:
{zones}
"""

_HOSTS = """\
# Who stands where. A group is a role; a host may be in several groups. `conclave preflight {name}` looks at the hosts.
all:
  vars:
    ansible_user: {user}
  hosts:
{hosts}
  children:
{groups}
"""


@dataclass(frozen=True)
class NewHost:
    """A host as it is named on the command line: ``NAME:ROLE[,ROLE...]:IPV4[,IPV6]``."""

    name: str
    roles: list[str]
    address: str
    address6: str = ""

    @property
    def text(self) -> str:
        """The form above."""
        return f"{self.name}:{','.join(self.roles)}:{self.address}{',' if self.address6 else ''}{self.address6}"

    @classmethod
    def parse(cls, text: str) -> NewHost:
        """Read the form above.

        Raises
        ------
        ConclaveError
            Exit code 2 when it has another form.
        """
        parts = text.split(":", 2)
        if len(parts) != len(("name", "roles", "addresses")) or not all(parts):
            raise ConclaveError(
                f"the host {text!r} cannot be read",
                expected="NAME:ROLE[,ROLE...]:ADDRESS[,IPV6], such as edge1:edge:192.0.2.2",
                exit_code=ExitCode.INPUT,
            )
        address, _, address6 = parts[2].partition(",")
        return cls(parts[0], parts[1].split(","), address, address6)


@dataclass(frozen=True)
class NewSite:
    """The answers of `conclave site new`, as they were typed."""

    name: str
    domain: str
    language: str
    contact: str
    trust: str
    up: int
    down: int
    zones: dict[str, list[str]] = field(default_factory=dict)
    hosts: list[NewHost] = field(default_factory=list)
    user: str = "root"
    # Of the outside, by their key in `uplink`: addresses, resolvers, ntp_servers.
    beyond: dict[str, list[str]] = field(default_factory=dict)


def parse_zone(text: str) -> tuple[str, list[str]]:
    """Read ``ZONE=NETWORK[,NETWORK...]``.

    Raises
    ------
    ConclaveError
        Exit code 2 when it has another form.
    """
    zone, _, networks = text.partition("=")
    if zone not in ZONES or not networks:
        raise ConclaveError(
            f"the zone {text!r} cannot be read",
            expected=f"ZONE=NETWORK[,NETWORK], such as edge=192.0.2.0/27, with ZONE one of {', '.join(ZONES)}",
            exit_code=ExitCode.INPUT,
        )
    return zone, networks.split(",")


def refuse_taken(name: str) -> Path:
    """Return the folder of a new site.

    Raises
    ------
    ConclaveError
        Exit code 2 when there is one of this name, or it is no name for a site.
    """
    if problem := fault({"name": name}, "name"):
        raise ConclaveError(f"{name!r} is no name of a site", expected=problem, exit_code=ExitCode.INPUT)
    folder = paths.project_root() / "inventories" / name
    if folder.exists():
        raise ConclaveError(
            f"{folder} already exists",
            expected="a name that is not in use",
            todo="choose another name, or edit the files there",
            exit_code=ExitCode.INPUT,
        )
    return folder


def fault(given: Mapping[str, Any], key: str) -> str:
    """Return what is expected in the place of one answer, or nothing when it is right beside those given before.

    Parameters
    ----------
    given:
        Answers as `site.yml` has them, so far; the one to look at among them.
    key:
        Its key.
    """
    try:
        answers = _answers(given)
    except ValidationError as error:
        return next((expected(Answers, one["loc"], one["msg"]) for one in error.errors() if one["loc"][0] == key), "")
    return next((problem for _, where, problem in of_answers(answers) if where[0] == key), "")


def _answers(given: Mapping[str, Any]) -> Answers:
    zones = {**_PLAIN["zones"], **given.get("zones", {})}
    return Answers.model_validate({**_PLAIN, **given, "zones": zones})


def command(new: NewSite) -> str:
    """Return the command that gives all answers at once."""
    options = [
        ("domain", new.domain),
        ("language", new.language),
        ("contact", new.contact),
        ("trust", new.trust),
        ("uplink-up", new.up),
        ("uplink-down", new.down),
        *(("uplink-address", one) for one in new.beyond.get("addresses", ())),
        *(("uplink-resolver", one) for one in new.beyond.get("resolvers", ())),
        *(("uplink-ntp-server", one) for one in new.beyond.get("ntp_servers", ())),
        *(("zone", f"{zone}={','.join(networks)}") for zone, networks in new.zones.items()),
        *(("host", host.text) for host in new.hosts),
        ("user", new.user),
    ]
    return shlex.join(["conclave", "site", "new", new.name, *(f"--{name}={value}" for name, value in options)])


def place(given: Mapping[str, Any], address: str, taken: Iterable[str]) -> str:
    """Return what is expected instead of the address of one host, or nothing when it is right."""
    answers = _answers(given)
    try:
        ip = ip_address(address)
    except ValueError:
        return "an address such as 192.0.2.2"
    if address in taken:
        return "an address of its own"
    nets = [net for networks in answers.zones.values() for net in networks]
    return "" if answers.zone_of(ip) else f"an address in one of: {', '.join(map(str, nets))}"


def write(new: NewSite) -> Path:
    """Write the inventory of a site that does not exist yet; return its folder.

    Raises
    ------
    ConclaveError
        Exit code 2 when there is one of this name, or the answers have findings; then nothing is written.
    """
    folder = refuse_taken(new.name)
    # Below inventories/, so that findings name the files as they would be.
    with tempfile.TemporaryDirectory(dir=paths.project_root() / "inventories", prefix=".new-") as draft:
        trial = Path(draft) / "inventories" / new.name
        trial.mkdir(parents=True)
        (trial / "site.yml").write_text(_site(new), encoding="utf-8")
        (trial / "hosts.yml").write_text(_hosts(new, trial), encoding="utf-8")
        findings = read.check_folder(trial).findings
        if findings:
            raise ConclaveError(
                "\n".join(f"{finding.where} is {finding.value}, expected {finding.expected}" for finding in findings),
                expected="consistent answers",
                todo="correct them; nothing was written",
                exit_code=ExitCode.INPUT,
            )
        trial.rename(folder)
    # On an installed control node inventories/ is a link: its target stays when the release changes.
    return folder.resolve()


def _site(new: NewSite) -> str:
    zones = "\n".join(f"  {zone}: [{', '.join(_quoted(net) for net in new.zones[zone])}]" for zone in _order(new.zones))
    beyond = "".join(
        f", {key}: [{', '.join(_quoted(address) for address in addresses)}]"
        for key, addresses in new.beyond.items()
        if addresses
    )
    return _SITE.format(
        name=new.name,
        domain=new.domain,
        language=new.language,
        contact=new.contact,
        trust=new.trust,
        up=new.up,
        down=new.down,
        beyond=beyond,
        zones=zones,
    )


def _order(zones: dict[str, list[str]]) -> list[str]:
    return [zone for zone in ZONES if zone in zones]


def _hosts(new: NewSite, trial: Path) -> str:
    answers = read.answers_of(trial)
    lines = []
    for host in new.hosts:
        zone = _zone(answers, host) if answers else "edge"
        six = f", conclave_address6: {_quoted(host.address6)}" if host.address6 else ""
        lines.append(f"    {host.name}: {{ansible_host: {_quoted(host.address)}, conclave_zone: {zone}{six}}}")
    groups = []
    for role in dict.fromkeys(role for host in new.hosts for role in host.roles):
        groups += [f"    {role}:", "      hosts:"]
        groups += [f"        {host.name}:" for host in new.hosts if role in host.roles]
    return _HOSTS.format(name=new.name, user=new.user, hosts="\n".join(lines), groups="\n".join(groups))


def _zone(answers: Answers, host: NewHost) -> Zone | str:
    try:
        zone = answers.zone_of(ip_address(host.address))
    except ValueError:
        return "edge"
    if zone is None:
        raise ConclaveError(
            f"the address {host.address} of {host.name} is in no zone",
            expected=f"an address in one of: {', '.join(answers.zones)}",
            todo="correct the address, or give the zone it is in",
            exit_code=ExitCode.INPUT,
        )
    return zone


def _quoted(value: str) -> str:
    """Quote what YAML would read as something else: an IPv6 address has colons."""
    return f'"{value}"' if ":" in value else value
