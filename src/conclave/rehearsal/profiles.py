"""The networks that people come from, as data: what the network box does there, and what is promised all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from conclave.errors import ConclaveError, ExitCode
from conclave.text import N_

if TYPE_CHECKING:
    from conclave.catalog import Catalog

# `slow`: media runs, but not directly over UDP.
Verdict = Literal["works", "slow", "fails"]
MediaPath = Literal["udp", "tcp", "turn-udp", "turn-tls", "none"]


@dataclass(frozen=True)
class NetworkProfile:
    """One kind of network between a person and the site.

    Parameters
    ----------
    name:
        What the command line calls it.
    about:
        What the network does, in a few words.
    promise:
        The verdict that the flow catalogue promises for it.
    paths:
        Media paths that fit the promise.
    forward:
        nftables rules of the box for what it passes on; `$web` and `$dns` are the catalogue's ports.
    translates:
        Whether the box gives everybody its own IPv4 address and random ports, and has no IPv6.
    mtu:
        Largest packet the box passes on, in bytes, or None.
    delay:
        What the box adds to the round trip, in milliseconds.
    loss:
        Share of packets that the box loses, in percent of each direction.
    inspects:
        Whether the box inspects TLS with a CA of its own.
    """

    name: str
    about: str
    promise: Verdict = "works"
    paths: tuple[MediaPath, ...] = ("udp",)
    forward: tuple[str, ...] = ()
    translates: bool = False
    mtu: int | None = None
    delay: int = 0
    loss: int = 0
    inspects: bool = False

    @property
    def impaired(self) -> bool:
        """Whether there is anything between the person and the site that the rehearsal has to make."""
        return self != PROFILES["plain"]

    def rules(self, catalog: Catalog, proxy_port: int) -> str:
        """Return the box's rule set as text for ``nft -f``.

        Parameters
        ----------
        catalog:
            The flow catalogue.
        proxy_port:
            Where the box's TLS proxy listens.
        """
        # What belongs to no connection would pass untranslated.
        own = ["ct state invalid drop"] if self.translates else []
        lost = [f"numgen random mod 100 < {self.loss} counter name lost drop"] if self.loss else []
        chains = [
            _chain("forward", "type filter hook forward priority filter; policy accept;", [*lost, *own, *self.forward])
        ]
        if self.translates:
            chains.append(
                _chain(
                    "srcnat",
                    "type nat hook postrouting priority srcnat; policy accept;",
                    ['oifname "wan" masquerade fully-random'],
                )
            )
        if self.inspects:
            chains.append(
                _chain(
                    "dstnat",
                    "type nat hook prerouting priority dstnat; policy accept;",
                    [f'iifname "lan" tcp dport $web redirect to :{proxy_port}'],
                )
            )
        ports = f"define web = {catalog.port('web')}\ndefine dns = {catalog.port('dns')}\n"
        return f"{ports}table inet box {{\n\tcounter lost {{ }}\n{''.join(chains)}}}\n"


def _chain(name: str, head: str, rules: list[str]) -> str:
    body = "".join(f"\t\t{rule}\n" for rule in [head, *rules])
    return f"\tchain {name} {{\n{body}\t}}\n"


# Names are looked up at the site's own name server, so that port stays open: elsewhere it is the network's own.
_NAMES = ("meta l4proto { tcp, udp } th dport $dns accept", "meta l4proto { tcp, udp } th sport $dns accept")

PROFILES: dict[str, NetworkProfile] = {
    profile.name: profile
    for profile in (
        NetworkProfile("plain", N_("no restriction")),
        NetworkProfile(
            "udp-blocked",
            N_("no UDP except DNS"),
            promise="slow",
            paths=("tcp",),
            forward=(*_NAMES, "meta l4proto udp drop"),
        ),
        NetworkProfile(
            "only-443",
            N_("only TCP 443 and DNS"),
            promise="slow",
            paths=("turn-tls",),
            forward=(
                *_NAMES,
                "meta l4proto { icmp, ipv6-icmp } accept",
                "tcp dport $web accept",
                "tcp sport $web ct state established accept",
                "drop",
            ),
        ),
        NetworkProfile("nat", N_("one address for everybody, ports rewritten (NAT)"), translates=True),
        NetworkProfile("mtu-1280", N_("packets of at most 1280 bytes"), mtu=1280),
        NetworkProfile("delay-200", N_("200 ms added to the round-trip time"), delay=200),
        NetworkProfile("loss-5", N_("5 % packet loss in each direction"), loss=5),
        NetworkProfile(
            "tls-inspection", N_("a proxy that inspects TLS"), promise="fails", paths=("none",), inspects=True
        ),
    )
}


def chosen(names: list[str]) -> list[NetworkProfile]:
    """Return the named profiles in the order of the table; all of them when none is named.

    Raises
    ------
    ConclaveError
        When there is no network profile of such a name.
    """
    unknown = [name for name in names if name not in PROFILES]
    if unknown:
        raise ConclaveError(
            f"no network profile named {', '.join(unknown)}",
            expected=f"one or more of: {', '.join(PROFILES)}",
            exit_code=ExitCode.INPUT,
        )
    return [profile for name, profile in PROFILES.items() if not names or name in names]
