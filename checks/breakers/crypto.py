"""Breakers of the cryptographic controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import done, edited

from conclave.catalog import Catalog
from conclave.verify import NotApplicable, breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.places import Host

TLS = "/etc/conclave/tls"
# The same names and the same key, signed by the same authority, for so many days; then what the renewal does.
SIGN = f"""set -e
folder=$(mktemp -d); trap 'rm -r "$folder"' EXIT
openssl x509 -x509toreq -copy_extensions copyall -in {TLS}/host.crt -key {TLS}/host.key -out "$folder/request"
openssl x509 -req -in "$folder/request" -copy_extensions copyall -days %d \\
  -CA {TLS}/ca.crt -CAkey /etc/conclave/ca/ca.key -out "$folder/certificate"
cat "$folder/certificate" > {TLS}/host.crt; cat "$folder/certificate" > {TLS}/host-chain.crt
/usr/lib/conclave/tls-reload
"""
# The same names and key, signed by nobody: nginx takes it up, then the host has its own again without a word to nginx.
FORMER = f"""set -e
folder=$(mktemp -d); trap 'cat "$folder/kept" > {TLS}/host-chain.crt; rm -r "$folder"' EXIT
cat {TLS}/host-chain.crt > "$folder/kept"
openssl x509 -x509toreq -copy_extensions copyall -in {TLS}/host.crt -key {TLS}/host.key -out "$folder/request"
openssl x509 -req -in "$folder/request" -copy_extensions copyall -days 90 -signkey {TLS}/host.key -out "$folder/former"
cat "$folder/former" > {TLS}/host-chain.crt
systemctl reload nginx.service
"""
# Keycloak looks once a minute. Its port is the catalogue's.
SERVED = """timeout 120 sh -c 'until openssl s_client -connect localhost:%d </dev/null 2>/dev/null \\
  | openssl x509 -noout -checkend 1296000 >/dev/null; do sleep 2; done'"""
RELOAD_NGINX = "systemctl reload nginx.service"


def _needs_own_ca(host: Host) -> None:
    if host.site.answers.trust != "own":
        raise NotApplicable("certificates are supplied by the organisation")


@breaker("CRY-01", on="edge")
def an_old_version_is_spoken(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/nginx/nginx.conf",
        r"^    ssl_protocols .*;\n(?:    #.*\n)*    ssl_ciphers .*;$",
        "    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n    ssl_ciphers ALL:@SECLEVEL=0;",
        then=RELOAD_NGINX,
    ):
        yield


@breaker("CRY-03", on="core")
def a_certificate_is_about_to_end(host: Host) -> Iterator[None]:
    _needs_own_ca(host)
    with done(host, SIGN % 10, SIGN % 90 + SERVED % Catalog.load().port("keycloak-tls")):
        yield


@breaker("CRY-04", on="edge", also=("SYS-08",))
def nobody_renews(host: Host) -> Iterator[None]:
    _needs_own_ca(host)
    with done(host, "systemctl stop conclave-tls-renew.timer", "systemctl start conclave-tls-renew.timer"):
        yield


@breaker("CRY-04", on="edge", also=("CRY-03",))
def a_service_is_not_told_of_the_new_certificate(host: Host) -> Iterator[None]:
    # A reload has ended when nginx shows what lies in the file.
    ask = f"openssl s_client -connect {host.address}:443 -servername meet.{host.site.domain} </dev/null 2>/dev/null"
    shown = f"{ask} | openssl x509 -noout -fingerprint -sha256"
    file = f"openssl x509 -in {TLS}/host-chain.crt -noout -fingerprint -sha256"
    same = f"""timeout 30 sh -c 'until [ "$({shown})" = "$({file})" ]; do sleep 0.2; done'\n"""
    with done(host, FORMER + same, f"{RELOAD_NGINX}\n{same}"):
        yield


@breaker("CRY-06", on="core")
def a_key_file_is_open_to_all(host: Host) -> Iterator[None]:
    with done(host, "chmod o+r /etc/conclave/portal/portal.toml", "chmod o-r /etc/conclave/portal/portal.toml"):
        yield


@breaker("CRY-06", on="media")
def a_secret_is_on_a_command_line(host: Host) -> Iterator[None]:
    # The description, else the journal would quote the command.
    run = (
        "systemd-run --quiet --collect --unit=conclave-breaker --description=breaker "
        "sh -c 'sleep 600; : '$(cut -d: -f2 /etc/conclave/livekit/keys.yaml | tr -d ' ')"
    )
    with done(host, run, "systemctl stop conclave-breaker.service"):
        yield


@breaker("CRY-08", on="core", also=("DAT-01",))
def the_database_takes_plain_connections(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/conclave/postgresql/pg_hba.conf",
        r"\Z",
        "host portal portal all scram-sha-256\n",
        then="systemctl reload postgresql@17-main.service",
    ):
        yield
