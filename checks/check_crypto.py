"""Cryptography: versions and certificates of every TLS endpoint, keys and secrets on the hosts, the data links."""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conclave.site import supplied
from conclave.site.turn import turn_names
from conclave.verify import NotApplicable, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.catalog import Catalog
    from conclave.site.model import Site
    from conclave.verify.places import Host

# A certificate lives 90 days and is renewed after 60: below this, renewal has failed for a while.
DAYS_LEFT = 15
# Keycloak looks for a new certificate once a minute; the others are told of it.
TAKEN_UP = 90
# Flow to the names that its clients use; where none stands here, they use the host's own.
NAMES = {
    "web": ("meet", "sso", "media"),
    "livekit-tls": ("sfu",),
    "portal-tls": ("portal",),
    "keycloak-tls": ("keycloak",),
    "postgresql": ("db",),
    "valkey": ("valkey",),
    "ca-renewal": ("ca",),
}
# The authority's certificate is on every host on purpose; the API key only says which secret signed a token.
PUBLIC = {"secret_ca_certificate", "secret_livekit_api_key"}
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----"
OWN = ("/etc/conclave/tls/host-chain.crt", "/etc/conclave/tls/host.key")

# Looks for the secrets by salted hash, so that none is sent to a host: in files that others may read, in the command
# lines of all processes, and in the journal.
SEARCH = r"""
import hashlib, json, os, pathlib, re, subprocess, sys
salt, wanted = sys.argv[1].encode(), set(json.loads(sys.argv[2]))
word = re.compile(rb"[A-Za-z0-9]{15,64}")
found, looked = [], 0
def look(place, data):
    for token in set(word.findall(data)):
        if hashlib.sha256(salt + token).hexdigest() in wanted:
            found.append(place)
            return
tops = ("/etc", "/run/conclave", "/var/lib/conclave", "/usr/lib/systemd/system", "/var/log")
for top in tops:
    for folder, _, names in os.walk(top):
        for name in names:
            path = pathlib.Path(folder, name)
            if path.is_file() and not path.is_symlink():
                state = path.stat()
                if state.st_mode & 0o004 and state.st_size < 2_000_000:
                    looked += 1
                    look(str(path), path.read_bytes())
for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    try:
        data = process.read_bytes()
    except OSError:
        continue
    looked += 1
    if str(os.getpid()) != process.parent.name:
        look(f"command line of process {process.parent.name}", data)
look("the journal", subprocess.run(["journalctl", "-b", "-o", "cat", "--no-pager"], capture_output=True).stdout)
print(json.dumps({"looked": looked, "found": found}))
"""
KEYS = r"find /etc/conclave /etc/ssl/private /var/lib/conclave \( -name '*.key' -o -name '*.env' -o -name 'keys.yaml' \
 -o -name '*.toml' -o -name '*.acl' -o -name 'roles.sql' -o -name '*.pem' \) -type f -printf '%m %u:%g %p\n'"


@dataclass(frozen=True)
class Endpoint:
    """A TLS endpoint as the catalogue knows it."""

    name: str
    port: int
    greeting: str


def endpoints(host: Host, catalog: Catalog, site: Site) -> list[Endpoint]:
    """Return the TLS endpoints of a host; some hosts have none."""
    relays = turn_names(one.name for one in site.hosts_with("media"))
    names = NAMES | {"turn-tls": (relays.get(host.name, ""),)}
    return [
        Endpoint(f"{name}.{site.domain}", flow.port, "postgresql" if flow.name == "postgresql" else "")
        for flow in filter(site.has, catalog.flows)
        if flow.tls and host.roles & set(flow.targets)
        for name in names.get(flow.name, (host.name,))
    ]


def served(host: Host, catalog: Catalog, site: Site) -> list[Endpoint]:
    """Return the TLS endpoints of a host that has some."""
    if found := endpoints(host, catalog, site):
        return found
    raise NotApplicable("nothing is served over TLS here")


@control("CRY-01")
def test_no_tls_below_1_2(host: Host, site: Site, catalog: Catalog, observe: Callable[..., None]) -> None:
    """Every endpoint refuses a hello of SSL 3, TLS 1.0 and TLS 1.1."""
    accepted = {
        f"{one.name}:{one.port}": host.probe(
            "tls_versions", address=host.address, port=one.port, name=one.name, greeting=one.greeting
        )
        for one in served(host, catalog, site)
    }
    observe(accepted=accepted)
    old = [
        f"{place} accepts {version}"
        for place, versions in accepted.items()
        for version, yes in versions.items()
        if yes and version != "TLSv1.2"
    ]
    assert not old, "; ".join(old)


def shown(host: Host, one: Endpoint) -> dict[str, Any]:
    """Return what a strict client is shown at an endpoint."""
    found: dict[str, Any] = host.probe(
        "certificate",
        address=host.address,
        port=one.port,
        name=one.name,
        authority="/etc/conclave/tls/ca.crt",
        greeting=one.greeting,
        own=OWN,
    )
    return found


@control("CRY-03")
def test_served_certificates_are_sound(host: Host, site: Site, catalog: Catalog, observe: Callable[..., None]) -> None:
    """Each endpoint shows a certificate of the site's authority, with its name, good for longer than renewal takes."""
    seen = {f"{one.name}:{one.port}": shown(host, one) for one in served(host, catalog, site)}
    observe(certificates=seen)
    bad = [f"{place}: {found['reason']}" for place, found in seen.items() if not found["trusted"]]
    assert not bad, "; ".join(bad)
    short = [f"{place}: {found['days_left']} days" for place, found in seen.items() if found["days_left"] < DAYS_LEFT]
    assert not short, f"less than {DAYS_LEFT} days left: {'; '.join(short)}"


def newest(host: Host, site: Site) -> str:
    """Return the SHA-256 of the certificate that renewal has left on a host, or that the organisation has supplied."""
    if site.answers.trust == "supplied":
        file = (site.folder / supplied.FOLDER / f"{host.name}.crt").read_text(encoding="ascii")
    else:
        file = host.read("cat /etc/conclave/tls/host.crt")
    first = file[file.index(BEGIN) : file.index(END) + len(END)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


@control("CRY-04")
def test_certificates_are_renewed_and_the_newest_is_served(
    host: Host, site: Site, catalog: Catalog, observe: Callable[..., None]
) -> None:
    """Renewal is armed and has not failed, the key belongs to the certificate, and every endpoint shows the newest."""
    if site.answers.trust == "own":
        timer = host.read("systemctl show conclave-tls-renew.timer -P ActiveState").strip()
        result = host.read("systemctl show conclave-tls-renew.service -P Result").strip()
        observe(timer=timer, last_result=result)
        assert timer == "active", f"conclave-tls-renew.timer is {timer}"
        assert result == "success", f"the last renewal ended with {result}"
    pair = host.read(
        "openssl x509 -in /etc/conclave/tls/host.crt -noout -pubkey | sha256sum; "
        "openssl pkey -in /etc/conclave/tls/host.key -pubout | sha256sum"
    ).split()
    assert pair[0] == pair[2], "host.crt is not the certificate of host.key"
    wanted, others = newest(host, site), endpoints(host, catalog, site)
    deadline = time.monotonic() + TAKEN_UP
    while others and time.monotonic() < deadline:
        others = [one for one in others if shown(host, one).get("sha256") != wanted]
    places = [f"{one.name}:{one.port}" for one in others]
    observe(newest=wanted, others=places)
    assert not places, (
        f"another certificate is served at {', '.join(places)}; do, on {host}: /usr/lib/conclave/tls-reload, or deploy"
    )


@control("CRY-06")
def test_keys_and_secrets_are_read_by_their_users_only(
    host: Host, known_secrets: dict[str, str], observe: Callable[..., None]
) -> None:
    """No key file is open to all, and no secret stands in a readable file, a command line or the journal."""
    files = [row.split(" ", 2) for row in host.read(KEYS).splitlines()]
    open_to_all = [path for mode, _, path in files if int(mode, 8) & 0o007 and not path.endswith(("ca.crt", ".pem"))]
    observe(key_files=[f"{path} {mode} {owner}" for mode, owner, path in files])
    assert files, "no key file was found"
    assert not open_to_all, f"open to everybody: {', '.join(open_to_all)}"
    salt = secrets.token_hex(16)
    hashes = [
        hashlib.sha256((salt + value).encode()).hexdigest()
        for name, value in known_secrets.items()
        if name not in PUBLIC and value.isalnum()
    ]
    seen = host.json("/usr/bin/python3 -c %s %s %s", SEARCH, salt, json.dumps(hashes))
    observe(places_searched=seen["looked"], secrets_searched=len(hashes))
    assert seen["looked"] > 0
    assert not seen["found"], f"a secret stands in {', '.join(seen['found'])}"


@control("CRY-08", on=("core",))
def test_database_and_cache_refuse_plain_connections(
    host: Host, catalog: Catalog, observe: Callable[..., None]
) -> None:
    """PostgreSQL ends a connection that does not ask for TLS; Valkey does not answer a plain PING."""
    # A start packet (PostgreSQL protocol 3.0) for the portal's database, without asking for TLS first.
    body = (3 << 16).to_bytes(4, "big") + b"user\0portal\0database\0portal\0\0"
    packet = (len(body) + 4).to_bytes(4, "big") + body
    answer = bytes.fromhex(
        host.probe("say", address=host.address, port=catalog.port("postgresql"), hexadecimal=packet.hex())
    )
    ping = bytes.fromhex(
        host.probe("say", address=host.address, port=catalog.port("valkey"), hexadecimal=b"PING\r\n".hex())
    )
    observe(postgresql=answer.decode(errors="replace")[:160], valkey=ping.hex())
    assert answer.startswith(b"E"), "PostgreSQL goes on without TLS"
    assert b"no pg_hba.conf entry" in answer or b"no encryption" in answer, f"PostgreSQL said {answer[:80]!r}"
    assert not ping.startswith((b"+PONG", b"-NOAUTH")), f"Valkey speaks without TLS: {ping[:40]!r}"
