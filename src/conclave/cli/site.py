"""Commands of `conclave site`: describe a site, check it, make its secrets, accept its hosts' keys."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ConclaveError, ExitCode

site_app = typer.Typer(no_args_is_help=True, help="Describe a site, check it, make its secrets, accept host keys.")


@site_app.command(epilog=exit_codes(ExitCode.INPUT))
def new(
    name: Annotated[str, typer.Argument(help="Name of the new site: small letters, digits, hyphens.")],
    domain: Annotated[str | None, typer.Option(help="A DNS domain of its own, such as conf.example.org.")] = None,
    language: Annotated[str | None, typer.Option(help="de or en.")] = None,
    contact: Annotated[str | None, typer.Option(help="Mail address for questions.")] = None,
    trust: Annotated[str | None, typer.Option(help="Certificates: own (signed by the site CA) or supplied.")] = None,
    uplink_up: Annotated[int | None, typer.Option(help="Mbit/s out of the site.")] = None,
    uplink_down: Annotated[int | None, typer.Option(help="Mbit/s into the site.")] = None,
    uplink_address: Annotated[
        list[str] | None,
        typer.Option(help="Public address of the site; leave out if the hosts have public addresses."),
    ] = None,
    uplink_resolver: Annotated[
        list[str] | None, typer.Option(help="A DNS server of the organisation, outside the site.")
    ] = None,
    uplink_ntp_server: Annotated[
        list[str] | None, typer.Option(help="An NTP server of the organisation, outside the site.")
    ] = None,
    zone: Annotated[list[str] | None, typer.Option(help="ZONE=NETWORK[,NETWORK]; once per zone.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="NAME:ROLE[,ROLE]:ADDRESS[,IPV6]; once per host.")] = None,
    user: Annotated[str, typer.Option(help="Account for ssh on the hosts.")] = "root",
    as_json: AsJson = False,
) -> None:
    """Write inventories/NAME from a few answers; asks for those that no option gives. Never overwrites."""
    from conclave.site import new as making

    asked = _Asked()
    site = making.NewSite(
        name=name,
        domain=asked.text(domain, "domain", "Domain of the site", f"conf.{name}.example.org"),
        language=asked.text(language, "language", "Language people see first (de, en)", "de"),
        contact=asked.text(contact, "contact", "Mail address for questions", None),
        trust=asked.text(trust, "trust", "Certificates (own, supplied)", "own"),
        up=int(asked.text(uplink_up, "uplink-up", "Uplink, Mbit/s out", "100")),
        down=int(asked.text(uplink_down, "uplink-down", "Uplink, Mbit/s in", "100")),
        zones=dict(making.parse_zone(text) for text in _zones(asked, zone)),
        hosts=[making.NewHost.parse(text) for text in _hosts(asked, host)],
        user=user,
        beyond={
            "addresses": uplink_address or [],
            "resolvers": uplink_resolver or [],
            "ntp_servers": uplink_ntp_server or [],
        },
    )
    asked.refuse_missing()
    folder = making.write(site)
    if as_json:
        _print({"site": name, "folder": str(folder)})
    else:
        sys.stdout.write(f"{folder} is written. Next: conclave site trust {name}, conclave preflight {name}\n")


@site_app.command(epilog=exit_codes(ExitCode.INPUT))
def check(site: SiteName, as_json: AsJson = False) -> None:
    """Read site.yml, hosts.yml and supplied certificates, and report every mistake: file, value, what was expected."""
    from conclave.site import read, supplied

    reading = read.check(site)
    findings = reading.findings
    found = reading.site
    unfit = list(supplied.problems(found)) if found and found.answers.trust == "supplied" else []
    if as_json:
        notices = [notice.as_dict() for notice in reading.notices]
        rows = [finding.as_dict() for finding in findings]
        ok = not findings and not unfit
        certificates = [asdict(problem) for problem in unfit]
        _print({"site": site, "ok": ok, "findings": rows, "certificates": certificates, "notices": notices})
    else:
        for notice in reading.notices:
            sys.stdout.write(f"notice: {notice}\n")
        for finding in findings:
            sys.stdout.write(f"{finding}\n")
        for problem in unfit:
            sys.stdout.write(f"inventories/{site}/{supplied.FOLDER}/{problem}\n")
        number = len(findings) + len(unfit)
        sys.stdout.write(f"{site}: {number or 'no'} finding{'' if number == 1 else 's'}\n")
    if findings or unfit:
        raise typer.Exit(ExitCode.INPUT)


@site_app.command()
def show(site: SiteName, as_json: AsJson = False) -> None:
    """Print a site, its hosts and their site roles; no secrets."""
    from conclave.site import read

    found = read.load(site)
    if as_json:
        data = found.model_dump(mode="json")
        _print({**data["answers"], "hosts": [{**host, "roles": sorted(host["roles"])} for host in data["hosts"]]})
        return
    sys.stdout.write(f"{found.answers.name}: https://meet.{found.answers.domain}\n")
    for host in found.hosts:
        sys.stdout.write(f"{host.name}  {host.ansible_host}  {host.conclave_zone}  {', '.join(sorted(host.roles))}\n")


@site_app.command(epilog=exit_codes(ExitCode.INPUT, ExitCode.SECRETS))
def secrets(
    site: SiteName,
    new_ca: Annotated[bool, typer.Option("--new-ca", help="Make a new site CA.")] = False,
    as_json: AsJson = False,
) -> None:
    """Generate missing secrets into the site's ansible-vault file, and the key that signs its evidence.

    Existing secrets stay; none is printed.
    """
    from conclave import paths
    from conclave.bundle import trust as bundles
    from conclave.evidence import keys
    from conclave.site import read
    from conclave.site import secrets as making

    made = making.ensure(site, new_ca=new_ca)
    keys.ensure(read.load(site))
    if (paths.inventory(site) / "lab.yml").is_file():
        # A rehearsal by plain Ansible needs it, too.
        bundles.root(site)
    if as_json:
        _print({"site": site, "file": str(made.file), "new": made.new, "kept": made.kept})
    else:
        sys.stdout.write(f"{made.file}: {len(made.new)} generated, {len(made.kept)} kept\n")


@site_app.command(epilog=exit_codes(ExitCode.UNREACHABLE, ExitCode.HOST_KEY))
def trust(
    site: SiteName,
    fingerprint: Annotated[
        list[str] | None, typer.Option(help="Accept a host with this fingerprint (SHA256:...) without asking.")
    ] = None,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Show the ssh key of every host, and accept those that match the host's console.

    On the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
    """
    from conclave.lab import enter
    from conclave.remote import trust as accepting
    from conclave.site import read

    enter(site, lab)
    states = {}
    for host in read.load(site).hosts:
        offer = accepting.offered(host.login)
        state = "known"
        if not offer.known:
            sys.stderr.write(f"{host.name} ({host.ansible_host}) shows {offer.key.fingerprint}\n")
            yes = offer.key.fingerprint in (fingerprint or []) or (
                not fingerprint
                and sys.stdin.isatty()
                and typer.confirm("Is it the same at the host's console?", err=True)
            )
            if yes:
                accepting.accept(offer)
            state = "accepted" if yes else "refused"
        states[host.name] = {"fingerprint": offer.key.fingerprint, "state": state}
    if as_json:
        _print(states)
    else:
        for name, entry in states.items():
            sys.stdout.write(f"{name}: {entry['state']} {entry['fingerprint']}\n")
    if any(entry["state"] == "refused" for entry in states.values()):
        raise typer.Exit(ExitCode.HOST_KEY)


class _Asked:
    """Asks for what no flag gave; without a terminal collects the missing flags."""

    def __init__(self) -> None:
        self.missing: list[str] = []

    def text(self, given: str | int | None, flag: str, question: str, default: str | None) -> str:
        if given is not None:
            return str(given)
        if sys.stdin.isatty():
            return str(typer.prompt(question, default=default, err=True))
        self.missing.append(f"--{flag}")
        return "0"

    def refuse_missing(self) -> None:
        if self.missing:
            raise ConclaveError(
                f"missing: {', '.join(self.missing)}",
                expected="an option for every answer, since there is no terminal to ask at",
                todo="conclave site new --help",
                exit_code=ExitCode.INPUT,
            )


def _zones(asked: _Asked, given: list[str] | None) -> list[str]:
    from conclave.site.model import NEEDED_ZONES, ZONES

    if given is not None:
        return given
    if not sys.stdin.isatty():
        asked.missing.append("--zone")
        return []
    answers = {
        zone: typer.prompt(
            f"Networks of the zone {zone}{'' if zone in NEEDED_ZONES else ' (empty: none)'}", default="", err=True
        )
        for zone in ZONES
    }
    return [f"{zone}={networks.replace(' ', '')}" for zone, networks in answers.items() if networks]


def _hosts(asked: _Asked, given: list[str] | None) -> list[str]:
    from conclave.site.model import NEEDED_ROLES

    if given is not None:
        return given
    if not sys.stdin.isatty():
        asked.missing.append("--host")
        return []
    if typer.confirm("Everything on one host?", default=False, err=True):
        return [f"box:{','.join(NEEDED_ROLES)}:{typer.prompt('Its address', err=True)}"]
    return [f"{role}1:{role}:{typer.prompt(f'Address of the host {role}1', err=True)}" for role in NEEDED_ROLES]


def _print(data: object) -> None:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(site_app, name="site")
