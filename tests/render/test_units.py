"""The units of the services through systemd itself: whether they parse, and how much they leave open."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import ROOT, place, render_all

if TYPE_CHECKING:
    from pathlib import Path

# systemd's own scale, 0 to 10; a unit that needs more says why.
MOST_EXPOSED = "30"
# Of Debian's units only what the drop-ins build upon.
DEBIAN = {
    "chrony.service": "[Service]\nType=forking\nExecStart=!/usr/sbin/chronyd\n",
    "nginx.service": "[Service]\nType=forking\nExecStart=/usr/sbin/nginx\nExecStop=/bin/true\n",
    "valkey-server.service": "[Service]\nType=notify\nUser=valkey\nGroup=valkey\nExecStart=/usr/bin/valkey-server\n",
    "postgresql@.service": "[Service]\nType=forking\nExecStart=-/usr/bin/pg_ctlcluster %i start\n",
}
# Every service that a role places or sets up.
UNITS = sorted(
    {
        (
            path.parent.name.removesuffix(".d")
            if path.stem.startswith("conclave.conf")
            else path.name.removesuffix(".j2")
        )
        for pattern in ("conclave-*.service", "conclave-*.service.j2", "*.service.d/conclave.conf*")
        for path in ROOT.glob(f"roles/*/tree/etc/systemd/system/{pattern}")
    }
)


# Its sandbox is Debian's own, and judged where it runs (SYS-02).
JUDGED = [unit for unit in UNITS if unit != "chrony.service"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that stands for / of a host with all services."""
    folder = tmp_path_factory.mktemp("root")
    files: dict[str, dict[str, Any]] = {
        path: item
        for _, _, rendered in render_all()
        for path, item in rendered.items()
        # Where the service is not, its file must be absent.
        if item["state"] != "absent"
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


@pytest.mark.parametrize("unit", JUDGED)
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
