"""Breakers of the network controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import RESTART_SFU, done, edited, rule

from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.verify.places import Host

LISTEN = (
    "systemd-run --quiet --collect --unit=conclave-breaker python3 -m http.server 8081 && "
    "timeout 10 sh -c 'until ss -H -lnt sport = :8081 | grep -q .; do :; done'"
)
ASK_OUTSIDE = (
    "runuser -u nobody -- python3 -c "
    '\'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(("203.0.113.254", 53)); '
    's = socket.socket(socket.AF_INET, socket.SOCK_STREAM); s.connect_ex(("203.0.113.254", 53))\''
)


@breaker("NET-01", on="edge")
def a_socket_nobody_declared(host: Host) -> Iterator[None]:
    with done(host, LISTEN, "systemctl stop conclave-breaker.service"):
        yield


@breaker("NET-01", on="media", also=("MED-03",))
def a_declared_service_does_not_listen(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/conclave/livekit/livekit.yaml",
        r"^turn:\n  enabled: true",
        "turn:\n  enabled: false",
        then=RESTART_SFU,
    ):
        yield


@breaker("NET-02", on="edge")
def a_table_of_somebody_else(host: Host) -> Iterator[None]:
    with done(host, "nft add table inet breaker", "nft delete table inet breaker"):
        yield


@breaker("NET-02", on="edge", also=("CFG-02",))
def inbound_is_accepted_by_default(host: Host) -> Iterator[None]:
    with done(host, "nft 'chain inet conclave input { policy accept; }'", "systemctl reload conclave-firewall.service"):
        yield


@breaker("CFG-02", on="edge")
def a_rule_added_by_hand(host: Host) -> Iterator[None]:
    with rule(host, "input", "tcp dport 4242 accept"):
        yield


@breaker("NET-03", also=("CFG-02",))
def the_database_is_open_to_users(by_role: Callable[[str], Host]) -> Iterator[None]:
    with (
        rule(by_role("router"), "forward", "tcp dport 5432 accept"),
        rule(by_role("core"), "input", "tcp dport 5432 accept"),
    ):
        yield


@breaker("NET-04", on="edge", also=("CFG-02",))
def one_way_out(host: Host) -> Iterator[None]:
    with rule(host, "output", "ip daddr 203.0.113.254 accept"):
        yield


@breaker("NET-05", on="edge")
def the_administration_of_keycloak_is_public(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/nginx/conclave.d/http/edge.conf",
        r"^(    server_name sso\..*;)$",
        r"\1\n    location /admin/ { return 200; }",
        then="systemctl reload nginx.service",
    ):
        yield


@breaker("NET-08", on="media")
def a_service_asks_for_a_name_outside(host: Host) -> Iterator[None]:
    with done(host, ASK_OUTSIDE, "systemctl reload conclave-firewall.service"):
        yield


@breaker("NET-10", on="core")
def foreign_names_are_not_refused(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/unbound/conclave/unbound.conf",
        r'^    local-zone: "\." refuse$',
        '    local-zone: "." static',
        then="systemctl restart conclave-dns.service",
    ):
        yield
