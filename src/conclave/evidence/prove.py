"""The proof: opening probes, a real call, closing probes; what every witness says goes into the chain as it is said."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import getpass
import json
import platform
import secrets
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from conclave import paths
from conclave.call import site as call_site
from conclave.call.session import Plan
from conclave.catalog import Catalog
from conclave.errors import ConclaveError
from conclave.evidence import certificate, keys, link, pages, publish
from conclave.evidence.chain import Chain
from conclave.firewall.rendered import rendered
from conclave.release import release
from conclave.site import secrets as site_secrets
from conclave.site.trusted import ca_file
from conclave.verify import places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conclave.evidence.facts import Phase
    from conclave.site.model import Host, Site

PROBES = 3
# Documentation addresses (RFC 5737, RFC 3849): nobody answers there, and nobody is meant by them.
NOBODY4 = ("203.0.113.9", "198.51.100.9", "192.0.2.9")
NOBODY6 = "2001:db8:ffff::9"
# Below the ports that systems choose by themselves (RFC 6335).
PORTS = range(20000, 32000)
QUESTION = "example.net."


@dataclass(frozen=True)
class Proof:
    """What a proof leaves behind: the evidence, and the documents for people where they could be made."""

    file: Path
    evidence: certificate.Evidence
    documents: list[Path]

    @property
    def isolated(self) -> bool:
        """The certificate's verdict."""
        return bool(self.evidence.verdict["isolated"])


def prove(
    site: Site,
    *,
    seconds: float = 60,
    reason: str = "",
    actor: str = "",
    progress: Callable[[str], None] = lambda _: None,
) -> Proof:
    """Prove a site's isolation, and write the signed evidence.

    Parameters
    ----------
    site:
        The site.
    seconds:
        Length of the synthetic call; 0 holds none and loads no page, and the certificate says so.
    reason, actor:
        Why and by whom; the actor is the account on the control node by default.
    progress:
        Called with a sentence at each step.

    Raises
    ------
    ConclaveError
        When there is nothing to prove with: no secrets, no key. A site that is not isolated is an outcome, no error.
    """
    known = site_secrets.load(site.name)
    if places.lab_of_this_process() and not keys.private_file(site.name).is_file():
        keys.new(site)
    key = keys.load(site).private
    began = dt.datetime.now(dt.UTC)
    folder = paths.certificates(site.name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    final = folder / f"isolation-{site.name}-{began:%Y%m%dT%H%M%SZ}.jsonl"
    unfinished = final.with_suffix(".unfinished")
    previous = certificate.newest(folder, site.name)
    with unfinished.open("xb") as file:
        book = Chain(file)
        with contextlib.closing(Run(site, book, progress)) as run:
            run.begin(reason, actor or getpass.getuser(), previous)
            run.open()
            progress(f"holding a call of {seconds:.0f} s" if seconds else "holding no call")
            if seconds:
                run.call(seconds)
                run.pages(known)
            run.close_witnesses()
        progress("judging")
        certificate.conclude(book)
    unfinished.rename(final)
    certificate.add_signature(final, key)
    evidence = certificate.load(final)
    documents = []
    try:
        documents = publish.write(evidence, folder, final.stem)
    except ConclaveError as error:
        # The evidence stands without them; `conclave evidence documents` makes them elsewhere.
        progress(f"no documents: {'; '.join(error.lines())}")
    return Proof(final, evidence, documents)


class Run:
    """One proof under way."""

    def __init__(self, model: Site, book: Chain, progress: Callable[[str], None]) -> None:
        self._model, self._book, self._progress = model, book, progress
        self._lab = places.lab_of_this_process()
        self._links: dict[str, link.Link] = {}
        self._watches: dict[str, link.Watch] = {}
        catalog = Catalog.load()
        self._rendered = {host.name: rendered(model, catalog, host) for host in model.hosts}
        self._interfaces = {host.name: list(host.conclave_outside) for host in model.hosts if host.conclave_outside}
        self._addresses = nobody(model)
        # A number of its own for each purpose: a packet that was counted is then surely ours.
        ports = secrets.SystemRandom().sample(PORTS, 4)
        self._ports: dict[Phase, int] = {"opening": ports[0], "closing": ports[1]}
        self._guest_ports: dict[Phase, int] = {"opening": ports[2], "closing": ports[3]}
        self._began = time.time()

    def begin(self, reason: str, actor: str, previous: certificate.Previous | None) -> None:
        """Say what is going to be proven, by whom and with what."""
        answers = self._model.answers
        self._book.add(
            "begin",
            format=certificate.FORMAT,
            site=answers.name,
            domain=answers.domain,
            actor=actor,
            reason=reason,
            conclave=release(),
            python=platform.python_version(),
            control_node=platform.node(),
            zones={zone: [str(net) for net in nets] for zone, nets in answers.zones.items()},
            hosts=[
                {
                    "name": host.name,
                    "roles": sorted(host.roles),
                    "zone": host.conclave_zone,
                    "addresses": [str(address) for address in addresses(host)],
                }
                for host in self._model.hosts
            ],
            outside=self._interfaces,
            public=[str(address) for address in self._model.public],
            rules=self._rendered,
            number=previous.number + 1 if previous else 1,
            previous={"file": previous.file, "digest": previous.digest} if previous else None,
            probe={"addresses": self._addresses, "ports": self._ports, "count": PROBES},
        )

    def open(self) -> None:
        """Reach every host, begin to record, then send the opening probes."""
        self._progress("connecting to every host")
        self._links, lost = link.connect(self._model.hosts)
        self._missing("opening", lost)
        routers = {name: self._links[name] for name in self._interfaces if name in self._links}
        self._watches, lost = link.together(routers, lambda name, one: one.watch(self._interfaces[name]))
        self._missing("capture", lost)
        for name, watch in self._watches.items():
            self._book.add("watch", host=name, interfaces=self._interfaces[name], ready=watch.ready)
        self._canary("opening")
        self._guests("opening")
        self._look("opening")

    def call(self, seconds: float) -> None:
        """Do what people do: plan a meeting and hold it."""
        plan = Plan(site=self._model.name, participants=2, seconds=seconds)
        result, error = None, ""
        try:
            held = asyncio.run(call_site.hold_at_site(self._model, plan))
            result = held.model_dump(mode="json")
        except ConclaveError as failed:
            error = "; ".join(failed.lines())
        except (OSError, ExceptionGroup) as failed:
            several = failed.exceptions if isinstance(failed, ExceptionGroup) else [failed]
            error = "; ".join(f"{type(one).__name__}: {one}" for one in several)
        self._book.add("call", result=result, error=error)

    def pages(self, known: Mapping[str, str]) -> None:
        """Load the page with everything it needs, and reach the sign-in."""
        self._progress("loading the page and the sign-in")
        answers = self._model.answers
        with ca_file(self._model, known) as file:
            for row in visit_as_user(answers.domain, file):
                self._book.add("page", **row)

    def close_witnesses(self) -> None:
        """Send the closing probes, then end the recording."""
        self._progress("closing probes")
        self._guests("closing")
        self._look("closing")
        self._canary("closing")
        found, lost = link.together(self._watches, lambda _, watch: watch.end())
        self._missing("capture", lost)
        for name, captures in found.items():
            self._book.add("capture", host=name, captures=captures)

    def close(self) -> None:
        """End every connection."""
        for one in self._links.values():
            one.close()

    def _look(self, phase: Phase) -> None:
        self._progress(f"{phase} probes on {len(self._links)} hosts")

        def look(name: str, one: link.Link) -> dict[str, object]:
            token = secrets.token_hex(8)
            core = "core" in one.host.roles
            return one.look(
                self._rendered[name],
                addresses=self._addresses,
                port=self._ports[phase],
                count=PROBES,
                question=f"{token}.{name}.{QUESTION}",
                since=self._began if core and phase == "closing" else None,
            )

        found, lost = link.together(self._links, look)
        for name in sorted(found):
            self._book.add("look", host=name, phase=phase, **found[name])
        self._missing(phase, lost)

    def _missing(self, phase: str, lost: dict[str, str]) -> None:
        for name, reason in sorted(lost.items()):
            self._book.add("missing", host=name, phase=phase, reason=reason)
        if phase == "opening":
            for name in lost:
                self._book.add("missing", host=name, phase="closing", reason="not reached at the opening")

    def _canary(self, phase: Phase) -> None:
        if self._lab is None:
            return
        count = self._lab.canary()
        self._book.add("canary", phase=phase, packets=count.packets, link_local=count.link_local, sources=count.sources)

    def _guests(self, phase: Phase) -> None:
        """Let a device in the users' zone try the same, where one of ours stands there: in a lab."""
        if self._lab is None or not self._interfaces:
            return
        users, port = places.users(self._lab), self._guest_ports[phase]
        sent = {}
        for address in self._addresses:
            users.probe("send_udp", address=address, port=port, count=PROBES)
            sent[address] = PROBES
        self._book.add("guest-probe", phase=phase, port=port, sent=sent, **{"from": "users"})


def nobody(model: Site) -> list[str]:
    """Return addresses outside the site that belong to nobody, one per IP version."""
    four = next(address for address in NOBODY4 if model.answers.zone_of(ip_address(address)) is None)
    return [four, NOBODY6]


def addresses(host: Host) -> list[IPv4Address | IPv6Address]:
    """Return every address that a host is known to send from."""
    named = [host.ansible_host, host.conclave_address6, *host.conclave_addresses]
    return [address for address in named if address]


def visit_as_user(domain: str, authority: Path) -> list[dict[str, object]]:
    """Load the pages from where users are: in a lab from its users' namespace, elsewhere from here."""
    prefix = call_site.users_prefix()
    if not prefix:
        return pages.visit(domain, authority)
    source = (
        "import json, pathlib, sys\nfrom conclave.evidence import pages\n"
        "print(json.dumps(pages.visit(sys.argv[1], pathlib.Path(sys.argv[2]))))"
    )
    answer = places.Vantage("users", prefix).run([sys.executable, "-c", source, domain, str(authority)])
    if answer.status:
        url = f"https://meet.{domain}/"
        return [{"what": "page", "url": url, "fetched": 0, "foreign": [], "error": answer.reason}]
    rows: list[dict[str, object]] = json.loads(answer.out)
    return rows
