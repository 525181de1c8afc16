"""A small site on loopback: PostgreSQL, Valkey, Keycloak, LiveKit and the portal under uvicorn, all real."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import servers
import yaml
from authority import write_certificates
from jinja2 import Environment, StrictUndefined
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from conclave.keycloak.bootstrap import Accounts, sign_in
from conclave.keycloak.client import AdminClient
from conclave.keycloak.engine import Realm, apply
from conclave.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = Path(__file__).parents[2]
ROOT = PORTAL.parent
PASSWORD = "a long enough password"
SECRET = "only-for-tests-" * 4
ACCOUNTS = Accounts("conclave-admin", "admin-secret", "conclave-bootstrap", "bootstrap-password")
SECRETS = {"portal": "portal-secret", "conclave-probe": "probe-secret", "demo": PASSWORD}


def from_bundle(part: str, inside: str, folder: Path) -> Path:
    """Unpack a part of the bundle from the builder's cache; an environment variable can name another place."""
    override = os.environ.get(f"CONCLAVE_TEST_{part.upper()}")
    if override:
        return Path(override)
    packages = sorted(cache_dir().glob(f"bundle/{part}/*/files/*.deb"), key=lambda path: path.stat().st_mtime)
    if not packages:
        message = f"the bundle's part {part} is not built: conclave bundle build"
        raise FileNotFoundError(message)
    target = folder / part
    subprocess.run(["dpkg-deb", "-x", packages[-1], target], check=True)
    return target / inside


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Site:
    """Addresses and places of the running site."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    # Browsers stay open until the end of the run.
    browsers: ExitStack = field(default_factory=ExitStack)

    @property
    def portal(self) -> str:
        return f"https://localhost:{self.ports['portal']}"

    @property
    def sso(self) -> str:
        return f"https://localhost:{self.ports['keycloak']}"

    @property
    def issuer(self) -> str:
        return f"{self.sso}/realms/conclave"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def portal_log(self) -> str:
        return (self.folder / "portal.log").read_text()

    def admin(self) -> AdminClient:
        """Return a client that administers the realm."""
        client = AdminClient(self.sso, str(self.ca))
        client.sign_in(ACCOUNTS.lasting)
        return client

    def realm(self, **changed: Any) -> Realm:  # noqa: ANN401 - any part of a realm
        """Return the product's realm, moved to this site's addresses."""
        template = (ROOT / "roles/keycloak/templates/realm.yml.j2").read_text()
        environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - YAML, not HTML
        environment.filters["to_json"] = lambda value: yaml.dump(value, default_style='"').strip()
        text = environment.from_string(template).render(
            keycloak_site_name="Test site",
            keycloak_domain="conf.test",
            keycloak_language="en",
            keycloak_portal_port=8000,
            keycloak_demo_users=True,
        )
        text = text.replace("https://meet.conf.test", self.portal).replace("https://portal.conf.test:8000", self.portal)
        spec = yaml.safe_load(text)
        # The tests sign in more often than every 30 seconds.
        spec["settings"]["otpPolicyCodeReusable"] = True
        return Realm(name=spec.pop("realm"), secrets=SECRETS, **{**spec, **changed})


@contextlib.contextmanager
def process(argv: list[str | Path], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block."""
    with log.open("wb") as output:
        running = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def answers(url: str, ca: Path, seconds: float) -> None:
    """Wait until a server answers at all."""
    for attempt in Retrying(
        retry=retry_if_exception_type((httpx.TransportError, httpx.HTTPStatusError)),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.5),
        reraise=True,
    ):
        with attempt:
            verify = servers.trust(ca)
            httpx.get(url, verify=verify).raise_for_status()


@contextlib.contextmanager
def running() -> Iterator[Site]:
    """Start everything, apply the realm, and take it all down afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="site-", dir="/tmp"))
    folder.chmod(0o755)
    names = ("portal", "keycloak", "management", "livekit", "rtc", "postgresql")
    site = Site(folder, {name: free_port() for name in names})
    write_certificates(folder)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        livekit = from_bundle("livekit", "usr/lib/conclave/livekit/livekit-server", folder)
        keycloak = from_bundle("keycloak", "usr/lib/conclave/keycloak", folder)
        stack.enter_context(servers.postgresql(folder, site.ports["postgresql"]))
        stack.enter_context(servers.valkey(folder))
        for database in ("portal", "keycloak"):
            servers.create_database(folder, site.ports["postgresql"], database)
        stack.enter_context(_keycloak(site, keycloak))
        stack.enter_context(_livekit(site, livekit))
        stack.enter_context(_portal(site))
        client = AdminClient(site.sso, str(site.ca))
        sign_in(client, ACCOUNTS, check=False, wait=600)
        apply(site.realm(), client, check=False)
        answers(f"{site.portal}/api/health", site.ca, 60)
        stack.enter_context(site.browsers)
        yield site


def _keycloak(site: Site, home: Path) -> contextlib.AbstractContextManager[object]:
    options = {
        "db-url": f"jdbc:postgresql://127.0.0.1:{site.ports['postgresql']}/keycloak",
        "db-username": "portal",
        "db-password": "unused",
        "http-enabled": "false",
        "http-host": "127.0.0.1",
        "https-port": site.ports["keycloak"],
        "https-certificate-file": site.folder / "host.crt",
        "https-certificate-key-file": site.folder / "host.key",
        "http-management-host": "127.0.0.1",
        "http-management-port": site.ports["management"],
        "http-management-scheme": "http",
        "hostname": site.sso,
        "cache": "local",
        "truststore-paths": site.ca,
    }
    argv: list[str | Path] = [home / "bin/kc.sh", "start", "--optimized"]
    argv += [f"--{name}={value}" for name, value in options.items()]
    return process(
        argv,
        site.folder / "keycloak.log",
        KC_BOOTSTRAP_ADMIN_USERNAME=ACCOUNTS.bootstrap_user,
        KC_BOOTSTRAP_ADMIN_PASSWORD=ACCOUNTS.bootstrap_password,
        JAVA_OPTS_KC_HEAP="-Xms256m -Xmx512m",
        JAVA_OPTS_APPEND="-Dliquibase.analytics.enabled=false",
    )


def _livekit(site: Site, binary: Path) -> contextlib.AbstractContextManager[object]:
    config = {
        "port": site.ports["livekit"],
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "udp_port": site.ports["rtc"],
            "use_external_ip": False,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
            "stun_servers": ["127.0.0.1:3478"],
        },
        "keys": {"APIonlyfortests": SECRET},
        "room": {"auto_create": False, "departure_timeout": 1},
        "webhook": {"api_key": "APIonlyfortests", "urls": [f"{site.portal}/api/livekit/webhook"]},
    }
    path = site.folder / "livekit.yaml"
    path.write_text(yaml.safe_dump(config))
    return process([binary, "--config", path], site.folder / "livekit.log", SSL_CERT_FILE=str(site.ca))


@contextlib.contextmanager
def _portal(site: Site) -> Iterator[None]:
    config = site.folder / "portal.toml"
    config.write_text(
        f"""
[site]
name = "Test site"
domain = "conf.test"
language = "en"
networks = ["127.0.0.1/32", "::1/128"]
[uplink]
up = 50
down = 100
[mode]
state = "{site.folder}/mode.json"
announcement = "{site.folder}/announced.json"
[web]
public_url = "{site.portal}"
allowed_hosts = ["localhost"]
secret_key = "{SECRET}"
behind_proxy = false
[database]
host = "{site.folder}"
port = {site.ports["postgresql"]}
[valkey]
url = "unix://{site.folder}/valkey.sock"
[oidc]
issuer = "{site.issuer}"
client_secret = "{SECRETS["portal"]}"
ca = "{site.ca}"
service_clients = ["conclave-probe"]
[livekit]
servers = ["http://127.0.0.1:{site.ports["livekit"]}"]
url = "ws://127.0.0.1:{site.ports["livekit"]}"
key = "APIonlyfortests"
secret = "{SECRET}"
[livekit.ports]
udp = {site.ports["rtc"]}
tcp = 7881
turn_udp = 3478
turn_tls = 443
"""
    )
    (site.folder / "mode.json").write_text('{"mode": "open", "since": "2030-01-01T08:00:00Z", "pending": null}')
    environment = {"CONCLAVE_PORTAL_CONFIG": str(config), "DJANGO_SETTINGS_MODULE": "conclave_portal.settings"}
    environment["PYTHONPATH"] = str(PORTAL)
    manage = [sys.executable, str(PORTAL / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(manage, check=True, env={**os.environ, **environment})
    argv: list[str | Path] = [sys.executable, "-m", "conclave_portal.serve", "--host", "127.0.0.1"]
    argv += ["--port", str(site.ports["portal"])]
    argv += ["--certificate", site.folder / "host.crt", "--key", site.folder / "host.key"]
    worker: list[str | Path] = [sys.executable, PORTAL / "manage.py", "portal_worker"]
    with (
        process(argv, site.folder / "portal.log", **environment),
        process(worker, site.folder / "worker.log", **environment),
    ):
        yield
