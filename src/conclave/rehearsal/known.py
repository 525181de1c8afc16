"""What is known of a site before anything is observed: whom to try, whose an address is, which rule to ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conclave.rehearsal.result import Hop, Rule
from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog, Role
    from conclave.site.model import Host, Site
    from conclave.site.zones import Address

WEB, MEDIA_UDP, MEDIA_TCP, TURN_UDP, TURN_TLS, NAMES = "web", "media-udp", "media-tcp", "turn-udp", "turn-tls", "dns"
# In this order they are asked for: the best path first.
MEDIA = (MEDIA_UDP, MEDIA_TCP)
OUTSIDE = "outside"


@dataclass(frozen=True)
class Known:
    """A site as a person in one zone meets it.

    Parameters
    ----------
    domain:
        The site's domain.
    rules:
        The rule to ask for, by flow.
    owners:
        Whose an address is: the kind of hop, and its name.
    public:
        Names that people's programs use.
    """

    domain: str
    rules: dict[str, Rule]
    owners: dict[str, tuple[Hop, str]] = field(default_factory=dict)
    public: tuple[str, ...] = ()

    def owner(self, address: str) -> tuple[Hop, str]:
        """Return whose an address is: whoever is not of the site is of the person's network."""
        return self.owners.get(address, ("client network", address))

    def wanted(self, authority: str, seconds: float) -> dict[str, Any]:
        """Return what the probes are to look at.

        Parameters
        ----------
        authority:
            File of the site's authority.
        seconds:
            How long an answer may take.
        """
        return {
            "names": list(self.public),
            "flows": [
                self._target(flow) for flow in (WEB, *MEDIA, TURN_UDP) if self.rules[flow].addresses or flow == WEB
            ],
            "stun": TURN_UDP,
            "relay": {"flow": TURN_TLS, "name": self.rules[TURN_TLS].name},
            "web": self.rules[WEB].port,
            "authority": authority,
            "seconds": seconds,
        }

    def _target(self, flow: str) -> dict[str, Any]:
        rule = self.rules[flow]
        goal = {"host": f"meet.{self.domain}"} if flow == WEB else {"addresses": rule.addresses}
        return {"flow": flow, "protocol": rule.protocol, "port": rule.port, **goal}


def known(catalog: Catalog, site: Site, zone: str, router: tuple[str, ...] = ()) -> Known:
    """Return what is known of a site to people in a zone.

    Parameters
    ----------
    catalog, site:
        The flow catalogue and the site.
    zone:
        `users` or `outside`.
    router:
        Addresses of the site's router that the site's own files do not name.
    """
    domain = site.answers.domain
    edges, media, core = site.hosts_with("edge"), site.hosts_with("media"), site.host("core")
    relay = turn_names(host.name for host in media)[media[0].name]
    names = tuple(catalog.names_of({"edge"}, domain))
    web = Rule(
        flow=WEB,
        protocol="tcp",
        port=catalog.port(WEB),
        name=", ".join(names),
        addresses=[address for host in edges for address in _shown(site, host, zone, hairpin=False)],
    )
    rules = {
        WEB: web,
        # The relay stands behind the edge, under a name and the web's port.
        TURN_TLS: web.model_copy(update={"flow": TURN_TLS, "name": f"{relay}.{domain}", "unopened": True}),
        NAMES: Rule(
            flow=NAMES,
            protocol="udp",
            port=catalog.port(NAMES),
            name=f"ns.{domain}",
            addresses=[str(core.ansible_host)],
        ),
    }
    for flow in (*MEDIA, TURN_UDP):
        rules[flow] = Rule(
            flow=flow,
            protocol=catalog.flow(flow).protocols[0],
            port=catalog.port(flow),
            name=f"sfu.{domain}",
            addresses=[address for host in media for address in _shown(site, host, zone, hairpin=True)],
        )
    others: dict[str, tuple[Hop, str]] = dict.fromkeys(router, ("site router", ""))
    return Known(domain, rules, others | owners(site), names)


def owners(site: Site) -> dict[str, tuple[Hop, str]]:
    """Return whose each address of the site is; a public one is its router's, who answers for it."""
    found: dict[str, tuple[Hop, str]] = {str(address): ("site router", "") for address in site.public}
    kinds: tuple[tuple[Role, Hop], ...] = (
        ("core", "portal"),
        ("edge", "edge host"),
        ("media", "media host"),
        ("router", "site router"),
    )
    for role, hop in kinds:
        for host in site.hosts_with(role):
            found |= {str(address): (hop, host.name) for address in host.addresses}
            if role == "router":
                found |= {str(address): (hop, host.name) for address in site.public}
    return found


def _shown(site: Site, host: Host, zone: str, *, hairpin: bool) -> list[str]:
    """Return the addresses under which people meet a host.

    Outside, a public address stands for the host's own of the same IP version. Inside they meet its own; media servers
    also tell people inside the public one, which the router turns round (hairpin).
    """
    if zone == OUTSIDE:
        return _texts(site.shown_addresses(host))
    return _texts([*host.main_addresses, *(site.public_addresses(host) if hairpin else [])])


def _texts(addresses: Iterable[Address]) -> list[str]:
    return list(dict.fromkeys(map(str, addresses)))
