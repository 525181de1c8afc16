"""Breakers of the media controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import RESTART_SFU, added, edited, rule
from intruder import guest_in_clear

from conclave.catalog import Catalog
from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.verify.places import Host

CONFIG = "/etc/conclave/livekit/livekit.yaml"
TOKENS = "/usr/lib/conclave/portal/app/media/tokens.py"
PORTAL = "/etc/conclave/portal/portal.toml"
RESTART_PORTAL = "systemctl restart conclave-portal.service"


@breaker("MED-02")
def a_guest_with_a_defective_client_sends_in_clear(by_role: Callable[[str], Host]) -> Iterator[None]:
    with guest_in_clear(by_role("core").site):
        yield


@breaker("MED-03", on="media")
def clients_are_sent_to_a_public_server(host: Host) -> Iterator[None]:
    with edited(host, CONFIG, r"^  stun_servers: .*$", '  stun_servers: ["stun.example.com:3478"]', then=RESTART_SFU):
        yield


@breaker("MED-04")
def unknown_rooms_are_made_for_whoever_asks(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(by_role("media"), CONFIG, r"^  auto_create: false$", "  auto_create: true", then=RESTART_SFU):
        yield


@breaker("MED-05")
def guests_may_list_rooms(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(by_role("core"), TOKENS, r"room_join=True,", "room_join=True, room_list=True,", then=RESTART_PORTAL):
        yield


@breaker("MED-11")
def the_page_may_load_scripts_from_elsewhere(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(
        by_role("edge"),
        "/etc/nginx/conclave.d/edge/headers.conf",
        r"script-src 'self'",
        "script-src 'self' https://cdn.example.com",
        then="systemctl reload nginx.service",
    ):
        yield


@breaker("MED-13", on="media", also=("MED-02", "CFG-02"))
def large_packets_are_lost(host: Host) -> Iterator[None]:
    with rule(host, "input", f"udp dport {Catalog.load().port('media-udp')} meta length > 300 drop"):
        yield


@breaker("MED-14", on="media", also=("NET-01",))
def the_sfu_listens_for_everybody(host: Host) -> Iterator[None]:
    with edited(host, CONFIG, r"^bind_addresses: \[127\.0\.0\.1\]$", 'bind_addresses: ["0.0.0.0"]', then=RESTART_SFU):
        yield


@breaker("MED-15")
def the_portal_is_not_told_who_joins(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(by_role("media"), CONFIG, r"^  urls: \[.*\]$", "  urls: []", then=RESTART_SFU):
        yield


@breaker("MED-16", drill=True)
def tickets_live_for_an_hour(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(by_role("core"), TOKENS, r"^TTL = .*$", "TTL = timedelta(hours=1)", then=RESTART_PORTAL):
        yield


@breaker("MED-17", on="media", drill=True, also=("CFG-01",))
def nobody_starts_the_sfu_again(host: Host) -> Iterator[None]:
    start = "systemctl daemon-reload; systemctl start conclave-livekit.service"
    path = "/etc/systemd/system/conclave-livekit.service.d/breaker.conf"
    host.read("mkdir -p $(dirname %s)", path)
    with added(host, path, "[Service]\nRestart=no\n", then=start):
        yield


@breaker("MED-18", on="media", drill=True)
def rooms_live_in_memory_only(host: Host) -> Iterator[None]:
    with edited(host, CONFIG, r"^redis:\n(?:  .*\n)+", "", then=RESTART_SFU):
        yield


@breaker("MED-19")
def the_portal_names_no_node(by_role: Callable[[str], Host]) -> Iterator[None]:
    with edited(by_role("core"), PORTAL, r"/\{node\}\"$", '"', then=RESTART_PORTAL):
        yield


@breaker("MED-20", on="media", drill=True)
def the_portal_does_not_reach_the_sfu(host: Host) -> Iterator[None]:
    cores = ", ".join(str(core.ansible_host) for core in host.site.hosts_with("core"))
    port = Catalog.load().port("livekit-tls")
    with rule(host, "input", f"ip saddr {{ {cores} }} tcp dport {port} reject with tcp reset"):
        yield
