"""Breakers of the hosts' controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import added, done, edited

from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.places import Host

PACKAGE = """set -e
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; mkdir "$folder/DEBIAN"; chmod 0755 "$folder"
printf 'Package: breaker\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: nothing\\n' \
  > "$folder/DEBIAN/control"
dpkg-deb --build "$folder" /run/breaker.deb >/dev/null; dpkg -i /run/breaker.deb >/dev/null; rm /run/breaker.deb"""
# Of another service and without an end: {"alg": "RS256"}, {"sub": "breaker"}.
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJicmVha2VyIn0.c2lnbmF0dXJl"

# A host without AppArmor has nothing to break.
UNCONFINED = "! [ -e /sys/kernel/security/apparmor/profiles ]"
PROFILE, LOCAL, DNS = (
    "/etc/apparmor.d/usr.sbin.unbound",
    "/etc/apparmor.d/local/usr.sbin.unbound",
    "conclave-dns.service",
)
LOAD = f"apparmor_parser --replace {PROFILE} && systemctl reset-failed {DNS} && systemctl restart {DNS}"


@breaker("SYS-02", on="edge", also=("CFG-01",))
def a_service_without_a_sandbox(host: Host) -> Iterator[None]:
    lines = (
        "[Service]\nProtectSystem=no\nPrivateDevices=no\nRestrictNamespaces=no\nSystemCallFilter=\nNoNewPrivileges=no\n"
    )
    path = "/etc/systemd/system/nginx.service.d/zz-breaker.conf"
    with added(host, path, lines, then="systemctl daemon-reload"):
        yield


@breaker("SYS-04", on="edge")
def a_package_put_there_by_hand(host: Host) -> Iterator[None]:
    with done(host, PACKAGE, "dpkg --purge breaker >/dev/null"):
        yield


@breaker("SYS-07", on="edge")
def a_second_source(host: Host) -> Iterator[None]:
    with added(host, "/etc/apt/sources.list.d/breaker.list", "deb [trusted=yes] http://203.0.113.254/ ./\n"):
        yield


@breaker("SYS-08", on="edge")
def a_unit_has_failed(host: Host) -> Iterator[None]:
    fail = (
        "systemd-run --quiet --unit=conclave-breaker false; "
        "timeout 10 sh -c 'until systemctl is-failed -q conclave-breaker.service; do :; done'"
    )
    with done(host, fail, "systemctl reset-failed conclave-breaker.service"):
        yield


@breaker("SYS-09", on="core")
def a_profile_is_not_loaded(host: Host) -> Iterator[None]:
    with done(host, f"{UNCONFINED} || apparmor_parser --remove {PROFILE}", f"{UNCONFINED} || {{ {LOAD}; }}"):
        yield


@breaker("SYS-09", on="core", also=("SYS-08", "MON-01"))
def a_profile_denies_a_file_of_ours(host: Host) -> Iterator[None]:
    line = "audit deny /etc/unbound/conclave/unbound.conf r,"
    change = f"echo '{line}' >> {LOCAL} && apparmor_parser --replace {PROFILE} && systemctl try-restart {DNS}"
    # It cannot start, and how long that takes to say is systemd's.
    change = f"{{ {change}; }} || true"
    with done(host, f"{UNCONFINED} || {change}", f"{UNCONFINED} || {{ sed -i '\\#^audit deny#d' {LOCAL} && {LOAD}; }}"):
        yield


@breaker("MON-01", on="edge", also=("SYS-08", "LOG-06"))
def a_service_is_down(host: Host) -> Iterator[None]:
    with done(host, "systemctl stop chrony.service", "systemctl start chrony.service && chronyc waitsync 30 0 0 1"):
        yield


@breaker("ADM-01", on="edge")
def ssh_takes_passwords(host: Host) -> Iterator[None]:
    with added(host, "/etc/ssh/sshd_config.d/00-breaker.conf", "PasswordAuthentication yes\n"):
        yield


@breaker("LOG-06", on="edge")
def time_comes_from_somebody_else(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/chrony/chrony.conf",
        r"^(server .*)$",
        r"\1\nserver 198.51.100.10",
        then="systemctl restart chrony.service && chronyc waitsync 30 0 0 1",
    ):
        yield


@breaker("LOG-07", on="edge")
def a_token_is_logged(host: Host) -> Iterator[None]:
    # Journals are never rewritten: the file with the token is closed and thrown away.
    with done(host, f"logger {TOKEN}; journalctl --sync", "journalctl --rotate --vacuum-time=1s --quiet"):
        yield
