"""Commands of `conclave site`: describe a site, check it, make its secrets, accept its hosts' keys."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

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

    making.refuse_taken(name)
    asked = _Asked()
    site = making.NewSite(
        name=name,
        domain=asked.answer(domain, "domain", "Domain of the site", f"conf.{name}.example.org"),
        language=asked.answer(language, "language", "Language people see first (de, en)", "de"),
        contact=asked.answer(contact, "contact", "Mail address for questions", None),
        trust=asked.answer(trust, "trust", "Certificates (own, supplied)", "own"),
        up=asked.bandwidth(uplink_up, "up", "Uplink, Mbit/s out"),
        down=asked.bandwidth(uplink_down, "down", "Uplink, Mbit/s in"),
        zones=dict(making.parse_zone(text) for text in asked.zones(zone)),
        hosts=[making.NewHost.parse(text) for text in asked.hosts(host)],
        user=user,
        beyond={
            "addresses": uplink_address or [],
            "resolvers": uplink_resolver or [],
            "ntp_servers": uplink_ntp_server or [],
        },
    )
    asked.refuse_missing()
    try:
        folder = making.write(site)
    except ConclaveError as error:
        if asked.typed:
            error.todo = f"nothing was written; start again with these answers: {making.command(site)}"
        raise
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
    from conclave.site.domains import shown_domain

    found = read.load(site)
    if as_json:
        data = found.model_dump(mode="json")
        _print({**data["answers"], "hosts": [{**host, "roles": sorted(host["roles"])} for host in data["hosts"]]})
        return
    people = shown_domain(found.domain)
    also = f" (meet.{people})" if people != found.domain else ""
    sys.stdout.write(f"{found.name}: https://meet.{found.domain}{also}\n")
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
    from conclave.deploy import ways
    from conclave.lab import enter
    from conclave.remote import trust as accepting
    from conclave.site import read

    enter(site, lab)
    found = read.load(site)
    with ways.found(found) as reached:
        offers = [(host, accepting.offered(reached.former.get(host.name, host.login))) for host in found.hosts]
    states = {}
    for host, offer in offers:
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
    """Asks for what no flag gave, until each answer is right; without a terminal collects the missing flags."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.typed = False
        # As site.yml has them: an answer is looked at beside those before.
        self._given: dict[str, Any] = {}

    def _text(self, flag: str, question: str, default: str | None, check: Callable[[str], str]) -> str:
        if not sys.stdin.isatty():
            self.missing.append(f"--{flag}")
            return ""
        self.typed = True
        while True:
            answer = str(typer.prompt(question, default=default, err=True)).strip()
            problem = check(answer)
            if not problem:
                return answer
            sys.stderr.write(f"{answer!r} does not do. Expected: {problem}\n")

    def answer(self, given: str | None, key: str, question: str, default: str | None) -> str:
        """Return one of the plain answers."""
        from conclave.site.new import fault

        if given is None:
            given = self._text(key, question, default, lambda text: fault({key: text}, key))
        return given

    def bandwidth(self, given: int | None, key: str, question: str) -> int:
        """Return Mbit/s in one direction."""
        from conclave.site.new import fault

        def check(text: str) -> str:
            number = int(text) if text.isascii() and text.isdecimal() else text
            return fault({"uplink": {"up": 1, "down": 1, key: number}}, "uplink")

        return int(self._text(f"uplink-{key}", question, "100", check) or 0) if given is None else given

    def zones(self, given: list[str] | None) -> list[str]:
        """Return the zones with their networks, as the option has them."""
        from conclave.site.model import NEEDED_ZONES, ZONES
        from conclave.site.new import fault

        if given is not None:
            return given
        if not sys.stdin.isatty():
            self.missing.append("--zone")
            return []
        found: dict[str, list[str]] = {}
        for zone in ZONES:
            needed = zone in NEEDED_ZONES

            def check(text: str, zone: str = zone, *, needed: bool = needed) -> str:
                if not text:
                    return "a network: people and the control node stand somewhere" if needed else ""
                return fault({"zones": {**found, zone: _networks(text)}}, "zones")

            empty = "" if needed else " (empty: none)"
            if answer := self._text("zone", f"Networks of the zone {zone}{empty}", "", check):
                found[zone] = _networks(answer)
        self._given["zones"] = found
        return [f"{zone}={','.join(networks)}" for zone, networks in found.items()]

    def hosts(self, given: list[str] | None) -> list[str]:
        """Return the hosts, as the option has them."""
        from conclave.site.model import NEEDED_ROLES
        from conclave.site.new import place

        if given is not None:
            return given
        if not sys.stdin.isatty():
            self.missing.append("--host")
            return []
        taken: list[str] = []

        def address(question: str) -> str:
            found = self._text("host", question, None, lambda text: place(self._given, text, taken))
            taken.append(found)
            return found

        if typer.confirm("Everything on one host?", default=False, err=True):
            return [f"box:{','.join(NEEDED_ROLES)}:{address('Its address')}"]
        return [f"{role}1:{role}:{address(f'Address of the host {role}1')}" for role in NEEDED_ROLES]

    def refuse_missing(self) -> None:
        """Refuse to go on without what nobody could be asked for."""
        if self.missing:
            raise ConclaveError(
                f"missing: {', '.join(self.missing)}",
                expected="an option for every answer, since there is no terminal to ask at",
                todo="conclave site new --help",
                exit_code=ExitCode.INPUT,
            )


def _networks(text: str) -> list[str]:
    return [network for network in re.split(r"[,\s]+", text) if network]


def _print(data: object) -> None:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(site_app, name="site")
