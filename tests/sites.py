"""Sites for tests: those that come with the product, and small ones of a few hosts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.firewall import ruleset
from conclave.site import read
from conclave.site.model import Answers, Host, Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conclave.catalog import Catalog

LAB = read.load("lab")
# The lab's hosts, in the order of its inventory.
HOSTS = tuple(host.name for host in LAB.hosts)


def host(name: str, addresses: Iterable[str], roles: Iterable[str], outside: Iterable[str] = ()) -> Host:
    """Return a host; its first address is the one it is managed at."""
    first, *more = addresses
    given = {"name": name, "ansible_host": first, "conclave_addresses": more, "conclave_outside": list(outside)}
    return Host.model_validate({**given, "conclave_zone": "users", "roles": set(roles)})


def site(zones: Mapping[str, Iterable[str]], hosts: Iterable[Host], **uplink: Iterable[str]) -> Site:
    """Return a site of these zones and hosts, at an address that the lab's does not have."""
    answers = LAB.answers.model_dump(mode="json")
    given = {"up": 50, "down": 100, **{key: list(addresses) for key, addresses in uplink.items()}}
    answers |= {"zones": {zone: list(networks) for zone, networks in zones.items()}, "uplink": given}
    return Site(answers=Answers.model_validate(answers), hosts=tuple(hosts), folder=Path("nowhere"))


def with_uplink(known: Site, **changed: Any) -> Site:  # noqa: ANN401 - what stands in site.yml
    """Return a site whose uplink has other addresses, resolvers or time servers."""
    answers = known.answers.model_dump(mode="json")
    answers["uplink"] |= changed
    return Site(answers=Answers.model_validate(answers), hosts=known.hosts, folder=known.folder)


def with_hosts(known: Site, **changed: Any) -> Site:  # noqa: ANN401 - what stands in hosts.yml
    """Return a site each of whose hosts has other variables."""
    hosts = tuple(Host.model_validate({**one.model_dump(mode="json"), **changed}) for one in known.hosts)
    return Site(answers=known.answers, hosts=hosts, folder=known.folder)


def untranslated(known: Site) -> Site:
    """Return a site whose hosts' own addresses are public."""
    return with_hosts(with_uplink(known, addresses=[]), conclave_public=())


def rules(catalog: Catalog, known: Site, name: str) -> str:
    """Return the rule set of a host, by its name."""
    return ruleset(catalog, known, known.host_named(name))


def supplied(known: Site) -> Site:
    """Return a site whose organisation supplies the certificates."""
    return Site(answers=known.answers.model_copy(update={"trust": "supplied"}), hosts=known.hosts, folder=known.folder)
