"""The units of the services through systemd itself: whether they parse, and how much they leave open."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import place, render

if TYPE_CHECKING:
    from pathlib import Path

# systemd's own scale, 0 to 10; a unit that needs more says why.
MOST_EXPOSED = "30"
HOSTS = {
    "core1": ("site_ca", "dns", "postgresql", "valkey", "keycloak", "portal"),
    "media1": ("nginx", "livekit"),
    "rt": ("router",),
}
# The renewal service runs on this host, with an authority that signs nothing here.
CHANGED = {"site_ca_key": "key", "site_ca_certificate": "certificate", "__site_ca_serves": True}
# Of Debian's units only what the drop-ins build upon.
DEBIAN = {
    "nginx.service": "[Service]\nType=forking\nExecStart=/usr/sbin/nginx\nExecStop=/bin/true\n",
    "valkey-server.service": "[Service]\nType=notify\nUser=valkey\nGroup=valkey\nExecStart=/usr/bin/valkey-server\n",
    "postgresql@.service": "[Service]\nType=forking\nExecStart=-/usr/bin/pg_ctlcluster %i start\n",
}
UNITS = (
    "conclave-ca.service",
    "conclave-dns.service",
    "conclave-keycloak.service",
    "conclave-livekit-certificate.service",
    "conclave-livekit.service",
    "conclave-portal.service",
    "conclave-portal-tidy.service",
    "conclave-portal-worker.service",
    "conclave-postgresql.service",
    "conclave-shaping.service",
    "conclave-tls-reload.service",
    "conclave-tls-renew.service",
    "nginx.service",
    "postgresql@17-main.service",
    "valkey-server.service",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that stands for / of a host with all services."""
    folder = tmp_path_factory.mktemp("root")
    files: dict[str, dict[str, Any]] = {
        path: item
        for host, roles in HOSTS.items()
        for role in roles
        for path, item in render(role, host, **CHANGED).items()
    }
    place(files, folder)
    units = folder / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for name, text in DEBIAN.items():
        (units / name).write_text(text)
    for name in ("network-online", "nss-lookup", "time-sync", "multi-user", "timers", "sysinit", "basic", "shutdown"):
        (units / f"{name}.target").write_text("[Unit]\n")
    texts = [path.read_text() for path in folder.rglob("*.service") if path.is_file()] + [
        path.read_text() for path in folder.rglob("*.service.d/*.conf")
    ]
    for program in set(re.findall(r"^Exec\w+=[-+!]*(/\S+)", "\n".join(texts), re.MULTILINE)):
        target = folder / program.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        target.chmod(0o755)
    return folder


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(root: Path, unit: str) -> None:
    found = analyze(root, "--man=no", "verify", unit)
    ours = [line for line in found.stderr.splitlines() if "conclave" in line or unit in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_leaves_little_open(root: Path, unit: str) -> None:
    found = analyze(root, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)
    assert found.returncode == 0, found.stdout.splitlines()[-1:] or found.stderr


def test_a_service_without_a_sandbox_would_be_found(root: Path) -> None:
    (root / "usr/lib/systemd/system/naked.service").write_text("[Service]\nExecStart=/usr/sbin/nginx\n")
    assert (
        analyze(
            root, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", "naked.service"
        ).returncode
        == 1
    )
