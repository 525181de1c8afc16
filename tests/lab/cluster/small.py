"""Two SFU nodes, an edge and a Valkey in network namespaces, from the files that the roles render; no deployment."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from socket import create_connection
from typing import TYPE_CHECKING, Any, Self

from livekit import api
from tests.lab.call.bare import binary
from tests.render.rendering import ROOT, SECRETS, render

from conclave.call.admission import Ticket
from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SITE, DOMAIN, SECONDS = "cluster", "cluster.lab.example", 30.0
# As in the site's inventory, but in one network: routers and firewalls are not what is tried here.
ADDRESSES = {
    "media1": "192.0.2.34",
    "media2": "192.0.2.35",
    "edge1": "192.0.2.2",
    "core1": "192.0.2.66",
    "people": "192.0.2.200",
}
# Certificate names of each host; all but the edge's and TURN's lead to it.
NAMES = {
    "media1": ("media1", "sfu", "media1.turn"),
    "media2": ("media2", "sfu", "media2.turn"),
    "edge1": ("edge1", "meet", "sso", "media"),
    "core1": ("core1", "valkey", "portal"),
}
NODES = ("media1", "media2")
FORGET = "import sys; sys.path.insert(0, sys.argv[1]); from conclave_host.sfu_node import main; main(sys.argv[2:])"
SFU = {"LIVEKIT_REDIS_PASSWORD": SECRETS["secret_valkey_livekit"]}
# nginx makes these folders for its user: they must not be the machine's.
OWN = "".join(f"{kind}_temp_path %s/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


@dataclass
class Small:
    """The running parts."""

    folder: Path
    server: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def people(self) -> list[str]:
        """Leads a command to where participants are."""
        return inside("people")

    def run(self, host: str, *argv: str | Path, **environment: str) -> None:
        log = (self.folder / f"{host}.log").open("ab")
        running = subprocess.Popen(
            [*inside(host), *map(str, argv)], stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        log.close()
        self.processes[f"{host} {Path(argv[0]).name}"] = running

    def start_sfu(self, node: str) -> None:
        config = self.folder / node / "etc/conclave/livekit/livekit.yaml"
        self.run(node, self.server, "--config", config, **SFU)

    def kill_sfu(self, node: str) -> None:
        """Do as systemd does when the SFU's process is killed: what the unit says under ExecStopPost follows."""
        process = self.processes[f"{node} {self.server.name}"]
        process.kill()
        process.wait()
        settings = self.folder / node / "etc/conclave/host/sfu-node.json"
        forget = [*inside(node), sys.executable, "-c", FORGET, str(ROOT / "host"), str(settings)]
        subprocess.run(forget, check=True, env={**os.environ, **SFU}, timeout=SECONDS)

    def ask(self, node: str, method: str, request: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
        """Call the moderation interface of a node as the portal does, with the core host's certificate."""
        grants = api.VideoGrants(room_create=True)
        token = api.AccessToken(*keys()).with_grants(grants).to_jwt()
        return namespaces.inside(name("core1"), partial(self._ask, node, method, request, token))

    def _ask(self, node: str, method: str, request: Mapping[str, object], token: str) -> tuple[int, dict[str, Any]]:
        own = self.folder / "core1/tls"
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(own / "host-chain.crt", own / "host.key")
        connection = http.client.HTTPConnection(node)
        plain = create_connection((ADDRESSES[node], 7443), SECONDS)
        connection.sock = context.wrap_socket(plain, server_hostname=f"{node}.{DOMAIN}")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request("POST", f"/twirp/livekit.RoomService/{method}", json.dumps(request), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")

    def certificate(self, server_name: str) -> str:
        """Return whose certificate the edge's public port leads to for a name; nothing when it ends the greeting."""
        return namespaces.inside(name("people"), partial(self._certificate, server_name))

    def _certificate(self, server_name: str) -> str:
        context = ssl.create_default_context(cafile=str(self.authority))
        with create_connection((ADDRESSES["edge1"], 443), SECONDS) as plain:
            try:
                with context.wrap_socket(plain, server_hostname=server_name) as shown:
                    subject = (shown.getpeercert() or {})["subject"]
            except OSError:
                return ""
        return dict(pair for part in subject for pair in part)["commonName"]


@dataclass
class Room:
    """A room made on a node, and the admission to it: signalling goes through the edge, by the node's name."""

    small: Small
    node: str
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    async def __aenter__(self) -> Self:
        status, said = self.small.ask(self.node, "CreateRoom", {"name": self.name, "empty_timeout": 300})
        assert status == 200, said
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def admit(self, name: str) -> Ticket:
        grants = api.VideoGrants(room_join=True, room=self.name)
        token = api.AccessToken(*keys()).with_identity(secrets.token_hex(8)).with_name(name)
        return Ticket(
            f"wss://media.{DOMAIN}/{self.node}", token.with_ttl(timedelta(seconds=60)).with_grants(grants).to_jwt()
        )


def keys() -> tuple[str, str]:
    return SECRETS["secret_livekit_api_key"], SECRETS["secret_livekit_api_secret"]


def name(host: str) -> str:
    return f"conclave-small-{os.getpid()}.{host}"


def inside(host: str) -> list[str]:
    return ["ip", "netns", "exec", name(host)]


@contextlib.contextmanager
def running() -> Iterator[Small]:
    """Start everything and end it with the block."""
    with contextlib.ExitStack() as stack:
        # nginx's workers are no root, and pytest's own folders are root's alone.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="small-", dir="/tmp")))
        folder.chmod(0o755)
        small = Small(folder, binary(folder / "package"))
        for host in ("switch", *ADDRESSES):
            _do("ip", "netns", "add", name(host))
            stack.callback(_do, "ip", "netns", "del", name(host))
            stack.callback(shutil.rmtree, Path("/etc/netns", name(host)), ignore_errors=True)
        _connect()
        _certify(folder)
        for node in NODES:
            _place(folder, node, render("nginx", node, SITE) | render("livekit", node, SITE))
        _place(folder, "edge1", render("nginx", "edge1", SITE) | render("edge", "edge1", SITE))
        stack.callback(_end, small)
        _start(small)
        yield small


def _start(small: Small) -> None:
    tls, users = small.folder / "core1/tls", small.folder / "users.acl"
    users.write_text(f"user default off\nuser livekit on >{SFU['LIVEKIT_REDIS_PASSWORD']} ~* &* +@all\n")
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program, "neither valkey-server nor redis-server is there: apt-get install redis-server"
    options = [
        "--port",
        "0",
        "--tls-port",
        "6380",
        "--bind",
        ADDRESSES["core1"],
        "--save",
        "",
        "--dir",
        small.folder,
    ]
    options += ["--tls-cert-file", tls / "host-chain.crt", "--tls-key-file", tls / "host.key"]
    options += ["--tls-ca-cert-file", tls / "ca.crt", "--tls-auth-clients", "optional", "--aclfile", users]
    small.run("core1", program, *options)
    _listens("core1", 6380)
    for node in NODES:
        small.start_sfu(node)
    for host in (*NODES, "edge1"):
        small.run(host, "nginx", "-g", "daemon off;", "-c", small.folder / host / "etc/nginx/nginx.conf")
    for node in NODES:
        _listens(node, 7881)
        _listens(node, 7443)
    _listens("edge1", 443)


def _end(small: Small) -> None:
    for process in small.processes.values():
        process.terminate()
    for process in small.processes.values():
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(host: str, port: int) -> None:
    def reached() -> bool:
        try:
            create_connection((ADDRESSES[host], port), 1).close()
        except OSError:
            return False
        return True

    end = time.monotonic() + SECONDS
    while not namespaces.inside(name(host), reached):
        assert time.monotonic() < end, f"nothing listens on {host} port {port}"


def _connect() -> None:
    switch = ("ip", "-n", name("switch"), "link")
    _do(*switch, "add", "bridge", "type", "bridge")
    _do(*switch, "set", "bridge", "up")
    rows = ["127.0.0.1 localhost"]
    rows += [f"{ADDRESSES[host]} {' '.join(f'{one}.{DOMAIN}' for one in ones)}" for host, ones in NAMES.items()]
    for number, (host, address) in enumerate(ADDRESSES.items()):
        own = ("ip", "-n", name(host))
        _do(*switch, "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", name(host))
        _do(*switch, "set", f"port{number}", "master", "bridge", "up")
        _do(*own, "link", "set", "lo", "up")
        _do(*own, "address", "add", f"{address}/24", "dev", "eth0")
        _do(*own, "link", "set", "eth0", "up")
        # `ip netns exec` lays it over /etc/hosts.
        covered = Path("/etc/netns", name(host))
        covered.mkdir(parents=True)
        (covered / "hosts").write_text("\n".join(rows) + "\n")


def _certify(folder: Path) -> None:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    own = ["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _do("openssl", "req", "-x509", *key, *own, "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    for host, names in NAMES.items():
        tls = folder / host / "tls"
        tls.mkdir(parents=True)
        wanted = ",".join(f"DNS:{one}.{DOMAIN}" for one in names)
        rows = ["authorityKeyIdentifier=keyid", "subjectKeyIdentifier=hash", f"subjectAltName={wanted}"]
        (tls / "extensions").write_text("\n".join(rows))
        request, subject = tls / "request", ["-subj", f"/CN={host}.{DOMAIN}"]
        _do("openssl", "req", *key, *subject, "-keyout", tls / "host.key", "-out", request)
        signed = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2"]
        signed += ["-extfile", tls / "extensions", "-out", tls / "host-chain.crt"]
        _do("openssl", "x509", "-req", "-in", request, *signed)
        shutil.copy(folder / "ca.crt", tls)


def _place(folder: Path, host: str, rendered: dict[str, dict[str, Any]]) -> None:
    """Write a host's files below a folder of its own, and what they say about each other with them."""
    root = folder / host
    moved = {
        "/etc/conclave/tls": f"{root}/tls",
        "/etc/conclave/livekit": f"{root}/etc/conclave/livekit",
        "/etc/nginx/conclave.d": f"{root}/etc/nginx/conclave.d",
        "/run/nginx": f"{root}/run",
        "syslog:server=unix:/dev/log,nohostname,tag=nginx": f"{root}/nginx.log",
        # Who may resume is for the portal to say, and there is none.
        "auth_request /.resume;": "",
        # On an older control node OpenSSL knows no hybrid group, and to nginx HTTP/2 is a word of `listen`.
        "X25519MLKEM768:": "",
        "http2 on;": "",
    }
    for path, item in rendered.items():
        if item["state"] != "file":
            continue
        text = item["content"]
        for there, here in moved.items():
            text = text.replace(there, here)
        if path.endswith("/nginx.conf"):
            text = text.replace("http {", f"http {{ {OWN.replace('%s', str(root))}")
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (root / "run").mkdir()
    if host in NODES:
        (root / "etc/conclave/livekit/keys.yaml").chmod(0o600)


def _do(*argv: str | Path) -> None:
    subprocess.run([str(part) for part in argv], check=True, capture_output=True, timeout=SECONDS)
